import { Uuid } from "@vitrine/core";
import type { LogKey } from "@vitrine/log";
import { expect, test } from "vitest";
import { Disk } from "../test/disk.ts";
import { isSound, makeBatch } from "../test/test-batch.ts";
import { FetchPlan, type PlannedFetchAnswer } from "./fetch-plan.ts";
import { FetchPlans } from "./fetch-plans.ts";
import { Partition } from "./partition.ts";
import { partitionKey, type PlannedFetch } from "./planned-fetch.ts";
import { DEFAULT_REPLICATION_SETTINGS as settings } from "./settings.ts";

const TOPIC = Uuid("AAAAAAAAAAAAAAAAAAAAAQ");

class Replica {
  readonly disk = new Disk(1);
  private readonly store = this.disk.open();

  partition(index: number, leader = 2, leaderEpoch = 1): Partition {
    const log = this.store.create({
      key: `${TOPIC}-${index}` as LogKey,
      topicId: TOPIC,
      partition: index,
      topicName: "t",
      retentionClass: "d",
    });
    const partition = new Partition({ topicId: TOPIC, topicName: "t", index, localId: 1, log, settings, effects: [] });
    this.follow(partition, leader, leaderEpoch);
    return partition;
  }

  follow(partition: Partition, leader: number, leaderEpoch: number): void {
    const assignment = {
      leader,
      leaderEpoch,
      partitionEpoch: leaderEpoch,
      replicas: [1, 2, 3],
      isr: [leader],
      elr: [],
      leaderRecoveryState: 0,
    };
    partition.applyMetadata(assignment, { liveness: new Map(), minIsr: 1, nowMs: 0 });
  }

  commit(): void {
    this.disk.handOver();
    this.disk.commit();
  }
}

function planned(...indexes: number[]) {
  const replica = new Replica();
  const partitions = indexes.map((index) => replica.partition(index));
  const plan = new FetchPlan(2, settings);
  for (const partition of partitions) plan.add(partition);
  return { replica, plan, partitions };
}

type Item = Partial<Omit<PlannedFetchAnswer["partitions"][number], "key">> & { index: number };

function answer(sessionId: number, ...items: Item[]): PlannedFetchAnswer {
  const data = { error: "NONE", highWatermark: 0, logStartOffset: 0, divergingEpoch: null, records: null } as const;
  return {
    error: "NONE",
    sessionId,
    partitions: items.map(({ index, ...item }) => ({ ...data, ...item, key: partitionKey({ topicId: TOPIC, index }) })),
  };
}

const records = (baseOffset: number) => makeBatch({ value: 7, baseOffset, leaderEpoch: 1 }).bytes;
/** As large as an answer after which it asks ahead. */
const manyRecords = (baseOffset: number) =>
  makeBatch({ value: 7, baseOffset, leaderEpoch: 1, sizeBytes: 16_384 }).bytes;
const asked = (request: PlannedFetch | null) =>
  request?.partitions.map(({ partitionIndex, fetchOffset, durableEndOffset }) => [
    partitionIndex,
    fetchOffset,
    durableEndOffset,
  ]);
const session = (request: PlannedFetch | null) => request && [request.sessionId, request.sessionEpoch];

test("F12 one request at a time; after much data it asks ahead at once, then waits for the disk, then lets the leader wait", () => {
  const { replica, plan } = planned(0);
  const first = plan.next(0);
  expect([asked(first), first?.maxWaitMs]).toEqual([[[0, 0, 0]], 500]);
  expect(plan.next(0)).toBe(null);
  plan.onAnswer(1, answer(9, { index: 0, records: manyRecords(0) }), isSound, 0);
  const ahead = plan.next(0);
  expect([asked(ahead), ahead?.maxWaitMs]).toEqual([[[0, 1, 0]], 0]);
  plan.onAnswer(2, answer(9), isSound, 0);
  // Nothing new there, the disk still busy here: asking again would only spin.
  expect(plan.next(0)).toBe(null);
  replica.commit();
  const report = plan.next(0);
  expect([asked(report), report?.maxWaitMs]).toEqual([[[0, 1, 1]], 500]);
});

test("F12 after little data the next question waits for the disk, and carries its news", () => {
  const { replica, plan } = planned(0);
  plan.next(0);
  plan.onAnswer(1, answer(9, { index: 0, records: records(0) }), isSound, 0);
  expect(plan.next(0)).toBe(null);
  replica.commit();
  const report = plan.next(0);
  expect([asked(report), report?.maxWaitMs]).toEqual([[[0, 1, 1]], 500]);
});

test("F13 partitions that come in overtake a request that waits at the leader, and its answer is dropped", () => {
  const { replica, plan, partitions } = planned(0);
  const waiting = plan.next(0);
  expect(waiting?.maxWaitMs).toBe(500);
  plan.add(replica.partition(1));
  const second = plan.next(1);
  expect(asked(second)).toEqual([
    [0, 0, 0],
    [1, 0, 0],
  ]);
  plan.onAnswer(1, answer(9, { index: 0, records: records(0) }), isSound, 2);
  expect(partitions[0]!.log.logEndOffset).toBe(0);
  plan.onAnswer(2, answer(9, { index: 0, records: records(0) }), isSound, 3);
  expect(partitions[0]!.log.logEndOffset).toBe(1);
});

test("F14 a partition with an error pauses, longer each time, and a quiet neighbour's request does not outlast the pause", () => {
  const { plan } = planned(0, 1);
  plan.next(0);
  plan.onAnswer(1, answer(9, { index: 0, error: "UNKNOWN_LEADER_EPOCH" }, { index: 1 }), isSound, 0);
  const without = plan.next(0);
  expect([asked(without), without?.forgotten.map(({ partitionIndex }) => partitionIndex), without?.maxWaitMs]).toEqual([
    [],
    [0],
    20,
  ]);
  plan.onAnswer(2, answer(9), isSound, 20);
  const again = plan.next(20);
  expect(asked(again)).toEqual([[0, 0, 0]]);
  plan.onAnswer(3, answer(9, { index: 0, error: "UNKNOWN_LEADER_EPOCH" }), isSound, 21);
  expect(plan.next(21)?.maxWaitMs).toBe(40);
});

test("F14 a leader that does not answer is asked again after a pause, which metadata ends", () => {
  const { replica, plan } = planned(0);
  plan.next(0);
  plan.onFailure(1, 100);
  expect([plan.next(119), plan.nextDeadlineMs]).toEqual([null, 120]);
  expect(plan.next(120)?.requestId).toBe(2);
  plan.onFailure(2, 120);
  expect(plan.next(159)).toBe(null);
  plan.add(replica.partition(1));
  expect(plan.next(159)?.requestId).toBe(3);
});

test("F15 within a session only what changed is asked; a lost session begins with a full request that names the old one", () => {
  const { replica, plan } = planned(0, 1);
  expect(session(plan.next(0))).toEqual([0, 0]);
  plan.onAnswer(1, answer(9, { index: 0, records: manyRecords(0) }, { index: 1 }), isSound, 0);
  const second = plan.next(0);
  expect([session(second), asked(second)]).toEqual([[9, 1], [[0, 1, 0]]]);
  plan.onAnswer(2, answer(9), isSound, 0);
  replica.commit();
  const third = plan.next(0);
  expect([session(third), asked(third)]).toEqual([[9, 2], [[0, 1, 1]]]);
  plan.onAnswer(3, { error: "FETCH_SESSION_ID_NOT_FOUND", sessionId: 0, partitions: [] }, isSound, 0);
  const full = plan.next(0);
  expect([session(full), asked(full)]).toEqual([
    [9, 0],
    [
      [0, 1, 1],
      [1, 0, 0],
    ],
  ]);
});

test("F15 a leader without room for a session is asked in full each time", () => {
  const { plan } = planned(0);
  plan.next(0);
  plan.onAnswer(1, answer(0, { index: 0 }), isSound, 0);
  expect(session(plan.next(0))).toEqual([0, 0]);
});

test("F2 a partition that moves to another leader is asked there, and the old leader's answer does not count", () => {
  const replica = new Replica();
  const plans = new FetchPlans(settings);
  const partition = replica.partition(0, 2);
  plans.sync(partition);
  const [toOld] = plans.next(0);
  replica.follow(partition, 3, 2);
  plans.sync(partition);
  const [toNew] = plans.next(0);
  expect([toOld?.leader, toNew?.leader]).toEqual([2, 3]);
  plans.onAnswer({ leader: 2, requestId: 1 }, answer(9, { index: 0, records: records(0) }), isSound, 1);
  expect(partition.log.logEndOffset).toBe(0);
  partition.close();
  plans.sync(partition);
  plans.onFailure({ leader: 3, requestId: 1 }, 1);
  expect([plans.next(1000), plans.nextDeadlineMs]).toEqual([[], null]);
});
