import { groupColumns, groupPartitionColumns } from "@vitrine/api";
import type { GroupEvent, GroupFields, GroupPartitionFields, LiveEvent, SnapFrame } from "@vitrine/api";
import { describe, expect, test } from "vitest";
import { eventKey } from "../../live/event-log.ts";
import { foldFrames, viewState } from "../../live/store.ts";
import { passes } from "../events/event-facts.ts";
import { troubleOf } from "../groups/use-group-order.ts";
import { topicLagOf } from "../topic/topic-lag.ts";
import { MemberNumbers, memberColour } from "./member-numbers.ts";
import { assignedText, drawnPartitions, ownershipOf } from "./ownership.ts";
import { describeRebalance, groupEventsOf, rebalancesOf, stretchesOf } from "./rebalances.ts";
import { blankReset, checkReset, resetBody, resetCommand } from "./reset-request.ts";
import type { ResetForm } from "./reset-request.ts";

const partition = (fields: Partial<GroupPartitionFields>) => [
  ...groupPartitionColumns.row({
    topic: "orders",
    p: 0,
    committed: 5,
    end: 9,
    log_start: 0,
    lag: 4,
    lag_s: 2,
    member: null,
    client_id: null,
    commit_ts: 1,
    metadata: "",
    rate: 0,
    verdict: "behind",
    leader: 1,
    ...fields,
  }),
];

describe("members by number", () => {
  test("a member keeps its number while it is there, a newcomer gets the lowest that is free", () => {
    const numbers = new MemberNumbers();
    expect([...numbers.assign(["a", "b", "c"]).values()]).toEqual([1, 2, 3]);
    const after = numbers.assign(["b", "c", "d"]);
    expect([after.get("b"), after.get("c"), after.get("d")]).toEqual([2, 3, 1]);
  });
  test("colours come round, numbers do not", () => expect(memberColour(7)).toBe(memberColour(1)));
});

describe("who owns what", () => {
  test("topics and partitions in order, with their owners", () => {
    const { topics, omitted } = ownershipOf([
      partition({ topic: "b", p: 1, member: "m" }),
      partition({ topic: "b", p: 0 }),
      partition({ topic: "a", p: 2, member: "n" }),
    ]);
    expect(omitted).toBe(0);
    expect(topics).toEqual([
      { topic: "a", partitions: [{ p: 2, member: "n" }] },
      {
        topic: "b",
        partitions: [
          { p: 0, member: null },
          { p: 1, member: "m" },
        ],
      },
    ]);
  });
  test("more than can be drawn is counted", () => {
    const rows = Array.from({ length: drawnPartitions + 7 }, (_, p) => partition({ p }));
    const { topics, omitted } = ownershipOf(rows);
    expect(topics[0]?.partitions).toHaveLength(drawnPartitions);
    expect(omitted).toBe(7);
  });
  test("an assignment in words", () => {
    expect(assignedText({ payments: [1], orders: [10, 2], idle: [] })).toBe("orders 2, 10; payments 1");
    expect(assignedText({})).toBe("nothing");
  });
});

const group = (ts: number, fields: Partial<GroupEvent>) => ({
  seq: ts,
  ts,
  next: "e:1@1",
  e: {
    type: "group",
    group: "billing",
    change: "state",
    state: "Stable",
    from: null,
    generation: 1,
    members: 2,
    coordinator: 1,
    member: null,
    client_id: null,
    reason: null,
    ...fields,
  } satisfies GroupEvent,
});

describe("the rebalances of a group", () => {
  const joined = group(10, { change: "member-joined", state: "PreparingRebalance", from: "Stable", member: "m3" });
  const preparing = group(11, { state: "PreparingRebalance", from: "Stable" });
  const left = group(12, {
    change: "member-left",
    state: "PreparingRebalance",
    member: "m1",
    members: 2,
    reason: "session expired",
  });
  const completing = group(30, { state: "CompletingRebalance", from: "PreparingRebalance", generation: 2, members: 2 });
  const stable = group(41, { state: "Stable", from: "CompletingRebalance", generation: 2, members: 2 });

  test("from the first call to join again until everybody reads, with who came and went and why", () => {
    const [round, ...more] = rebalancesOf([joined, preparing, left, completing, stable]);
    expect(more).toEqual([]);
    expect(round).toEqual({
      startTs: 11,
      endTs: 41,
      generation: 2,
      members: 2,
      ended: "Stable",
      reasons: ["session expired"],
      joined: 1,
      left: 1,
    });
    expect(describeRebalance(round!, 99)).toBe(
      "Generation 2 with 2 members after 30 ms: 1 member joined, 1 member left (session expired)",
    );
  });
  test("what the client did not say, and what every rebalance says, is no reason", () => {
    const why = (reason: string) => [
      { ...joined, e: { ...joined.e, reason: "not provided" } },
      { ...preparing, e: { ...preparing.e, reason } },
      { ...completing, e: { ...completing.e, reason: "generation 2" } },
      { ...stable, e: { ...stable.e, reason: "the leader's assignment of generation 2 is committed" } },
    ];
    expect(rebalancesOf(why("new member m3; client reason: not provided"))[0]?.reasons).toEqual(["new member m3"]);
    expect(rebalancesOf(why("not provided"))[0]?.reasons).toEqual([]);
  });
  test("one that goes on has no end", () => {
    const [round] = rebalancesOf([preparing, completing]);
    expect(round).toMatchObject({ endTs: null, ended: null, generation: 2 });
    expect(describeRebalance(round!, 2_011)).toBe("Rebalancing for 2.0 s");
  });
  test("what led to none counts for none", () => {
    const empty = group(5, { change: "member-left", state: "Empty", members: 0, reason: "left" });
    const becameEmpty = group(6, { state: "Empty", from: "Stable", members: 0 });
    const [round] = rebalancesOf([empty, becameEmpty, preparing, completing, stable]);
    expect(round).toMatchObject({ left: 0, reasons: [] });
  });
  test("the states over time, up to now", () =>
    expect(stretchesOf([preparing, completing, stable], 100)).toEqual([
      { state: "PreparingRebalance", fromTs: 11, toTs: 30 },
      { state: "CompletingRebalance", fromTs: 30, toTs: 41 },
      { state: "Stable", fromTs: 41, toTs: 100 },
    ]));
  test("only its own events", () => {
    const other = group(1, { group: "other" });
    expect(groupEventsOf([other, stable], "billing")).toEqual([stable]);
  });
  test("events that share a cursor are not taken for one", () => {
    const keys = [joined, left, completing, group(30, { group: "other", state: "CompletingRebalance" })].map((event) =>
      eventKey({ ...event, ts: 30 }),
    );
    expect(new Set(keys).size).toBe(4);
  });
  test("the timeline finds them by the group's id", () => {
    const e: LiveEvent = stable.e;
    const all = { type: null, node: null, topic: "", internal: false };
    expect(passes(e, { ...all, topic: "bill" })).toBe(true);
    expect(passes(e, { ...all, node: 2 })).toBe(false);
  });
});

describe("the form for a reset", () => {
  const form = (change: Partial<ResetForm>): ResetForm => ({ ...blankReset, ...change });
  const where = { group: "billing", servers: "127.0.0.1:9092" };
  const command = (change: Partial<ResetForm>) =>
    resetCommand(form(change), where).replace(
      "kafka-consumer-groups.sh --bootstrap-server 127.0.0.1:9092 --group billing --reset-offsets ",
      "",
    );

  test.each([
    [{}, { to: "earliest" }, "--all-topics --to-earliest --execute"],
    [
      { target: "latest", topic: "orders" },
      { to: "latest", topics: ["orders"] },
      "--topic orders --to-latest --execute",
    ],
    [
      { target: "offset", value: "12", topic: "orders", partitions: "2, 0" },
      { to: 12, partitions: { orders: [2, 0] } },
      "--topic orders:2,0 --to-offset 12 --execute",
    ],
    [
      { target: "time", value: "2026-11-20T09:00:00+01:00" },
      { to: "2026-11-20T08:00:00.000Z" },
      "--all-topics --to-datetime 2026-11-20T08:00:00.000Z --execute",
    ],
    [
      { target: "time", value: "2026-11-20 09:00" },
      { to: "2026-11-20T09:00:00.000Z" },
      "--all-topics --to-datetime 2026-11-20T09:00:00.000Z --execute",
    ],
    [
      { target: "time", value: "1763629200000" },
      { to: "2025-11-20T09:00:00.000Z" },
      "--all-topics --to-datetime 2025-11-20T09:00:00.000Z --execute",
    ],
    [{ target: "back", value: "15m" }, { to: "PT900S" }, "--all-topics --by-duration PT900S --execute"],
    [{ target: "shift", value: "-100" }, { shift: -100 }, "--all-topics --shift-by -100 --execute"],
  ] as const)("%j", (change, body, line) => {
    expect(checkReset(form(change))).toEqual({});
    expect(resetBody(form(change))).toEqual(body);
    expect(command(change)).toBe(line);
  });

  test.each([
    [{ target: "offset", value: "-1" }, "value"],
    [{ target: "time", value: "soon" }, "value"],
    [{ target: "time", value: "2026-13-40" }, "value"],
    [{ target: "back", value: "for ever" }, "value"],
    [{ target: "shift", value: "0" }, "value"],
    [{ topic: "orders", partitions: "0,x" }, "partitions"],
  ] as const)("%j has a fault in %s", (change, field) => expect(checkReset(form(change))[field]).toBeTruthy());

  test("an id that the shell would read is quoted", () =>
    expect(resetCommand(form({}), { ...where, group: "it's a group" })).toContain(`--group 'it'\\''s a group'`));
});

describe("groups by trouble", () => {
  test("the level weighs more than the wait, the wait more than the records", () => {
    const order = [
      { level: "critical", lag_s: 0, lag: 1 },
      { level: "warning", lag_s: 90, lag: 5 },
      { level: "warning", lag_s: 30, lag: 1e9 },
      { level: "ok", lag_s: 500, lag: 9 },
      { level: "ok", lag_s: 0, lag: 10 },
      { level: "ok", lag_s: null, lag: null },
    ] as const;
    expect(order.toSorted((a, b) => troubleOf(b) - troubleOf(a))).toEqual(order);
  });
});

describe("a group's lag on one topic", () => {
  test("sums its records, takes the longest wait and names the worst partition", () => {
    const rows = [
      partition({ p: 0, lag: 4, lag_s: 2 }),
      partition({ p: 1, lag: 9, lag_s: null }),
      partition({ topic: "other", lag: 1_000 }),
    ];
    expect(topicLagOf(rows, "orders")).toEqual({ partitions: 2, records: 13, seconds: 2, worst: { p: 1, lag: 9 } });
  });
  test("what is not known is not zero", () =>
    expect(topicLagOf([partition({ lag: null, lag_s: null })], "orders")).toEqual({
      partitions: 1,
      records: null,
      seconds: null,
      worst: null,
    }));
});

describe("the view of groups", () => {
  const billing: GroupFields = {
    id: "billing",
    state: "Stable",
    state_since: 1,
    type: "classic",
    protocol_type: "consumer",
    protocol: "range",
    generation: 1,
    members: 2,
    coordinator: 1,
    topics: ["orders"],
    topics_count: 1,
    partitions: 3,
    lag: 0,
    worst_lag: null,
    worst: null,
    lag_s: 0,
    commit_ts: 1,
    level: "ok",
    verdict: "caught_up",
    verdict_text: "Caught up: nothing waits",
    drain_s: null,
  };
  test("an event shows a rebalance before the next frame, and a deleted group disappears", () => {
    const sent = {
      t: "snap",
      seq: 1,
      ts: 1,
      next: "e:1@1",
      cols: groupColumns.cols,
      rows: [groupColumns.row(billing)],
    };
    foldFrames([{ view: "groups", frame: JSON.parse(JSON.stringify(sent)) as SnapFrame }]);
    const e = group(2, { state: "PreparingRebalance", from: "Stable", generation: 1, members: 1 }).e;
    foldFrames([{ view: "groups", frame: { t: "event", seq: 2, ts: 2, next: "e:1@1", e } }]);
    const row = viewState("groups")?.rows.get("billing")?.row;
    expect(row && groupColumns.get(row, "state")).toBe("PreparingRebalance");
    foldFrames([{ view: "groups", frame: { t: "delta", seq: 3, ts: 3, rows: [], gone: ["billing"] } }]);
    expect(viewState("groups")?.rows.size).toBe(0);
  });
});
