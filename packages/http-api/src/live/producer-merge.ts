import { type LiveTables, partitionKey, producerColumns, producerKey, type Row } from "@vitrine/api";
import type { NodeId } from "@vitrine/core";

interface Held {
  readonly node: NodeId;
  readonly epoch: number;
  readonly keys: Set<string>;
}

/**
 * The gateway's table `producers`. Of two brokers that tell of a partition the one with the later leader epoch is right, whenever it speaks;
 * what a dead leader said last stays until its successor tells.
 */
export class ProducerMerge {
  readonly #tables: LiveTables;
  readonly #byPartition = new Map<string, Held>();

  constructor(tables: LiveTables) {
    this.#tables = tables;
  }

  set(node: NodeId, row: Row): void {
    const partition = partitionKey(producerColumns.get(row, "topic"), producerColumns.get(row, "p"));
    const epoch = producerColumns.get(row, "leader_epoch");
    let held = this.#byPartition.get(partition);
    if (held !== undefined && epoch < held.epoch) return;
    if (held === undefined || held.node !== node || held.epoch !== epoch) {
      for (const key of held?.keys ?? []) this.#tables.remove("producers", key);
      held = { node, epoch, keys: new Set() };
      this.#byPartition.set(partition, held);
    }
    const key = producerKey(row);
    held.keys.add(key);
    this.#tables.set("producers", key, row);
  }

  /** Its leader forgot it; what another broker says of the partition stays. */
  remove(node: NodeId, key: string): void {
    const partition = key.slice(0, key.lastIndexOf("/"));
    const held = this.#byPartition.get(partition);
    if (held?.node !== node || !held.keys.delete(key)) return;
    this.#tables.remove("producers", key);
    if (held.keys.size === 0) this.#byPartition.delete(partition);
  }

  /** The partition is gone with its topic. */
  forget(topic: string, partition: number): void {
    const name = partitionKey(topic, partition);
    for (const key of this.#byPartition.get(name)?.keys ?? []) this.#tables.remove("producers", key);
    this.#byPartition.delete(name);
  }
}
