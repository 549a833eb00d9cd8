import { buildBatch } from "@vitrine/protocol";
import { ApiKey, newCreateTopicsRequest, newProduceRequest } from "@vitrine/protocol/types";
import { ZERO_UUID } from "@vitrine/core";
import { expect, test } from "vitest";
import { SmallCluster } from "./small-cluster.ts";

const BORN_MS = 1_700_000_000_000;

function clusterWith(configs: Record<string, string>) {
  const cluster = new SmallCluster({ "log.retention.check.interval.ms": "500" });
  const topic = {
    name: "t",
    numPartitions: 1,
    replicationFactor: -1,
    assignments: [],
    configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  };
  cluster.call(1, ApiKey.CreateTopics, newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 }), 7);
  const image = () => cluster.broker(1).image.topicsByName.get("t");
  cluster.until(() => [1, 2, 3].every((id) => cluster.broker(id).image.topicsByName.has("t")), "the topic");
  const write = (timestampMs: number, size = 10) => {
    const records = buildBatch([{ key: null, value: new Uint8Array(size), timestampMs }]);
    const body = newProduceRequest({
      acks: -1,
      timeoutMs: 2_000,
      topicData: [{ name: "t", topicId: ZERO_UUID, partitionData: [{ index: 0, records }] }],
    });
    expect(cluster.call(image()!.partitions.get(0)!.leader, ApiKey.Produce, body, 9)).toMatchObject({
      responses: [{ partitionResponses: [{ errorCode: 0 }] }],
    });
  };
  /** Log starts of all three replicas. */
  const starts = () =>
    [...cluster.nodes.values()].map(
      ({ store }) => [...store.logs.values()].find((log) => log.descriptor.topicName === "t")!.logStartOffset as number,
    );
  return { cluster, write, starts };
}

test("B16 records older than retention.ms are let go, exactly, on every replica; younger ones stay", () => {
  const { cluster, write, starts } = clusterWith({ "retention.ms": "60000" });
  for (const ageMs of [90_000, 80_000, 70_000]) write(BORN_MS - ageMs);
  write(BORN_MS);
  cluster.until(() => starts().every((start) => start === 3), "the old records to leave");
  cluster.pass(2_000);
  expect(starts()).toEqual([3, 3, 3]);
  cluster.pass(70_000);
  expect(starts()).toEqual([4, 4, 4]);
});

test("B16 what is over retention.bytes is let go, never more", () => {
  const { cluster, write, starts } = clusterWith({ "retention.bytes": "1000" });
  for (let i = 0; i < 10; i++) write(BORN_MS, 300);
  cluster.until(() => starts().every((start) => start > 0), "the first records to leave");
  cluster.pass(3_000);
  // Three batches of some 370 bytes are needed to hold 1,000 bytes.
  expect(starts()).toEqual([7, 7, 7]);
});

test("B16 records that say no time are not taken for ancient ones", () => {
  const { cluster, write, starts } = clusterWith({ "retention.ms": "60000" });
  write(-1);
  cluster.pass(5_000);
  expect(starts()).toEqual([0, 0, 0]);
  write(BORN_MS);
  write(-1);
  cluster.pass(5_000);
  expect(Math.max(...starts())).toBeLessThan(2);
});

test("B16 a topic that keeps for ever keeps", () => {
  const { cluster, write, starts } = clusterWith({ "retention.ms": "-1" });
  write(BORN_MS - 1e9);
  cluster.pass(5_000);
  expect(starts()).toEqual([0, 0, 0]);
});
