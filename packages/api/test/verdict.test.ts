import { describe, expect, test } from "vitest";
import {
  clusterHealth,
  durationText,
  maskOf,
  nodeColumns,
  type NodeFields,
  partitionColumns,
  type PartitionFields,
  type Row,
  verdict,
} from "../src/index.ts";

const NOW = 1_700_000_000_000;

function node(id: number, change: Partial<NodeFields> = {}): Row {
  return nodeColumns.row({
    id,
    roles: ["broker", "controller"],
    state: "online",
    state_since: NOW - 41_000,
    pid: 1,
    up_since: null,
    epoch: 1,
    host: "h",
    kafka_port: 1,
    peer_port: 1,
    http_port: 1,
    rack: null,
    active_controller: id === 1,
    leaders: 0,
    replicas: 0,
    urp: 0,
    in_msgs: null,
    in_bytes: null,
    out_msgs: null,
    out_bytes: null,
    disk_used: null,
    disk_free: null,
    rss: null,
    cpu: null,
    connections: null,
    uncommitted: null,
    durability: null,
    commit_ms: null,
    ...change,
  });
}

function partition(p: number, leader: number, isr: readonly number[], change: Partial<PartitionFields> = {}): Row {
  const replicas = [1, 2, 3];
  return partitionColumns.row({
    p,
    leader,
    epoch: 1,
    log_start: 0,
    hw: 0,
    lso: 0,
    isr: maskOf(isr, replicas),
    leo: [0, 0, 0],
    durable: [0, 0, 0],
    size: 0,
    in_msgs: 0,
    in_bytes: 0,
    replicas,
    elr: 0,
    partition_epoch: 1,
    min_isr: 2,
    positions_epoch: 1,
    topic: "orders",
    ...change,
  });
}

function judge(nodes: readonly Row[], partitions: readonly Row[], hasQuorum = true) {
  return verdict({
    nodes,
    health: clusterHealth(partitions, nodes),
    quorum: { has: hasQuorum, voters: [1, 2, 3] },
    nowMs: NOW,
  });
}

describe("the verdict", () => {
  test("all is well", () => {
    const said = judge([node(1), node(2), node(3)], [partition(0, 1, [1, 2, 3])]);
    expect(said).toEqual({
      level: "ok",
      text: "All is well: all 3 brokers are online, 1 partition is fully replicated",
      causes: [],
    });
  });

  test("a broker is down", () => {
    const rows = [0, 1, 2].map((p) => partition(p, 1, [1, 3]));
    const said = judge([node(1), node(2, { state: "down" }), node(3)], rows);
    expect(said.level).toBe("warning");
    expect(said.text).toBe("Writable; 3 partitions are under-replicated because broker 2 is down for 41 s");
    expect(said.causes.map((cause) => [cause.kind, cause.link])).toEqual([
      ["under-replicated", "/topics"],
      ["node", "/brokers/2"],
    ]);
  });

  test("a replica catches up though its broker is online", () => {
    const said = judge([node(1), node(2), node(3)], [partition(0, 1, [1, 3])]);
    expect(said.text).toBe("Writable; 1 partition is under-replicated because broker 2 is catching up");
    expect(said.causes.map((cause) => cause.kind)).toEqual(["under-replicated", "catching-up"]);
  });

  test("too few in-sync replicas for acks=all", () => {
    const said = judge([node(1), node(2, { state: "frozen" }), node(3, { state: "down" })], [partition(0, 1, [1])]);
    expect(said.level).toBe("critical");
    expect(said.text).toBe(
      "Writes with acks=all are refused on 1 partition: fewer in-sync replicas than min.insync.replicas because broker 2 is frozen for 41 s and broker 3 is down for 41 s",
    );
    expect(said.causes[0]).toMatchObject({ kind: "below-min-isr", link: "/topics/orders" });
  });

  test("no leader is left", () => {
    const said = judge([node(1), node(2, { state: "down" }), node(3)], [partition(0, -1, [2])]);
    expect(said.text).toMatch(/^1 partition is without a working leader because broker 2 is down for 41 s/);
    expect(said.level).toBe("critical");
  });

  test("a leader whose process is gone does not work, whatever the metadata still say", () => {
    expect(clusterHealth([partition(0, 2, [1, 2, 3])], [node(2, { state: "down" })]).offline).toBe(1);
  });

  test("the quorum is lost", () => {
    const said = judge(
      [node(1), node(2, { state: "down" }), node(3, { state: "down" })],
      [partition(0, 1, [1, 2, 3])],
      false,
    );
    expect(said.level).toBe("critical");
    expect(said.text).toMatch(
      /^No controller quorum because broker 2 is down for 41 s and broker 3 is down for 41 s: no elections/,
    );
  });

  test("a controller of its own is down and nothing else", () => {
    const said = judge([node(1), node(101, { roles: ["controller"], state: "down" })], []);
    expect(said.text).toBe("Writable; controller 101 is down for 41 s");
    expect(said.causes[0]!.link).toBe("/quorum");
  });
});

test.each([
  [-5, "0 s"],
  [41_000, "41 s"],
  [180_000, "3 min"],
  [7_200_000, "2 h"],
  [172_800_000, "2 d"],
])("%i ms is %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
