import { InvariantViolation, Offset } from "@vitrine/core";
import { buildMetadataBatch, readMetadataBatch } from "@vitrine/protocol";
import {
  newAlterClientQuotasRequest,
  newAlterClientQuotasRequestEntryData,
  newAlterUserScramCredentialsRequest,
  newBrokerRegistrationRequest,
} from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import { applyRecords } from "./apply.ts";
import { diffImages } from "./diff.ts";
import { emptyImage, endpointOf } from "./image.ts";
import { MetadataLoader } from "./loader.ts";
import type { MetadataRecord } from "./records.ts";
import { configRecord, featureLevelRecord, partitionChangeRecord, topicRecord } from "./records.ts";
import { imageFromSnapshot, snapshotRecords } from "./snapshot.ts";
import { CLUSTER_ID, TestCluster } from "./test-cluster.ts";

const T = "t";

function apply(cluster: TestCluster, ...records: MetadataRecord[]) {
  const offset = Offset(cluster.image.offset + records.length);
  return applyRecords(cluster.image, records, { offset, epoch: cluster.epoch });
}

function some(): TestCluster {
  const cluster = TestCluster.of(3, { minInsyncReplicas: 2 });
  cluster.createWith(
    T,
    [
      [1, 2, 3],
      [2, 3, 1],
    ],
    { "retention.ms": "1" },
  );
  cluster.createWith("u", [[3]]);
  return cluster;
}

test("M1 the image given stays as it was, and what did not change is shared", () => {
  const cluster = some();
  const before = cluster.image;
  const t = before.topicsByName.get(T)!;
  const copy = structuredClone(before);
  const { image } = apply(cluster, partitionChangeRecord({ topicId: t.id, partitionId: 1 }, { isr: [2] }));
  expect(before).toEqual(copy);
  expect(image.offset).toBe(before.offset + 1);
  expect(image.brokers).toBe(before.brokers);
  expect(image.configs).toBe(before.configs);
  expect(image.topicsByName.get("u")).toBe(before.topicsByName.get("u"));
  expect(image.topicsById.get(t.id)).toBe(image.topicsByName.get(T));
  expect(image.topicsByName.get(T)!.partitions.get(0)).toBe(t.partitions.get(0));
});

test("M2 every change grows the partition epoch; naming a leader grows the leader epoch, also the same leader", () => {
  const cluster = some();
  const topicId = cluster.image.topicsByName.get(T)!.id;
  const at = { topicId, partitionId: 0 };
  const { image } = apply(
    cluster,
    partitionChangeRecord(at, { isr: [1, 2] }),
    partitionChangeRecord(at, { leader: 1 }),
  );
  expect(image.topicsById.get(topicId)!.partitions.get(0)).toMatchObject({
    partitionEpoch: 2,
    leaderEpoch: 1,
    leader: 1,
  });
});

test("M3 a record that cannot be applied ends the process", () => {
  const cluster = some();
  const { id } = cluster.image.topicsByName.get(T)!;
  const other = cluster.image.topicsByName.get("u")!.id;
  const bad: MetadataRecord[] = [
    topicRecord({ name: T, topicId: other }),
    topicRecord({ name: "new", topicId: id }),
    partitionChangeRecord({ topicId: id, partitionId: 9 }, {}),
    { type: "FenceBrokerRecord", version: 0, id: 1, epoch: 0 },
    { type: "FenceBrokerRecord", version: 0, id: 9, epoch: 0 },
    { type: "RemoveTopicRecord", version: 0, topicId: emptyTopicId() },
    configRecord({ resourceType: 16, resourceName: "x", name: "y", value: "z" }),
    { type: "RemoveAccessControlEntryRecord", version: 0, id },
  ];
  for (const record of bad) expect(() => apply(cluster, record), record.type).toThrow(InvariantViolation);
});

function emptyTopicId() {
  const cluster = new TestCluster();
  return cluster.create(T).result.topicId; // nothing was created: the zero id
}

test("M4 a delta names what differs, with before and after", () => {
  const cluster = some();
  const t = cluster.image.topicsByName.get(T)!;
  const { image: before } = cluster;
  const { delta } = apply(
    cluster,
    { type: "FenceBrokerRecord", version: 0, id: 1, epoch: before.brokers.get(1)!.epoch },
    { type: "UnfenceBrokerRecord", version: 0, id: 1, epoch: before.brokers.get(1)!.epoch },
    partitionChangeRecord({ topicId: t.id, partitionId: 0 }, { leader: 2, isr: [2, 3] }),
    topicRecord({ name: "new", topicId: "abcdefghijklmnopqrstuv" as typeof t.id }),
    configRecord({ resourceType: 2, resourceName: T, name: "retention.ms", value: null }),
    configRecord({ resourceType: 2, resourceName: T, name: "segment.ms", value: "7" }),
  );
  expect(delta.brokers).toEqual([]);
  expect(delta.topicsCreated.map((topic) => topic.name)).toEqual(["new"]);
  expect(delta.partitions.map((one) => [one.topicName, one.partition, one.before?.leader, one.after?.leader])).toEqual([
    [T, 0, 1, 2],
  ]);
  expect(delta.configs).toEqual([
    { resourceType: "topic", resourceName: T, name: "retention.ms", before: "1", after: null },
    { resourceType: "topic", resourceName: T, name: "segment.ms", before: null, after: "7" },
  ]);
  expect(delta.featuresChanged).toBe(false);
});

test("M4 deleting a topic deletes its partitions and settings in the delta; created and deleted at once is nothing", () => {
  const cluster = some();
  const t = cluster.image.topicsByName.get(T)!;
  const gone: MetadataRecord = { type: "RemoveTopicRecord", version: 0, topicId: t.id };
  const { delta } = apply(cluster, gone);
  expect(delta.topicsDeleted).toEqual([t]);
  expect(delta.partitions.map((one) => [one.partition, one.after])).toEqual([
    [0, null],
    [1, null],
  ]);
  expect(delta.configs).toEqual([
    { resourceType: "topic", resourceName: T, name: "retention.ms", before: "1", after: null },
  ]);
  const topicId = "abcdefghijklmnopqrstuv" as typeof t.id;
  const brief = apply(cluster, topicRecord({ name: "new", topicId }), {
    type: "RemoveTopicRecord",
    version: 0,
    topicId,
  });
  expect(brief.delta).toMatchObject({ topicsCreated: [], topicsDeleted: [], partitions: [] });
});

test("M4 after a snapshot the delta is found by comparing everything", () => {
  const cluster = some();
  const before = cluster.image;
  cluster.kill(1);
  cluster.run({ type: "deleteTopics", request: { topics: [], topicNames: ["u"], timeoutMs: 0 } });
  const delta = diffImages(before, cluster.image);
  expect(delta.brokers.map((one) => one.id)).toEqual([1]);
  expect(delta.topicsDeleted.map((topic) => topic.name)).toEqual(["u"]);
  expect(delta.partitions.map((one) => [one.topicName, one.partition])).toEqual([
    [T, 0],
    [T, 1],
    ["u", 0],
  ]);
});

test("M5 a metadata transaction becomes visible as a whole, or never", () => {
  const loader = new MetadataLoader(emptyImage(CLUSTER_ID));
  const begin: MetadataRecord = { type: "BeginTransactionRecord", version: 0, name: null };
  const end: MetadataRecord = { type: "EndTransactionRecord", version: 0 };
  const abort: MetadataRecord = { type: "AbortTransactionRecord", version: 0, reason: null };
  const feature = (name: string): MetadataRecord => featureLevelRecord({ name, featureLevel: 1 });
  let offset = 0;
  const take = (...records: MetadataRecord[]) => {
    const baseOffset = Offset(offset);
    offset += records.length;
    return loader.apply({ baseOffset, epoch: 1, records }, { offset: Offset(offset), epoch: 1 });
  };
  expect(take(feature("a"), begin, feature("b"))?.image.features).toEqual(new Map([["a", 1]]));
  expect(loader.image.offset).toBe(1); // a snapshot made now must not claim what is held back
  expect(take(feature("c"))).toBeNull();
  expect([...take(feature("d"), end, feature("e"))!.image.features.keys()]).toEqual(["a", "b", "c", "d", "e"]);
  expect(loader.image.offset).toBe(7);
  take(begin, feature("f"));
  take(abort);
  expect(loader.image.features.has("f")).toBe(false);
  expect(() => take(end)).toThrow(InvariantViolation);
});

test("M6 a loader that gets a snapshot has the cluster of the snapshot, and says what that changed", () => {
  const cluster = some();
  const loader = new MetadataLoader(emptyImage(CLUSTER_ID));
  const { delta } = loader.loadSnapshot(snapshotRecords(cluster.image), { offset: cluster.image.offset, epoch: 1 });
  expect(loader.image).toEqual(cluster.image);
  expect(delta.topicsCreated.map((topic) => topic.name)).toEqual([T, "u"]);
  loader.skipTo({ offset: Offset(cluster.image.offset + 1), epoch: 2 });
  expect(loader.image).toEqual({ ...cluster.image, offset: cluster.image.offset + 1, epoch: 2 });
});

test("M6 a snapshot keeps racks, endpoints, features, fences and eligible leaders", () => {
  const cluster = new TestCluster({ minInsyncReplicas: 2 });
  cluster.run({
    type: "registerBroker",
    request: newBrokerRegistrationRequest({
      brokerId: 1,
      clusterId: CLUSTER_ID,
      rack: "r",
      listeners: [{ name: "PEER", host: "h", port: 9_192, securityProtocol: 2 }],
      features: [{ name: "kraft.version", minSupportedVersion: 0, maxSupportedVersion: 1 }],
    }),
  });
  cluster.heartbeat(1);
  cluster.join(2);
  cluster.createWith(T, [[1, 2]]);
  cluster.kill(1);
  const { offset, epoch } = cluster.image;
  const again = imageFromSnapshot(CLUSTER_ID, snapshotRecords(cluster.image), { offset, epoch });
  expect(again).toEqual(cluster.image);
  expect(endpointOf(again.brokers.get(1)!, "PEER")).toEqual({
    name: "PEER",
    host: "h",
    port: 9_192,
    securityProtocol: 2,
  });
  expect(endpointOf(again.brokers.get(1)!, "HTTP")).toBeUndefined();
});

test("M61 a new cluster begins with its features and its min.insync.replicas, a grown one with nothing", () => {
  const cluster = new TestCluster({ minInsyncReplicas: 2 });
  const first: MetadataRecord[] = [
    featureLevelRecord({ name: "eligible.leader.replicas.version", featureLevel: 1 }),
    configRecord({ resourceType: 4, resourceName: "", name: "min.insync.replicas", value: "2" }),
  ];
  expect(cluster.log).toEqual(first);
  cluster.failOver();
  expect(cluster.log).toEqual(first);
});

/** Bytes as numbers, whatever kind of array holds them. */
const plain = (record: MetadataRecord) =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]): [string, unknown] => [
      name,
      value instanceof Uint8Array ? [...value] : value,
    ]),
  );

test("M7 every record the controller writes survives the codec", () => {
  const cluster = some();
  const brokerEpoch = cluster.image.brokers.get(3)!.epoch;
  cluster.run({ type: "allocateProducerIds", request: { brokerId: 3, brokerEpoch } });
  cluster.heartbeat(1, { shutDown: true });
  cluster.kill(2);
  cluster.kill(3);
  cluster.register(3);
  cluster.run({ type: "unregisterBroker", request: { brokerId: 2 } });
  cluster.run({ type: "deleteTopics", request: { topics: [], topicNames: ["u"], timeoutMs: 0 } });
  const quota = newAlterClientQuotasRequestEntryData({
    entity: [
      { entityType: "user", entityName: "u" },
      { entityType: "client-id", entityName: null },
    ],
    ops: [{ key: "request_percentage", value: 0.5, remove: false }],
  });
  cluster.run({ type: "alterClientQuotas", request: newAlterClientQuotasRequest({ entries: [quota] }) });
  const remove = { ...quota, ops: [{ ...quota.ops[0]!, remove: true }] };
  cluster.run({ type: "alterClientQuotas", request: newAlterClientQuotasRequest({ entries: [remove] }) });
  cluster.run({ type: "alterClientQuotas", request: newAlterClientQuotasRequest({ entries: [quota] }) });
  const bytes = new Uint8Array([1, 2, 3]);
  const alice = { name: "alice", mechanism: 2, iterations: 4_096, salt: bytes, saltedPassword: bytes };
  const scramKeys = () => ({ storedKey: bytes, serverKey: bytes });
  const credentials = (upsertions: (typeof alice)[], deletions: { name: string; mechanism: number }[]) =>
    cluster.run({
      type: "alterUserScramCredentials",
      request: newAlterUserScramCredentialsRequest({ upsertions, deletions }),
      scramKeys,
    });
  credentials([alice, { ...alice, name: "bob" }], []);
  credentials([], [{ name: "bob", mechanism: 2 }]);
  const kinds = new Set(cluster.log.map((record) => record.type));
  expect(kinds.size).toBe(13);
  for (const records of [cluster.log, snapshotRecords(cluster.image)])
    expect(readMetadataBatch(buildMetadataBatch(records, 0)).map((one) => plain(one.record))).toEqual(
      records.map(plain),
    );
});
