import type { LiveEvent, ViewEvent } from "@vitrine/api";
import { describe, expect, test } from "vitest";
import { verbsShown, whyNot } from "./features/brokers/verbs.ts";
import { clusterMarks } from "./features/events/cluster-marks.ts";
import { passes } from "./features/events/event-facts.ts";
import { samplesOf } from "./features/overview/metrics.ts";
import { blankDraft, checkDraft, envelopeText } from "./features/topic/envelope.ts";
import { blankTopic, checkNewTopic, newTopicBody } from "./features/topics/new-topic.ts";
import { laneWindow, laneX } from "./lanes/lane-window.ts";
import { replicaState } from "./lanes/replica-state.ts";
import { defaultPreferences, parsePreferences } from "./prefs/preferences.ts";
import { curl } from "./rest/curl.ts";
import { summariseEvents } from "./shell/announcement.ts";
import { rankCommands } from "./shell/command-rank.ts";
import { summary } from "./ui/series-summary.ts";
import { sparklinePath } from "./ui/sparkline-path.ts";
import { visibleColumns } from "./ui/visible-columns.ts";

const origin = "http://127.0.0.1:8080";

describe("the curl line", () => {
  test("says the method only where curl would choose another", () => {
    expect(curl({ method: "GET", path: "/brokers" }, origin)).toBe("curl http://127.0.0.1:8080/brokers");
    expect(curl({ method: "PUT", path: "/topics/orders", json: { partitions: 3 } }, origin)).toBe(
      `curl -X PUT --json '{"partitions":3}' http://127.0.0.1:8080/topics/orders`,
    );
    expect(
      curl({ method: "POST", path: "/topics/t/records?acks=1", jsonText: '{"value":9223372036854775807}' }, origin),
    ).toBe(`curl --json '{"value":9223372036854775807}' 'http://127.0.0.1:8080/topics/t/records?acks=1'`);
  });
  test("survives quotes", () =>
    expect(curl({ method: "POST", path: "/topics/t/values", data: "it's" }, origin)).toContain(`'it'\\''s'`));
});

describe("the produce form", () => {
  test("keeps every digit of what was typed", () => {
    expect(envelopeText({ ...blankDraft, kind: "json", value: '{"id":\n9223372036854775807}' })).toBe(
      '{"value":{"id": 9223372036854775807}}',
    );
  });
  test("writes key, headers and partition; repeated header names become pairs", () => {
    const headers = [
      { name: "a", value: "1" },
      { name: "a", value: "2" },
    ];
    expect(envelopeText({ key: "7", hasKey: true, headers, kind: "text", value: "hi", partition: "2" })).toBe(
      '{"key":"7","headers":[["a","1"],["a","2"]],"partition":2,"value_text":"hi"}',
    );
    expect(envelopeText({ ...blankDraft, kind: "tombstone", key: "7", hasKey: true })).toBe(
      '{"key":"7","value":null,"tombstone":true}',
    );
  });
  test("names its faults", () => {
    expect(checkDraft({ ...blankDraft, kind: "json", value: "{" }).value).toBeTruthy();
    expect(checkDraft({ ...blankDraft, kind: "tombstone" }).key).toContain("needs one");
    expect(checkDraft({ ...blankDraft, kind: "text", value: "" })).toEqual({});
  });
});

describe("the form for a topic", () => {
  const known = { brokers: 3, topics: new Set(["orders", "a.b"]) };
  test.each([
    [{ name: "" }, "name", "needs a name"],
    [{ name: "or ders" }, "name", "other than ASCII letters"],
    [{ name: "orders" }, "name", "already"],
    [{ name: "a_b" }, "name", "only in dots and underscores"],
    [{ name: "x".repeat(250) }, "name", "longest allowed is 249"],
    [{ name: "x", replication: "4" }, "replication", "There are 3 brokers"],
    [{ name: "x", partitions: "0" }, "partitions", "from 1"],
    [{ name: "x", replication: "2", minIsr: "3" }, "minIsr", "always be refused"],
    [{ name: "x", retention: "soon" }, "retention", "duration"],
  ] as const)("%j has a fault in %s", (change, field, words) =>
    expect(checkNewTopic({ ...blankTopic, ...change }, known)[field]).toContain(words),
  );
  test("sends only what was filled in", () => {
    expect(newTopicBody({ ...blankTopic, name: "x" })).toEqual({});
    expect(newTopicBody({ ...blankTopic, name: "x", partitions: "6", retention: "1d", cleanup: "compact" })).toEqual({
      partitions: 6,
      config: { "retention.ms": "86400000", "cleanup.policy": "compact" },
    });
  });
});

describe("process control", () => {
  test("a control that makes no sense says why", () => {
    expect(whyNot("kill", { state: "online", processControl: true })).toBeNull();
    expect(whyNot("kill", { state: "down", processControl: true })).toContain("Restart");
    expect(whyNot("restart", { state: "down", processControl: true })).toBeNull();
    expect(whyNot("stop", { state: "frozen", processControl: true })).toContain("Unfreeze");
    expect(whyNot("kill", { state: "online", processControl: false })).toContain("does not own");
  });
  test("freeze and unfreeze, isolate and rejoin take turns", () => {
    expect(verbsShown("online")).toContain("freeze");
    expect(verbsShown("frozen")).toContain("unfreeze");
    expect(verbsShown("isolated")).toContain("rejoin");
  });
});

describe("replica lanes", () => {
  test("the window holds every position and stands still between its steps", () => {
    const first = laneWindow({ ends: [1000, 995, 990], highWatermark: 990 });
    const second = laneWindow({ ends: [1004, 999, 994], highWatermark: 994 });
    expect(first).toEqual(second);
    expect(first && first.from <= 990 && first.to > 1000).toBe(true);
    expect(laneWindow({ ends: [], highWatermark: -1 })).toBeNull();
    expect(laneX(5, { from: 10, to: 20 })).toBe(0);
    expect(laneX(15, { from: 10, to: 20 })).toBe(0.5);
  });
  test("a replica's state never hangs on colour", () => {
    expect(replicaState({ isLeader: true, inIsr: true, offline: false })).toBe("leader");
    expect(replicaState({ isLeader: false, inIsr: true, offline: false })).toBe("in-sync");
    expect(replicaState({ isLeader: false, inIsr: false, offline: false })).toBe("catching-up");
    expect(replicaState({ isLeader: false, inIsr: true, offline: true })).toBe("offline");
  });
});

describe("small parts", () => {
  test("columns leave by priority when the table gets narrow", () => {
    const columns = [
      { id: "a", min: 100 },
      { id: "b", min: 100, priority: 1 },
      { id: "c", min: 100, priority: 2 },
    ];
    expect(visibleColumns(columns, 400).map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(visibleColumns(columns, 300).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(visibleColumns(columns, 90).map(({ id }) => id)).toEqual(["a"]);
  });
  test("the palette finds by start, by word, then by letters", () => {
    const found = rankCommands(
      [
        { label: "Brokers" },
        { label: "my-orders" },
        { label: "orders" },
        { label: "o r d e r s" },
        { label: "Quorum" },
      ],
      "orders",
    );
    expect(found.map(({ label }) => label)).toEqual(["orders", "my-orders", "o r d e r s"]);
  });
  test("a sparkline is a path from edge to edge, and nothing from one value", () => {
    expect(sparklinePath([1], { width: 10, height: 10 })).toBe("");
    expect(sparklinePath([0, 10], { width: 10, height: 10, floor: 0 })).toBe("M0 8.5L10 1.5");
    expect(sparklinePath([Number.NaN, Number.NaN], { width: 10, height: 10 })).toBe("");
  });
  test("stored preferences of another shape fall back field by field", () => {
    expect(parsePreferences("not json")).toEqual(defaultPreferences);
    expect(parsePreferences('{"theme":"dark","density":"huge","zone":"Nowhere/Atlantis","colour":99}')).toEqual({
      ...defaultPreferences,
      theme: "dark",
    });
  });
  test("a chart says in words what it shows", () => {
    expect(summary([], String)).toBe("No samples yet");
    expect(summary([3, 3], String)).toBe("steady at 3");
    expect(summary([3, 9, 1], String)).toBe("between 1 and 9");
    expect(samplesOf([])).toEqual([]);
  });
  test("a burst of elections is one sentence, and what concerns nobody is silence", () => {
    const leader = (p: number, to: number) =>
      ({
        type: "leader",
        topic: "t",
        p,
        leader: to,
        from: 2,
        epoch: 4,
        partition_epoch: 9,
        isr: [1],
        replicas: [1, 2],
      }) as const;
    expect(summariseEvents([leader(0, 1), leader(1, -1)])).toBe("2 leader elections, 1 without a leader.");
    expect(summariseEvents([leader(0, 1)])).toContain("Broker 1 leads t-0");
    expect(summariseEvents([])).toBeNull();
  });
});

describe("the filter of the timeline", () => {
  test("the cluster's own topics are shown only where that is wished", () => {
    const e: LiveEvent = {
      type: "admin",
      action: "topic-created",
      topic: "__consumer_offsets",
      topic_id: "x",
      partitions: 50,
      rf: 3,
    };
    const filter = { type: null, node: null, topic: "", internal: false };
    expect(passes(e, filter)).toBe(false);
    expect(passes(e, { ...filter, internal: true })).toBe(true);
    expect(passes({ ...e, topic: "orders" }, filter)).toBe(true);
  });
});

describe("the lanes of the timeline", () => {
  const isr = (ts: number, node: number): ViewEvent => ({
    seq: ts,
    ts,
    next: `e:${ts}@1`,
    e: {
      type: "isr",
      topic: "t",
      p: 0,
      leader: 1,
      epoch: 1,
      partition_epoch: 1,
      isr: [1],
      replicas: [1, 2],
      added: [],
      removed: [node],
    },
  });
  test("marks that would overlap become one with a count, the weightiest on top", () => {
    const down: ViewEvent = {
      seq: 9,
      ts: 11,
      next: "e:9@1",
      e: { type: "process", node: 2, state: "down", from: "online", pid: 7, reason: "signal SIGKILL" },
    };
    const marks = clusterMarks([isr(10, 2), down, isr(12, 2), isr(12, 3), isr(90, 2)], {
      x: (ts) => ts,
      clusterPx: 20,
    });
    expect(marks.map(({ lane, count, event }) => [lane, count, event.e.type])).toEqual([
      ["2", 3, "process"],
      ["3", 1, "isr"],
      ["2", 1, "isr"],
    ]);
  });
});
