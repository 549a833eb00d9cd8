import type { LogKey } from "@vitrine/log";
import { ZERO_UUID } from "@vitrine/core";
import { buildBatch, readRecords, splitBatches } from "@vitrine/protocol";
import {
  ApiKey,
  newCreateTopicsRequest,
  newDeleteRecordsRequest,
  newFetchRequest,
  newFetchRequestFetchPartition,
  newFetchRequestFetchTopic,
  newIncrementalAlterConfigsRequest,
  newListOffsetsRequest,
  newListOffsetsRequestListOffsetsPartition,
  newProduceRequest,
  type FetchResponse,
  type ListOffsetsResponse,
} from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import { SmallCluster } from "./small-cluster.ts";

const BORN_MS = 1_700_000_000_000;
const NODES = [1, 2, 3];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Segments end one second after they began, and what is closed is compacted at the next look. */
const EAGER = { "cleanup.policy": "compact", "segment.ms": "1000", "min.cleanable.dirty.ratio": "0.01" };

function clusterWith(configs: Record<string, string>, properties: Record<string, string> = {}) {
  const cluster = new SmallCluster({ "log.cleaner.backoff.ms": "200", ...properties });
  const topic = {
    name: "t",
    numPartitions: 1,
    replicationFactor: -1,
    assignments: [],
    configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  };
  cluster.call(1, ApiKey.CreateTopics, newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 }), 7);
  cluster.until(() => NODES.every((id) => cluster.broker(id).image.topicsByName.has("t")), "the topic");
  const { id: topicId } = cluster.broker(1).image.topicsByName.get("t")!;
  const leader = () => cluster.broker(1).image.topicsByName.get("t")!.partitions.get(0)!.leader;
  const logs = () => NODES.map((id) => cluster.nodes.get(id)!.store.logs.get(`${topicId}-0` as LogKey)!);
  /** Writes one record; time is what its timestamp says after the cluster's birth. */
  const write = (key: string, value: string | null, atMs = 0) => {
    const record = { key: encoder.encode(key), value: value === null ? null : encoder.encode(value) };
    const records = buildBatch([{ ...record, timestampMs: BORN_MS + atMs }]);
    const topicData = [{ name: "t", topicId: ZERO_UUID, partitionData: [{ index: 0, records }] }];
    const body = newProduceRequest({ acks: -1, timeoutMs: 2_000, topicData });
    expect(cluster.call(leader(), ApiKey.Produce, body, 9)).toMatchObject({
      responses: [{ partitionResponses: [{ errorCode: 0 }] }],
    });
  };
  /** What a consumer reads of the whole partition: `k=v@offset`. */
  const read = (): string[] => {
    const found: string[] = [];
    const { highWatermark, logStartOffset } = logs()[leader() - 1]!;
    for (let fetchOffset: number = logStartOffset; fetchOffset < highWatermark;) {
      const partition = newFetchRequestFetchPartition({ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 });
      const topics = [newFetchRequestFetchTopic({ topic: "t", partitions: [partition] })];
      const body = newFetchRequest({ maxWaitMs: 100, minBytes: 0, maxBytes: 1 << 20, topics });
      const answer = cluster.call<FetchResponse>(leader(), ApiKey.Fetch, body, 12) as FetchResponse;
      const { batches } = splitBatches(answer.responses[0]!.partitions[0]!.records ?? new Uint8Array(0));
      if (batches.length === 0) break;
      for (const { bytes } of batches)
        for (const { key, value, offset } of readRecords(bytes))
          if (offset >= fetchOffset) found.push(`${decoder.decode(key!)}=${value && decoder.decode(value)}@${offset}`);
      fetchOffset = batches.at(-1)!.facts.lastOffset + 1;
    }
    return found;
  };
  const cleanedTo = () => logs().map((log) => log.cleanedTo as number);
  const alter = (resourceType: number, resourceName: string, name: string, value: string) => {
    const configs = [{ name, configOperation: 0, value }];
    const body = newIncrementalAlterConfigsRequest({ resources: [{ resourceType, resourceName, configs }] });
    cluster.call(1, ApiKey.IncrementalAlterConfigs, body, 1);
  };
  return { cluster, leader, logs, write, read, cleanedTo, alter };
}

test("L5 of a key written a thousand times one record is left, at its old offset, on every replica", () => {
  const { cluster, write, read, cleanedTo, logs } = clusterWith(EAGER);
  for (let i = 0; i < 1_000; i++) write("k1", `${i}`);
  cluster.pass(1_000);
  // All of it is in the active segment.
  expect(cleanedTo()).toEqual([0, 0, 0]);
  write("k2", "rolls", 2_000);
  cluster.until(() => cleanedTo().every((end) => end === 1_000), "every replica to be compacted");
  expect(read()).toEqual(["k1=999@999", "k2=rolls@1000"]);
  expect(logs().map((log) => log.logEndOffset as number)).toEqual([1_001, 1_001, 1_001]);
  expect(logs().map((log) => log.logStartOffset as number)).toEqual([0, 0, 0]);
});

test("L53 a tombstone is read until delete.retention.ms after it was first compacted", () => {
  const { cluster, write, read, cleanedTo } = clusterWith({ ...EAGER, "delete.retention.ms": "5000" });
  write("a", "1");
  write("a", null);
  write("b", "1", 2_000);
  cluster.until(() => cleanedTo().every((end) => end === 2), "the first compaction");
  expect(read()).toEqual(["a=null@1", "b=1@2"]);
  cluster.pass(6_000);
  // Nothing new is dirty: as in Kafka it goes with the next compaction.
  expect(read()).toEqual(["a=null@1", "b=1@2"]);
  write("c", "1", 10_000);
  cluster.until(() => cleanedTo().every((end) => end === 3), "the second compaction");
  expect(read()).toEqual(["b=1@2", "c=1@3"]);
});

test("B18 min.compaction.lag.ms keeps what is young, max.compaction.lag.ms forces what is old, and a change takes effect at once", () => {
  const lag = { "min.compaction.lag.ms": "3600000" };
  const { cluster, write, cleanedTo, alter } = clusterWith({ ...EAGER, ...lag });
  write("a", "1");
  write("a", "2", 2_000);
  write("a", "3", 4_000);
  cluster.pass(3_000);
  expect(cleanedTo()).toEqual([0, 0, 0]);
  alter(2, "t", "min.compaction.lag.ms", "0");
  cluster.until(() => cleanedTo().every((end) => end === 2), "what is not young any more to be compacted");
  alter(2, "t", "min.cleanable.dirty.ratio", "1");
  write("a", "4", 6_000);
  cluster.pass(3_000);
  expect(cleanedTo()).toEqual([2, 2, 2]);
  alter(2, "t", "max.compaction.lag.ms", "100");
  cluster.pass(10_000);
  expect(cleanedTo()).toEqual([3, 3, 3]);
});

test("B18 log.cleaner.threads=0 stops compaction, and another number begins it again", () => {
  const { cluster, write, cleanedTo, alter } = clusterWith(EAGER, { "log.cleaner.threads": "0" });
  write("a", "1");
  write("a", "2", 2_000);
  cluster.pass(3_000);
  expect(cleanedTo()).toEqual([0, 0, 0]);
  alter(4, "", "log.cleaner.threads", "1");
  cluster.until(() => cleanedTo().every((end) => end === 1), "the compaction");
});

test("B18 compact,delete does both, and a purge above what was compacted is the end of it", () => {
  const { cluster, write, read, cleanedTo, leader } = clusterWith({ ...EAGER, "cleanup.policy": "compact,delete" });
  for (const [i, key] of ["a", "b", "a", "b"].entries()) write(key, `${i}`);
  write("a", "4", 2_000);
  write("c", "5", 4_000);
  cluster.until(() => cleanedTo().every((end) => end === 5), "the compaction");
  const topics = [{ name: "t", partitions: [{ partitionIndex: 0, offset: 4 }] }];
  cluster.call(leader(), ApiKey.DeleteRecords, newDeleteRecordsRequest({ topics, timeoutMs: 2_000 }), 2);
  expect(read()).toEqual(["a=4@4", "c=5@5"]);
  write("a", "6", 6_000);
  write("a", "7", 8_000);
  cluster.until(() => cleanedTo().every((end) => end === 7), "the next compaction");
  expect(read()).toEqual(["c=5@5", "a=6@6", "a=7@7"]);
});

test("B18 a replica that comes later, or comes back, has the same newest values and end", () => {
  const { cluster, write, read, cleanedTo, leader, logs } = clusterWith(EAGER);
  const follower = NODES.find((id) => id !== leader() && id !== 1)!;
  for (let i = 0; i < 20; i++) write(`k${i % 3}`, `${i}`);
  write("last", "1", 2_000);
  cluster.until(() => cleanedTo().every((end) => end === 20), "the compaction");
  const before = read();
  cluster.kill(follower);
  cluster.restart(follower, { wiped: true });
  cluster.until(() => logs()[follower - 1]?.logEndOffset === 21, "the replica to catch up");
  const others = NODES.filter((id) => id !== follower && id !== 1);
  cluster.until(() => cluster.broker(1).image.topicsByName.get("t")!.partitions.get(0)!.isr.length === 3, "a full ISR");
  if (others.includes(leader())) {
    cluster.kill(leader());
    cluster.until(() => !others.includes(leader()), "another leader");
  }
  expect(read()).toEqual(before);
});

test("B18 a search by time does not stop at a batch that compaction emptied", () => {
  const { cluster, write, cleanedTo, leader } = clusterWith(EAGER);
  const idempotent = (sequence: number, atMs: number) => {
    const record = { key: encoder.encode("k"), value: encoder.encode("v"), timestampMs: BORN_MS + atMs };
    const records = buildBatch([record], { producerId: 7_000, producerEpoch: 0, baseSequence: sequence });
    const topicData = [{ name: "t", topicId: ZERO_UUID, partitionData: [{ index: 0, records }] }];
    cluster.call(leader(), ApiKey.Produce, newProduceRequest({ acks: -1, timeoutMs: 2_000, topicData }), 9);
  };
  idempotent(0, 500);
  write("k", "newer", 400);
  write("x", "rolls", 3_000);
  cluster.until(() => cleanedTo().every((end) => end === 2), "the compaction");
  const asked = newListOffsetsRequestListOffsetsPartition({ partitionIndex: 0, timestamp: BORN_MS + 450 });
  const body = newListOffsetsRequest({ replicaId: -1, topics: [{ name: "t", partitions: [asked] }] });
  const answer = cluster.call<ListOffsetsResponse>(leader(), ApiKey.ListOffsets, body, 7) as ListOffsetsResponse;
  expect(answer.topics[0]!.partitions[0]).toMatchObject({ offset: 2, timestamp: BORN_MS + 3_000 });
});
