/** One Fetch to one leader for some partitions, decoded: the only place where HTTP reads the log. */
import { errorFromCode } from "@vitrine/core";
import type { ErrorName, NodeId } from "@vitrine/core";
import type { CallFailure, Engine, TopicInfo } from "@vitrine/engine";
import { newFetchRequest, newFetchRequestFetchPartition } from "@vitrine/protocol/types";
import type { FetchResponse, FetchResponsePartitionData } from "@vitrine/protocol/types";
import type { Position } from "@vitrine/api";
import { decodeRecords } from "./decode.ts";
import { QUOTA_WAIT_MS_MAX } from "../quota.ts";
import type { LogRecord } from "./log-record.ts";

const FETCH = 1;
/** Answers of a broker in a row that only say how long to wait. */
const THROTTLED_MAX = 3;
/** Beyond the wait itself: how long the answer may take. */
const ANSWER_MS = 5_000;

interface FetchTerms {
  readonly leader: NodeId;
  readonly waitMs: number;
  readonly bytes: number;
  /** Of one partition; default `bytes`. */
  readonly partitionBytes?: number;
  readonly isolation: "committed" | "uncommitted";
  readonly signal?: AbortSignal;
  /** Decoding of a partition stops at the batch that reaches it. */
  readonly recordsMax?: number;
}

/** Partitions of a topic to where reading begins. */
export interface FetchTopic {
  readonly topic: TopicInfo;
  readonly positions: ReadonlyMap<number, Position>;
}

export type FetchPlan = FetchTerms & FetchTopic;

export interface PartitionChunk {
  readonly partition: number;
  readonly error: ErrorName;
  /** Where the log of the reader's epoch ends, when it diverged (KIP-595): position before it is good. */
  readonly divergesAt: number | null;
  readonly records: readonly LogRecord[];
  /** After all that was received, also what is not shown (control batches). */
  readonly next: Position;
  /** Readers may read below it: the high watermark, or the last stable offset. */
  readonly end: number;
  readonly highWatermark: number;
  readonly logStart: number;
}

export type FetchOutcome =
  | { readonly ok: true; readonly chunks: readonly PartitionChunk[] }
  | { readonly ok: false; readonly reason: CallFailure | ErrorName };

export async function fetchFromLeader(engine: Engine, plan: FetchPlan): Promise<FetchOutcome> {
  const outcome = await fetchTopicsFromLeader(engine, { ...plan, topics: [plan] });
  return outcome.ok ? { ok: true, chunks: outcome.topics[0]?.chunks ?? [] } : outcome;
}

export type TopicsOutcome =
  | {
      readonly ok: true;
      readonly topics: readonly { readonly topic: string; readonly chunks: readonly PartitionChunk[] }[];
    }
  | { readonly ok: false; readonly reason: CallFailure | ErrorName };

/** One Fetch for several topics; `bytes` bounds the answer as a whole. */
export async function fetchTopicsFromLeader(
  engine: Engine,
  plan: FetchTerms & { readonly topics: readonly FetchTopic[] },
): Promise<TopicsOutcome> {
  const request = newFetchRequest({
    maxWaitMs: plan.waitMs,
    minBytes: plan.waitMs > 0 ? 1 : 0,
    maxBytes: plan.bytes,
    isolationLevel: plan.isolation === "committed" ? 1 : 0,
    topics: plan.topics.map(({ topic, positions }) => ({
      topic: topic.name,
      topicId: topic.topicId,
      partitions: [...positions].map(([partition, position]) =>
        newFetchRequestFetchPartition({
          partition,
          currentLeaderEpoch: topic.partitions[partition]?.leaderEpoch ?? -1,
          fetchOffset: position.offset,
          lastFetchedEpoch: position.epoch,
          partitionMaxBytes: plan.partitionBytes ?? plan.bytes,
        }),
      ),
    })),
  });
  const call = () =>
    engine.call<FetchResponse>(FETCH, request, {
      to: { node: plan.leader },
      timeoutMs: plan.waitMs + ANSWER_MS,
      longPoll: plan.waitMs > 0,
      ...(plan.signal === undefined ? {} : { signal: plan.signal }),
    });
  let result = await call();
  // A quota is used up: the engine waits before it asks again.
  for (let n = 1; result.ok && result.body.throttleTimeMs > 0 && result.body.responses.length === 0; n++) {
    if (n === THROTTLED_MAX || result.body.throttleTimeMs > QUOTA_WAIT_MS_MAX)
      return { ok: false, reason: "THROTTLING_QUOTA_EXCEEDED" };
    result = await call();
  }
  if (!result.ok) return result;
  if (result.body.errorCode !== 0) return { ok: false, reason: errorFromCode(result.body.errorCode).name };
  const topics = plan.topics.map(({ topic, positions }) => {
    const answer = result.body.responses.find((row) => row.topic === topic.name || row.topicId === topic.topicId);
    const chunks: PartitionChunk[] = [];
    for (const row of answer?.partitions ?? []) {
      const position = positions.get(row.partitionIndex);
      if (position !== undefined) chunks.push(chunkOf(row, position, plan));
    }
    return { topic: topic.name, chunks };
  });
  return { ok: true, topics };
}

function chunkOf(
  answer: FetchResponsePartitionData,
  from: Position,
  { isolation, recordsMax }: FetchTerms,
): PartitionChunk {
  const error = errorFromCode(answer.errorCode).name;
  const diverges = answer.divergingEpoch.endOffset >= 0 ? Math.min(answer.divergingEpoch.endOffset, from.offset) : null;
  const bytes = error === "NONE" && diverges === null ? answer.records : null;
  const decoded =
    bytes === null || bytes.length === 0
      ? { records: [], next: from }
      : decodeRecords(bytes, from, isolation === "committed" ? (answer.abortedTransactions ?? []) : [], recordsMax);
  const stable = answer.lastStableOffset < 0 ? answer.highWatermark : answer.lastStableOffset;
  return {
    partition: answer.partitionIndex,
    error,
    divergesAt: diverges,
    ...decoded,
    end: isolation === "committed" ? stable : answer.highWatermark,
    highWatermark: answer.highWatermark,
    logStart: Math.max(0, answer.logStartOffset),
  };
}
