/**
 * Incremental fetch sessions (KIP-227), the leader's side: remembers what each fetcher asked for, so that a request names only what
 * changed and an answer carries only what is new. Serves followers and consumers.
 *
 * Bounded by `slots`. At the bound an old session gives way: one unused for `minEvictionMs`, or a consumer's to a follower's; if
 * none may go, the fetcher gets session id 0 and goes on with full requests.
 */
import type { PartitionIndex, Uuid } from "@vitrine/core";
import { ZERO_UUID } from "@vitrine/core";

/** One partition as a fetcher asked for it. */
export interface FetchSpec {
  /** ZERO_UUID below Fetch v13. */
  readonly topicId: Uuid;
  /** Empty from Fetch v13 on. */
  readonly topicName: string;
  readonly partitionIndex: PartitionIndex;
  readonly fetchOffset: number;
  readonly lastFetchedEpoch: number;
  readonly currentLeaderEpoch: number;
  readonly logStartOffset: number;
  readonly maxBytes: number;
  /** Only our own followers say it; null = as Kafka has it, the fetch offset. */
  readonly durableEndOffset: number | null;
}

export interface FetchOpening {
  readonly sessionId: number;
  /** 0 opens a session, -1 ends one or asks for none, anything else goes on with one. */
  readonly sessionEpoch: number;
  readonly isFollower: boolean;
  readonly partitions: readonly FetchSpec[];
  readonly forgotten: readonly Pick<FetchSpec, "topicId" | "topicName" | "partitionIndex">[];
}

/** What the filter needs to know of one partition's answer. */
export interface FetchMarks {
  readonly topicId: Uuid;
  readonly topicName: string;
  readonly partitionIndex: PartitionIndex;
  readonly isError: boolean;
  readonly isDiverging: boolean;
  /** The fetcher is sent to another replica: it must hear of it. */
  readonly isRedirected: boolean;
  readonly hasRecords: boolean;
  readonly highWatermark: number;
  readonly logStartOffset: number;
}

/** One request within a session, or without any. */
export interface FetchContext {
  /** Everything to read, in the order in which it should be served. */
  readonly partitions: readonly FetchSpec[];
  /** What goes into the answer: in a session only what is new. Call once, when the answer is made; it remembers what the fetcher will know. */
  answer<Result>(
    results: readonly Result[],
    marksOf: (result: Result) => FetchMarks,
  ): { sessionId: number; results: Result[] };
  /** Id for an answer that brings nothing and changes nothing, because the fetcher is throttled: it asks again from where it was. */
  readonly throttledSessionId: number;
}

export type FetchSessionResult =
  | { readonly ok: true; readonly context: FetchContext }
  | {
      readonly ok: false;
      readonly error: "FETCH_SESSION_ID_NOT_FOUND" | "INVALID_FETCH_SESSION_EPOCH" | "FETCH_SESSION_TOPIC_ID_ERROR";
    };

interface CachedPartition {
  spec: FetchSpec;
  /** As last answered; -1 = tell anew. */
  highWatermark: number;
  logStartOffset: number;
}

interface Session {
  readonly id: number;
  readonly isFollower: boolean;
  readonly usesTopicIds: boolean;
  readonly partitions: Map<string, CachedPartition>;
  nextEpoch: number;
  lastUsedMs: number;
}

export interface FetchSessionOptions {
  /** `max.incremental.fetch.session.cache.slots` (Kafka: 1000). */
  readonly slots?: number;
  /** How long a session is safe from others of its kind (Kafka: 120 s). */
  readonly minEvictionMs?: number;
  /** A random whole number in [1, 2^31): ids must not repeat after a restart. */
  readonly newSessionId: () => number;
}

const EPOCH_LAST = 0x7fff_ffff;

export class FetchSessions {
  private readonly slots: number;
  private readonly minEvictionMs: number;
  private readonly newSessionId: () => number;
  /** Least recently used first. */
  private readonly sessions = new Map<number, Session>();

  constructor(options: FetchSessionOptions) {
    this.slots = options.slots ?? 1000;
    this.minEvictionMs = options.minEvictionMs ?? 120_000;
    this.newSessionId = options.newSessionId;
  }

  get size(): number {
    return this.sessions.size;
  }

  begin(opening: FetchOpening, nowMs: number): FetchSessionResult {
    if (opening.sessionEpoch === 0 || opening.sessionEpoch === -1) {
      this.sessions.delete(opening.sessionId);
      const session = opening.sessionEpoch === 0 ? this.open(opening, nowMs) : null;
      return {
        ok: true,
        context: session ? fullContext(session, opening.partitions) : sessionlessContext(opening.partitions),
      };
    }
    const session = this.sessions.get(opening.sessionId);
    if (!session) return { ok: false, error: "FETCH_SESSION_ID_NOT_FOUND" };
    if (session.nextEpoch !== opening.sessionEpoch) return { ok: false, error: "INVALID_FETCH_SESSION_EPOCH" };
    if (opening.partitions.some((spec) => usesTopicId(spec) !== session.usesTopicIds)) {
      return { ok: false, error: "FETCH_SESSION_TOPIC_ID_ERROR" };
    }
    this.touch(session, nowMs);
    for (const spec of opening.partitions) ask(session, spec);
    for (const name of opening.forgotten) session.partitions.delete(keyOf(name));
    return { ok: true, context: incrementalContext(session) };
  }

  private open(opening: FetchOpening, nowMs: number): Session | null {
    if (opening.partitions.length === 0 || !this.makeRoom(opening.isFollower, nowMs)) return null;
    let id = this.newSessionId();
    while (id === 0 || this.sessions.has(id)) id = this.newSessionId();
    const usesTopicIds = opening.partitions.some(usesTopicId);
    const { isFollower } = opening;
    const session: Session = { id, isFollower, usesTopicIds, partitions: new Map(), nextEpoch: 1, lastUsedMs: nowMs };
    for (const spec of opening.partitions) ask(session, spec);
    this.sessions.set(id, session);
    return session;
  }

  private makeRoom(forFollower: boolean, nowMs: number): boolean {
    if (this.sessions.size < this.slots) return true;
    for (const session of this.sessions.values()) {
      const idle = nowMs - session.lastUsedMs >= this.minEvictionMs;
      if (!idle && (session.isFollower || !forFollower)) continue;
      this.sessions.delete(session.id);
      return true;
    }
    return false;
  }

  private touch(session: Session, nowMs: number): void {
    session.lastUsedMs = nowMs;
    session.nextEpoch = session.nextEpoch === EPOCH_LAST ? 1 : session.nextEpoch + 1;
    this.sessions.delete(session.id);
    this.sessions.set(session.id, session);
  }
}

function ask(session: Session, spec: FetchSpec): void {
  const key = keyOf(spec);
  const cached = session.partitions.get(key);
  if (cached) cached.spec = spec;
  else session.partitions.set(key, { spec, highWatermark: -1, logStartOffset: -1 });
}

function sessionlessContext(partitions: readonly FetchSpec[]): FetchContext {
  return { partitions, throttledSessionId: 0, answer: (results) => ({ sessionId: 0, results: [...results] }) };
}

function fullContext(session: Session, partitions: readonly FetchSpec[]): FetchContext {
  return {
    partitions,
    // Nothing was told, so the session is not either: the fetcher opens one with its next request.
    throttledSessionId: 0,
    answer(results, marksOf) {
      for (const result of results) isNews(session, marksOf(result));
      return { sessionId: session.id, results: [...results] };
    },
  };
}

function incrementalContext(session: Session): FetchContext {
  return {
    partitions: [...session.partitions.values()].map((cached) => cached.spec),
    throttledSessionId: session.id,
    answer(results, marksOf) {
      return { sessionId: session.id, results: results.filter((result) => isNews(session, marksOf(result))) };
    },
  };
}

/** Whether the fetcher must hear of it; remembers what it will know. Partitions that gave records go to the back, so that none starves. */
function isNews(session: Session, marks: FetchMarks): boolean {
  const key = keyOf(marks);
  const cached = session.partitions.get(key);
  if (!cached) return true;
  const moved = cached.highWatermark !== marks.highWatermark || cached.logStartOffset !== marks.logStartOffset;
  // A follower that is told to truncate does not take the high watermark of the same answer.
  cached.highWatermark = marks.isError || marks.isDiverging ? -1 : marks.highWatermark;
  cached.logStartOffset = marks.logStartOffset;
  if (marks.hasRecords) {
    session.partitions.delete(key);
    session.partitions.set(key, cached);
  }
  return moved || marks.isError || marks.isDiverging || marks.isRedirected || marks.hasRecords;
}

function usesTopicId(spec: Pick<FetchSpec, "topicId">): boolean {
  return spec.topicId !== ZERO_UUID;
}

function keyOf({
  topicId,
  topicName,
  partitionIndex,
}: Pick<FetchSpec, "topicId" | "topicName" | "partitionIndex">): string {
  return topicId === ZERO_UUID ? `${topicName}/${partitionIndex}` : `${topicId}-${partitionIndex}`;
}
