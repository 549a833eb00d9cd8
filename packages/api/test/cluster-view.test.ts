import { expect, test } from "vitest";
import {
  describeEvent,
  foldFrame,
  isrOf,
  type LiveEvent,
  newClusterView,
  nodeColumns,
  partitionColumns,
  replicasOf,
  restartSequence,
  type Row,
  topicColumns,
} from "../src/index.ts";

const COLS: readonly string[] = partitionColumns.cols.slice(0, -1);

function row(fields: { p: number; leader?: number; epoch?: number; hw?: number; partitionEpoch?: number }): Row {
  const values: Record<string, unknown> = {
    p: fields.p,
    leader: fields.leader ?? 1,
    epoch: fields.epoch ?? 7,
    hw: fields.hw ?? 0,
    isr: 7,
    leo: [1100, 1100, 1098],
    replicas: [1, 2, 3],
    partition_epoch: fields.partitionEpoch ?? 4,
  };
  return COLS.map((name) => (values[name] ?? 0) as number);
}

function snap(seq: number, rows: readonly Row[], cols: readonly string[] = COLS) {
  return { t: "snap" as const, seq, ts: 1, next: "e:1@1", cols: [...cols], rows: rows as never, info: null };
}

test("an unchanged row keeps its version through a snap, so nothing is painted again", () => {
  const view = newClusterView("topic:orders")!;
  foldFrame(view, snap(1, [row({ p: 0 }), row({ p: 1 })]));
  const held = view.rows.get("0")!;
  const { version } = held;
  const { changed } = foldFrame(view, snap(2, [row({ p: 0 }), row({ p: 1, hw: 5 })]));
  expect(changed).toEqual(["1"]);
  expect(view.rows.get("0")).toBe(held);
  expect(held.version).toBe(version);
});

test("rows that a snap or `gone` leaves out go, and the list's version says so", () => {
  const view = newClusterView("topic:orders")!;
  foldFrame(view, snap(1, [row({ p: 0 }), row({ p: 1 }), row({ p: 2 })]));
  const { membershipVersion } = view;
  foldFrame(view, snap(2, [row({ p: 0 }), row({ p: 1 })]));
  foldFrame(view, { t: "delta", seq: 3, ts: 2, rows: [], gone: ["1"] });
  expect([...view.rows.keys()]).toEqual(["0"]);
  expect(view.membershipVersion).toBeGreaterThan(membershipVersion);
});

test("a missing number is a hole; a new subscription begins again", () => {
  const view = newClusterView("topic:orders")!;
  expect(foldFrame(view, snap(1, [])).hole).toBe(false);
  expect(foldFrame(view, { t: "delta", seq: 3, ts: 1, rows: [] }).hole).toBe(true);
  restartSequence(view);
  expect(foldFrame(view, snap(1, [])).hole).toBe(false);
});

test("a leader event shows at once, and an older one changes nothing", () => {
  const view = newClusterView("topic:orders")!;
  foldFrame(view, snap(1, [row({ p: 0 })]));
  const e = {
    type: "leader",
    topic: "orders",
    p: 0,
    from: 1,
    leader: 2,
    epoch: 8,
    partition_epoch: 5,
    isr: [2, 3],
    replicas: [1, 2, 3],
  } as const;
  foldFrame(view, { t: "event", seq: 2, ts: 2, next: "e:2@1", e });
  const now = view.rows.get("0")!.row;
  expect([partitionColumns.get(now, "leader"), partitionColumns.get(now, "epoch"), isrOf(now)]).toEqual([2, 8, [2, 3]]);
  foldFrame(view, { t: "event", seq: 3, ts: 2, next: "e:2@1", e: { ...e, leader: 1, epoch: 7, partition_epoch: 3 } });
  expect(partitionColumns.get(view.rows.get("0")!.row, "leader")).toBe(2);
  expect(view.next).toBe("e:2@1");
});

test("a server with other columns is understood by their names", () => {
  const view = newClusterView("topic:orders")!;
  foldFrame(view, snap(1, [[9, 3, "new"]], ["hw", "p", "column_of_tomorrow"]));
  const held = view.rows.get("3")!.row;
  expect(partitionColumns.get(held, "hw")).toBe(9);
  expect(partitionColumns.get(held, "leader")).toBeNull();
});

test("replicas of a row, with their lag", () => {
  expect(
    replicasOf(row({ p: 0 })).map((replica) => [replica.node, replica.isLeader, replica.inIsr, replica.lag]),
  ).toEqual([
    [1, true, true, 0],
    [2, false, true, 0],
    [3, false, true, 2],
  ]);
});

test("columns read and write by name", () => {
  const fields = topicColumns.fields(
    topicColumns.row(topicColumns.fields(topicColumns.cols.map((name) => name as never))),
  );
  for (const name of topicColumns.cols) expect(fields[name]).toBe(name);
  const patched = nodeColumns.patch(
    nodeColumns.cols.map(() => null),
    { state: "down" },
  );
  expect(nodeColumns.get(patched, "state")).toBe("down");
});

test.each<[LiveEvent, string]>([
  [
    {
      type: "leader",
      topic: "orders",
      p: 0,
      leader: 2,
      from: 1,
      epoch: 8,
      partition_epoch: 5,
      isr: [2, 3],
      replicas: [1, 2, 3],
    },
    "Broker 2 leads orders-0 instead of broker 1, epoch 8, 2 of 3 in sync",
  ],
  [
    {
      type: "leader",
      topic: "orders",
      p: 0,
      leader: -1,
      from: 1,
      epoch: 8,
      partition_epoch: 5,
      isr: [1],
      replicas: [1],
    },
    "orders-0 has no leader (was broker 1): no eligible replica is alive",
  ],
  [
    {
      type: "isr",
      topic: "orders",
      p: 0,
      leader: 2,
      epoch: 8,
      partition_epoch: 6,
      isr: [2],
      replicas: [1, 2, 3],
      added: [],
      removed: [3],
    },
    "Broker 3 fell out of the in-sync replicas of orders-0: 1 of 3 in sync",
  ],
  [
    { type: "broker", broker: 2, change: "fenced", epoch: 9, state: "fenced" },
    "Broker 2 is fenced: it leads nothing until its heartbeats return",
  ],
  [
    { type: "controller", controller: 3, from: 1, epoch: 4, has_quorum: true },
    "Node 3 is the active controller instead of node 1, epoch 4",
  ],
  [
    { type: "config", resource: "topic", name: "orders", changes: [{ key: "retention.ms", old: null, value: "1000" }] },
    "Config of topic orders changed: retention.ms (default) → 1000",
  ],
  [
    { type: "admin", action: "topic-created", topic: "orders", topic_id: "x", partitions: 3, rf: 3 },
    "Topic orders was created: 3 partitions, replication factor 3",
  ],
  [
    { type: "process", node: 2, state: "down", from: "online", pid: null, reason: "signal SIGKILL" },
    "The process of node 2 is down: signal SIGKILL",
  ],
])("%o is told in a sentence", (e, text) => {
  expect(describeEvent(e)).toBe(text);
});

test("an event moves a node's time only together with its state", () => {
  const view = newClusterView("cluster")!;
  const cols = [...nodeColumns.cols];
  const known: Partial<Record<string, unknown>> = { id: 1, state: "online", state_since: 500, roles: ["broker"] };
  const held = cols.map((name) => (known[name] ?? 0) as number);
  foldFrame(view, snap(1, [held], cols));
  const fold = (seq: number, state: "online" | "isolated") => {
    const e = { type: "process" as const, node: 1, state, from: null, pid: 7, reason: null };
    foldFrame(view, { t: "event", seq, ts: 9_000 + seq, next: `e:${seq}@1`, e });
    const { row: shown } = view.rows.get("1")!;
    return [nodeColumns.get(shown, "state"), nodeColumns.get(shown, "state_since")];
  };
  expect(fold(2, "online")).toEqual(["online", 500]);
  expect(fold(3, "isolated")).toEqual(["isolated", 9_003]);
});
