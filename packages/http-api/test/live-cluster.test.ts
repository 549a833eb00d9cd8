import {
  type ClusterView,
  type DeltaFrame,
  type EventFrame,
  foldFrame,
  type GapFrame,
  newClusterView,
  parseView,
  type SnapFrame,
} from "@vitrine/api";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventRing } from "../src/live/event-ring.ts";
import { LiveCluster } from "../src/live/live-cluster.ts";
import { BrokerPositionFeed } from "../src/live/position-feed.ts";
import type { NodePositions, PartitionPositions } from "../src/live/source.ts";
import { ViewHub, type ViewMessage, type ViewSubscription } from "../src/live/view-hub.ts";
import { viewQuery } from "../src/live/view-query.ts";
import { ViewEngine } from "./view-engine.ts";

const VIEWS = ["clusters", "cluster", "metrics", "topics", "topic:a", "topic:*", "partition:b/1", "quorum", "events"];

function positionsOf(topic: string, partition: number, end: number, epoch: number): PartitionPositions {
  return {
    topic,
    partition,
    leaderEpoch: epoch,
    logStart: 0,
    highWatermark: Math.max(0, end - 1),
    lastStableOffset: Math.max(0, end - 1),
    replicas: [1, 2, 3].map((node) => ({ node, logEnd: end - (node - 1), durableEnd: end - node })),
    sizeBytes: end * 100,
    bytesIn: end * 100,
  };
}

/** A subscriber that folds what it gets, and can refuse to take more. */
class Watcher {
  readonly view: ClusterView;
  readonly subscription: ViewSubscription;
  isBlocked = false;
  readonly gaps: string[] = [];

  constructor(hub: ViewHub, name: string, from?: string) {
    this.view = newClusterView(name)!;
    this.subscription = hub.subscribe({
      view: parseView(name)!,
      hz: 4,
      from,
      sink: { write: (messages) => this.#take(messages), blocked: () => this.isBlocked },
    });
    this.subscription.begin();
  }

  #take(messages: readonly ViewMessage[]): void {
    for (const message of messages) {
      const frame = JSON.parse(`{"t":"${message.t}","seq":${message.seq},${message.body}}`) as
        | SnapFrame
        | DeltaFrame
        | EventFrame
        | GapFrame;
      if (frame.t === "gap") this.gaps.push(frame.reason);
      expect(foldFrame(this.view, frame).hole).toBe(false);
    }
  }
}

function rowsOf(view: ClusterView): Map<string, unknown> {
  return new Map([...view.rows].map(([key, { row }]) => [key, row]));
}

const topic = fc.constantFrom("a", "b");
const partition = fc.integer({ min: 0, max: 2 });
const nodeId = fc.integer({ min: 1, max: 3 });
const op = fc.oneof(
  fc.record({ op: fc.constant("create" as const), topic, count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ op: fc.constant("delete" as const), topic }),
  fc.record({ op: fc.constant("leader" as const), topic, partition, leader: fc.integer({ min: -1, max: 3 }) }),
  fc.record({ op: fc.constant("isr" as const), topic, partition, isr: fc.uniqueArray(nodeId, { minLength: 1 }) }),
  fc.record({ op: fc.constant("config" as const), topic, value: fc.constantFrom("1", "2") }),
  fc.record({ op: fc.constant("broker" as const), nodeId, fenced: fc.boolean() }),
  fc.record({
    op: fc.constant("process" as const),
    nodeId,
    state: fc.constantFrom("running" as const, "exited" as const, "frozen" as const),
  }),
  fc.record({ op: fc.constant("quorum" as const), has: fc.boolean() }),
  fc.record({
    op: fc.constant("positions" as const),
    topic,
    partition,
    end: fc.nat({ max: 50 }),
    epoch: fc.nat({ max: 2 }),
  }),
  fc.record({ op: fc.constant("tick" as const), ms: fc.constantFrom(50, 250, 1000) }),
  fc.record({ op: fc.constant("second" as const) }),
  fc.record({ op: fc.constant("block" as const), watcher: fc.nat({ max: 20 }), on: fc.boolean() }),
  fc.record({ op: fc.constant("pause" as const), watcher: fc.nat({ max: 20 }), on: fc.boolean() }),
);
type Op = typeof op extends fc.Arbitrary<infer T> ? T : never;

interface World {
  readonly engine: ViewEngine;
  readonly cluster: LiveCluster;
  readonly hub: ViewHub;
  readonly watchers: Watcher[];
  nowMs: number;
}

function carryOut(world: World, step: Op): void {
  const { engine, cluster, watchers } = world;
  switch (step.op) {
    case "create":
      if (engine.topic(step.topic) === undefined) engine.create(step.topic, step.count);
      return;
    case "delete":
      engine.delete(step.topic);
      return;
    case "leader":
      engine.setPartition(step.topic, step.partition, { leader: step.leader });
      return;
    case "isr":
      engine.setPartition(step.topic, step.partition, { isr: step.isr });
      return;
    case "config":
      engine.setConfig(step.topic, "min.insync.replicas", step.value);
      return;
    case "broker":
      engine.setBroker(step.nodeId, { fenced: step.fenced });
      return;
    case "process":
      cluster.applyProcesses([
        {
          kind: "broker",
          id: step.nodeId,
          roles: ["broker", "controller"],
          pid: step.state === "exited" ? null : 100,
          state: step.state,
          since_ms: world.nowMs,
          exit: step.state === "exited" ? { code: null, signal: "SIGKILL", reason: "killed" } : null,
          verbs: [],
          unsupported: {},
        },
      ]);
      return;
    case "quorum":
      engine.quorum = step.has;
      engine.changed();
      return;
    case "positions": {
      const {
        bytesIn: _bytes,
        topic: name,
        partition: number,
        ...shown
      } = positionsOf(step.topic, step.partition, step.end, step.epoch);
      cluster.partitions.setPositions(name, number, { ...shown, inMsgs: step.end, inBytes: 1 });
      return;
    }
    case "tick":
      world.nowMs += step.ms;
      world.hub.tick(world.nowMs);
      return;
    case "second":
      world.nowMs += 1000;
      cluster.second();
      return;
    case "block":
      watchers[step.watcher % watchers.length]!.isBlocked = step.on;
      return;
    case "pause": {
      const { subscription } = watchers[step.watcher % watchers.length]!;
      if (step.on) subscription.pause();
      else subscription.resume();
    }
  }
}

function newWorld(): World {
  const engine = new ViewEngine();
  const world = { nowMs: 1_700_000_000_000 } as { -readonly [K in keyof World]: World[K] };
  world.engine = engine;
  world.cluster = new LiveCluster({
    engine,
    version: "1",
    run: "r1",
    voters: () => [1, 2, 3],
    nowMs: () => world.nowMs,
  });
  engine.onMetadata(() => world.cluster.applyMetadata());
  world.hub = new ViewHub(world.cluster, { nowMs: () => world.nowMs });
  world.watchers = VIEWS.map((name) => new Watcher(world.hub, name));
  return world;
}

describe("live views", () => {
  test("folding snap, deltas and events gives what a fresh snap gives, whoever was paused or blocked", () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 60 }), (steps) => {
        const world = newWorld();
        for (const step of steps) carryOut(world, step);
        for (const watcher of world.watchers) {
          watcher.isBlocked = false;
          watcher.subscription.resume();
        }
        world.nowMs += 1000;
        world.hub.tick(world.nowMs);
        for (const [index, name] of VIEWS.entries()) {
          const fresh = viewQuery(world.cluster.tables, parseView(name)!, null).snapshot();
          const folded = newClusterView(name)!;
          foldFrame(folded, {
            t: "snap",
            seq: 1,
            ts: 0,
            next: "",
            cols: [...folded.cols],
            rows: fresh.rows as never,
            info: fresh.info,
          });
          const { view } = world.watchers[index]!;
          expect(rowsOf(view)).toEqual(rowsOf(folded));
          if (name !== "events")
            expect(view.info ?? null).toEqual(fresh.info === undefined ? null : JSON.parse(JSON.stringify(fresh.info)));
        }
        world.hub.close();
      }),
      { numRuns: 150 },
    );
  });

  test("a reader that comes back with its cursor gets every event once, then the state", () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 30 }), fc.array(op, { maxLength: 30 }), (before, after) => {
        const world = newWorld();
        const steady = new Watcher(world.hub, "events");
        for (const step of before) carryOut(world, step);
        const first = new Watcher(world.hub, "events");
        first.subscription.close();
        const seen = steady.view.events.length;
        for (const step of after) carryOut(world, step);
        const second = new Watcher(world.hub, "events", first.view.next!);
        expect(second.view.events.map((event) => event.e)).toEqual(
          steady.view.events.slice(seen).map((event) => event.e),
        );
        expect(second.gaps).toEqual([]);
        world.hub.close();
      }),
      { numRuns: 100 },
    );
  });

  test("positions of a deposed leader change nothing, those of a future one wait for the metadata", () => {
    const { engine, cluster } = newWorld();
    engine.create("a", 1);
    const show = (end: number, epoch: number) => {
      const { bytesIn: _, topic: name, partition: number, ...shown } = positionsOf("a", 0, end, epoch);
      cluster.partitions.setPositions(name, number, { ...shown, inMsgs: 0, inBytes: 0 });
    };
    const hw = () => (cluster.tables.get("partitions", "a/0") as readonly number[])[4];
    show(10, 0);
    expect(hw()).toBe(9);
    show(20, 1);
    expect(hw()).toBe(9);
    engine.setPartition("a", 0, { leader: 2 });
    expect(hw()).toBe(19);
    show(30, 0);
    expect(hw()).toBe(19);
  });

  test("a topic made again under its old name does not show the old one's positions", () => {
    const { engine, cluster } = newWorld();
    engine.create("a", 1);
    const { bytesIn: _, topic: name, partition: number, ...shown } = positionsOf("a", 0, 10, 0);
    cluster.partitions.setPositions(name, number, { ...shown, inMsgs: 0, inBytes: 0 });
    engine.delete("a");
    engine.create("a", 1);
    expect((cluster.tables.get("partitions", "a/0") as readonly number[])[4]).toBe(0);
  });
});

describe("a broker's own positions", () => {
  test("rates come from growth, fall to zero when nothing is written, and quiet partitions cost nothing", () => {
    const engine = new ViewEngine(1);
    engine.create("a", 2);
    let nowMs = 1_000_000;
    const cluster = new LiveCluster({ engine, version: "1", run: "r", nowMs: () => nowMs });
    let dirty: PartitionPositions[] = [];
    const node: NodePositions = {
      partitions: () => [positionsOf("a", 0, 0, 0)],
      drainDirty: () => dirty.splice(0),
      node: () => ({
        pid: 1,
        upSinceMs: 1,
        rss: 1,
        cpuPercent: 1.4,
        connections: 0,
        diskUsed: 1,
        diskFree: 1,
        uncommittedBytes: 0,
        durability: "fsync",
        commitMs: 1,
        recordsOut: 0,
        bytesOut: 0,
      }),
      quorum: () => null,
      clients: () => [],
      producers: () => null,
    };
    new BrokerPositionFeed(cluster, 1, node);
    const inMsgs = () => (cluster.tables.get("partitions", "a/0") as readonly number[])[10];
    cluster.second();
    dirty = [positionsOf("a", 0, 50, 0)];
    nowMs += 1000;
    cluster.second();
    expect(inMsgs()).toBe(50);
    nowMs += 1000;
    cluster.second();
    expect(inMsgs()).toBe(0);
    const { version } = cluster.tables;
    cluster.refresh();
    expect(cluster.tables.version).toBe(version);
  });
});

describe("the ring of events", () => {
  const event = (index: number) =>
    ({ type: "controller", controller: index, from: 0, epoch: 1, has_quorum: true }) as const;
  const position = (offset: number) => ({ offset: offset as never, epoch: 1 });

  test("a cursor of this run resumes exactly; one that fell out is told", () => {
    const ring = new EventRing({ run: "a", position: position(0), capacity: 10 });
    const cursors = [ring.cursor];
    for (let i = 1; i <= 40; i++) {
      ring.advance(position(i));
      cursors.push(ring.push(event(i), i).next);
    }
    expect(ring.resume(cursors[39]!)).toEqual({ index: 39, gap: null });
    expect(ring.resume(cursors[0]!)).toMatchObject({ gap: "expired" });
    expect(ring.resume("-3")).toEqual({ index: 37, gap: null });
    expect(ring.resume("earliest")).toEqual({ index: ring.begin, gap: null });
    expect(ring.resume("nonsense")).toBeNull();
  });

  test("a cursor of another gateway resumes by the metadata offset, without a hole", () => {
    const here = new EventRing({ run: "here", position: position(0) });
    const there = new EventRing({ run: "there", position: position(0) });
    for (let i = 1; i <= 5; i++) {
      here.advance(position(i));
      here.push(event(i), i);
    }
    there.advance(position(3));
    const { next } = there.push(event(3), 3);
    expect(here.resume(next)).toEqual({ index: 3, gap: null });
    there.advance(position(99));
    expect(here.resume(there.push(event(9), 9).next)).toMatchObject({ gap: "restarted" });
  });
});
