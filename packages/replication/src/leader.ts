/**
 * The leader's side of a partition: gives offsets, knows its followers, moves the high watermark.
 *
 * Begins when metadata names this node leader of a new epoch, ends with that epoch. Invariants: durable end of the log >= high
 * watermark; the high watermark never decreases; at most one AlterPartition in flight (isr.ts).
 */
import { type BatchFacts, type ErrorName, type NodeId, Offset, invariant } from "@vitrine/core";
import { patchBatch } from "@vitrine/protocol/batch";
import { highWatermark } from "./high-watermark.ts";
import { type IsrVerdict, IsrState } from "./isr.ts";
import { earliest } from "./deadline.ts";
import { checkFetch } from "./check-fetch.ts";
import { latestEpoch } from "./log-epochs.ts";
import type { PartitionContext } from "./partition-context.ts";
import { ReplicaProgress } from "./replica-progress.ts";
import type {
  AlterPartitionItem,
  AlterPartitionOutcome,
  AppendResult,
  FetchCheck,
  FollowerFetch,
  LeaderAppend,
  PartitionAssignment,
  ProduceStatus,
} from "./types.ts";

const refuse = (error: ErrorName, message: string): AppendResult => ({ ok: false, error, message });

export class Leader {
  readonly role = "leader";
  readonly leaderEpoch: number;
  /** Log end when this epoch began. Until the high watermark is here, what is committed is not fully known (P11). */
  readonly epochStartOffset: Offset;
  readonly isr: IsrState;
  private readonly context: PartitionContext;
  private readonly followers = new Map<NodeId, ReplicaProgress>();
  private nextIsrCheckMs: number;
  /** After a refusal, wait a little: every fetch would otherwise ask again. null = nothing was refused. */
  private expandNotBeforeMs: number | null = null;

  constructor(context: PartitionContext, assignment: PartitionAssignment, nowMs: number) {
    this.context = context;
    this.leaderEpoch = assignment.leaderEpoch;
    this.epochStartOffset = context.log.logEndOffset;
    this.isr = new IsrState(assignment.isr, assignment.partitionEpoch, assignment.leaderRecoveryState);
    this.nextIsrCheckMs = nowMs + context.settings.replicaLagTimeMaxMs / 2;
    // Noted also when nothing was ever written: followers find divergence by it (KAFKA-7415).
    context.log.assignEpochStart(assignment.leaderEpoch, this.epochStartOffset);
    this.setReplicas(assignment, nowMs);
  }

  /** The same leader epoch goes on; replicas, ISR, liveness or configs may differ. */
  applyMetadata(assignment: PartitionAssignment, nowMs: number): void {
    this.setReplicas(assignment, nowMs);
    const before = this.isr.committed;
    if (this.isr.applyMetadata(assignment.isr, assignment.partitionEpoch, assignment.leaderRecoveryState)) {
      this.isrMoved(before);
    }
    this.settle(nowMs);
  }

  append(request: LeaderAppend): AppendResult {
    const { log } = this.context;
    if (request.acks === -1 && this.isr.committed.length < this.minIsr) {
      return refuse(
        "NOT_ENOUGH_REPLICAS",
        `${this.context.label} has ISR [${this.isr.committed.join(", ")}], min.insync.replicas is ${this.minIsr}: acks=all is refused`,
      );
    }
    const checked = log.producers.check(request.facts);
    if (checked.kind === "duplicate") {
      const { baseOffset, lastOffset, timestampMs: maxTimestampMs } = checked;
      return this.accepted({ baseOffset, lastOffset, maxTimestampMs, duplicate: true });
    }
    if (checked.kind === "error") {
      const { producerId, producerEpoch, baseSequence } = request.facts;
      return refuse(
        checked.error,
        `producer ${producerId} (epoch ${producerEpoch}) sent sequence ${baseSequence} to ${this.context.label} out of turn`,
      );
    }
    const baseOffset = log.logEndOffset;
    const lastOffset = Offset(baseOffset + (request.facts.lastOffset - request.facts.baseOffset));
    patchBatch(request.bytes, baseOffset, this.leaderEpoch);
    const facts: BatchFacts = { ...request.facts, baseOffset, lastOffset, leaderEpoch: this.leaderEpoch };
    log.append({ facts, bytes: request.bytes });
    return this.accepted({ baseOffset, lastOffset, maxTimestampMs: facts.maxTimestampMs, duplicate: false });
  }

  private accepted(
    batch: Pick<AppendResult & { ok: true }, "baseOffset" | "lastOffset" | "maxTimestampMs" | "duplicate">,
  ): AppendResult {
    return { ok: true, ...batch, requiredOffset: Offset(batch.lastOffset + 1), leaderEpoch: this.leaderEpoch };
  }

  produceStatus(requiredOffset: Offset): ProduceStatus {
    if (this.context.log.highWatermark >= requiredOffset) return { kind: "done" };
    if (this.isr.committed.length < this.minIsr) return { kind: "error", error: "NOT_ENOUGH_REPLICAS_AFTER_APPEND" };
    return { kind: "waiting" };
  }

  /** A replica's fetch: checked, and only then taken as progress (KAFKA-13141). */
  onFollowerFetch(fetch: FollowerFetch, nowMs: number): FetchCheck {
    const { log } = this.context;
    const progress = this.followers.get(fetch.replicaId);
    if (!progress) return { kind: "error", error: "NOT_LEADER_OR_FOLLOWER" };
    const known = this.context.liveness.get(fetch.replicaId)?.epoch ?? -1;
    if (fetch.brokerEpoch >= 0 && fetch.brokerEpoch < Math.max(progress.brokerEpoch, known)) {
      return { kind: "error", error: "NOT_LEADER_OR_FOLLOWER" };
    }
    const checked = checkFetch(log, fetch, log.logEndOffset);
    if (checked.kind !== "ok") return checked;
    progress.record({
      brokerEpoch: fetch.brokerEpoch,
      fetchOffset: fetch.fetchOffset,
      durableEndOffset: fetch.durableEndOffset ?? fetch.fetchOffset,
      logStartOffset: fetch.logStartOffset,
      leaderEndOffset: log.logEndOffset,
      nowMs,
    });
    this.maybeExpand(nowMs);
    this.advanceHighWatermark(nowMs);
    return checked;
  }

  /** A consumer's fetch: committed records only. */
  onConsumerFetch(fetch: { fetchOffset: Offset; lastFetchedEpoch: number }): FetchCheck {
    const { log } = this.context;
    return checkFetch(log, fetch, log.highWatermark);
  }

  /** False until everything that earlier leaders may have acknowledged is under the high watermark. */
  get knowsLatest(): boolean {
    return this.context.log.highWatermark >= this.epochStartOffset;
  }

  /** Smallest log start of the live replicas: DeleteRecords is done once it has passed the asked offset. */
  lowWatermark(): Offset {
    let low: number = this.context.log.logStartOffset;
    for (const [id, progress] of this.followers) {
      const alive = this.context.liveness.get(id);
      if (alive && !alive.fenced) low = Math.min(low, progress.logStartOffset);
    }
    return Offset(low);
  }

  progressOf(replicaId: NodeId): ReplicaProgress | undefined {
    return this.followers.get(replicaId);
  }

  onCommitted(nowMs: number): void {
    this.advanceHighWatermark(nowMs);
  }

  tick(nowMs: number): void {
    const { pending } = this.isr;
    if (pending && pending.retryAtMs !== null && nowMs >= pending.retryAtMs) {
      pending.retryAtMs = null;
      pending.attempts++;
      this.send(pending.requestId, pending.isr);
    }
    if (this.expandNotBeforeMs !== null && nowMs >= this.expandNotBeforeMs) this.maybeExpand(nowMs);
    if (nowMs < this.nextIsrCheckMs) return;
    this.nextIsrCheckMs = nowMs + this.context.settings.replicaLagTimeMaxMs / 2;
    this.maybeShrink(nowMs);
    this.settle(nowMs);
  }

  get nextDeadlineMs(): number | null {
    const check = this.followers.size > 0 ? this.nextIsrCheckMs : null;
    return earliest(check, earliest(this.isr.pending?.retryAtMs ?? null, this.expandNotBeforeMs));
  }

  onAlterPartition(requestId: number, outcome: AlterPartitionOutcome, nowMs: number): IsrVerdict {
    const before = this.isr.committed;
    const retryMs = this.context.settings.alterPartitionRetryMs;
    const verdict = this.isr.answer(requestId, outcome, this.leaderEpoch, nowMs, retryMs);
    if (verdict === "committed" || verdict === "rolled-back") {
      this.isrMoved(before);
      // After a shrink the slow replica no longer counts: without this look acks=all would hang (KAFKA-13091).
      this.advanceHighWatermark(nowMs);
      if (verdict === "committed") this.maybeExpand(nowMs);
      else this.expandNotBeforeMs = nowMs + retryMs * 4;
    }
    return verdict;
  }

  /** min.insync.replicas, but never more than there are replicas. */
  get minIsr(): number {
    return Math.min(this.context.minIsr, this.followers.size + 1);
  }

  /** Called after anything that may let replicas in or out, or the high watermark on. */
  settle(nowMs: number): void {
    this.maybeRecover();
    this.maybeExpand(nowMs);
    this.advanceHighWatermark(nowMs);
  }

  private setReplicas(assignment: PartitionAssignment, nowMs: number): void {
    for (const id of this.followers.keys()) if (!assignment.replicas.includes(id)) this.followers.delete(id);
    for (const id of assignment.replicas) {
      if (id === this.context.localId || this.followers.has(id)) continue;
      // In-sync members get the full lag time to show themselves; others have to earn their place.
      const since = assignment.isr.includes(id) ? nowMs : Number.NEGATIVE_INFINITY;
      this.followers.set(id, new ReplicaProgress(id, since));
    }
  }

  private advanceHighWatermark(nowMs: number): void {
    const { log } = this.context;
    const ends: number[] = [];
    for (const progress of this.followers.values()) {
      if (this.countsForHighWatermark(progress, nowMs)) ends.push(progress.durableEndOffset);
    }
    const next = highWatermark({
      highWatermark: log.highWatermark,
      logEndOffset: log.logEndOffset,
      ownDurableEndOffset: log.durableEndOffset,
      isrSize: this.isr.committed.length,
      minIsr: this.minIsr,
      followerDurableEndOffsets: ends,
    });
    if (next === log.highWatermark) return;
    log.setHighWatermark(Offset(next));
    this.context.highWatermarkMoved();
  }

  /** Besides the maximal ISR, wait for a replica that keeps up and may join: else it could chase the high watermark for ever under load. */
  private countsForHighWatermark(progress: ReplicaProgress, nowMs: number): boolean {
    if (this.isr.maximal.includes(progress.replicaId)) return true;
    if (!progress.hasFetched || !this.isEligible(progress)) return false;
    const leaderEndOffset = this.context.log.logEndOffset;
    return progress.isCaughtUp({ leaderEndOffset, nowMs, lagMaxMs: this.context.settings.replicaLagTimeMaxMs });
  }

  /** Neither fenced nor stopping (KIP-841), and the incarnation that fetched is the registered one (KIP-903). */
  private isEligible(progress: ReplicaProgress): boolean {
    const broker = this.context.liveness.get(progress.replicaId);
    if (!broker || broker.fenced || broker.shuttingDown) return false;
    return progress.brokerEpoch === -1 || progress.brokerEpoch === broker.epoch;
  }

  private canJoin(progress: ReplicaProgress): boolean {
    const needed = Math.max(this.context.log.highWatermark, this.epochStartOffset);
    return progress.hasFetched && progress.durableEndOffset >= needed && this.isEligible(progress);
  }

  private maybeExpand(nowMs: number): void {
    if (this.isr.pending || this.isr.recoveryState === 1) return;
    if (this.expandNotBeforeMs !== null && nowMs < this.expandNotBeforeMs) return;
    this.expandNotBeforeMs = null;
    const joining: NodeId[] = [];
    for (const progress of this.followers.values()) {
      if (!this.isr.committed.includes(progress.replicaId) && this.canJoin(progress)) joining.push(progress.replicaId);
    }
    if (joining.length > 0) this.propose([...this.isr.committed, ...joining], "expand");
  }

  private maybeShrink(nowMs: number): void {
    if (this.isr.pending) return;
    const leaderEndOffset = this.context.log.logEndOffset;
    const lagMaxMs = this.context.settings.replicaLagTimeMaxMs;
    const staying = this.isr.committed.filter((id) => {
      const progress = this.followers.get(id);
      return id === this.context.localId || progress?.isCaughtUp({ leaderEndOffset, nowMs, lagMaxMs });
    });
    if (staying.length < this.isr.committed.length) this.propose(staying, "shrink");
  }

  /** An unclean leader tells the controller that it has taken over; only then may others join. */
  private maybeRecover(): void {
    if (this.isr.recoveryState === 1 && !this.isr.pending) this.propose(this.isr.committed, "recover");
  }

  private propose(isr: readonly NodeId[], change: "expand" | "shrink" | "recover"): void {
    invariant(isr.includes(this.context.localId), `leader of ${this.context.label} proposes an ISR without itself`);
    const requestId = this.context.nextRequestId();
    this.isr.propose(requestId, isr, change);
    this.send(requestId, isr);
    this.isrMoved(this.isr.committed);
  }

  private send(requestId: number, isr: readonly NodeId[]): void {
    const item: AlterPartitionItem = {
      topicId: this.context.topicId,
      partitionIndex: this.context.index,
      leaderEpoch: this.leaderEpoch,
      partitionEpoch: this.isr.partitionEpoch,
      newIsrWithEpochs: isr.map((brokerId) => ({ brokerId, brokerEpoch: this.brokerEpochOf(brokerId) })),
      leaderRecoveryState: 0,
    };
    this.context.push({ type: "alterPartition", requestId, item });
  }

  private brokerEpochOf(id: NodeId): number {
    const fetched = this.followers.get(id)?.brokerEpoch ?? -1;
    return fetched >= 0 ? fetched : (this.context.liveness.get(id)?.epoch ?? -1);
  }

  private isrMoved(before: readonly NodeId[]): void {
    const isr = this.isr.committed;
    this.context.push({
      type: "isrChanged",
      isr,
      maximalIsr: this.isr.maximal,
      added: isr.filter((id) => !before.includes(id)),
      removed: before.filter((id) => !isr.includes(id)),
    });
  }

  /** Newest epoch in the log, for leader-epoch queries of clients. */
  get latestEpochInLog(): number {
    return latestEpoch(this.context.log);
  }
}
