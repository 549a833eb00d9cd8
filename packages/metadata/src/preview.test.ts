import { expect, test } from "vitest";
import { previewNodesDown } from "./preview.ts";
import { TestCluster } from "./test-cluster.ts";

const T = "t";

function ask(cluster: TestCluster, down: number[], voters: number[] = [101, 102, 103], votersDown: number[] = []) {
  return previewNodesDown(cluster.image, {
    down: new Set(down),
    voters,
    votersDown: new Set(votersDown),
    staticConfigs: new Map(),
  });
}

function three(minInsyncReplicas: number): TestCluster {
  const cluster = TestCluster.of(3, { minInsyncReplicas });
  cluster.createWith(T, [
    [1, 2, 3],
    [2, 3, 1],
  ]);
  cluster.createWith("solo", [[3]]);
  return cluster;
}

test("M62 the preview names what moves and what stops, as the controller will do it", () => {
  const cluster = three(2);
  const preview = ask(cluster, [1]);
  expect(preview).toMatchObject({ leadersMove: 1, leaderless: 0, stopWrites: 0 });
  expect(preview.partitions.map((one) => [one.partition, one.leaderBefore, one.leaderAfter, one.isrAfter])).toEqual([
    [0, 1, 2, [2, 3]],
    [1, 2, 2, [2, 3]],
  ]);
  cluster.kill(1);
  for (const one of preview.partitions)
    expect(cluster.partition(T, one.partition)).toMatchObject({ leader: one.leaderAfter, isr: one.isrAfter });
});

test("M62 below min.insync.replicas writes are refused, without a replica nobody leads", () => {
  const preview = ask(three(2), [1, 3]);
  expect(preview).toMatchObject({ leadersMove: 1, leaderless: 1, stopWrites: 3 });
  expect(preview.partitions.map((one) => [one.topicName, one.leaderAfter, one.refusesWrites])).toEqual([
    ["solo", -1, true],
    [T, 2, true],
    [T, 2, true],
  ]);
});

test("M62 what refuses writes already is not counted as stopped again", () => {
  const cluster = three(3);
  cluster.kill(1);
  const preview = ask(cluster, [2]);
  expect(preview.partitions.every((one) => one.refusedBefore)).toBe(true);
  expect(preview.stopWrites).toBe(0);
});

test("M62 without a majority of voters no leader moves, and whoever waits for the dead waits in vain", () => {
  const cluster = three(1);
  const preview = ask(cluster, [1, 2], [1, 2, 3]);
  expect(preview.quorum).toEqual({ voters: 3, majority: 2, left: 1, hasMajority: false, hadMajority: true });
  expect(preview).toMatchObject({ leadersMove: 0, leaderless: 2, stopWrites: 2 });
  const spared = ask(cluster, [1, 2]);
  expect(spared.quorum).toEqual({ voters: 3, majority: 2, left: 3, hasMajority: true, hadMajority: true });
  expect(spared).toMatchObject({ leadersMove: 2, leaderless: 0, stopWrites: 0 });
  const follower = ask(cluster, [2, 1], [1, 2, 3], [3]);
  expect(follower.quorum).toMatchObject({ left: 0, hadMajority: true });
});

test("M62 a live leader whose follower died with the quorum refuses nothing, but nothing is committed either", () => {
  const cluster = three(1);
  const { partitions } = ask(cluster, [2], [2, 3, 4], [3]);
  expect(partitions.find((one) => one.partition === 0)).toMatchObject({ leaderAfter: 1, refusesWrites: true });
});
