import {
  commitColumns,
  coordinatedColumns,
  type CoordinatedFields,
  coordinatorColumns,
  type GroupMemberInfo,
  type Row,
} from "@vitrine/api";
import type { NodeId } from "@vitrine/core";

/** What a partition of a group has committed. */
export interface HeldCommit {
  readonly offset: number;
  readonly commitMs: number;
  readonly metadata: string;
}

/** A group as its coordinator told last. */
export interface HeldGroup {
  readonly id: string;
  fields: CoordinatedFields;
  members: readonly GroupMemberInfo[];
  /** Who told. */
  node: NodeId;
  /** Topic to partition to commit. */
  readonly commits: Map<string, Map<number, HeldCommit>>;
}

interface Coordinator {
  readonly node: NodeId;
  readonly epoch: number;
}

/** Groups kept; beyond it new ones are not shown. More than any cluster was reported with. */
const GROUPS_MAX = 20_000;

/**
 * The groups of the cluster as their coordinators tell. Of two coordinators of one partition of `__consumer_offsets` the one with the later
 * leader epoch is right, whenever it speaks; what it does not name, once it has loaded, does not exist. What a coordinator told that is gone
 * stays until its successor speaks.
 */
export class GroupBoard {
  readonly #groups = new Map<string, HeldGroup>();
  readonly #coordinators = new Map<number, Coordinator>();
  readonly #changed = new Set<string>();

  groups(): Iterable<HeldGroup> {
    return this.#groups.values();
  }

  get(id: string): HeldGroup | undefined {
    return this.#groups.get(id);
  }

  /** Ids of groups that changed, came or went since the last call. */
  takeChanged(): ReadonlySet<string> {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    return changed;
  }

  /** Takes a row of a broker's tables `coordinators`, `coordinated` or `commits`. */
  take(node: NodeId, table: string, row: Row): void {
    if (table === "coordinators") this.#takeCoordinator(node, row);
    else if (table === "coordinated") this.#takeGroup(node, row);
    else if (table === "commits") this.#takeCommits(node, row);
  }

  /** A broker took a row away. It is believed only of partitions that it still coordinates: else it merely lost them. */
  gone(node: NodeId, table: string, key: string): void {
    if (table === "coordinators") {
      const partition = Number(key);
      if (this.#coordinators.get(partition)?.node === node) this.#coordinators.delete(partition);
    } else if (table === "coordinated") {
      const group = this.#groups.get(key);
      if (group !== undefined && this.#isCoordinatedBy(group, node)) this.#drop(key);
    } else if (table === "commits") {
      const slash = key.indexOf("/");
      const group = this.#groups.get(key.slice(slash + 1));
      if (group === undefined || !this.#isCoordinatedBy(group, node)) return;
      group.commits.delete(key.slice(0, slash));
      this.#changed.add(group.id);
    }
  }

  /** A broker told everything it knows: groups of its partitions that it did not name are gone. */
  snapped(node: NodeId, named: ReadonlySet<string>): void {
    for (const group of this.#groups.values()) {
      if (!named.has(group.id) && this.#isCoordinatedBy(group, node)) this.#drop(group.id);
    }
  }

  #isCoordinatedBy(group: HeldGroup, node: NodeId): boolean {
    return this.#coordinators.get(group.fields.coordinator_partition)?.node === node;
  }

  #takeCoordinator(node: NodeId, row: Row): void {
    const { partition, epoch } = coordinatorColumns.fields(row);
    const known = this.#coordinators.get(partition);
    if (known !== undefined && known.epoch > epoch) return;
    this.#coordinators.set(partition, { node, epoch });
    if (known !== undefined && known.epoch === epoch && known.node === node) return;
    for (const group of this.#groups.values()) {
      const { coordinator_partition, coordinator_epoch } = group.fields;
      if (coordinator_partition === partition && coordinator_epoch < epoch) this.#drop(group.id);
    }
  }

  #takeGroup(node: NodeId, row: Row): void {
    const fields = coordinatedColumns.fields(row);
    const known = this.#groups.get(fields.group);
    if (known !== undefined && known.fields.coordinator_epoch > fields.coordinator_epoch) return;
    const members = JSON.parse(fields.members) as GroupMemberInfo[];
    if (known === undefined) {
      if (this.#groups.size >= GROUPS_MAX) return;
      this.#groups.set(fields.group, { id: fields.group, fields, members, node, commits: new Map() });
    } else Object.assign(known, { fields, members, node });
    this.#changed.add(fields.group);
  }

  #takeCommits(_node: NodeId, row: Row): void {
    const fields = commitColumns.fields(row);
    const group = this.#groups.get(fields.group);
    if (group === undefined || group.fields.coordinator_epoch > fields.coordinator_epoch) return;
    const commits = new Map<number, HeldCommit>();
    fields.partitions.forEach((partition, index) =>
      commits.set(partition, {
        offset: fields.offsets[index]!,
        commitMs: fields.commit_ts[index]!,
        metadata: fields.metadata[index]!,
      }),
    );
    group.commits.set(fields.topic, commits);
    this.#changed.add(group.id);
  }

  #drop(id: string): void {
    this.#groups.delete(id);
    this.#changed.add(id);
  }
}
