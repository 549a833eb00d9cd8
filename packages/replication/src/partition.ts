/**
 * One partition on one node. Its role follows from metadata alone:
 *
 *   leader   : metadata names this node        (leader.ts)
 *   follower : metadata names another node     (follower.ts)
 *   offline  : no leader, not a replica here any more, or this node's own leadership of an earlier life
 *
 * A new leader epoch replaces the role object, and with it everything that was known under the old epoch. Metadata of an older epoch,
 * or of a partition epoch already known, changes nothing.
 */
import { type ErrorName, type NodeId, Offset, type PartitionIndex, type Uuid } from "@vitrine/core";
import type { PartitionLog } from "@vitrine/log";
import { checkFetch } from "./check-fetch.ts";
import type { EffectSink } from "./effects.ts";
import { Follower } from "./follower.ts";
import { Leader } from "./leader.ts";
import { endOfEpoch, latestEpoch } from "./log-epochs.ts";
import type { PartitionContext, PartitionEffect } from "./partition-context.ts";
import type { ReplicationSettings } from "./settings.ts";
import type {
  AlterPartitionOutcome,
  AppendResult,
  DivergingEpoch,
  FetchCheck,
  FetchedData,
  FetchOutcome,
  FollowerFetch,
  FollowerFetchPosition,
  LeaderAppend,
  Liveness,
  PartitionAssignment,
  ProduceStatus,
} from "./types.ts";

export interface Offline {
  readonly role: "offline";
}

export interface PartitionOptions {
  readonly topicId: Uuid;
  readonly topicName: string;
  readonly index: PartitionIndex;
  readonly localId: NodeId;
  readonly log: PartitionLog;
  readonly settings: ReplicationSettings;
  /** Shared by all partitions of a broker. */
  readonly effects: EffectSink;
}

export interface MetadataView {
  readonly liveness: Liveness;
  /** min.insync.replicas of the topic. */
  readonly minIsr: number;
  /**
   * Epoch of this process's own registration, -1 while there is none. While `liveness` shows another, the metadata is from an earlier life
   * (a starting node reads the metadata log from its beginning) and plays no role: an old leadership or an old leader's word could undo
   * what was committed since. Absent: not checked, for whoever never shows the past.
   */
  readonly localBrokerEpoch?: number;
  /**
   * `unclean.leader.election.enable` of the topic: a replica may have been elected that lacked committed records, perhaps while this one was away
   * and saw nothing of it. Then the leader's history wins, also below the high watermark.
   */
  readonly uncleanLeaderElection?: boolean;
  readonly nowMs: number;
}

/** One replica as its leader sees it, for the console. */
export interface ReplicaView {
  readonly replicaId: NodeId;
  readonly inIsr: boolean;
  /** null: not heard of in this leader epoch. */
  readonly logEndOffset: number | null;
  readonly durableEndOffset: number | null;
  /** Milliseconds since it last had everything; 0 for the leader, null = never in this epoch. */
  readonly behindMs: number | null;
}

/** A follower that a consumer may read from instead of the leader. */
export interface ReadCandidate {
  readonly replicaId: NodeId;
  readonly logEndOffset: number;
  /** Milliseconds since it last had everything. */
  readonly behindMs: number;
}

export type OffsetAnswer =
  | { readonly ok: true; readonly offset: Offset }
  | { readonly ok: false; readonly error: ErrorName };

const NO_LIVENESS: Liveness = new Map();
const NOT_LEADER = { kind: "error", error: "NOT_LEADER_OR_FOLLOWER" } as const;

export class Partition {
  readonly topicId: Uuid;
  readonly topicName: string;
  readonly index: PartitionIndex;
  readonly localId: NodeId;
  readonly log: PartitionLog;
  /** `topic-3`. */
  readonly label: string;
  private readonly context: PartitionContext;
  private liveness: Liveness = NO_LIVENESS;
  private configuredMinIsr = 1;
  private mayBeUnclean = false;
  private assignment: PartitionAssignment | null = null;
  private current: Leader | Follower | Offline = { role: "offline" };
  private requestIds = 0;
  /** Told while metadata was still of the past; taken up when it is of the present. */
  private deferred: PartitionAssignment | null = null;

  constructor(options: PartitionOptions) {
    this.topicId = options.topicId;
    this.topicName = options.topicName;
    this.index = options.index;
    this.localId = options.localId;
    this.log = options.log;
    this.label = `${options.topicName}-${options.index}`;
    this.context = this.contextFor(options);
  }

  /** Narrow on `.role` to get at the role's own members. */
  get state(): Leader | Follower | Offline {
    return this.current;
  }

  get isLeader(): boolean {
    return this.current.role === "leader";
  }

  /** -1 before any metadata. */
  get leaderEpoch(): number {
    return this.assignment?.leaderEpoch ?? -1;
  }

  get leaderId(): NodeId {
    return this.assignment?.leader ?? -1;
  }

  get replicas(): readonly NodeId[] {
    return this.assignment?.replicas ?? [];
  }

  /** The leader's committed ISR, else what metadata says. */
  get isr(): readonly NodeId[] {
    return this.current.role === "leader" ? this.current.isr.committed : (this.assignment?.isr ?? []);
  }

  /** What metadata says now: role, ISR, liveness of the replicas and the topic's min.insync.replicas. Safe to repeat. */
  applyMetadata(assignment: PartitionAssignment, view: MetadataView): void {
    this.liveness = view.liveness;
    this.configuredMinIsr = view.minIsr;
    this.mayBeUnclean = view.uncleanLeaderElection === true;
    this.deferred = this.isPast(view) ? assignment : null;
    if (this.deferred) return;
    const known = this.assignment;
    const isNews =
      !known ||
      assignment.leaderEpoch > known.leaderEpoch ||
      (assignment.leaderEpoch === known.leaderEpoch && assignment.partitionEpoch >= known.partitionEpoch);
    if (isNews) this.assignment = assignment;
    if (!known || assignment.leaderEpoch > known.leaderEpoch) this.changeRole(assignment, view.nowMs);
    else if (this.current.role === "leader") this.current.applyMetadata(this.assignment ?? assignment, view.nowMs);
  }

  /** Brokers were fenced, unfenced, began to stop or registered anew; or min.insync.replicas changed. */
  updateView(view: MetadataView): void {
    this.liveness = view.liveness;
    this.configuredMinIsr = view.minIsr;
    if (this.deferred && !this.isPast(view)) this.applyMetadata(this.deferred, view);
    else if (this.current.role === "leader") this.current.settle(view.nowMs);
  }

  /** The replica was removed or its topic deleted: nothing more comes from here. The broker removes the log. */
  close(): void {
    this.current = { role: "offline" };
  }

  /** Appends one batch as leader. The bytes are patched in place; see AppendResult. */
  append(request: LeaderAppend): AppendResult {
    const { current } = this;
    const expected = request.expectedLeaderEpoch ?? this.leaderEpoch;
    if (current.role !== "leader" || expected !== current.leaderEpoch) {
      const message = `this broker does not lead partition ${this.label}${current.role === "leader" ? ` in epoch ${expected}` : ""}`;
      return { ok: false, error: "NOT_LEADER_OR_FOLLOWER", message };
    }
    return current.append(request);
  }

  /** Where an acks=all produce of this leader epoch stands. */
  produceStatus({ requiredOffset, leaderEpoch }: { requiredOffset: Offset; leaderEpoch: number }): ProduceStatus {
    const { current } = this;
    if (current.role !== "leader" || current.leaderEpoch !== leaderEpoch) return NOT_LEADER;
    return current.produceStatus(requiredOffset);
  }

  /** A replica fetches from us. `ok`: read from its fetchOffset up to readableEnd (the log end). */
  onFollowerFetch(fetch: FollowerFetch, nowMs: number): FetchCheck {
    const refused = this.checkLeaderEpoch(fetch.currentLeaderEpoch);
    if (refused) return { kind: "error", error: refused };
    return this.current.role === "leader" ? this.current.onFollowerFetch(fetch, nowMs) : NOT_LEADER;
  }

  /**
   * A consumer fetches from us. `ok`: read up to readableEnd (the high watermark). `fromFollower`: a follower may serve it, up to the high watermark
   * as far as it has heard (KIP-392).
   */
  onConsumerFetch(fetch: {
    fetchOffset: Offset;
    lastFetchedEpoch: number;
    currentLeaderEpoch: number;
    fromFollower?: boolean;
  }): FetchCheck {
    const refused = this.checkEpoch(fetch.currentLeaderEpoch);
    if (refused) return { kind: "error", error: refused };
    if (this.current.role === "leader") return this.current.onConsumerFetch(fetch);
    if (this.current.role !== "follower" || fetch.fromFollower !== true) return NOT_LEADER;
    return checkFetch(this.log, fetch, this.log.highWatermark);
  }

  /**
   * Where a consumer may read from this offset on, as the leader knows: in-sync followers that have it (KAFKA-14372). Empty elsewhere.
   */
  readCandidates(fetchOffset: number, nowMs: number): readonly ReadCandidate[] {
    const { current } = this;
    if (current.role !== "leader") return [];
    return current.isr.committed.flatMap((replicaId) => {
      const progress = current.progressOf(replicaId);
      if (!progress?.hasFetched || progress.fetchOffset < fetchOffset || progress.logStartOffset > fetchOffset)
        return [];
      return [{ replicaId, logEndOffset: progress.fetchOffset, behindMs: nowMs - progress.lastCaughtUpMs }];
    });
  }

  /** FENCED_LEADER_EPOCH if the asker is behind, UNKNOWN_LEADER_EPOCH if we are (KIP-320); -1 is not checked. Then whether we lead. */
  checkLeaderEpoch(currentLeaderEpoch: number): ErrorName | null {
    return this.checkEpoch(currentLeaderEpoch) ?? (this.isLeader ? null : "NOT_LEADER_OR_FOLLOWER");
  }

  /** ListOffsets(latest): the high watermark for clients, the log end for replicas. Unknown until this epoch's start is committed (P11). */
  latestOffset({ asReplica, currentLeaderEpoch }: { asReplica: boolean; currentLeaderEpoch: number }): OffsetAnswer {
    const refused = this.checkLeaderEpoch(currentLeaderEpoch);
    if (refused) return { ok: false, error: refused };
    if (asReplica) return { ok: true, offset: this.log.logEndOffset };
    if (this.current.role === "leader" && !this.current.knowsLatest)
      return { ok: false, error: "OFFSET_NOT_AVAILABLE" };
    return { ok: true, offset: this.log.highWatermark };
  }

  /** OffsetForLeaderEpoch: the largest epoch at or below the asked one, and its end. */
  endOffsetForEpoch(epoch: number): DivergingEpoch {
    return endOfEpoch(this.log, epoch);
  }

  /** DeleteRecords at the leader; -1 means the high watermark. Replicas follow with their next fetch (`lowWatermark`). */
  deleteRecordsBefore(offset: number): OffsetAnswer {
    if (!this.isLeader) return { ok: false, error: "NOT_LEADER_OR_FOLLOWER" };
    const target = offset === -1 ? this.log.highWatermark : offset;
    if (target < 0 || target > this.log.highWatermark) return { ok: false, error: "OFFSET_OUT_OF_RANGE" };
    if (target > this.log.logStartOffset) {
      this.log.setLogStartOffset(Offset(target));
      this.context.push({ type: "logStart", logStartOffset: this.log.logStartOffset });
    }
    return { ok: true, offset: this.lowWatermark() };
  }

  /** Smallest log start of the live replicas. */
  lowWatermark(): Offset {
    return this.current.role === "leader" ? this.current.lowWatermark() : this.log.logStartOffset;
  }

  /** Where to fetch next, as follower; null when there is nothing to ask. */
  nextFetch(): FollowerFetchPosition | null {
    return this.current.role === "follower" ? this.current.nextFetch() : null;
  }

  /** `verifyCrc` gets one whole batch. */
  onFetchResponse(
    data: FetchedData,
    forFetch: FollowerFetchPosition,
    verifyCrc: (batch: Uint8Array) => boolean,
  ): FetchOutcome {
    if (this.current.role !== "follower") return { kind: "stale" };
    return this.current.onFetchResponse(data, forFetch, verifyCrc);
  }

  /** Call after each `committed` event of the store; cheap when nothing of this partition was in it. */
  onCommitted(nowMs: number): void {
    if (this.current.role === "leader") this.current.onCommitted(nowMs);
    else if (this.current.role === "follower") this.current.onCommitted();
  }

  /** The controller's answer to an `alterPartition` effect. */
  onAlterPartition(requestId: number, outcome: AlterPartitionOutcome, nowMs: number): void {
    if (this.current.role === "leader") this.current.onAlterPartition(requestId, outcome, nowMs);
  }

  tick(nowMs: number): void {
    if (this.current.role === "leader") this.current.tick(nowMs);
  }

  /** When `tick` wants to be called; null = not at all. */
  get nextDeadlineMs(): number | null {
    return this.current.role === "leader" ? this.current.nextDeadlineMs : null;
  }

  /** Every replica as the leader sees it; empty elsewhere. */
  replicaViews(nowMs: number): readonly ReplicaView[] {
    const { current } = this;
    if (current.role !== "leader") return [];
    return this.replicas.map((replicaId) => {
      const inIsr = current.isr.committed.includes(replicaId);
      if (replicaId === this.localId) {
        const { logEndOffset, durableEndOffset } = this.log;
        return { replicaId, inIsr, logEndOffset, durableEndOffset, behindMs: 0 };
      }
      const progress = current.progressOf(replicaId);
      if (!progress?.hasFetched)
        return { replicaId, inIsr, logEndOffset: null, durableEndOffset: null, behindMs: null };
      const { fetchOffset, durableEndOffset, lastCaughtUpMs } = progress;
      const behindMs = durableEndOffset >= this.log.logEndOffset ? 0 : nowMs - lastCaughtUpMs;
      return {
        replicaId,
        inIsr,
        logEndOffset: fetchOffset,
        durableEndOffset,
        behindMs: Number.isFinite(behindMs) ? behindMs : null,
      };
    });
  }

  private checkEpoch(currentLeaderEpoch: number): ErrorName | null {
    if (currentLeaderEpoch >= 0 && currentLeaderEpoch < this.leaderEpoch) return "FENCED_LEADER_EPOCH";
    return currentLeaderEpoch > this.leaderEpoch ? "UNKNOWN_LEADER_EPOCH" : null;
  }

  private isPast({ liveness, localBrokerEpoch }: MetadataView): boolean {
    // Once it plays a role, a partition stays in the present: being registered anew in the same life takes nothing back.
    if (localBrokerEpoch === undefined || this.assignment) return false;
    return localBrokerEpoch < 0 || liveness.get(this.localId)?.epoch !== localBrokerEpoch;
  }

  private changeRole(assignment: PartitionAssignment, nowMs: number): void {
    this.current = this.roleFor(assignment, nowMs);
    const { role } = this.current;
    this.context.push({ type: "roleChanged", role, leader: assignment.leader, leaderEpoch: assignment.leaderEpoch });
    if (this.current.role === "leader") this.current.settle(nowMs);
  }

  private roleFor(assignment: PartitionAssignment, nowMs: number): Leader | Follower | Offline {
    // An epoch that the log has seen already was led in an earlier life. It is never led again: (epoch, offset) would stop being unique
    // (KAFKA-10527).
    const wasLed = assignment.leaderEpoch <= latestEpoch(this.log);
    if (assignment.leader === this.localId && wasLed) return { role: "offline" };
    if (assignment.leader === this.localId) return new Leader(this.context, assignment, nowMs);
    if (assignment.leader < 0 || !assignment.replicas.includes(this.localId)) return { role: "offline" };
    const unclean = assignment.leaderRecoveryState === 1 || this.mayBeUnclean;
    return new Follower(this.context, assignment.leader, assignment.leaderEpoch, unclean);
  }

  private contextFor(options: PartitionOptions): PartitionContext {
    const liveness = () => this.liveness;
    const minIsr = () => this.configuredMinIsr;
    return {
      topicId: options.topicId,
      index: options.index,
      localId: options.localId,
      log: options.log,
      settings: options.settings,
      label: this.label,
      get liveness() {
        return liveness();
      },
      get minIsr() {
        return minIsr();
      },
      nextRequestId: () => ++this.requestIds,
      push: (effect: PartitionEffect) => void options.effects.push({ ...effect, partition: this }),
      highWatermarkMoved: () =>
        void options.effects.push({ type: "highWatermark", partition: this, highWatermark: this.log.highWatermark }),
    };
  }
}
