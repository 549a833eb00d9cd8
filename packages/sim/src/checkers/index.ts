/** All checkers together: after every turn, at every acknowledgement, and once more at the end. */
import { invariant } from "@vitrine/core";
import { METADATA_LOG } from "@vitrine/log";
import type { Cluster } from "../cluster.ts";
import type { SimNode } from "../sim-node.ts";
import { type Acknowledged, checkAcknowledged } from "./acknowledged.ts";
import { checkImage } from "./controller-rules.ts";
import { CompactionRules } from "./compaction-rules.ts";
import { batchesOf } from "./ledger.ts";
import { PartitionRules } from "./partition-rules.ts";
import { QuorumRules } from "./quorum-rules.ts";
import { World } from "./world.ts";

export class Checkers {
  readonly world: World;
  readonly #quorum: QuorumRules;
  readonly #partitions: PartitionRules;
  readonly #compaction: CompactionRules;
  #imageChecked: number = -1;

  constructor(cluster: Cluster) {
    this.world = new World(cluster);
    this.#quorum = new QuorumRules(this.world);
    this.#partitions = new PartitionRules(this.world, (end) => this.#quorum.committed(end));
    this.#compaction = new CompactionRules(this.world);
  }

  get compactions(): number {
    return this.#compaction.compactions;
  }

  get elections(): number {
    return this.#quorum.elections;
  }

  /** After a turn of a node. Throws InvariantViolation with the rule's number. */
  afterTurn(node: SimNode): void {
    this.#quorum.check(node);
    this.#partitions.check(node);
    this.#compaction.check(node);
    const { newest } = this.world;
    if (newest && newest.offset > this.#imageChecked) {
      this.#imageChecked = newest.offset;
      checkImage(this.world, newest);
    }
  }

  acknowledged(acknowledged: Acknowledged): void {
    checkAcknowledged(this.world, acknowledged);
  }

  /** After healing, with writers at rest: everybody is back, and all replicas are the same to the last byte. */
  atTheEnd(): void {
    const { cluster } = this.world;
    const { newest } = this.world;
    invariant(newest, "no metadata was ever committed");
    for (const node of cluster.brokers) {
      const registered = newest.brokers.get(node.id);
      invariant(registered && !registered.fenced, `liveness: broker ${node.id} is not back after healing`);
    }
    for (const { name, index, key, partition } of this.world.partitions()) {
      const missing = partition.replicas.filter((id) => !partition.isr.includes(id));
      invariant(missing.length === 0, `liveness: ${missing.join(", ")} did not return to the ISR of ${name}-${index}`);
      invariant(partition.leader >= 0, `liveness: ${name}-${index} has no leader`);
      this.#sameEverywhere(key, `${name}-${index}`, partition.replicas);
    }
    this.#sameMetadata();
  }

  #sameEverywhere(key: typeof METADATA_LOG, name: string, replicas: readonly number[]): void {
    const ledger = this.world.ledger(key);
    for (const id of replicas) {
      const node = this.world.cluster.node(id);
      const log = node?.store?.logs.get(key);
      invariant(node?.store && log, `liveness: node ${id} has no replica of ${name}`);
      invariant(
        log.logEndOffset === ledger.end && log.highWatermark === ledger.end,
        `liveness: replica ${id} of ${name} ends at ${log.logEndOffset} (high watermark ${log.highWatermark}); ${ledger.end} was committed`,
      );
      const has = batchesOf({ store: node.store, disk: node.options.disk }, key, log.logStartOffset, log.logEndOffset);
      if (log.cleanings > 0) {
        // Each compacts at its own time: what is left must be of what was committed, and C8 sees to the rest.
        this.#compaction.atTheEnd(node, key);
        for (const batch of has) {
          const entry = ledger.at(batch.facts.baseOffset);
          invariant(
            entry && ledger.isSame(entry, batch),
            `P3 replica ${id} of ${name} differs at ${batch.facts.baseOffset}`,
          );
        }
        continue;
      }
      const expected = ledger.entries.filter((entry) => entry.baseOffset >= log.logStartOffset);
      const differs = expected.findIndex(
        (entry, at) => has[at]?.facts.baseOffset !== entry.baseOffset || has[at]?.facts.crc !== entry.crc,
      );
      invariant(
        differs === -1 && has.length === expected.length,
        `P3 replica ${id} of ${name} differs at ${expected[differs]?.baseOffset ?? log.logEndOffset}`,
      );
    }
  }

  #sameMetadata(): void {
    const ends = this.world.cluster.nodes.map((node) => node.broker?.image.offset ?? -1);
    const spread = Math.max(...ends) - Math.min(...ends);
    invariant(spread <= 2, `liveness: nodes have applied metadata up to ${ends.join(", ")}`);
  }
}
