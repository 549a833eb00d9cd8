import { describe, expect, test } from "vitest";
import { checkHistory, type AnomalyType, type HistoryOp, type HistoryOptions, type SendOp } from "./history.ts";

function send(value: string, offset: number | null, parts: Partial<SendOp> = {}): SendOp {
  return { f: "send", process: "w", key: "t-0", value, outcome: "ok", offset, acks: "all", idempotent: true, ...parts };
}

function poll(process: string, ...at: readonly (readonly [number, string])[]): HistoryOp {
  return { f: "poll", process, records: at.map(([offset, value]) => ({ key: "t-0", offset, value })) };
}

function assign(process: string, offset: number): HistoryOp {
  return { f: "assign", process, key: "t-0", offset };
}

function anomalies(ops: readonly HistoryOp[], options?: HistoryOptions): AnomalyType[] {
  return checkHistory(ops, options).anomalies.map(({ type }) => type);
}

const ab = [send("a", 0), send("b", 1)];

describe("each anomaly is seen, and its innocent neighbour is not", () => {
  test.each<[AnomalyType, HistoryOp[], HistoryOp[], HistoryOptions?]>([
    [
      "inconsistent-offsets",
      [...ab, poll("r", [0, "a"]), poll("s", [0, "b"], [1, "b"])],
      [...ab, poll("r", [0, "a"]), poll("s", [0, "a"], [1, "b"])],
    ],
    [
      "duplicate",
      [send("a", null), poll("r", [0, "a"], [1, "a"])],
      [send("a", null, { idempotent: false, tries: 2 }), poll("r", [0, "a"], [1, "a"])],
    ],
    [
      "lost-write",
      [...ab, send("c", 2), poll("r", [0, "a"], [2, "c"])],
      [...ab, send("c", 2), poll("r", [0, "a"], [1, "b"])],
    ],
    [
      "lost-write",
      [...ab, send("c", 2), poll("r", [0, "a"], [2, "c"])],
      [send("a", 0), send("b", 1, { acks: "1" }), send("c", 2), poll("r", [0, "a"], [2, "c"])],
    ],
    [
      "failed-read",
      [send("a", null, { outcome: "fail" }), poll("r", [0, "a"])],
      [send("a", null, { outcome: "info" }), poll("r", [0, "a"])],
    ],
    ["unsent-read", [poll("r", [0, "a"])], [send("a", 0), poll("r", [0, "a"])]],
    [
      "wrong-offset",
      [send("a", 5, { acks: "1" }), poll("r", [0, "a"])],
      [send("a", 0, { acks: "1" }), poll("r", [0, "a"])],
    ],
    [
      "poll-skip",
      [...ab, send("c", 2), poll("r", [0, "a"]), poll("r", [2, "c"]), poll("s", [1, "b"])],
      [...ab, send("c", 2), poll("r", [0, "a"]), assign("r", 2), poll("r", [2, "c"]), poll("s", [1, "b"])],
    ],
    [
      "nonmonotonic-poll",
      [...ab, poll("r", [0, "a"], [1, "b"]), poll("r", [1, "b"])],
      [...ab, poll("r", [0, "a"], [1, "b"]), assign("r", 1), poll("r", [1, "b"])],
    ],
    ["nonmonotonic-poll", [...ab, poll("r", [1, "b"], [0, "a"])], [...ab, poll("r", [0, "a"], [1, "b"])]],
    [
      "nonmonotonic-send",
      [send("a", 1), send("b", 0), poll("r", [0, "b"], [1, "a"])],
      [send("a", 1), send("b", 0, { process: "v" }), poll("r", [0, "b"], [1, "a"])],
    ],
    ["unseen", [...ab, poll("r", [0, "a"])], [...ab, poll("r", [0, "a"], [1, "b"])], { finalReads: true }],
  ])("%s", (type, bad, good, options) => {
    expect(anomalies(bad, options)).toContain(type);
    expect(anomalies(good, options)).toEqual([]);
  });
});

test("offsets with holes are no skip: nobody saw anything there", () => {
  expect(
    anomalies([send("a", 0), send("c", 7), poll("r", [0, "a"]), poll("r", [7, "c"])], { finalReads: true }),
  ).toEqual([]);
});

test("what retention took is neither lost nor unseen nor skipped", () => {
  const ops = [...ab, send("c", 2), poll("r", [0, "a"], [2, "c"]), poll("s", [1, "b"])];
  expect(
    anomalies([...ab, send("c", 2), poll("r", [0, "a"], [2, "c"])], { recordsMayLeave: true, finalReads: true }),
  ).toEqual([]);
  expect(anomalies(ops)).toEqual(["poll-skip"]);
});

test("a clean history is clean, and counted", () => {
  const ops: HistoryOp[] = [];
  for (let i = 0; i < 20_000; i++) ops.push(send(`v${i}`, i), poll("r", [i, `v${i}`]));
  expect(checkHistory(ops, { finalReads: true })).toEqual({
    anomalies: [],
    sent: 20_000,
    acknowledged: 20_000,
    indeterminate: 0,
    read: 20_000,
  });
});
