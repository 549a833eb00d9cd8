import { errorFromCode } from "@vitrine/core";
import { newUpdateFeaturesRequest, newUpdateFeaturesRequestFeatureUpdateKey } from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import { TestCluster } from "./test-cluster.ts";

const ELR = "eligible.leader.replicas.version";
const UPGRADE = 1;
const SAFE_DOWNGRADE = 2;

function update(cluster: TestCluster, feature: string, level: number, upgradeType = UPGRADE, validateOnly = false) {
  const one = newUpdateFeaturesRequestFeatureUpdateKey({ feature, maxVersionLevel: level, upgradeType });
  const { reply, records } = cluster.run({
    type: "updateFeatures",
    request: newUpdateFeaturesRequest({ featureUpdates: [one], validateOnly }),
  });
  return { error: errorFromCode(reply.errorCode).name, message: reply.errorMessage, records };
}

test("M80 K5 a feature goes down only where that is asked for, and up again", () => {
  const cluster = TestCluster.of(3);
  expect(cluster.image.features.get(ELR)).toBe(1);
  expect(update(cluster, ELR, 0)).toMatchObject({
    error: "INVALID_UPDATE_VERSION",
    message: expect.stringContaining("safe or unsafe downgrade"),
    records: [],
  });
  expect(update(cluster, ELR, 0, SAFE_DOWNGRADE, true)).toMatchObject({ error: "NONE", records: [] });
  expect(cluster.image.features.get(ELR)).toBe(1);
  expect(update(cluster, ELR, 0, SAFE_DOWNGRADE).error).toBe("NONE");
  expect(cluster.image.features.get(ELR)).toBeUndefined();
  expect(cluster.alterConfig(4, "1", "min.insync.replicas", 0, "2").errorCode).toBe(0);
  expect(update(cluster, ELR, 1).error).toBe("NONE");
  expect(update(cluster, ELR, 1).records).toEqual([]);
  // With the feature on no broker has its own (M53).
  expect(cluster.image.configs.get("broker:1")).toBeUndefined();
});

test("M80 what this controller or a broker does not know is refused, with everything beside it", () => {
  const cluster = TestCluster.of(1);
  for (const [feature, level] of [
    ["transaction.version", 2],
    [ELR, 2],
    [ELR, -1],
  ] as const)
    expect(update(cluster, feature, level), `${feature} ${level}`).toMatchObject({
      error: "INVALID_UPDATE_VERSION",
      records: [],
    });
  const { reply, records } = cluster.run({
    type: "updateFeatures",
    request: newUpdateFeaturesRequest({
      featureUpdates: [
        newUpdateFeaturesRequestFeatureUpdateKey({ feature: ELR, maxVersionLevel: 0, upgradeType: SAFE_DOWNGRADE }),
        newUpdateFeaturesRequestFeatureUpdateKey({ feature: "unheard.of", maxVersionLevel: 1, upgradeType: UPGRADE }),
      ],
    }),
  });
  expect(records).toEqual([]);
  expect(reply.results.map((result) => errorFromCode(result.errorCode).name)).toEqual([
    "INVALID_UPDATE_VERSION",
    "INVALID_UPDATE_VERSION",
  ]);
});

test("M81 eligible leaders are forgotten with the feature, but not where only they are known to be complete", () => {
  const cluster = TestCluster.of(2, { minInsyncReplicas: 2 });
  cluster.createWith("t", [[1, 2]]);
  cluster.kill(2);
  expect(cluster.line("t")).toBe("1@0 isr 1 elr 2 last -");
  cluster.kill(1);
  expect(cluster.partition("t").isr).toEqual([]);
  expect(update(cluster, ELR, 0, SAFE_DOWNGRADE)).toMatchObject({
    error: "INVALID_UPDATE_VERSION",
    message: expect.stringContaining("bring their brokers back"),
    records: [],
  });
  cluster.join(1, { previousBrokerEpoch: cluster.image.brokers.get(1)!.epoch });
  expect(update(cluster, ELR, 0, SAFE_DOWNGRADE).error).toBe("NONE");
  expect(cluster.partition("t").elr).toEqual([]);
});
