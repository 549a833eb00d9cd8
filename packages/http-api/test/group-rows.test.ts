import {
  commitColumns,
  coordinatedColumns,
  groupColumns,
  groupPartitionColumns,
  type GroupViewInfo,
} from "@vitrine/api";
import { expect, test } from "vitest";
import { LiveCluster } from "../src/live/live-cluster.ts";
import { ViewEngine } from "./view-engine.ts";

/** A gateway's live state with a topic of three partitions and a group that told from broker 1. */
function cluster() {
  let nowMs = 1_000_000;
  const engine = new ViewEngine();
  engine.create("orders", 3);
  const live = new LiveCluster({ engine, version: "t", run: "r", nowMs: () => nowMs });
  const pass = (ms: number) => {
    nowMs += ms;
    live.second();
  };
  return { live, pass, now: () => nowMs };
}

function tell(
  { live }: ReturnType<typeof cluster>,
  offsets: readonly number[],
  assigned: Record<string, number[]> = {},
) {
  const members = Object.keys(assigned).length === 0 ? [] : [{ member_id: "m1", client_id: "app", assigned }];
  live.groups.take(
    1,
    "coordinated",
    coordinatedColumns.row({
      group: "billing",
      coordinator_partition: 7,
      coordinator_epoch: 3,
      state: members.length > 0 ? "Stable" : "Empty",
      state_since: null,
      type: "classic",
      protocol_type: "consumer",
      protocol: members.length > 0 ? "range" : null,
      generation: 4,
      members: JSON.stringify(members),
    }),
  );
  live.groups.take(
    1,
    "commits",
    commitColumns.row({
      group: "billing",
      topic: "orders",
      coordinator_epoch: 3,
      partitions: offsets.map((_, partition) => partition),
      offsets,
      commit_ts: offsets.map(() => 999_000),
      metadata: offsets.map(() => ""),
    }),
  );
}

function position(at: ReturnType<typeof cluster>, partition: number, logStart: number, end: number) {
  at.live.partitions.setPositions("orders", partition, {
    leaderEpoch: 0,
    logStart,
    highWatermark: end,
    lastStableOffset: end,
    replicas: [],
    sizeBytes: 0,
    inMsgs: 0,
    inBytes: 0,
  });
}

test("lag is exact: end less committed, all that is there without a commit, and the worst is named", () => {
  const at = cluster();
  position(at, 0, 0, 10);
  position(at, 1, 5, 30);
  position(at, 2, 2, 9);
  tell(at, [10, 12], { orders: [0, 1, 2] });
  at.pass(1_000);
  const row = groupColumns.fields(at.live.tables.get("groups", "billing")!);
  expect(row).toMatchObject({
    members: 1,
    partitions: 3,
    lag: 25,
    worst_lag: 18,
    worst: "orders/1",
    topics: ["orders"],
  });
  // The times of the records cannot be read here, so the seconds are unknown and not zero.
  expect(row.lag_s).toBeNull();
});

test("a group that is caught up is zero seconds behind", () => {
  const at = cluster();
  position(at, 0, 0, 10);
  tell(at, [10], { orders: [0] });
  at.pass(1_000);
  expect(groupColumns.fields(at.live.tables.get("groups", "billing")!)).toMatchObject({
    lag: 0,
    lag_s: 0,
    verdict: "caught_up",
  });
});

test("an end that nobody told makes the lag unknown, not zero", () => {
  const at = cluster();
  tell(at, [10]);
  at.pass(1_000);
  expect(groupColumns.fields(at.live.tables.get("groups", "billing")!)).toMatchObject({ lag: null, worst_lag: null });
});

test("the partitions of a group are rows while somebody looks, with their owner", () => {
  const at = cluster();
  position(at, 0, 0, 10);
  tell(at, [4], { orders: [0] });
  at.pass(1_000);
  expect(at.live.tables.size("group_partitions")).toBe(0);
  const stop = at.live.watch({ kind: "group", group: "billing" });
  const row = at.live.tables.get("group_partitions", "orders/0/billing")!;
  expect(groupPartitionColumns.fields(row)).toMatchObject({
    committed: 4,
    end: 10,
    lag: 6,
    member: "m1",
    client_id: "app",
  });
  const info = at.live.tables.info("group:billing").value as GroupViewInfo;
  expect(info.summary).toMatchObject({ lag: 6 });
  expect(info.members).toHaveLength(1);
  stop();
  expect(at.live.tables.size("group_partitions")).toBe(0);
});

test("a group that reads nothing for a minute while records wait is stalled; one without members is stopped", () => {
  const at = cluster();
  position(at, 0, 0, 10);
  tell(at, [4], { orders: [0] });
  for (let i = 0; i < 65; i++) at.pass(1_000);
  const verdict = () => groupColumns.get(at.live.tables.get("groups", "billing")!, "verdict");
  expect(verdict()).toBe("stalled");
  tell(at, [4]);
  at.pass(1_000);
  expect(verdict()).toBe("stopped");
});

test("a partition without an owner is never called caught up while records wait, however short it is", () => {
  const at = cluster();
  position(at, 0, 0, 10);
  position(at, 1, 0, 10);
  tell(at, [10, 10], { orders: [0, 1] });
  const stop = at.live.watch({ kind: "group", group: "billing" });
  at.pass(1_000);
  const verdictOf = (p: number) =>
    groupPartitionColumns.get(at.live.tables.get("group_partitions", `orders/${p}/billing`)!, "verdict");
  expect([verdictOf(0), verdictOf(1)]).toEqual(["caught_up", "caught_up"]);
  tell(at, [10, 10], { orders: [0] });
  position(at, 0, 0, 13);
  position(at, 1, 0, 13);
  at.pass(1_000);
  expect([verdictOf(0), verdictOf(1)]).toEqual(["caught_up", "stopped"]);
  expect(groupColumns.fields(at.live.tables.get("groups", "billing")!)).toMatchObject({
    lag: 6,
    verdict: "stopped",
    level: "warning",
  });
  stop();
});

test("a commit that comes before the end it was read up to waits for that end", () => {
  const at = cluster();
  position(at, 0, 0, 10);
  tell(at, [8], { orders: [0] });
  const stop = at.live.watch({ kind: "group", group: "billing" });
  at.pass(1_000);
  const shown = () => {
    const row = at.live.tables.get("group_partitions", "orders/0/billing")!;
    const { committed, end, lag } = groupPartitionColumns.fields(row);
    return { committed, end, lag };
  };
  tell(at, [25], { orders: [0] });
  at.pass(1_000);
  expect(shown()).toEqual({ committed: 8, end: 10, lag: 2 });
  position(at, 0, 0, 30);
  at.pass(1_000);
  expect(shown()).toEqual({ committed: 25, end: 30, lag: 5 });
  stop();
});

test("a first commit that comes before its end has no lag yet; one past the end is shown as it is", () => {
  const at = cluster();
  position(at, 0, 0, 10);
  tell(at, [25], { orders: [0] });
  const stop = at.live.watch({ kind: "group", group: "billing" });
  at.pass(1_000);
  const shown = () => {
    const row = at.live.tables.get("group_partitions", "orders/0/billing")!;
    const { committed, end, lag } = groupPartitionColumns.fields(row);
    return { committed, end, lag };
  };
  expect(shown()).toEqual({ committed: 25, end: -1, lag: null });
  at.pass(3_000);
  expect(shown()).toEqual({ committed: 25, end: 10, lag: 0 });
  stop();
});

test("a topic's row counts its groups and the worst lag on one of its partitions", () => {
  const at = cluster();
  position(at, 0, 0, 10);
  position(at, 1, 0, 4);
  tell(at, [4, 3]);
  at.pass(1_000);
  expect(at.live.tables.get("topics", "orders")!.slice(-2)).toEqual([1, 6]);
});

test("a coordinator whose broker is gone shows as none", () => {
  const at = cluster();
  tell(at, [4]);
  at.live.applyProcesses([
    {
      kind: "broker",
      id: 1,
      roles: ["broker"],
      pid: null,
      state: "exited",
      since_ms: 1,
      exit: null,
      verbs: [],
      unsupported: {},
    },
  ]);
  at.pass(1_000);
  expect(groupColumns.fields(at.live.tables.get("groups", "billing")!)).toMatchObject({
    coordinator: -1,
    level: "warning",
  });
});
