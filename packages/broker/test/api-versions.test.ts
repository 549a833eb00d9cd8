import { errorFromCode } from "@vitrine/core";
import { encodeResponse, decodeResponse } from "@vitrine/protocol";
import { ApiKey, CLIENT_ADVERTISED, newApiVersionsRequest } from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import { SmallCluster } from "./small-cluster.ts";
import { TestClient } from "./test-client.ts";

const cluster = new SmallCluster();
const client = new TestClient(cluster);

function ask(apiVersion: number, names: { name?: string; version?: string } = {}) {
  const request = newApiVersionsRequest({
    clientSoftwareName: names.name ?? "test-client",
    clientSoftwareVersion: names.version ?? "1.0",
  });
  const body = client.ask(1, ApiKey.ApiVersions, apiVersion, request);
  const frame = encodeResponse(ApiKey.ApiVersions, apiVersion, 1, body);
  return decodeResponse(ApiKey.ApiVersions, apiVersion, frame.subarray(4)).body;
}

test("B30 every version is told the same keys, in ascending order, each once", () => {
  const expected = [...CLIENT_ADVERTISED].map(([apiKey]) => apiKey).toSorted((a, b) => a - b);
  for (const version of [0, 1, 2, 3, 4]) {
    const { errorCode, apiKeys } = ask(version);
    expect(errorCode).toBe(0);
    expect(apiKeys.map(({ apiKey }) => apiKey)).toEqual(expected);
  }
});

test.each([
  ["", "1.0"],
  ["x", ""],
  ["-x", "1.0"],
  ["x-", "1.0"],
  ["x y", "1.0"],
  ["x", "1.0\n"],
  ["é", "1.0"],
])("B30 a client that calls itself %j %j is refused from version 3 on, and heard before", (name, version) => {
  for (const apiVersion of [3, 4])
    expect(errorFromCode(ask(apiVersion, { name, version }).errorCode).name).toBe("INVALID_REQUEST");
  for (const apiVersion of [0, 1, 2]) expect(ask(apiVersion, { name, version }).errorCode).toBe(0);
});

test("B30 names as clients really have them are taken", () => {
  for (const [name, version] of [
    ["apache-kafka-java", "4.3.0"],
    ["librdkafka", "2.15.1-RC1"],
    ["kafka-python", "3.1.dev0"],
    ["a", "1"],
  ] as const)
    expect(ask(4, { name, version }).errorCode).toBe(0);
});

test("B31 features that begin at 0 are told to version 4 and kept from version 3 (KAFKA-17011)", () => {
  expect(ask(3).supportedFeatures).toEqual([]);
  expect(ask(4).supportedFeatures).toContainEqual({
    name: "eligible.leader.replicas.version",
    minVersion: 0,
    maxVersion: 1,
  });
});

test("B31 what is finalized stands in the metadata, and transaction.version is not among it", () => {
  for (const version of [3, 4]) {
    const { finalizedFeatures, finalizedFeaturesEpoch, zkMigrationReady } = ask(version);
    expect(finalizedFeatures).toEqual([
      { name: "eligible.leader.replicas.version", minVersionLevel: 1, maxVersionLevel: 1 },
    ]);
    expect(finalizedFeaturesEpoch).toBeGreaterThan(0);
    expect(zkMigrationReady).toBe(false);
  }
});
