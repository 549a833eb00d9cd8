import { errorFromCode } from "@vitrine/core";
import { encodeResponse } from "@vitrine/protocol";
import {
  ApiKey,
  newCreateAclsRequest,
  newCreateAclsRequestAclCreation,
  newDeleteAclsRequest,
  newDeleteAclsRequestDeleteAclsFilter,
  newDescribeAclsRequest,
  newDescribeClusterRequest,
  newDescribeLogDirsRequest,
  newDescribeProducersRequest,
  newDescribeTopicPartitionsRequest,
  newListConfigResourcesRequest,
  newMetadataRequest,
  newOffsetForLeaderEpochRequest,
  newSaslAuthenticateRequest,
  newSaslHandshakeRequest,
  type RequestOf,
  type ResponseOf,
  type ApiKeyNumber,
} from "@vitrine/protocol/types";
import { beforeEach, describe, expect, test } from "vitest";
import { SmallCluster } from "./small-cluster.ts";
import { TestClient } from "./test-client.ts";

let cluster: SmallCluster;
let client: TestClient;
beforeEach(() => {
  cluster = new SmallCluster();
  client = new TestClient(cluster);
});

const nameOf = (code: number) => errorFromCode(code).name;
const records = (...values: string[]) =>
  values.map((value) => ({ key: null, value: Buffer.from(value), timestampMs: 1_700_000_000_000 }));

/** Asks in every version; each answer must be writable in its version. The answers, oldest version first. */
function askEvery<K extends ApiKeyNumber>(
  to: number,
  apiKey: K,
  [min, max]: readonly [number, number],
  body: RequestOf<K>,
): ResponseOf<K>[] {
  const answers: ResponseOf<K>[] = [];
  for (let version = min; version <= max; version++) {
    const answer = client.ask(to, apiKey, version, body);
    expect(() => encodeResponse(apiKey, version, 1, answer)).not.toThrow();
    answers.push(answer);
  }
  return answers;
}

describe("B33 OffsetForLeaderEpoch", () => {
  const ask = (to: number, leaderEpoch: number, { currentLeaderEpoch = -1, topic = "t", partition = 0 } = {}) => {
    const partitions = [{ partition, currentLeaderEpoch, leaderEpoch }];
    const body = newOffsetForLeaderEpochRequest({ topics: [{ topic, partitions }] });
    const answers = askEvery(to, ApiKey.OffsetForLeaderEpoch, [2, 4], body);
    const { errorCode, ...answer } = answers.at(-1)!.topics[0]!.partitions[0]!;
    return { ...answer, error: nameOf(errorCode) };
  };

  test("B33 an epoch ends where the next one began, the current one at the log end; newer ones are not known", () => {
    client.createTopic("t");
    client.produce("t", records("a", "b"));
    const first = client.leaderOf("t");
    cluster.kill(first);
    cluster.until(() => ![first, -1].includes(client.leaderOf("t")), "another leader");
    cluster.until(() => client.produce("t", records("c")).error === "NONE", "a write");
    const leader = client.leaderOf("t");
    expect(ask(leader, 0)).toMatchObject({ error: "NONE", leaderEpoch: 0, endOffset: 2 });
    expect(ask(leader, 1)).toMatchObject({ error: "NONE", leaderEpoch: 1, endOffset: client.logOf("t").logEndOffset });
    expect(ask(leader, 9)).toMatchObject({ error: "NONE", leaderEpoch: -1, endOffset: -1 });
  });

  test("R9 B33 an old epoch of the asker is FENCED_LEADER_EPOCH, a newer one UNKNOWN_LEADER_EPOCH; followers and unknown partitions say what they are", () => {
    client.createTopic("t");
    const leader = client.leaderOf("t");
    cluster.kill(leader);
    cluster.until(() => ![leader, -1].includes(client.leaderOf("t")), "another leader");
    const now = client.leaderOf("t");
    const follower = [1, 2, 3].find((id) => id !== now && id !== leader)!;
    cluster.until(() => ask(now, 1, { currentLeaderEpoch: 1 }).error === "NONE", "the leader");
    expect(ask(now, 0, { currentLeaderEpoch: 0 }).error).toBe("FENCED_LEADER_EPOCH");
    expect(ask(now, 0, { currentLeaderEpoch: 2 }).error).toBe("UNKNOWN_LEADER_EPOCH");
    expect(ask(follower, 0).error).toBe("NOT_LEADER_OR_FOLLOWER");
    expect(ask(now, 0, { partition: 5 }).error).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect(ask(now, 0, { topic: "nobody" }).error).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  });
});

test("B34 DescribeProducers tells what the leader remembers of idempotent producers", () => {
  client.createTopic("t");
  const leader = client.leaderOf("t");
  client.produce("t", records("a", "b"), { producerId: 7, producerEpoch: 2, baseSequence: 0 });
  client.produce("t", records("c"), { producerId: 7, producerEpoch: 2, baseSequence: 2 });
  const body = newDescribeProducersRequest({ topics: [{ name: "t", partitionIndexes: [0, 3] }] });
  const [answer] = askEvery(leader, ApiKey.DescribeProducers, [0, 0], body);
  const [here, nowhere] = answer!.topics[0]!.partitions;
  expect(here).toMatchObject({
    errorCode: 0,
    activeProducers: [
      {
        producerId: 7,
        producerEpoch: 2,
        lastSequence: 2,
        lastTimestamp: 1_700_000_000_000,
        coordinatorEpoch: -1,
        currentTxnStartOffset: -1,
      },
    ],
  });
  expect(nameOf(nowhere!.errorCode)).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  const follower = [1, 2, 3].find((id) => id !== leader)!;
  const [refused] = askEvery(follower, ApiKey.DescribeProducers, [0, 0], body);
  expect(nameOf(refused!.topics[0]!.partitions[0]!.errorCode)).toBe("NOT_LEADER_OR_FOLLOWER");
});

describe("B35 DescribeLogDirs", () => {
  test("B35 every replica here with its size, and the disk; only what is asked for, when something is", () => {
    client.createTopic("t", { partitions: 2 });
    client.createTopic("other");
    client.produce("t", records("a"));
    const leader = client.leaderOf("t");
    const all = askEvery(leader, ApiKey.DescribeLogDirs, [1, 5], newDescribeLogDirsRequest({ topics: null })).at(-1)!;
    expect(all.results).toHaveLength(1);
    const [directory] = all.results;
    expect(directory!.totalBytes).toBeGreaterThan(0);
    expect(directory!.usableBytes).toBeLessThanOrEqual(directory!.totalBytes);
    expect(directory!.logDir).toBe("/tmp/kafka-logs");
    expect(directory!.topics.map(({ name }) => name).toSorted()).toEqual(["other", "t"]);
    const { partitions } = directory!.topics.find(({ name }) => name === "t")!;
    expect(partitions.find(({ partitionIndex }) => partitionIndex === 0)).toEqual({
      partitionIndex: 0,
      partitionSize: client.logOf("t").sizeBytes,
      offsetLag: 0,
      isFutureKey: false,
    });
    expect(partitions.find(({ partitionIndex }) => partitionIndex === 1)!.partitionSize).toBe(0);
    const some = newDescribeLogDirsRequest({ topics: [{ topic: "t", partitions: [1, 9] }] });
    const { results } = client.ask(leader, ApiKey.DescribeLogDirs, 4, some);
    expect(results[0]!.topics).toMatchObject([{ name: "t", partitions: [{ partitionIndex: 1 }] }]);
  });
});

describe("B36 DescribeTopicPartitions", () => {
  const page = (more: Partial<RequestOf<typeof ApiKey.DescribeTopicPartitions>> = {}) =>
    askEvery(1, ApiKey.DescribeTopicPartitions, [0, 0], newDescribeTopicPartitionsRequest(more))[0]!;
  const shape = ({ topics, nextCursor }: ReturnType<typeof page>) => ({
    topics: topics.map(({ name, partitions }) => [name, partitions.map(({ partitionIndex }) => partitionIndex)]),
    next: nextCursor && [nextCursor.topicName, nextCursor.partitionIndex],
  });

  test("B36 pages follow each other by their cursors and bring every partition once, in order", () => {
    client.createTopic("b", { partitions: 3 });
    client.createTopic("a", { partitions: 2 });
    client.createTopic("c", { partitions: 1 });
    expect(shape(page())).toEqual({
      topics: [
        ["a", [0, 1]],
        ["b", [0, 1, 2]],
        ["c", [0]],
      ],
      next: null,
    });
    const first = page({ responsePartitionLimit: 3 });
    expect(shape(first)).toEqual({
      topics: [
        ["a", [0, 1]],
        ["b", [0]],
      ],
      next: ["b", 1],
    });
    const second = page({ responsePartitionLimit: 2, cursor: first.nextCursor });
    expect(shape(second)).toEqual({ topics: [["b", [1, 2]]], next: ["c", 0] });
    expect(shape(page({ cursor: second.nextCursor }))).toEqual({ topics: [["c", [0]]], next: null });
    // A limit of 0 or less is 1.
    expect(shape(page({ responsePartitionLimit: 0 }))).toEqual({ topics: [["a", [0]]], next: ["a", 1] });
  });

  test("B36 topics by name: unknown and illegal ones carry an error, and a cursor must lie in what is asked for", () => {
    client.createTopic("t");
    const { topics } = page({ topics: [{ name: "t" }, { name: "nobody" }, { name: "not legal" }] });
    expect(topics.map(({ name, errorCode }) => [name, nameOf(errorCode)])).toEqual([
      ["nobody", "UNKNOWN_TOPIC_OR_PARTITION"],
      ["not legal", "INVALID_TOPIC_EXCEPTION"],
      ["t", "NONE"],
    ]);
    const astray = page({ topics: [{ name: "t" }], cursor: { topicName: "s", partitionIndex: 0 } });
    expect(nameOf(astray.topics[0]!.errorCode)).toBe("INVALID_REQUEST");
    const negative = page({ topics: [{ name: "t" }], cursor: { topicName: "t", partitionIndex: -1 } });
    expect(nameOf(negative.topics[0]!.errorCode)).toBe("INVALID_REQUEST");
    // A topic that was deleted between two pages is passed over.
    expect(shape(page({ cursor: { topicName: "s", partitionIndex: 4 } })).topics).toEqual([["t", [0]]]);
  });

  test("R8 B36 a replica that left the ISR below min.insync.replicas is an eligible leader, and told as one", () => {
    client.createTopic("t", { configs: { "min.insync.replicas": "3" } });
    const gone = [1, 2, 3].find((id) => id !== client.leaderOf("t") && id !== cluster.controllerId)!;
    cluster.kill(gone);
    const here = client.leaderOf("t");
    const partition = () =>
      client.ask(here, ApiKey.DescribeTopicPartitions, 0, newDescribeTopicPartitionsRequest()).topics[0]!
        .partitions[0]!;
    cluster.until(() => partition().isrNodes.length === 2, "the ISR to shrink");
    expect(partition()).toMatchObject({ eligibleLeaderReplicas: [gone], lastKnownElr: [], offlineReplicas: [gone] });
    expect(partition().leaderId).toBe(here);
  });
});

test("B37 ListConfigResources: v0 knows client metrics only, v1 tells topics and brokers; unknown types are UNSUPPORTED_VERSION", () => {
  client.createTopic("t");
  const ask = (version: number, resourceTypes: number[] = []) => {
    const body = newListConfigResourcesRequest({ resourceTypes });
    const answer = client.ask(1, ApiKey.ListConfigResources, version, body);
    expect(() => encodeResponse(ApiKey.ListConfigResources, version, 1, answer)).not.toThrow();
    return answer;
  };
  expect(ask(0)).toMatchObject({ errorCode: 0, configResources: [] });
  expect(ask(1, [2]).configResources).toEqual([{ resourceName: "t", resourceType: 2 }]);
  expect(ask(1, [4]).configResources.map(({ resourceName }) => resourceName)).toEqual(["1", "2", "3"]);
  expect(ask(1).configResources.map(({ resourceType }) => resourceType)).toEqual([2, 4, 4, 4, 8, 8, 8]);
  expect(nameOf(ask(1, [2, 77]).errorCode)).toBe("UNSUPPORTED_VERSION");
});

test("B38 ACL requests are answered as by a Kafka without an authorizer", () => {
  for (const answer of askEvery(1, ApiKey.DescribeAcls, [1, 3], newDescribeAclsRequest({ operation: 1 })))
    expect(nameOf(answer.errorCode)).toBe("SECURITY_DISABLED");
  const creations = [newCreateAclsRequestAclCreation(), newCreateAclsRequestAclCreation()];
  for (const { results } of askEvery(1, ApiKey.CreateAcls, [1, 3], newCreateAclsRequest({ creations })))
    expect(results.map(({ errorCode }) => nameOf(errorCode))).toEqual(["SECURITY_DISABLED", "SECURITY_DISABLED"]);
  const filters = [newDeleteAclsRequestDeleteAclsFilter()];
  for (const { filterResults } of askEvery(1, ApiKey.DeleteAcls, [1, 3], newDeleteAclsRequest({ filters })))
    expect(filterResults.map(({ errorCode }) => nameOf(errorCode))).toEqual(["SECURITY_DISABLED"]);
});

test("B38 SASL where nobody asks for it is ILLEGAL_SASL_STATE", () => {
  const handshake = newSaslHandshakeRequest({ mechanism: "PLAIN" });
  for (const answer of askEvery(1, ApiKey.SaslHandshake, [0, 1], handshake))
    expect(nameOf(answer.errorCode)).toBe("ILLEGAL_SASL_STATE");
  const authenticate = newSaslAuthenticateRequest({ authBytes: new Uint8Array([0]) });
  for (const answer of askEvery(1, ApiKey.SaslAuthenticate, [0, 2], authenticate))
    expect(nameOf(answer.errorCode)).toBe("ILLEGAL_SASL_STATE");
});

test("B38 who asks what they may do is told: everything that Kafka knows for the resource", () => {
  client.createTopic("t");
  const asked = newMetadataRequest({ topics: null, includeTopicAuthorizedOperations: true });
  expect(client.ask(1, ApiKey.Metadata, 12, asked).topics[0]!.topicAuthorizedOperations).toBe(0b1101_1111_1000);
  const quiet = newMetadataRequest({ topics: null });
  expect(client.ask(1, ApiKey.Metadata, 12, quiet).topics[0]!.topicAuthorizedOperations).toBe(-(2 ** 31));
  const cluster = newDescribeClusterRequest({ includeClusterAuthorizedOperations: true });
  expect(client.ask(1, ApiKey.DescribeCluster, 1, cluster).clusterAuthorizedOperations).toBe(0b1_1111_1010_0000);
});
