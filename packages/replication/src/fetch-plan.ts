/**
 * One follower's fetches from one leader broker: one request in flight, over all partitions that broker leads for us, in an
 * incremental fetch session (KIP-227), so that an idle partition costs nothing.
 *
 * When to ask: at once after an answer that brought much; after one that brought little or nothing, with our disk still busy, when the disk
 * reports (the report carries the new durable ends); when all is quiet, with a wait at the leader. A waiting request is overtaken by a new one, on
 * another connection, when partitions come in: a new leader needs our first fetch before it can commit anything.
 */
import { type NodeId, invariant } from "@vitrine/core";
import { earliest } from "./deadline.ts";
import type { Partition } from "./partition.ts";
import type { ReplicationSettings } from "./settings.ts";
import type { FetchedData, FollowerFetchPosition } from "./types.ts";
import { type PlannedPartition, type PlannedFetch, type PartitionKey, partitionKey } from "./planned-fetch.ts";

const BACKOFF_MIN_MS = 20;
/**
 * An answer of so many bytes may have left something behind, so the next question does not wait for our disk. After less it does: to ask ahead would
 * mostly be answered with nothing, and then be asked again with the new durable end. Nearly half of all fetches of small writes went so.
 */
const ASK_AHEAD_BYTES = 16_384;
const SESSION_EPOCH_LAST = 0x7fff_ffff;

interface Entry {
  readonly partition: Partition;
  /** 0 = no error lately. */
  backoffMs: number;
  notBeforeMs: number;
  /** What the leader's session believes of us; null = not in the session. */
  known: FollowerFetchPosition | null;
}

interface InFlight {
  readonly requestId: number;
  readonly full: boolean;
  readonly waits: boolean;
  readonly asked: Map<PartitionKey, FollowerFetchPosition>;
}

/** Holds back the catching up of replicas (KIP-73); belongs to the broker, because all its fetches share one rate. */
export interface FollowerThrottle {
  /** Whether there is anything to ask it. */
  readonly isActive: boolean;
  /** Milliseconds until the partition may be asked for again; 0 = now. */
  pauseMs(partition: Partition, nowMs: number): number;
  /** Bytes have come for a partition. */
  took(partition: Partition, bytes: number, nowMs: number): void;
}

/** What came back for one request. */
export interface PlannedFetchAnswer {
  /** Error of the whole answer. */
  readonly error: FetchedData["error"];
  readonly sessionId: number;
  readonly partitions: readonly (FetchedData & { readonly key: PartitionKey })[];
}

export class FetchPlan {
  readonly leader: NodeId;
  private readonly settings: ReplicationSettings;
  private readonly throttle: FollowerThrottle | null;
  private readonly entries = new Map<PartitionKey, Entry>();
  private sessionId = 0;
  private sessionEpoch = 0;
  /** The next request is a full one; it names the old session, so that the leader can close it. */
  private restart = true;
  private inFlight: InFlight | null = null;
  private requestIds = 0;
  private backoffMs = 0;
  private notBeforeMs = 0;
  /** Much came with the last answer, or partitions came in: do not wait for the disk before asking again. */
  private eager = true;
  private newcomers = false;

  constructor(leader: NodeId, settings: ReplicationSettings, throttle: FollowerThrottle | null = null) {
    this.leader = leader;
    this.settings = settings;
    this.throttle = throttle;
  }

  get size(): number {
    return this.entries.size;
  }

  /** Takes a partition in, or up again in a new leader epoch: errors of the old one are forgotten. */
  add(partition: Partition): void {
    this.entries.set(partitionKey(partition), { partition, backoffMs: 0, notBeforeMs: 0, known: null });
    // A leader that metadata names anew is worth asking at once.
    this.backoffMs = 0;
    this.notBeforeMs = 0;
    this.eager = true;
    this.newcomers = true;
  }

  remove(partition: Partition): void {
    const key = partitionKey(partition);
    this.inFlight?.asked.delete(key);
    if (this.entries.delete(key)) this.restart = true;
  }

  /** The next request, if it is time for one. */
  next(nowMs: number): PlannedFetch | null {
    if (nowMs < this.notBeforeMs) return null;
    if (this.inFlight) {
      if (!this.inFlight.waits || !this.newcomers) return null;
      this.abandon();
    }
    this.holdBack(nowMs);
    const ready = [...this.entries.values()].filter((entry) => nowMs >= entry.notBeforeMs);
    if (ready.length === 0) return null;
    const diskBusy = ready.some(({ partition: { log } }) => log.durableEndOffset < log.logEndOffset);
    if (diskBusy && !this.eager && !ready.some((entry) => this.durableMoved(entry))) return null;
    return this.compose(ready, diskBusy ? 0 : this.waitMs(nowMs), nowMs);
  }

  /** An answer to the request with this id; answers to requests that were overtaken are dropped. */
  onAnswer(
    requestId: number,
    answer: PlannedFetchAnswer,
    verifyCrc: (batch: Uint8Array) => boolean,
    nowMs: number,
  ): void {
    const { inFlight } = this;
    if (!inFlight || inFlight.requestId !== requestId) return;
    this.inFlight = null;
    if (answer.error !== "NONE") {
      this.forget(inFlight);
      this.restart = true;
      // A leader that has dropped our session answers a full request at once; other errors deserve a pause.
      if (!isSessionError(answer.error)) this.pause(nowMs);
      this.eager = true;
      return;
    }
    this.backoffMs = 0;
    if (inFlight.full) this.sessionId = answer.sessionId;
    this.sessionEpoch = inFlight.full || this.sessionEpoch === SESSION_EPOCH_LAST ? 1 : this.sessionEpoch + 1;
    // The leader has no room for a session: every request is a full one.
    if (this.sessionId === 0) this.restart = true;
    for (const data of answer.partitions) this.take(data, inFlight, verifyCrc, nowMs);
    this.forget(inFlight);
  }

  /** No answer: lost, refused or timed out. */
  onFailure(requestId: number, nowMs: number): void {
    if (this.inFlight?.requestId !== requestId) return;
    this.abandon();
    this.pause(nowMs);
    this.eager = true;
  }

  get nextDeadlineMs(): number | null {
    if (this.entries.size === 0) return null;
    if (this.inFlight) return null;
    let deadline: number | null = null;
    for (const entry of this.entries.values()) {
      const at = Math.max(entry.notBeforeMs, this.notBeforeMs);
      if (at > 0) deadline = earliest(deadline, at);
    }
    return deadline;
  }

  private take(
    data: PlannedFetchAnswer["partitions"][number],
    inFlight: InFlight,
    verifyCrc: (batch: Uint8Array) => boolean,
    nowMs: number,
  ): void {
    const position = inFlight.asked.get(data.key);
    const entry = this.entries.get(data.key);
    if (!position || !entry) return;
    inFlight.asked.delete(data.key);
    if (this.throttle?.isActive) this.throttle.took(entry.partition, data.records?.byteLength ?? 0, nowMs);
    const outcome = entry.partition.onFetchResponse(data, position, verifyCrc);
    switch (outcome.kind) {
      case "applied":
        entry.backoffMs = 0;
        if (outcome.advanced && (data.records?.byteLength ?? 0) >= ASK_AHEAD_BYTES) this.eager = true;
        return;
      case "truncated":
        this.eager = true;
        return;
      case "retry":
        entry.backoffMs = nextBackoff(entry.backoffMs, this.settings);
        entry.notBeforeMs = nowMs + entry.backoffMs;
        return;
      case "failed":
        this.remove(entry.partition);
        return;
      case "stale":
        return;
    }
  }

  /** Partitions that are throttled are left out like those that pause after an error. */
  private holdBack(nowMs: number): void {
    const { throttle } = this;
    if (!throttle?.isActive) return;
    for (const entry of this.entries.values()) {
      const pauseMs = nowMs >= entry.notBeforeMs ? throttle.pauseMs(entry.partition, nowMs) : 0;
      if (pauseMs > 0) entry.notBeforeMs = nowMs + pauseMs;
    }
  }

  private compose(ready: readonly Entry[], maxWaitMs: number, nowMs: number): PlannedFetch {
    const full = this.restart;
    if (full) {
      this.restart = false;
      this.sessionEpoch = 0;
      for (const entry of this.entries.values()) entry.known = null;
    }
    const partitions: PlannedPartition[] = [];
    const forgotten: Pick<PlannedPartition, "topicId" | "topicName" | "partitionIndex">[] = [];
    const asked = new Map<PartitionKey, FollowerFetchPosition>();
    for (const entry of ready) {
      const { partition } = entry;
      const position = partition.nextFetch();
      if (!position) continue;
      asked.set(partitionKey(partition), position);
      if (!full && entry.known && samePosition(entry.known, position)) continue;
      entry.known = position;
      partitions.push({ ...nameOf(partition), ...position, maxBytes: this.settings.replicaFetchMaxBytes });
    }
    for (const entry of this.entries.values()) {
      if (entry.known === null || nowMs >= entry.notBeforeMs) continue;
      entry.known = null;
      if (!full) forgotten.push(nameOf(entry.partition));
    }
    this.eager = false;
    this.newcomers = false;
    const requestId = ++this.requestIds;
    this.inFlight = { requestId, full, waits: maxWaitMs > 0, asked };
    const { sessionId, sessionEpoch } = this;
    return {
      leader: this.leader,
      requestId,
      maxWaitMs,
      minBytes: 1,
      maxBytes: this.settings.replicaFetchResponseMaxBytes,
      sessionId,
      sessionEpoch,
      partitions,
      forgotten,
    };
  }

  /** A partition that pauses after an error must not wait behind a quiet one. */
  private waitMs(nowMs: number): number {
    let wait = this.settings.replicaFetchWaitMaxMs;
    for (const entry of this.entries.values()) {
      if (entry.notBeforeMs > nowMs) wait = Math.min(wait, entry.notBeforeMs - nowMs);
    }
    return Math.max(1, Math.ceil(wait));
  }

  private durableMoved(entry: Entry): boolean {
    return entry.known === null || entry.partition.log.durableEndOffset > entry.known.durableEndOffset;
  }

  private abandon(): void {
    invariant(this.inFlight, "a fetch is in flight");
    this.forget(this.inFlight);
    this.inFlight = null;
    this.restart = true;
  }

  /** Answers to these will not be taken any more. */
  private forget(inFlight: InFlight): void {
    for (const key of inFlight.asked.keys()) {
      const state = this.entries.get(key)?.partition.state;
      if (state?.role === "follower") state.forgetFetch();
    }
  }

  private pause(nowMs: number): void {
    this.backoffMs = nextBackoff(this.backoffMs, this.settings);
    this.notBeforeMs = nowMs + this.backoffMs;
  }
}

/** Short first pauses, because most errors end when metadata arrives; doubling up to the setting. */
function nextBackoff(backoffMs: number, settings: ReplicationSettings): number {
  return Math.min(settings.replicaFetchBackoffMs, backoffMs === 0 ? BACKOFF_MIN_MS : backoffMs * 2);
}

function isSessionError(error: FetchedData["error"]): boolean {
  return (
    error === "FETCH_SESSION_ID_NOT_FOUND" ||
    error === "INVALID_FETCH_SESSION_EPOCH" ||
    error === "FETCH_SESSION_TOPIC_ID_ERROR"
  );
}

function nameOf({ topicId, topicName, index }: Partition) {
  return { topicId, topicName, partitionIndex: index };
}

function samePosition(a: FollowerFetchPosition, b: FollowerFetchPosition): boolean {
  return (
    a.fetchOffset === b.fetchOffset &&
    a.durableEndOffset === b.durableEndOffset &&
    a.lastFetchedEpoch === b.lastFetchedEpoch &&
    a.currentLeaderEpoch === b.currentLeaderEpoch &&
    a.logStartOffset === b.logStartOffset
  );
}
