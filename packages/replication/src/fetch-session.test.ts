import { Uuid, ZERO_UUID } from "@vitrine/core";
import { expect, test } from "vitest";
import {
  type FetchContext,
  type FetchMarks,
  type FetchOpening,
  FetchSessions,
  type FetchSpec,
} from "./fetch-session.ts";

const TOPIC = Uuid("AAAAAAAAAAAAAAAAAAAAAQ");

function sessions(options: { slots?: number } = {}) {
  let id = 100;
  return new FetchSessions({ ...options, minEvictionMs: 1000, newSessionId: () => ++id });
}

const spec = (partitionIndex: number, fetchOffset = 0, topicId = TOPIC): FetchSpec => ({
  topicId,
  topicName: topicId === ZERO_UUID ? "orders" : "",
  partitionIndex,
  fetchOffset,
  lastFetchedEpoch: 0,
  currentLeaderEpoch: 0,
  logStartOffset: 0,
  maxBytes: 1000,
  durableEndOffset: null,
});

const opening = (fields: Partial<FetchOpening>): FetchOpening => ({
  sessionId: 0,
  sessionEpoch: 0,
  isFollower: true,
  partitions: [],
  forgotten: [],
  ...fields,
});

const marks = (partitionIndex: number, fields: Partial<FetchMarks> = {}): FetchMarks => ({
  topicId: TOPIC,
  topicName: "",
  partitionIndex,
  isError: false,
  isDiverging: false,
  isRedirected: false,
  hasRecords: false,
  highWatermark: 5,
  logStartOffset: 0,
  ...fields,
});

function begun(cache: FetchSessions, request: Partial<FetchOpening>, nowMs = 0): FetchContext {
  const result = cache.begin(opening(request), nowMs);
  if (!result.ok) throw new Error(result.error);
  return result.context;
}

const answered = (context: FetchContext, ...results: FetchMarks[]) => context.answer(results, (result) => result);
const indexes = (context: FetchContext) => context.partitions.map(({ partitionIndex }) => partitionIndex);

test("F16 a session goes on with what changed, and answers only what is new (KIP-227)", () => {
  const cache = sessions();
  const first = answered(begun(cache, { partitions: [spec(0), spec(1)] }), marks(0), marks(1));
  expect([first.sessionId, first.results.length]).toEqual([101, 2]);

  const second = begun(cache, { sessionId: 101, sessionEpoch: 1, partitions: [spec(1, 7)] });
  expect(second.partitions.map((asked) => [asked.partitionIndex, asked.fetchOffset])).toEqual([
    [0, 0],
    [1, 7],
  ]);
  expect(answered(second, marks(0), marks(1)).results).toEqual([]);
});

test.each([
  ["records", { hasRecords: true }],
  ["a new high watermark", { highWatermark: 6 }],
  ["a new log start", { logStartOffset: 2 }],
  ["divergence", { isDiverging: true }],
  ["another replica to read from", { isRedirected: true }],
  ["an error", { isError: true }],
] as const)("F17 a partition with %s is answered", (_what, fields) => {
  const cache = sessions();
  answered(begun(cache, { partitions: [spec(0)] }), marks(0));
  const next = begun(cache, { sessionId: 101, sessionEpoch: 1 });
  expect(answered(next, marks(0, fields)).results.length).toBe(1);
});

test("F17 after an error the next success is told, though nothing else changed", () => {
  const cache = sessions();
  answered(begun(cache, { partitions: [spec(0)] }), marks(0));
  answered(begun(cache, { sessionId: 101, sessionEpoch: 1 }), marks(0, { isError: true }));
  expect(answered(begun(cache, { sessionId: 101, sessionEpoch: 2 }), marks(0)).results.length).toBe(1);
});

test("F17 partitions that gave records are served last next time, so that none starves", () => {
  const cache = sessions();
  answered(
    begun(cache, { partitions: [spec(0), spec(1), spec(2)] }),
    marks(0, { hasRecords: true }),
    marks(1),
    marks(2),
  );
  expect(indexes(begun(cache, { sessionId: 101, sessionEpoch: 1 }))).toEqual([1, 2, 0]);
});

test("F16 forgotten partitions leave the session", () => {
  const cache = sessions();
  answered(begun(cache, { partitions: [spec(0), spec(1)] }), marks(0), marks(1));
  const forgotten = [{ topicId: TOPIC, topicName: "", partitionIndex: 0 }];
  expect(indexes(begun(cache, { sessionId: 101, sessionEpoch: 1, forgotten }))).toEqual([1]);
});

test("F16 unknown sessions, epochs out of turn and a change from names to ids are refused", () => {
  const cache = sessions();
  answered(begun(cache, { partitions: [spec(0)] }), marks(0));
  const error = (request: Partial<FetchOpening>) => {
    const result = cache.begin(opening(request), 0);
    return result.ok ? null : result.error;
  };
  expect(error({ sessionId: 999, sessionEpoch: 1 })).toBe("FETCH_SESSION_ID_NOT_FOUND");
  expect(error({ sessionId: 101, sessionEpoch: 2 })).toBe("INVALID_FETCH_SESSION_EPOCH");
  expect(error({ sessionId: 101, sessionEpoch: 1, partitions: [spec(0, 0, ZERO_UUID)] })).toBe(
    "FETCH_SESSION_TOPIC_ID_ERROR",
  );
});

test("F16 a full request that names its old session replaces it; epoch -1 closes it", () => {
  const cache = sessions();
  begun(cache, { partitions: [spec(0)] });
  begun(cache, { sessionId: 101, sessionEpoch: 0, partitions: [spec(0)] });
  expect(cache.size).toBe(1);
  const last = begun(cache, { sessionId: 102, sessionEpoch: -1, partitions: [spec(0)] });
  expect([cache.size, answered(last, marks(0)).sessionId]).toEqual([0, 0]);
});

test("F18 at the bound a follower takes the place of a consumer, a consumer only that of an idle session", () => {
  const cache = sessions({ slots: 1 });
  begun(cache, { isFollower: false, partitions: [spec(0)] });
  const other = answered(begun(cache, { isFollower: false, partitions: [spec(0)] }, 500), marks(0));
  expect(other.sessionId).toBe(0);
  expect(answered(begun(cache, { isFollower: true, partitions: [spec(0)] }, 600), marks(0)).sessionId).toBe(102);
  expect(answered(begun(cache, { isFollower: false, partitions: [spec(0)] }, 700), marks(0)).sessionId).toBe(0);
  expect(answered(begun(cache, { isFollower: false, partitions: [spec(0)] }, 1600), marks(0)).sessionId).toBe(103);
  expect(cache.size).toBe(1);
});
