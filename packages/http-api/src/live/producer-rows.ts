import { type LiveTables, partitionKey, producerColumns, producerKey, PRODUCERS_SHOWN } from "@vitrine/api";
import type { NodePositions } from "./source.ts";

/** Rows of the table `producers` on a broker: of the partitions that it leads, the producers that wrote last. */
export class ProducerRows {
  readonly #tables: LiveTables;
  readonly #node: NodePositions;
  /** By partition: which, and the keys of its rows. */
  readonly #shown = new Map<string, { topic: string; partition: number; keys: readonly string[] }>();

  constructor(tables: LiveTables, node: NodePositions) {
    this.#tables = tables;
    this.#node = node;
  }

  /** Shows the producers of one partition anew; called for partitions that were written to. */
  refresh(topic: string, partition: number, leaderEpoch: number): void {
    const producers = this.#node.producers(topic, partition, PRODUCERS_SHOWN) ?? [];
    const key = partitionKey(topic, partition);
    const before = this.#shown.get(key);
    if (producers.length === 0 && before === undefined) return;
    const rows = producers.map((producer) =>
      producerColumns.row({
        topic,
        p: partition,
        producer_id: producer.producerId,
        epoch: producer.epoch,
        last_sequence: producer.lastSequence,
        last_offset: producer.lastOffset,
        last_ts: producer.lastTimestampMs,
        leader_epoch: leaderEpoch,
      }),
    );
    const keys = rows.map((row) => producerKey(row));
    rows.forEach((row, at) => this.#tables.set("producers", keys[at]!, row));
    const kept = new Set(keys);
    for (const old of before?.keys ?? []) if (!kept.has(old)) this.#tables.remove("producers", old);
    if (keys.length === 0) this.#shown.delete(key);
    else this.#shown.set(key, { topic, partition, keys });
  }

  /** Drops what belongs to partitions that are no more. */
  sweep(exists: (topic: string, partition: number) => boolean): void {
    for (const [key, { topic, partition, keys }] of this.#shown) {
      if (exists(topic, partition)) continue;
      for (const row of keys) this.#tables.remove("producers", row);
      this.#shown.delete(key);
    }
  }
}
