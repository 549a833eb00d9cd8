/**
 * Compacts the logs of this broker whose topics ask for it, leader or follower alike: every replica its own, as in Kafka. Now and then it looks what
 * of each log may be compacted; while something is due it compacts the dirtiest, one at a time, step by step. Reading and packing happen in the disk's
 * own thread; here pieces are put in place, and the next is asked for when the one before is committed.
 */
import type { Offset } from "@vitrine/core";
import {
  type Cleanable,
  cleanableOf,
  type CleanStep,
  type CompactionPlan,
  KEY_SLOT_BYTES,
  type LogKey,
  type PartitionLog,
  type SegmentRules,
  type VirtualSegment,
} from "@vitrine/log";
import type { MetadataDelta, TopicConfig } from "@vitrine/metadata";
import type { Partition } from "@vitrine/replication";
import { partitionLogKey, type Partitions } from "./partitions.ts";
import type { CleanAnswer, Runtime } from "./runtime.ts";

/** Segments known of one log; those behind them are looked at when these are compacted. */
const SEGMENTS_MAX = 5_000;
/** Settings after whose change it is worth looking at once. */
const SETTINGS =
  /cleanup\.policy|cleaner\.|compaction\.lag|dirty\.ratio|delete\.retention\.ms|segment\.(?:bytes|ms)|roll\./;

/** What was found of a log's dirty part, so that only what came since must be looked at. */
interface Dirty {
  readonly log: PartitionLog;
  readonly cuts: number;
  readonly rules: SegmentRules;
  readonly from: Offset;
  readonly upTo: Offset;
  /** The last one may go on. */
  readonly segments: readonly VirtualSegment[];
}

interface Run {
  readonly number: number;
  readonly partition: Partition;
  readonly log: PartitionLog;
  readonly cuts: number;
  readonly plan: CompactionPlan;
  readonly startedMs: number;
  from: Offset;
  changed: boolean;
  readBytes: number;
  keptBytes: number;
  /** Monotonic: `log.cleaner.io.max.bytes.per.second` lets it go on then; null = a step is under way. */
  resumeAtMs: number | null;
}

/** Kafka's figures of its cleaner (`kafka.log:type=LogCleaner` and `LogCleanerManager`). */
export interface CleanerReport {
  /** `max-dirty-percent`: of the dirtiest log, when it was looked last. */
  readonly maxDirtyPercent: number;
  /** `cleaner-recopy-percent`: of the bytes that the last compaction filtered, how many stayed. */
  readonly recopyPercent: number;
  /** `max-buffer-utilization-percent`: how full the map of keys was in the last compaction. */
  readonly bufferUtilizationPercent: number;
  /** `max-clean-time-secs`, of the last compaction, in milliseconds. */
  readonly cleanTimeMs: number;
  /** `uncleanable-partitions-count` */
  readonly uncleanablePartitions: number;
  /** `time-since-last-run-ms` */
  readonly sinceLastLookMs: number;
  /** Compactions since the process began. */
  readonly compactions: number;
}

export class LogCleaner {
  readonly #runtime: Runtime;
  readonly #partitions: Partitions;
  readonly #dirty = new Map<LogKey, Dirty>();
  /** Logs with a damaged batch: they are not tried again in this life of the process. */
  readonly #uncleanable = new Set<LogKey>();
  #nextMs: number;
  #lookedMs: number;
  /** Questions about dirty parts without an answer. */
  #asked = 0;
  #run: Run | null = null;
  #runs = 0;
  #last = { maxDirtyPercent: 0, recopyPercent: 0, bufferUtilizationPercent: 0, cleanTimeMs: 0, compactions: 0 };

  constructor(runtime: Runtime, partitions: Partitions) {
    this.#runtime = runtime;
    this.#partitions = partitions;
    this.#nextMs = runtime.nowMs;
    this.#lookedMs = runtime.nowMs;
  }

  nextDeadlineMs(): number {
    if (this.#run) return this.#run.resumeAtMs ?? Infinity;
    return this.#asked > 0 ? Infinity : this.#nextMs;
  }

  applyDelta({ configs }: MetadataDelta): void {
    if (configs.some(({ name }) => SETTINGS.test(name))) this.#nextMs = this.#runtime.nowMs;
  }

  tick(): void {
    const { nowMs } = this.#runtime;
    if (this.#run) {
      const { resumeAtMs } = this.#run;
      if (resumeAtMs !== null && resumeAtMs <= nowMs) this.#step(this.#run);
    } else if (this.#asked === 0 && this.#nextMs <= nowMs) this.#look();
  }

  report(nowMs: number): CleanerReport {
    const sinceLastLookMs = Math.max(0, nowMs - this.#lookedMs);
    return { ...this.#last, uncleanablePartitions: this.#uncleanable.size, sinceLastLookMs };
  }

  /** The first look of a process comes at once: metadata may not be there yet, and then there is nothing to look at. */
  #look(): void {
    const { nowMs } = this.#runtime;
    this.#nextMs = nowMs + 1_000;
    const compacted = this.#compacted();
    if (compacted.size === 0) return;
    this.#nextMs = nowMs + this.#number("log.cleaner.backoff.ms");
    this.#lookedMs = nowMs;
    for (const key of this.#dirty.keys()) if (!compacted.has(key)) this.#dirty.delete(key);
    for (const [key, partition] of compacted) this.#survey(key, partition);
    if (this.#asked === 0) this.#choose();
  }

  /** Partitions that may be compacted, by key. */
  #compacted(): Map<LogKey, Partition> {
    const found = new Map<LogKey, Partition>();
    const here = new Set<LogKey>();
    for (const partition of this.#partitions.all()) {
      const key = partitionLogKey(partition.topicId, partition.index);
      here.add(key);
      if (this.#configOf(partition).cleanupPolicy.compact && !this.#uncleanable.has(key)) found.set(key, partition);
    }
    for (const key of this.#uncleanable) if (!here.has(key)) this.#uncleanable.delete(key);
    return found.size > 0 && this.#mayRun() ? found : new Map<LogKey, Partition>();
  }

  /** A disk that is nearly full takes no second copy of anything. */
  #mayRun(): boolean {
    const { settings, store } = this.#runtime;
    const { state, nearlyFull } = store.health;
    return settings.cleanerEnabled && this.#number("log.cleaner.threads") > 0 && state === "online" && !nearlyFull;
  }

  /** Looks at what came since the last time. */
  #survey(key: LogKey, { log, topicName }: Partition): void {
    const config = this.#partitions.topicConfig(topicName);
    const rules = {
      segmentBytes: config.segmentBytes,
      segmentMs: Math.min(config.segmentMs, numberIn(config, "max.compaction.lag.ms")),
    };
    const from = log.cleanedTo > log.logStartOffset ? log.cleanedTo : log.logStartOffset;
    const before = this.#dirty.get(key);
    const goesOn =
      before?.log === log &&
      before.cuts === log.cuts &&
      before.from === from &&
      before.rules.segmentBytes === rules.segmentBytes &&
      before.rules.segmentMs === rules.segmentMs;
    const known: Dirty = goesOn ? before : { log, cuts: log.cuts, rules, from, upTo: from, segments: [] };
    this.#dirty.set(key, known);
    const upTo = log.highWatermark < log.durableEndOffset ? log.highWatermark : log.durableEndOffset;
    // A log that is new here is asked about in any case: the disk's thread should be there before there is something to do.
    if ((goesOn && known.upTo >= upTo) || known.segments.length >= SEGMENTS_MAX) return;
    this.#asked += 1;
    const spec = { from: known.upTo, upTo, rules, last: known.segments.at(-1) ?? null };
    this.#runtime.survey(log, spec, (survey) => {
      this.#asked -= 1;
      if (survey && this.#dirty.get(key) === known) {
        const segments = [...known.segments.slice(0, -1), ...survey.segments];
        this.#dirty.set(key, { ...known, upTo: survey.upTo, segments });
      }
      if (this.#asked === 0 && !this.#run) this.#choose();
    });
  }

  /** The log with the largest share of dirty bytes among those that are due. */
  #choose(): void {
    let best: { readonly partition: Partition; readonly cleanable: Cleanable } | null = null;
    let maxRatio = 0;
    for (const [key, partition] of this.#compacted()) {
      const cleanable = this.#cleanableOf(key, partition);
      if (!cleanable) continue;
      maxRatio = Math.max(maxRatio, cleanable.ratio);
      if (cleanable.isDue && (!best || cleanable.ratio > best.cleanable.ratio)) best = { partition, cleanable };
    }
    this.#last = { ...this.#last, maxDirtyPercent: Math.floor(100 * maxRatio) };
    if (best) this.#begin(best.partition, best.cleanable.upTo);
  }

  #cleanableOf(key: LogKey, partition: Partition): Cleanable | null {
    const { log } = partition;
    const dirty = this.#dirty.get(key);
    // Cut or shortened since: the next look begins anew.
    if (!dirty || dirty.log !== log || dirty.cuts !== log.cuts || dirty.from < log.logStartOffset) return null;
    const config = this.#configOf(partition);
    const { sizeBytes } = log;
    const rules = {
      minLagMs: numberIn(config, "min.compaction.lag.ms"),
      maxLagMs: numberIn(config, "max.compaction.lag.ms"),
      minDirtyRatio: numberIn(config, "min.cleanable.dirty.ratio"),
    };
    return cleanableOf({ segments: dirty.segments, sizeBytes, nowMs: this.#runtime.clock.wallMs() }, rules);
  }

  #begin(partition: Partition, upTo: Offset): void {
    const { log } = partition;
    const keys = this.#number("log.cleaner.dedupe.buffer.size") / KEY_SLOT_BYTES;
    const producers = new Map<number, Offset>();
    for (const { producerId, batches } of log.producers.entries) {
      const last = batches.at(-1);
      if (last) producers.set(producerId, last.lastOffset);
    }
    const plan: CompactionPlan = {
      dirtyFrom: log.cleanedTo > log.logStartOffset ? log.cleanedTo : log.logStartOffset,
      upTo,
      highWatermark: log.highWatermark,
      nowMs: this.#runtime.clock.wallMs(),
      deleteRetentionMs: this.#configOf(partition).deleteRetentionMs,
      keysMax: Math.max(1, Math.floor(keys * this.#number("log.cleaner.io.buffer.load.factor"))),
      producers,
    };
    const run: Run = {
      number: ++this.#runs,
      partition,
      log,
      cuts: log.cuts,
      plan,
      startedMs: this.#runtime.nowMs,
      from: log.logStartOffset,
      changed: false,
      readBytes: 0,
      keptBytes: 0,
      resumeAtMs: null,
    };
    this.#run = run;
    this.#step(run);
  }

  #step(run: Run): void {
    run.resumeAtMs = null;
    const { log, number, plan, from } = run;
    this.#runtime.clean(log, { run: number, plan, from }, (answer) => {
      if (this.#run === run) this.#onStep(run, answer);
    });
  }

  #onStep(run: Run, answer: CleanAnswer): void {
    if (!this.#isStillWanted(run)) return this.#end();
    if (!answer.ok) return this.#failed(run, answer);
    const { step } = answer;
    if (step.kind === "noted") return this.#goOn(run, step.readBytes);
    run.readBytes += step.readBytes;
    run.keptBytes += step.keptBytes;
    run.from = step.upTo;
    if (step.batches) {
      run.changed = true;
      run.log.replace(step.from, step.upTo, step.batches);
    }
    if (step.upTo >= step.end) return this.#done(run, step);
    const moved = step.readBytes + (step.batches ? step.keptBytes : 0);
    if (!step.batches) return this.#goOn(run, moved);
    this.#whenCommitted(run, () => this.#goOn(run, moved));
  }

  /** At once, or when `log.cleaner.io.max.bytes.per.second` allows what was just read and written. */
  #goOn(run: Run, movedBytes: number): void {
    const waitMs = (movedBytes / this.#number("log.cleaner.io.max.bytes.per.second")) * 1_000;
    if (waitMs < 1) this.#step(run);
    else run.resumeAtMs = this.#runtime.nowMs + waitMs;
  }

  /** Deleted, moved away, cut, or not to be compacted any more: what was put in place is right, the rest stays as it is. */
  #isStillWanted({ partition, log, cuts }: Run): boolean {
    const here = this.#partitions.byKey(partitionLogKey(partition.topicId, partition.index));
    return here?.log === log && log.cuts === cuts && this.#configOf(partition).cleanupPolicy.compact && this.#mayRun();
  }

  #done(run: Run, { end, counts }: CleanStep & { readonly kind: "filtered" }): void {
    const { partition, log, plan, readBytes, keptBytes, changed } = run;
    log.setCleanedTo(end, changed);
    const cleanTimeMs = this.#runtime.nowMs - run.startedMs;
    this.#last = {
      ...this.#last,
      recopyPercent: readBytes === 0 ? 0 : Math.floor((100 * keptBytes) / readBytes),
      bufferUtilizationPercent: Math.floor((100 * counts.keys) / plan.keysMax),
      cleanTimeMs,
      compactions: this.#last.compactions + 1,
    };
    const isForPeople = changed && !partition.topicName.startsWith("__");
    this.#runtime.journal(
      isForPeople ? "info" : "debug",
      `${partition.label}: compacted up to ${end}: ${counts.recordsKept} of ${counts.recordsRead} records and ${keptBytes} of ${readBytes} bytes stayed`,
      { dirtyFrom: plan.dirtyFrom, keys: counts.keys, ms: Math.round(cleanTimeMs) },
    );
    if (counts.recordsWithoutKey > 0)
      this.#runtime.journal(
        "warn",
        `${partition.label}: ${counts.recordsWithoutKey} records without a key were dropped by compaction; they were written before the topic was compacted`,
      );
    // Until it is committed the disk still has what was taken away: the next compaction must not read that. Then something else may be due.
    this.#whenCommitted(run, () => {
      this.#end();
      this.#nextMs = this.#runtime.nowMs;
    });
  }

  #whenCommitted(run: Run, goOn: () => void): void {
    const runtime = this.#runtime;
    runtime.afterThisTurn(() =>
      runtime.enqueue(() => {
        if (this.#run === run) goOn();
      }),
    );
  }

  #failed(run: Run, { error, reason }: CleanAnswer & { readonly ok: false }): void {
    const { partition } = run;
    this.#end();
    if (error !== "CORRUPT_MESSAGE") {
      this.#runtime.journal("warn", `${partition.label} could not be compacted: ${reason}; trying again`);
      return;
    }
    this.#uncleanable.add(partitionLogKey(partition.topicId, partition.index));
    this.#runtime.journal(
      "error",
      `${partition.label} cannot be compacted and is left as it is until a restart: ${reason} Move this replica away and back to have it copied from another.`,
    );
  }

  #end(): void {
    this.#run = null;
    this.#nextMs = this.#runtime.nowMs + this.#number("log.cleaner.backoff.ms");
  }

  #configOf({ topicName }: Partition): TopicConfig {
    return this.#partitions.topicConfig(topicName);
  }

  #number(name: string): number {
    return this.#partitions.brokerNumber(name);
  }
}

function numberIn(config: TopicConfig, name: string): number {
  return Number(config.values.get(name));
}
