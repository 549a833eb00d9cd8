/**
 * The group coordinators of this broker: one for each partition of `__consumer_offsets` that it leads, made when leadership begins and
 * dropped when it ends (KAFKA-10614: by leader epoch, so that quick changes cannot mix two lives up). Also what the live views see of groups.
 */
import { unreachable, type ErrorName, type PartitionIndex } from "@vitrine/core";
import {
  groupPartition,
  type Command,
  type CommandType,
  type CoordinatedGroup as CoordinatedGroupState,
  type GroupEvent,
  type ReplyOf,
} from "@vitrine/group-coordinator";
import type { MetadataDelta, MetadataImage } from "@vitrine/metadata";
import type { Partition } from "@vitrine/replication";
import type { ControllerChannel } from "../controller-channel.ts";
import type { Runtime } from "../runtime.ts";
import { CoordinatedPartition } from "./coordinated-partition.ts";
import { OFFSETS_TOPIC, OffsetsTopic } from "./offsets-topic.ts";

/** A group that this node coordinates, for the views. */
export interface CoordinatedGroup extends CoordinatedGroupState {
  /** Of `__consumer_offsets`. */
  readonly coordinatorPartition: PartitionIndex;
  /** Leader epoch of that partition: of two nodes that describe a group the one with the larger epoch is right. */
  readonly coordinatorEpoch: number;
}

/** What the live views see of groups. Empty on nodes without the broker role. */
export interface GroupObserver {
  /** Ids of groups coordinated here that changed since the last call (membership, state, offsets); includes ids of groups gone. */
  takeChanged(): ReadonlySet<string>;
  /** null when it is not coordinated here (any more) or does not exist. */
  describe(groupId: string): CoordinatedGroup | null;
  ids(): Iterable<string>;
  /** Partitions of `__consumer_offsets` whose groups this node coordinates, with the leader epoch; those that still load are not in it. */
  loaded(): Iterable<{ readonly partition: PartitionIndex; readonly epoch: number }>;
  /** Called inside the turn with everything that happens to groups coordinated here. Returns the way to stop. */
  onEvent(listener: (event: GroupNotice) => void): () => void;
}

export type GroupNotice =
  | GroupEvent
  /** This node coordinates the groups of a partition from now on, or does not any more. */
  | {
      readonly type: "loaded" | "unloaded";
      readonly coordinatorPartition: PartitionIndex;
      readonly coordinatorEpoch: number;
      readonly groupIds: readonly string[];
    };

/** A command before it has a token. */
type Ask<T extends CommandType> = Omit<Extract<Command, { readonly type: T }>, "token">;

/** The others take the empty group id, as Kafka does for the sake of old clients. */
const NEEDS_GROUP_ID: ReadonlySet<CommandType> = new Set<CommandType>([
  "joinGroup",
  "syncGroup",
  "heartbeat",
  "leaveGroup",
  "deleteOffsets",
]);

export class Groups implements GroupObserver {
  readonly topic: OffsetsTopic;
  readonly #runtime: Runtime;
  readonly #image: () => MetadataImage;
  readonly #byIndex = new Map<PartitionIndex, CoordinatedPartition>();
  /** With records that this turn decided. */
  readonly #queued = new Set<CoordinatedPartition>();
  readonly #changed = new Set<string>();
  readonly #listeners = new Set<(event: GroupNotice) => void>();

  /** Asked for in every turn, so it is computed only after something was decided. */
  #earliestMs = Infinity;
  #mustLook = true;

  constructor(runtime: Runtime, channel: ControllerChannel, image: () => MetadataImage) {
    this.#runtime = runtime;
    this.#image = image;
    this.topic = new OffsetsTopic(runtime, channel, image);
  }

  // ---- requests

  /** Asks the group's coordinator where it is here. Exactly one of the two is called, once. */
  ask<T extends CommandType>(
    groupId: string,
    command: Ask<T> & { readonly type: T },
    onReply: (reply: ReplyOf<T>) => void,
    onRefused: (error: ErrorName) => void,
  ): void {
    const at = groupId === "" && NEEDS_GROUP_ID.has(command.type) ? "INVALID_GROUP_ID" : this.locate(groupId);
    if (typeof at === "string") onRefused(at);
    else at.submit<T>(command as never, (body) => onReply(body as ReplyOf<T>));
  }

  /** The coordinator of a group, or why it cannot be asked here. */
  locate(groupId: string): CoordinatedPartition | ErrorName {
    const index = this.partitionOf(groupId);
    const found = index === null ? undefined : this.#byIndex.get(index);
    if (!found) return "NOT_COORDINATOR";
    return found.isActive ? found : "COORDINATOR_LOAD_IN_PROGRESS";
  }

  /** The partition of `__consumer_offsets` a group lives in; null while there is no such topic. */
  partitionOf(groupId: string): PartitionIndex | null {
    const topic = this.#image().topicsByName.get(OFFSETS_TOPIC);
    return topic ? groupPartition(groupId, topic.partitions.size) : null;
  }

  /** Every coordinator of this broker, those that still load included. */
  get all(): readonly CoordinatedPartition[] {
    return [...this.#byIndex.values()];
  }

  // ---- the broker's side

  onRoleChanged(partition: Partition): void {
    if (partition.topicName !== OFFSETS_TOPIC) return;
    const known = this.#byIndex.get(partition.index);
    if (known && known.partition === partition && partition.isLeader && known.leaderEpoch === partition.leaderEpoch)
      return;
    if (known) this.#stop(known);
    if (partition.isLeader) this.#begin(partition);
  }

  onHighWatermark(partition: Partition): void {
    const known = partition.topicName === OFFSETS_TOPIC ? this.#byIndex.get(partition.index) : undefined;
    if (known?.partition === partition) known.onHighWatermark();
  }

  applyDelta(delta: MetadataDelta): void {
    // A replica that is removed is offline and says nothing of it.
    for (const known of this.all) if (!known.partition.isLeader) this.#stop(known);
    if (delta.topicsDeleted.length === 0) return;
    const topics = delta.topicsDeleted.map(({ id, name }) => ({ id, name }));
    for (const known of this.all) known.forgetTopics(topics);
  }

  tick(): void {
    const { nowMs } = this.#runtime;
    if (nowMs < this.nextDeadlineMs()) return;
    this.#mustLook = true;
    for (const known of this.#byIndex.values()) known.tick(nowMs);
  }

  nextDeadlineMs(): number {
    if (!this.#mustLook) return this.#earliestMs;
    this.#mustLook = false;
    this.#earliestMs = Infinity;
    for (const known of this.#byIndex.values()) {
      this.#earliestMs = Math.min(this.#earliestMs, known.nextDeadlineMs());
      // One that loads may set itself a deadline at any time.
      if (!known.isActive) this.#mustLook = true;
    }
    return this.#earliestMs;
  }

  /** Puts what was decided in this turn into the logs. */
  flush(): void {
    for (const known of this.#queued) {
      this.#queued.delete(known);
      known.flush();
    }
  }

  get hasQueued(): boolean {
    return this.#queued.size > 0;
  }

  // ---- the views

  takeChanged(): ReadonlySet<string> {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    for (const { coordinator } of this.#byIndex.values()) for (const id of coordinator.takeChanged()) changed.add(id);
    return changed;
  }

  describe(groupId: string): CoordinatedGroup | null {
    const at = this.locate(groupId);
    if (typeof at === "string") return null;
    const group = at.coordinator.describe(groupId);
    return group && { ...group, coordinatorPartition: at.partition.index, coordinatorEpoch: at.leaderEpoch };
  }

  *ids(): Iterable<string> {
    for (const known of this.#byIndex.values()) if (known.isActive) yield* known.coordinator.ids();
  }

  *loaded(): Iterable<{ readonly partition: PartitionIndex; readonly epoch: number }> {
    for (const known of this.#byIndex.values())
      if (known.isActive) yield { partition: known.partition.index, epoch: known.leaderEpoch };
  }

  onEvent(listener: (event: GroupNotice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // ---- the rest

  #begin(partition: Partition): void {
    const begun = new CoordinatedPartition({
      runtime: this.#runtime,
      partition,
      onDecided: (at) => {
        this.#mustLook = true;
        if (at.hasQueued) this.#queued.add(at);
      },
      topicExists: (name) => this.#image().topicsByName.has(name),
      onEvents: (_at, events) => events.forEach((event) => this.#tell(event)),
      onActive: (at, recordCount) => this.#onActive(at, recordCount),
      onFailed: (at) => this.#onFailed(at),
    });
    this.#byIndex.set(partition.index, begun);
    this.#mustLook = true;
    begun.begin();
  }

  #stop(known: CoordinatedPartition): void {
    const { index } = known.partition;
    const groupIds = known.isActive ? [...known.coordinator.ids()] : null;
    known.stop("NOT_COORDINATOR");
    for (const id of known.coordinator.takeChanged()) this.#changed.add(id);
    if (this.#byIndex.get(index) === known) this.#byIndex.delete(index);
    this.#queued.delete(known);
    this.#mustLook = true;
    if (groupIds)
      this.#tell({ type: "unloaded", coordinatorPartition: index, coordinatorEpoch: known.leaderEpoch, groupIds });
  }

  #onActive(at: CoordinatedPartition, recordCount: number): void {
    const { partition, leaderEpoch, coordinator } = at;
    const groupIds = [...coordinator.ids()];
    if (recordCount > 0)
      this.#runtime.journal(
        "info",
        `coordinating the ${groupIds.length} groups of ${partition.label}: ${recordCount} records were replayed`,
      );
    this.#tell({
      type: "loaded",
      coordinatorPartition: partition.index,
      coordinatorEpoch: leaderEpoch,
      groupIds,
    });
  }

  /** What is in memory and what is in the log differ now: everything is replayed. */
  #onFailed(at: CoordinatedPartition): void {
    this.#runtime.journal(
      "warn",
      `the groups of ${at.partition.label} are loaded anew: their records were not accepted`,
    );
    this.#stop(at);
    if (at.partition.isLeader) this.#begin(at.partition);
  }

  #tell(event: GroupNotice): void {
    const sentence = sentenceOf(event);
    if (sentence) this.#runtime.journal("info", sentence);
    for (const listener of this.#listeners) listener(event);
  }
}

function sentenceOf(event: GroupNotice): string | null {
  switch (event.type) {
    case "stateChanged":
      return `group ${event.groupId}: ${event.from} to ${event.to}, generation ${event.generation}, ${event.memberCount} members (${event.reason})`;
    case "memberJoined":
      return `group ${event.groupId}: member ${event.memberId} of client ${event.clientId} joined (${event.reason})`;
    case "memberLeft":
      return `group ${event.groupId}: member ${event.memberId} is gone (${event.reason})`;
    case "groupDeleted":
      return `group ${event.groupId} is deleted: ${event.reason}`;
    case "loaded":
    case "unloaded":
      return null;
    default:
      return unreachable(event);
  }
}
