/** When the live views say that the quorum is lost: not for the moment of an election, at once when its processes are gone. */
import type { LiveEvent, ProcessRow } from "@vitrine/api";
import { expect, test } from "vitest";
import { LiveCluster } from "../src/live/live-cluster.ts";
import { ViewEngine } from "./view-engine.ts";

function world() {
  const engine = new ViewEngine();
  const clock = { nowMs: 1_000_000 };
  const cluster = new LiveCluster({ engine, version: "1", run: "r", nowMs: () => clock.nowMs });
  cluster.applyProcesses([1, 2, 3].map((id) => process(id, "running")));
  cluster.second();
  const told: boolean[] = [];
  let seen = cluster.events.end;
  const events = () => {
    const fresh: LiveEvent[] = [...cluster.events.from(seen)].map((entry) => entry.e);
    seen = cluster.events.end;
    for (const e of fresh) if (e.type === "controller") told.push(e.has_quorum);
    return told;
  };
  const verdict = () => {
    cluster.refresh();
    return (cluster.tables.info("cluster").value as { verdict: { text: string } }).verdict.text;
  };
  return { engine, clock, cluster, events, verdict };
}

function process(id: number, state: ProcessRow["state"]): ProcessRow {
  const exit = state === "exited" ? { code: null, signal: "SIGKILL", reason: "killed" } : null;
  const pid = state === "exited" ? null : 100 + id;
  const roles: ProcessRow["roles"] = ["broker", "controller"];
  return { kind: "broker", id, roles, pid, state, since_ms: 1_000_000, exit, verbs: [], unsupported: {} };
}

test("the silence of an election is no loss of the quorum", () => {
  const { engine, clock, cluster, events, verdict } = world();
  engine.quorum = false;
  cluster.applyMetadata();
  clock.nowMs += 300;
  cluster.applyMetadata();
  expect(verdict()).not.toContain("quorum");
  Object.assign(engine, { quorum: true, controller: 2 });
  cluster.applyMetadata();
  expect(events()).toEqual([true]);
});

test("silence that lasts is told once, and so is its end", () => {
  const { engine, clock, cluster, events, verdict } = world();
  engine.quorum = false;
  cluster.applyMetadata();
  clock.nowMs += 1_000;
  cluster.second();
  expect(events()).toEqual([false]);
  expect(verdict()).toContain("No controller quorum");
  cluster.second();
  engine.quorum = true;
  cluster.applyMetadata();
  expect(events()).toEqual([false, true]);
});

test("with a majority of the voters' processes down it is lost at once, whatever was heard last", () => {
  const { cluster, events, verdict } = world();
  cluster.applyProcesses([process(1, "exited")]);
  expect(events()).toEqual([]);
  cluster.applyProcesses([process(2, "exited")]);
  expect(events()).toEqual([false]);
  expect(verdict()).toMatch(/^No controller quorum because broker 1 is down .* and broker 2 is down/);
  cluster.applyProcesses([process(2, "running")]);
  expect(events()).toEqual([false, true]);
});
