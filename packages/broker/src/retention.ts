/**
 * Looks at every partition this broker leads from time to time and moves its log start past what `retention.ms` and `retention.bytes` let go;
 * followers follow with their next fetch. Exact to the batch; the bytes leave when whole files are free.
 */
import { Offset } from "@vitrine/core";
import type { MetadataDelta } from "@vitrine/metadata";
import type { Partition } from "@vitrine/replication";
import { partitionLogKey, type Partitions } from "./partitions.ts";
import type { Runtime } from "./runtime.ts";

/** `log.initial.task.delay.ms`: the first look after a start. */
const FIRST_CHECK_MS = 30_000;

export class Retention {
  readonly #runtime: Runtime;
  readonly #partitions: Partitions;
  #nextMs: number;

  constructor(runtime: Runtime, partitions: Partitions) {
    this.#runtime = runtime;
    this.#partitions = partitions;
    this.#nextMs = runtime.nowMs + Math.min(FIRST_CHECK_MS, runtime.settings.retentionCheckIntervalMs);
  }

  nextDeadlineMs(): number {
    return this.#nextMs;
  }

  /** A setting that lets records go has changed: the next look is now. */
  applyDelta({ configs }: MetadataDelta): void {
    if (configs.some(({ name }) => name.includes("retention."))) this.#nextMs = this.#runtime.nowMs;
  }

  tick(): void {
    const { nowMs, settings } = this.#runtime;
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + settings.retentionCheckIntervalMs;
    const wallMs = this.#runtime.clock.wallMs();
    for (const partition of this.#partitions.all()) {
      // Every replica forgets idle producers by its own clock, leader or not.
      partition.log.producers.expire(wallMs, this.#partitions.brokerNumber("producer.id.expiration.ms"));
      if (partition.isLeader) this.#check(partition);
    }
  }

  #check(partition: Partition): void {
    const { log } = partition;
    const config = this.#partitions.topicConfig(partition.topicName);
    if (!config.cleanupPolicy.delete || log.logStartOffset >= log.highWatermark) return;
    const { highWatermark } = log;
    // A log whose records say no time has no age: only its size may let records go.
    if (config.retentionMs >= 0 && log.maxTimestampMs >= 0) {
      const youngEnoughMs = this.#runtime.clock.wallMs() - config.retentionMs;
      // The first batch that is young enough stays, with all that follow it.
      if (log.maxTimestampMs < youngEnoughMs) this.#deleteBefore(partition, highWatermark, "retention.ms");
      else
        this.#runtime.findTimestamp(log, youngEnoughMs, { upTo: highWatermark }, (search) => {
          if (search.ok && search.batch) this.#deleteBefore(partition, search.batch.facts.baseOffset, "retention.ms");
        });
    }
    if (config.retentionBytes >= 0 && log.sizeBytes > config.retentionBytes)
      this.#runtime.findKept(log, config.retentionBytes, (offset) => {
        if (offset !== null) this.#deleteBefore(partition, offset, "retention.bytes");
      });
  }

  #deleteBefore(partition: Partition, offset: number, setting: string): void {
    const before = partition.log.logStartOffset;
    const target = Math.min(offset, partition.log.highWatermark);
    if (!partition.isLeader || target <= before) return;
    partition.deleteRecordsBefore(Offset(target));
    this.#runtime.touch(partitionLogKey(partition.topicId, partition.index));
    this.#runtime.journal("info", `${partition.label}: records [${before}, ${target}) were let go by ${setting}`);
  }
}
