import { HTTP_CLIENT_ID } from "@vitrine/broker";
import { errorFromCode, ZERO_UUID } from "@vitrine/core";
import { buildBatch } from "@vitrine/protocol";
import {
  ApiKey,
  newAlterClientQuotasRequest,
  newAlterUserScramCredentialsRequest,
  newCreateTopicsRequest,
  newCreateTopicsRequestCreatableTopic,
  newDescribeClientQuotasRequest,
  newDescribeUserScramCredentialsRequest,
  newFetchRequest,
  newFetchRequestFetchPartition,
  newProduceRequest,
  type FetchResponse,
} from "@vitrine/protocol/types";
import { beforeEach, expect, test } from "vitest";
import { AdminClient, ask } from "./admin-client.ts";
import { SmallCluster } from "./small-cluster.ts";

let cluster: SmallCluster;
let admin: AdminClient;
beforeEach(() => {
  cluster = new SmallCluster();
  admin = new AdminClient(cluster);
});

/** A quota of every client that has none of its own. */
function limit(quotas: Readonly<Record<string, number>>): void {
  const entity = [{ entityType: "client-id", entityName: null }];
  const ops = Object.entries(quotas).map(([key, value]) => ({ key, value, remove: false }));
  const reply = ask(
    cluster,
    1,
    ApiKey.AlterClientQuotas,
    newAlterClientQuotasRequest({ entries: [{ entity, ops }] }),
    1,
  );
  expect(reply.entries).toEqual([{ errorCode: 0, errorMessage: null, entity }]);
  cluster.until(
    () => [1, 2, 3].every((id) => cluster.broker(id).image.clientQuotas.size === 1),
    "every broker to know the quota",
  );
}

function fetchAll(topic: string) {
  const partition = newFetchRequestFetchPartition({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 });
  const request = newFetchRequest({ maxWaitMs: 0, topics: [{ topic, topicId: ZERO_UUID, partitions: [partition] }] });
  return ask(cluster, admin.partition(topic).leader, ApiKey.Fetch, request, 12);
}

test("Q7 a producer over its quota is answered at once, told how long it must wait, and not listened to for as long", () => {
  admin.createTopic("t", [[1, 2, 3]]);
  limit({ producer_byte_rate: 100 });
  expect(admin.produceAnswer("t", "x".repeat(200))).toMatchObject({ throttleTimeMs: 0, muteMs: 0 });
  const over = admin.produceAnswer("t", "x".repeat(2_000));
  expect(over.throttleTimeMs).toBeGreaterThan(5_000);
  expect(over.muteMs).toBe(over.throttleTimeMs);
  expect(over.error).toBe("NONE");
  const unacknowledged = admin.produceAnswer("t", "x", 0);
  expect(unacknowledged.muteMs).toBeGreaterThan(5_000);
  cluster.pass(60_000);
  expect(admin.produceAnswer("t", "x")).toMatchObject({ throttleTimeMs: 0, muteMs: 0 });
});

test("Q8 a consumer over its quota gets nothing but the time to wait, and afterwards everything", () => {
  admin.createTopic("t", [[1, 2, 3]]);
  for (let n = 0; n < 3; n++) admin.produce("t", "x".repeat(700));
  limit({ consumer_byte_rate: 100 });
  expect(fetchAll("t")).toMatchObject({ throttleTimeMs: 0 });
  const over = fetchAll("t");
  expect(over.responses).toEqual([]);
  expect(over.throttleTimeMs).toBeGreaterThan(1_000);
  cluster.pass(60_000);
  const later = fetchAll("t");
  expect(later.throttleTimeMs).toBe(0);
  expect(later.responses[0]!.partitions[0]!.records!.length).toBeGreaterThan(700);
});

test("Q18 what comes over HTTP is one client, counted where it arrives, and silences no connection between nodes", () => {
  admin.createTopic("t", [[1, 2, 3]]);
  limit({ producer_byte_rate: 100, consumer_byte_rate: 100 });
  const leader = admin.partition("t").leader;
  const batch = (size: number) =>
    buildBatch([{ key: null, value: new Uint8Array(size), timestampMs: 1_700_000_000_000 }]);
  const produce = (listener: "local" | "peer" | "client", clientId: string) => {
    const request = newProduceRequest({
      acks: -1,
      timeoutMs: 2_000,
      topicData: [{ name: "t", topicId: ZERO_UUID, partitionData: [{ index: 0, records: batch(2_000) }] }],
    });
    const answer = cluster.send<{ throttleTimeMs: number }>(leader, ApiKey.Produce, request, 9, listener, clientId);
    cluster.until(() => answer.done, "the answer to a write");
    return { throttleTimeMs: (answer.body as { throttleTimeMs: number }).throttleTimeMs, muteMs: answer.muteMs };
  };
  expect(produce("peer", "node-2")).toEqual({ throttleTimeMs: 0, muteMs: 0 });
  expect(produce("peer", "node-2").throttleTimeMs).toBe(0);
  produce("local", HTTP_CLIENT_ID);
  const over = produce("peer", HTTP_CLIENT_ID);
  expect(over.throttleTimeMs).toBeGreaterThan(1_000);
  expect(over.muteMs).toBe(0);
  const throughGateway = produce("client", HTTP_CLIENT_ID);
  expect(throughGateway.throttleTimeMs).toBeGreaterThan(1_000);
  expect(throughGateway.muteMs).toBe(0);
  const fetch = () => {
    const partition = newFetchRequestFetchPartition({ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 });
    const request = newFetchRequest({
      maxWaitMs: 0,
      topics: [{ topic: "t", topicId: ZERO_UUID, partitions: [partition] }],
    });
    const answer = cluster.send<FetchResponse>(leader, ApiKey.Fetch, request, 12, "local", HTTP_CLIENT_ID);
    cluster.until(() => answer.done, "the answer to a fetch");
    return answer.body as FetchResponse;
  };
  expect(fetch()).toMatchObject({ throttleTimeMs: 0 });
  const throttled = fetch();
  expect(throttled.throttleTimeMs).toBeGreaterThan(1_000);
  expect(throttled.responses).toEqual([]);
  expect(cluster.broker(1).clientQuota("producer_byte_rate", HTTP_CLIENT_ID)).toBe(100);
});

test("Q9 changes of topics are counted at the controller, whichever broker was asked; the rest of a request is refused", () => {
  limit({ controller_mutation_rate: 1 });
  const create = (to: number, version: number, ...names: string[]) =>
    ask(
      cluster,
      to,
      ApiKey.CreateTopics,
      newCreateTopicsRequest({
        topics: names.map((name) =>
          newCreateTopicsRequestCreatableTopic({ name, numPartitions: 8, replicationFactor: 1 }),
        ),
        timeoutMs: 5_000,
      }),
      version,
    );
  const bystanders = [1, 2, 3].filter((id) => id !== cluster.controllerId) as [number, number];
  // 11 tokens: two topics of 8 pass, and the second is paid for afterwards.
  const first = create(bystanders[0], 7, "a", "b", "c");
  expect(first.topics.map(({ errorCode }) => errorFromCode(errorCode).name)).toEqual([
    "NONE",
    "NONE",
    "THROTTLING_QUOTA_EXCEEDED",
  ]);
  expect(first.throttleTimeMs).toBeGreaterThan(4_000);
  expect(create(bystanders[1], 7, "d").topics[0]!.errorCode).not.toBe(0);
  // Clients that do not know the error are let through and made to wait.
  const older = create(cluster.controllerId, 5, "e");
  expect([older.topics[0]!.errorCode, older.throttleTimeMs > 10_000]).toEqual([0, true]);
  cluster.pass(20_000);
  expect(create(bystanders[0], 7, "c")).toMatchObject({ throttleTimeMs: 0, topics: [{ errorCode: 0 }] });
});

test("Q10 quotas are listed by filter, from any broker", () => {
  limit({ producer_byte_rate: 1_024, request_percentage: 12.5 });
  const describe = (components: { entityType: string; matchType: number; match: string | null }[], strict = false) =>
    ask(cluster, 2, ApiKey.DescribeClientQuotas, newDescribeClientQuotasRequest({ components, strict }), 1);
  const all = [
    {
      entity: [{ entityType: "client-id", entityName: null }],
      values: [
        { key: "producer_byte_rate", value: 1_024 },
        { key: "request_percentage", value: 12.5 },
      ],
    },
  ];
  expect(describe([]).entries).toEqual(all);
  expect(describe([{ entityType: "client-id", matchType: 1, match: null }], true).entries).toEqual(all);
  expect(describe([{ entityType: "client-id", matchType: 0, match: "c" }]).entries).toEqual([]);
  expect(describe([{ entityType: "user", matchType: 2, match: null }]).entries).toEqual([]);
  expect(describe([{ entityType: "planet", matchType: 2, match: null }])).toMatchObject({
    errorCode: 35,
    entries: null,
  });
});

test("B23 SCRAM credentials are taken to the controller, told without their secrets, and not taken where nothing can derive keys", () => {
  const upsertion = {
    name: "alice",
    mechanism: 1,
    iterations: 4_096,
    salt: new Uint8Array(16).fill(1),
    saltedPassword: new Uint8Array(32).fill(2),
  };
  const alter = (request: Parameters<typeof newAlterUserScramCredentialsRequest>[0]) =>
    ask(cluster, 2, ApiKey.AlterUserScramCredentials, newAlterUserScramCredentialsRequest(request), 0).results.map(
      ({ user, errorCode }) => `${user} ${errorFromCode(errorCode).name}`,
    );
  expect(alter({ upsertions: [upsertion] })).toEqual(["alice UNSUPPORTED_VERSION"]);
  cluster = new SmallCluster(
    {},
    {
      scramKeys: (mechanism, password) => ({
        storedKey: Uint8Array.of(mechanism, password.length),
        serverKey: Uint8Array.of(mechanism),
      }),
    },
  );
  expect(alter({ upsertions: [upsertion] })).toEqual(["alice NONE"]);
  cluster.until(() => cluster.broker(3).image.scramCredentials.size === 1, "everybody to know the credential");
  expect([...cluster.broker(3).image.scramCredentials.values()][0]!.storedKey).toEqual(Uint8Array.of(1, 32));
  const told = ask(
    cluster,
    3,
    ApiKey.DescribeUserScramCredentials,
    newDescribeUserScramCredentialsRequest({ users: null }),
    0,
  );
  expect(told.results).toEqual([
    { user: "alice", errorCode: 0, errorMessage: null, credentialInfos: [{ mechanism: 1, iterations: 4_096 }] },
  ]);
  expect(alter({ deletions: [{ name: "alice", mechanism: 1 }] })).toEqual(["alice NONE"]);
});
