import { errorFromCode } from "@vitrine/core";
import {
  newAlterClientQuotasRequest,
  newAlterUserScramCredentialsRequest,
  newDescribeClientQuotasRequest,
  newDescribeUserScramCredentialsRequest,
} from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import { describeClientQuotas } from "./client-quotas.ts";
import { describeUserScramCredentials } from "./scram-credentials.ts";
import { imageFromSnapshot, snapshotRecords } from "./snapshot.ts";
import { sameCluster } from "./diff.ts";
import { CLUSTER_ID, TestCluster } from "./test-cluster.ts";

type Entity = readonly (readonly [type: string, name: string | null])[];
type Op = readonly [key: string, value: number | null];

function alter(cluster: TestCluster, entity: Entity, ops: readonly Op[], validateOnly = false) {
  const entry = {
    entity: entity.map(([entityType, entityName]) => ({ entityType, entityName })),
    ops: ops.map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
  };
  const { reply, records } = cluster.run({
    type: "alterClientQuotas",
    request: newAlterClientQuotasRequest({ entries: [entry], validateOnly }),
  });
  return { error: errorFromCode(reply.entries[0]!.errorCode).name, message: reply.entries[0]!.errorMessage, records };
}

test("M90 quotas are set, changed and taken away, and only what changes is written", () => {
  const cluster = TestCluster.of(1);
  const entity: Entity = [
    ["client-id", "c"],
    ["user", null],
  ];
  expect(alter(cluster, entity, [["producer_byte_rate", 1_024]], true).records).toEqual([]);
  expect(alter(cluster, entity, [["producer_byte_rate", 1_024]]).records).toHaveLength(1);
  // The same entity, named in another order.
  expect(alter(cluster, entity.toReversed(), [["producer_byte_rate", 1_024]]).records).toEqual([]);
  alter(cluster, entity, [["request_percentage", 0.5]]);
  const [quota] = cluster.image.clientQuotas.values();
  expect([...quota!.values]).toEqual([
    ["producer_byte_rate", 1_024],
    ["request_percentage", 0.5],
  ]);
  const position = { offset: cluster.image.offset, epoch: 1 };
  expect(sameCluster(imageFromSnapshot(CLUSTER_ID, snapshotRecords(cluster.image), position), cluster.image)).toBe(
    true,
  );
  alter(cluster, entity, [
    ["producer_byte_rate", null],
    ["request_percentage", null],
  ]);
  expect(cluster.image.clientQuotas.size).toBe(0);
});

test("M90 addresses have quotas of connections, by name or as the default, and are told as they were named", () => {
  const cluster = TestCluster.of(1);
  expect(alter(cluster, [["ip", "::1"]], [["connection_creation_rate", 5]]).error).toBe("NONE");
  expect(alter(cluster, [["ip", null]], [["connection_creation_rate", 50]]).error).toBe("NONE");
  const told = (matchType: number, match: string | null = null) =>
    describeClientQuotas(
      cluster.image,
      newDescribeClientQuotasRequest({ components: [{ entityType: "ip", matchType, match }], strict: true }),
    ).entries!.map(({ entity, values }) => [entity[0]!.entityName, values[0]!.value]);
  expect([told(0, "::1"), told(1), told(2)]).toEqual([
    [["::1", 5]],
    [[null, 50]],
    [
      ["::1", 5],
      [null, 50],
    ],
  ]);
  const position = { offset: cluster.image.offset, epoch: 1 };
  const replayed = imageFromSnapshot(CLUSTER_ID, snapshotRecords(cluster.image), position);
  expect(sameCluster(replayed, cluster.image)).toBe(true);
});

test("M90 what is no quota is refused, and nothing of its entity is written", () => {
  const cluster = TestCluster.of(1);
  const cases: [Entity, Op[]][] = [
    [[], [["producer_byte_rate", 1]]],
    [[["planet", "earth"]], [["producer_byte_rate", 1]]],
    [[["user", ""]], [["producer_byte_rate", 1]]],
    [[["ip", "127.0.0.1"]], [["producer_byte_rate", 1]]],
    [[["ip", "localhost"]], [["connection_creation_rate", 1]]],
    [[["ip", "127.0.0.1"]], [["connection_creation_rate", 0.5]]],
    [[["ip", "127.0.0.1"]], [["connection_creation_rate", 2 ** 31]]],
    [[["user", "a"]], [["connection_creation_rate", 1]]],
    [
      [
        ["ip", "127.0.0.1"],
        ["user", "a"],
      ],
      [["connection_creation_rate", 1]],
    ],
    [
      [
        ["user", "a"],
        ["user", "b"],
      ],
      [["producer_byte_rate", 1]],
    ],
    [[["user", "a"]], [["no_such_rate", 1]]],
    [[["user", "a"]], [["producer_byte_rate", 0]]],
    [[["user", "a"]], [["producer_byte_rate", -1]]],
    [[["user", "a"]], [["producer_byte_rate", Number.NaN]]],
    [[["user", "a"]], [["producer_byte_rate", 1.5]]],
    [[["user", "a"]], [["request_percentage", Infinity]]],
    [
      [["user", "a"]],
      [
        ["producer_byte_rate", 1],
        ["producer_byte_rate", 2],
      ],
    ],
    [
      [["user", "a"]],
      [
        ["producer_byte_rate", 1],
        ["consumer_byte_rate", -2],
      ],
    ],
  ];
  for (const [entity, ops] of cases)
    expect(alter(cluster, entity, ops), JSON.stringify([entity, ops])).toMatchObject({
      error: "INVALID_REQUEST",
      records: [],
    });
  const twice = { entity: [{ entityType: "user", entityName: "a" }], ops: [] };
  const { reply } = cluster.run({
    type: "alterClientQuotas",
    request: newAlterClientQuotasRequest({ entries: [twice, twice] }),
  });
  expect(reply.entries.map(({ errorCode }) => errorCode)).toEqual([0, 42]);
});

const PASSWORD = new Uint8Array(32).fill(7);
const SALT = new Uint8Array(16).fill(9);
const scramKeys = (mechanism: number, password: Uint8Array) => ({
  storedKey: Uint8Array.of(mechanism, ...password.subarray(0, 1)),
  serverKey: Uint8Array.of(mechanism),
});

test("M91 credentials are kept as keys; salted passwords are nowhere in the log", () => {
  const cluster = TestCluster.of(1);
  const alice = { name: "alice", mechanism: 1, iterations: 8_192, salt: SALT, saltedPassword: PASSWORD };
  const { reply, records } = cluster.run({
    type: "alterUserScramCredentials",
    request: newAlterUserScramCredentialsRequest({ upsertions: [alice, { ...alice, name: "bob", mechanism: 2 }] }),
    scramKeys,
  });
  expect(reply.results.map(({ user, errorCode }) => [user, errorCode])).toEqual([
    ["alice", 0],
    ["bob", 0],
  ]);
  expect(records[0]).toEqual({
    type: "UserScramCredentialRecord",
    version: 0,
    name: "alice",
    mechanism: 1,
    salt: SALT,
    storedKey: Uint8Array.of(1, 7),
    serverKey: Uint8Array.of(1),
    iterations: 8_192,
  });
  const told = describeUserScramCredentials(
    cluster.image,
    newDescribeUserScramCredentialsRequest({ users: ["bob", "nobody", "alice", "alice"].map((name) => ({ name })) }),
  );
  expect(
    told.results.map(({ user, errorCode, credentialInfos }) => [user, errorFromCode(errorCode).name, credentialInfos]),
  ).toEqual([
    ["bob", "NONE", [{ mechanism: 2, iterations: 8_192 }]],
    ["nobody", "RESOURCE_NOT_FOUND", []],
    ["alice", "DUPLICATE_RESOURCE", []],
  ]);
});

test("M91 a credential that is no good is refused, and a user named twice is not changed at all", () => {
  const cluster = TestCluster.of(1);
  const good = { name: "a", mechanism: 1, iterations: 4_096, salt: SALT, saltedPassword: PASSWORD };
  const run = (upsertions: (typeof good)[], deletions: { name: string; mechanism: number }[] = [], keys = true) =>
    cluster
      .run({
        type: "alterUserScramCredentials",
        request: newAlterUserScramCredentialsRequest({ upsertions, deletions }),
        scramKeys: keys ? scramKeys : null,
      })
      .reply.results.map(({ user, errorCode }) => `${user} ${errorFromCode(errorCode).name}`);
  expect(
    run([
      { ...good, name: "" },
      { ...good, name: "b", iterations: 4_095 },
      { ...good, name: "c", iterations: 16_385 },
      { ...good, name: "d", mechanism: 3 },
      { ...good, name: "e", salt: new Uint8Array(0) },
      { ...good, name: "f", saltedPassword: new Uint8Array(0) },
      good,
      good,
    ]),
  ).toEqual([
    " UNACCEPTABLE_CREDENTIAL",
    "b UNACCEPTABLE_CREDENTIAL",
    "c UNACCEPTABLE_CREDENTIAL",
    "d UNSUPPORTED_SASL_MECHANISM",
    "e UNACCEPTABLE_CREDENTIAL",
    "f UNACCEPTABLE_CREDENTIAL",
    "a DUPLICATE_RESOURCE",
  ]);
  expect(run([good], [], false)).toEqual(["a UNSUPPORTED_VERSION"]);
  expect(run([], [{ name: "a", mechanism: 1 }])).toEqual(["a RESOURCE_NOT_FOUND"]);
  expect(cluster.image.scramCredentials.size).toBe(0);
});
