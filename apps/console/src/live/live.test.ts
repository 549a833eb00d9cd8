import { topicColumns, viewCols } from "@vitrine/api";
import type { LiveEvent, TopicFields, ViewEvent } from "@vitrine/api";
import { describe, expect, test } from "vitest";
import { EventLog } from "./event-log.ts";
import { History, HistoryRing } from "./history.ts";
import { foldFrames, viewState } from "./store.ts";
import { TailRing } from "./tail-ring.ts";

describe("HistoryRing", () => {
  test("keeps the newest values in order", () => {
    const ring = new HistoryRing(3);
    for (let at = 1; at <= 5; at += 1) ring.push(at * 1_000, at);
    expect([...ring.tail(10)]).toEqual([3, 4, 5]);
    expect([...ring.tail(2)]).toEqual([4, 5]);
    expect(ring.lastTime).toBe(5_000);
  });
  test("ignores a sample that is not newer than the last", () => {
    const ring = new HistoryRing(3);
    ring.push(1_000, 1);
    ring.push(1_000, 9);
    ring.push(500, 9);
    expect([...ring.tail(3)]).toEqual([1]);
  });
  test("a full history forgets the series that was written longest ago", () => {
    const history = new History({ capacity: 2, maxSeries: 2 });
    history.push("a", 1, 1);
    history.push("b", 1, 2);
    history.push("a", 2, 3);
    history.push("c", 1, 4);
    expect([history.tail("a", 5).length, history.tail("b", 5).length, history.tail("c", 5).length]).toEqual([2, 0, 1]);
  });
});

describe("TailRing", () => {
  const record = (offset: number) => ({
    partition: 0,
    offset,
    timestampMs: 1,
    key: null,
    keyBase64: false,
    headers: [],
    value: "x",
    encoding: "text" as const,
    cutFromBytes: null,
  });
  test("takes each record once, also when a batch is repeated", () => {
    const ring = new TailRing();
    ring.add([record(1), record(2)]);
    ring.add([record(2), record(3)]);
    expect(ring.items.map(({ offset }) => offset)).toEqual([1, 2, 3]);
    expect(ring.get("0:2")?.offset).toBe(2);
  });
  test("is bounded, and counts what fell off", () => {
    const ring = new TailRing();
    for (let at = 0; at < 12; at += 1) ring.add(Array.from({ length: 1_000 }, (_, i) => record(at * 1_000 + i)));
    expect(ring.items.length).toBeLessThanOrEqual(5_500);
    expect(ring.items.length + ring.dropped).toBe(12_000);
    expect(ring.items.at(-1)?.offset).toBe(11_999);
    expect(ring.get("0:0")).toBeUndefined();
  });
});

describe("EventLog", () => {
  const event = (at: number): ViewEvent => ({
    seq: at,
    ts: at,
    next: `e:${at}@1`,
    e: { type: "controller", controller: 1, from: 2, epoch: at, has_quorum: true } satisfies LiveEvent,
  });
  test("drops what is repeated after a reconnect, and tells what is new since a reader looked", () => {
    const log = new EventLog();
    log.add(event(1));
    const seen = log.total;
    log.add(event(1));
    log.add(event(2));
    expect(log.since(seen).map(({ ts }) => ts)).toEqual([2]);
  });
  test("is bounded, and its total goes on", () => {
    const log = new EventLog();
    for (let at = 0; at < 6_200; at += 1) log.add(event(at));
    expect(log.items.length).toBeLessThanOrEqual(5_500);
    expect(log.total).toBe(6_200);
    expect(log.since(6_199).map(({ ts }) => ts)).toEqual([6_199]);
  });
});

describe("the store", () => {
  const topic = (name: string, size: number): TopicFields => ({
    name,
    topic_id: name,
    partitions: 1,
    rf: 3,
    urp: 0,
    offline: 0,
    below_min_isr: 0,
    min_isr: 2,
    in_msgs: 0,
    in_bytes: 0,
    size,
    records: 0,
    retention_ms: null,
    retention_bytes: null,
    cleanup: "delete",
    internal: false,
    groups: 0,
    group_lag: null,
  });
  const cols = [...viewCols({ kind: "topics" })];
  test("only rows that changed get a new version, and a snap after a restart begins anew", () => {
    const a = [...topicColumns.row(topic("a", 1))];
    const b = [...topicColumns.row(topic("b", 1))];
    const b2 = [...topicColumns.row(topic("b", 2))];
    foldFrames([{ view: "topics", frame: { t: "snap", seq: 1, ts: 1, next: "e:1@1", cols, rows: [a, b] } }]);
    const view = viewState("topics");
    const before = [view?.rows.get("a")?.version, view?.rows.get("b")?.version, view?.membershipVersion];
    foldFrames([{ view: "topics", frame: { t: "delta", seq: 2, ts: 2, rows: [a, b2] } }]);
    expect(view?.rows.get("a")?.version).toBe(before[0]);
    expect(view?.rows.get("b")?.version).not.toBe(before[1]);
    expect(view?.membershipVersion).toBe(before[2]);
    foldFrames([{ view: "topics", frame: { t: "restart" } }]);
    foldFrames([{ view: "topics", frame: { t: "snap", seq: 1, ts: 4, next: "e:2@1", cols, rows: [a] } }]);
    expect([...(view?.rows.keys() ?? [])]).toEqual(["a"]);
  });
});
