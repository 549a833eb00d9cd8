import { expect, test } from "vitest";
import {
  commitColumns,
  describeEvent,
  foldFrame,
  type GroupEvent,
  type GroupFields,
  groupColumns,
  groupPartitionColumns,
  groupPartitionKey,
  newClusterView,
  parseView,
  partitionOfGroup,
  rowKey,
  viewName,
} from "../src/index.ts";

const billing: GroupFields = {
  id: "billing",
  state: "Stable",
  state_since: 1_000,
  type: "classic",
  protocol_type: "consumer",
  protocol: "range",
  generation: 3,
  members: 2,
  coordinator: 1,
  topics: ["orders"],
  topics_count: 1,
  partitions: 3,
  lag: 5,
  worst_lag: 4,
  worst: "orders/1",
  lag_s: 1.5,
  commit_ts: 900,
  level: "ok",
  verdict: "caught_up",
  verdict_text: "Keeping up",
  drain_s: null,
};

function event(fields: Partial<GroupEvent>): GroupEvent {
  return {
    type: "group",
    group: "billing",
    change: "state",
    state: "Stable",
    from: null,
    generation: 3,
    members: 2,
    coordinator: 1,
    member: null,
    client_id: null,
    reason: null,
    ...fields,
  };
}

test.each(["groups", "group:billing", "group:a:b/c group", "clients"])("the name of view %s reads back", (name) => {
  expect(viewName(parseView(name)!)).toBe(name);
});

test("a group's event shows in the list at once, and one of an older generation changes nothing", () => {
  const view = newClusterView("groups")!;
  const snap = { t: "snap" as const, seq: 1, ts: 1, next: "e:1@1", cols: [...groupColumns.cols] };
  foldFrame(view, { ...snap, rows: [groupColumns.row(billing)] as never });
  const e = event({ state: "PreparingRebalance", members: 1, generation: 3 });
  foldFrame(view, { t: "event", seq: 2, ts: 2_000, next: "e:2@1", e });
  const row = () => groupColumns.fields(view.rows.get("billing")!.row);
  expect(row()).toEqual({ ...billing, state: "PreparingRebalance", members: 1, state_since: 2_000 });
  foldFrame(view, { t: "event", seq: 3, ts: 2_100, next: "e:3@1", e: event({ state: "Dead", generation: 2 }) });
  expect(row().state).toBe("PreparingRebalance");
});

test("a group's partitions are keyed by topic and partition", () => {
  const fields = { topic: "orders", p: 3 } as never;
  expect(rowKey(parseView("group:billing")!, groupPartitionColumns.row(fields))).toBe("orders/3");
});

test("a group id may hold slashes: the key of its partition still tells whose it is", () => {
  const key = groupPartitionKey("orders", 3, "a/b");
  expect(partitionOfGroup(key, "a/b")).toBe("orders/3");
  expect(partitionOfGroup(key, "b")).toBeNull();
});

test("a broker's view keys commits by topic and group", () => {
  const row = commitColumns.row({
    group: "a/b",
    topic: "orders",
    coordinator_epoch: 1,
    partitions: [],
    offsets: [],
    commit_ts: [],
    metadata: [],
  });
  expect(rowKey({ kind: "node" }, ["commits", ...row])).toBe("commits/orders/a/b");
});

test.each([
  [
    event({ change: "member-left", member: "m1", members: 1, reason: "session expired" }),
    "Member m1 left group billing, 1 member now: session expired",
  ],
  [
    event({ change: "coordinator", coordinator: 2, reason: "broker 1 is gone" }),
    "Broker 2 coordinates group billing now: broker 1 is gone",
  ],
  [event({ state: "PreparingRebalance" }), "Group billing rebalances: 2 members"],
  [event({}), "Group billing is stable in generation 3 with 2 members"],
])("an event is one sentence", (e, text) => {
  expect(describeEvent(e)).toBe(text);
});
