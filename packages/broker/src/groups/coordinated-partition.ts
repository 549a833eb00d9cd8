/**
 * A partition of `__consumer_offsets` that this broker leads, in one leader epoch, with the coordinator of its groups:
 *
 *   loading : the log is replayed, and the high watermark has to reach where it ended when leadership began
 *   active  : requests are decided; records wait in `queue` until the turn's inputs are through, then become one batch
 *   stopped : led elsewhere, or an append failed; everything parked was told so
 */
import { Offset, type ErrorName } from "@vitrine/core";
import {
  GroupCoordinator,
  type At,
  type Command,
  type CommandType,
  type Decision,
  type DeletedTopic,
  type GroupEvent,
  type Token,
} from "@vitrine/group-coordinator";
import { buildBatch, encodeGroupRecord, type GroupRecord, type RecordToWrite } from "@vitrine/protocol";
import { isBatchError, readBatchFacts } from "@vitrine/protocol/batch";
import type { Partition } from "@vitrine/replication";
import { partitionLogKey } from "../partitions.ts";
import type { Runtime } from "../runtime.ts";
import { LogRewrite } from "./log-rewrite.ts";
import { Replay } from "./replay.ts";

/** A batch is closed at this size; one larger record has a batch to itself. */
const BATCH_BYTES = 512 << 10;

export interface CoordinatedPartitionOptions {
  readonly runtime: Runtime;
  readonly partition: Partition;
  /** Something was decided: deadlines may differ, and there may be records to flush. */
  readonly onDecided: (partition: CoordinatedPartition) => void;
  readonly topicExists: (name: string) => boolean;
  readonly onEvents: (partition: CoordinatedPartition, events: readonly GroupEvent[]) => void;
  /** Loading is over. */
  readonly onActive: (partition: CoordinatedPartition, recordCount: number) => void;
  /** An append failed: what was decided is not in the log, so this must be dropped. */
  readonly onFailed: (partition: CoordinatedPartition) => void;
}

export class CoordinatedPartition {
  readonly partition: Partition;
  readonly leaderEpoch: number;
  readonly #options: CoordinatedPartitionOptions;
  readonly #coordinator: GroupCoordinator;
  readonly #replay: Replay;
  readonly #rewrite: LogRewrite;
  /** Requests without an answer. Bounded by what connections may have in flight. */
  readonly #replies = new Map<Token, (body: unknown) => void>();
  #queue: GroupRecord[] = [];
  #lastToken: Token = 0;
  #state: "loading" | "active" | "stopped" = "loading";
  /** Set when the log is replayed: how much of it there was. */
  #replayed: number | null = null;
  readonly #loadEnd: Offset;
  /** Deleted topics whose offsets are still to go. Bounded by the deletions while the partition loads or takes no writes. */
  readonly #forgotten: DeletedTopic[] = [];

  constructor(options: CoordinatedPartitionOptions) {
    const { runtime, partition } = options;
    this.#options = options;
    this.partition = partition;
    this.leaderEpoch = partition.leaderEpoch;
    this.#coordinator = new GroupCoordinator({ settings: runtime.settings.groups, random: runtime.random });
    this.#rewrite = new LogRewrite(this.#coordinator);
    this.#loadEnd = partition.log.logEndOffset;
    this.#replay = new Replay({
      runtime,
      log: partition.log,
      endOffset: this.#loadEnd,
      onRecord: (record) => this.#coordinator.replay(record),
      onDone: (recordCount) => {
        this.#replayed = recordCount;
        this.#maybeActivate();
      },
    });
  }

  begin(): void {
    this.#replay.begin();
  }

  get isActive(): boolean {
    return this.#state === "active";
  }

  get coordinator(): GroupCoordinator {
    return this.#coordinator;
  }

  get hasQueued(): boolean {
    return this.#queue.length > 0;
  }

  /** The reply comes once, in this turn or a later one. */
  submit<T extends CommandType>(
    command: Omit<Extract<Command, { readonly type: T }>, "token"> & { readonly type: T },
    reply: (body: unknown) => void,
  ): void {
    const token = ++this.#lastToken;
    this.#replies.set(token, reply);
    this.#carryOut(this.#coordinator.decide({ ...command, token } as never, this.#at()));
  }

  /** Topics were deleted; while nothing can be written they wait. */
  forgetTopics(topics: readonly DeletedTopic[]): void {
    this.#forgotten.push(...topics);
    this.#forget();
  }

  #forget(): void {
    if (this.#forgotten.length === 0 || !this.isActive || this.#writeError() !== null) return;
    this.#carryOut(this.#coordinator.forgetTopics(this.#forgotten.splice(0), this.#at()));
  }

  onHighWatermark(): void {
    const { highWatermark } = this.partition.log;
    if (!this.isActive) return this.#maybeActivate();
    this.#carryOut(this.#coordinator.advance(highWatermark, this.#at()));
    this.#forget();
    this.#shortenLog(highWatermark);
  }

  tick(nowMs: number): void {
    if (this.#state === "loading") this.#replay.tick(nowMs);
    else if (this.isActive && this.nextDeadlineMs() <= nowMs) this.#carryOut(this.#coordinator.tick(this.#at()));
  }

  nextDeadlineMs(): number {
    if (this.#state === "loading") return this.#replay.nextDeadlineMs;
    return (this.isActive ? this.#coordinator.nextDeadlineMs() : null) ?? Infinity;
  }

  /** One step of keeping the log short; see log-rewrite.ts. */
  #shortenLog(highWatermark: Offset): void {
    const { partition } = this;
    const { runtime } = this.#options;
    const startOffset = this.#rewrite.finish(highWatermark);
    if (startOffset !== null) {
      partition.deleteRecordsBefore(startOffset);
      runtime.touch(partitionLogKey(partition.topicId, partition.index));
      runtime.journal(
        "debug",
        `${partition.label}: the log begins at ${startOffset}, all that is still true was written anew`,
      );
    }
    if (this.#rewrite.isDue(partition.log) && this.#writeError() === null) this.#rewrite.begin(this.#at().nextOffset);
    if (this.#rewrite.wantsTurn) runtime.enqueue(() => this.#rewritePiece());
  }

  #rewritePiece(): void {
    if (!this.isActive || !this.#rewrite.wantsTurn) return;
    // Where nothing can be written, the next move of the high watermark goes on.
    if (this.#writeError() !== null) return;
    const piece = this.#rewrite.nextPiece(this.#at().nextOffset);
    for (const record of piece) this.#queue.push(record);
    this.#options.onDecided(this);
    // Nothing was left: the high watermark may have passed the rest already.
    if (piece.length === 0) this.#shortenLog(this.partition.log.highWatermark);
  }

  /** What this turn decided goes into the log. */
  flush(): void {
    if (this.#queue.length === 0 || !this.isActive) return;
    const wallMs = this.#options.runtime.clock.wallMs();
    const records = this.#queue.splice(0).map((record): RecordToWrite => ({
      ...encodeGroupRecord(record),
      timestampMs: wallMs,
    }));
    for (let from = 0; from < records.length;) {
      let end = from;
      for (let bytes = 0; end < records.length && (end === from || bytes < BATCH_BYTES); end++)
        bytes += records[end]!.key!.length + (records[end]!.value?.length ?? 0);
      if (!this.#append(records.slice(from, end), wallMs)) return this.#options.onFailed(this);
      from = end;
    }
  }

  stop(error: ErrorName): void {
    if (this.#state === "stopped") return;
    const wasActive = this.isActive;
    this.#state = "stopped";
    this.#replay.end();
    this.#queue = [];
    if (wasActive) this.#carryOut(this.#coordinator.stop(error, this.#at()));
  }

  #maybeActivate(): void {
    if (this.#state !== "loading" || this.#replayed === null) return;
    if (this.partition.log.highWatermark < this.#loadEnd) return;
    this.#state = "active";
    this.#carryOut(this.#coordinator.start(this.#at()));
    this.#options.onActive(this, this.#replayed);
    this.#forgetUnknownTopics();
    this.#shortenLog(this.partition.log.highWatermark);
  }

  /**
   * Topics that were deleted while nobody coordinated: this broker leads by metadata that is newer than any commit in the log, and a commit
   * needs its topic, so a topic that it does not know is gone.
   */
  #forgetUnknownTopics(): void {
    const { topicExists } = this.#options;
    const gone = [...this.#coordinator.topics()].filter((name) => !topicExists(name));
    this.forgetTopics(gone.map((name) => ({ id: null, name })));
  }

  #at(): At {
    const { runtime } = this.#options;
    const { log } = this.partition;
    return {
      nowMs: runtime.nowMs,
      wallMs: runtime.clock.wallMs(),
      nextOffset: Offset(log.logEndOffset + this.#queue.length),
      writeError: this.#writeError(),
    };
  }

  /** Asked before deciding, because what is decided counts as written. */
  #writeError(): ErrorName | null {
    const { health } = this.#options.runtime.store;
    const { state } = this.partition;
    if (state.role !== "leader" || state.leaderEpoch !== this.leaderEpoch) return "NOT_LEADER_OR_FOLLOWER";
    if (health.state === "offline") return "KAFKA_STORAGE_ERROR";
    if (health.nearlyFull) return "COORDINATOR_NOT_AVAILABLE";
    return state.isr.committed.length < state.minIsr ? "NOT_ENOUGH_REPLICAS" : null;
  }

  #append(records: readonly RecordToWrite[], wallMs: number): boolean {
    const bytes = buildBatch(records);
    const facts = readBatchFacts(bytes);
    if (isBatchError(facts)) return false;
    const { partition, leaderEpoch: expectedLeaderEpoch } = this;
    const appended = partition.append({ bytes, facts, acks: -1, expectedLeaderEpoch, nowMs: wallMs });
    if (appended.ok) this.#options.runtime.touch(partitionLogKey(partition.topicId, partition.index));
    return appended.ok;
  }

  #carryOut({ records, answers, events }: Decision): void {
    for (const record of records) this.#queue.push(record);
    this.#options.onDecided(this);
    for (const { token, body } of answers) {
      const reply = this.#replies.get(token);
      this.#replies.delete(token);
      reply?.(body);
    }
    if (events.length > 0) this.#options.onEvents(this, events);
  }
}
