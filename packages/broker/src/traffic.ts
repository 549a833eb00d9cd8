/** Counts what goes in and out, for rates in the console and counters in the metrics. Numbers only grow. */
import type { LogKey } from "@vitrine/log";

export interface Counters {
  recordsIn: number;
  bytesIn: number;
  recordsOut: number;
  bytesOut: number;
}

/** Partitions counted one by one; beyond it only the totals move. */
const PARTITIONS_MAX = 100_000;

export class Traffic {
  readonly total: Counters = { recordsIn: 0, bytesIn: 0, recordsOut: 0, bytesOut: 0 };
  /** Bytes fetched by replicas, counted apart from clients'. */
  replicationBytesOut = 0;
  /** Records that had to be decoded on their way in, because a setting of their topic needs their content; 0 where batches pass through untouched. */
  decodedRecords = 0;
  readonly byApi = new Map<number, number>();
  readonly #byPartition = new Map<LogKey, Counters>();

  request(apiKey: number): void {
    this.byApi.set(apiKey, (this.byApi.get(apiKey) ?? 0) + 1);
  }

  produced(key: LogKey, records: number, bytes: number): void {
    this.total.recordsIn += records;
    this.total.bytesIn += bytes;
    const counters = this.#of(key);
    if (!counters) return;
    counters.recordsIn += records;
    counters.bytesIn += bytes;
  }

  fetched(key: LogKey, records: number, bytes: number): void {
    this.total.recordsOut += records;
    this.total.bytesOut += bytes;
    const counters = this.#of(key);
    if (!counters) return;
    counters.recordsOut += records;
    counters.bytesOut += bytes;
  }

  of(key: LogKey): Counters | undefined {
    return this.#byPartition.get(key);
  }

  forget(key: LogKey): void {
    this.#byPartition.delete(key);
  }

  #of(key: LogKey): Counters | undefined {
    let counters = this.#byPartition.get(key);
    if (!counters && this.#byPartition.size < PARTITIONS_MAX) {
      counters = { recordsIn: 0, bytesIn: 0, recordsOut: 0, bytesOut: 0 };
      this.#byPartition.set(key, counters);
    }
    return counters;
  }
}
