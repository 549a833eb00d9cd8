import fc from "fast-check";
import { expect, test } from "vitest";
import { preflight } from "./preflight.ts";
import type { PreflightInput, PreflightNode, PreflightPartition, PreflightTopic } from "./preflight.ts";

const combined = (ids: number[], dead: number[] = []): PreflightNode[] =>
  ids.map((id) => ({ id, roles: ["broker", "controller"], alive: !dead.includes(id), active: !dead.includes(id) }));

function partition(over: Partial<PreflightPartition> = {}): PreflightPartition {
  return { partition: 0, leader: 2, leaderEpoch: 7, replicas: [2, 3, 1], isr: [1, 2, 3], elr: [], ...over };
}

function topic(partitions: PreflightPartition[], over: Partial<PreflightTopic> = {}): PreflightTopic {
  return { name: "orders", minInsyncReplicas: 2, uncleanLeaderElection: false, partitions, ...over };
}

function input(over: Partial<PreflightInput> = {}): PreflightInput {
  return {
    verb: "kill",
    node: 2,
    topics: [topic([partition()])],
    nodes: combined([1, 2, 3]),
    voters: [1, 2, 3],
    controllerId: 1,
    ...over,
  };
}

test("a leader among three in-sync replicas moves to the next replica in order, one epoch on", () => {
  const report = preflight(input());
  expect(report.moves).toEqual([{ topic: "orders", partition: 0, from: 2, to: 3, epoch: 8 }]);
  expect(report).toMatchObject({ severity: "notice", confirm: false, leaderless: [], below_min_isr: [] });
  expect(report.verdict).toBe("Killing broker 2 moves 1 leader; all partitions stay writable.");
});

test("restarting a process that is down takes nothing away, whoever else is down", () => {
  const report = preflight(input({ verb: "restart", node: 1, nodes: combined([1, 2, 3], [1, 3]), controllerId: -1 }));
  expect(report).toMatchObject({ severity: "none", confirm: false, moves: [], leaderless: [], below_min_isr: [] });
  expect(report.quorum).toMatchObject({ lost: false, alive_before: 1, alive_after: 2 });
  expect(report.verdict).toBe("Restarting broker 1 brings it back: it catches up and joins its in-sync sets.");
  // One that runs is away for a while.
  expect(preflight(input({ verb: "restart" })).moves).toHaveLength(1);
});

test("with one broker dead already, the second kill loses the quorum, and says that --controllers would have saved it", () => {
  const report = preflight(input({ nodes: combined([1, 2, 3], [1]), controllerId: 3 }));
  expect(report.quorum).toMatchObject({
    alive_before: 2,
    alive_after: 1,
    majority: 2,
    lost: true,
    saved_by_controllers: true,
  });
  expect(report).toMatchObject({
    severity: "danger",
    confirm: true,
    verdict: "Killing broker 2 loses the controller quorum.",
  });
  expect(report.sentences.join(" ")).toContain("--controllers 3");
});

test("without a quorum no leader is elected: what the node leads stays without one, what it follows times out", () => {
  const topics = [topic([partition(), partition({ partition: 1, leader: 3, isr: [2, 3] })])];
  const report = preflight(input({ nodes: combined([1, 2, 3], [1]), topics }));
  expect(report.leaderless.map((loss) => loss.partition)).toEqual([0]);
  expect(report.below_min_isr.map((loss) => loss.partition)).toEqual([1]);
});

test("controllers of their own keep the quorum when brokers die", () => {
  const brokers: PreflightNode[] = [1, 2, 3].map((id) => ({
    id,
    roles: ["broker"],
    alive: id !== 1,
    active: id !== 1,
  }));
  const controllers: PreflightNode[] = [101, 102, 103].map((id) => ({
    id,
    roles: ["controller"],
    alive: true,
    active: false,
  }));
  const report = preflight(input({ nodes: [...brokers, ...controllers], voters: [101, 102, 103], controllerId: 101 }));
  expect(report.quorum).toMatchObject({ lost: false, controller_moves: false });
  expect(report.moves[0]).toMatchObject({ to: 3 });
});

test("killing two separate controllers of three loses the quorum, and nothing would have saved it", () => {
  const nodes: PreflightNode[] = [101, 102, 103].map((id) => ({
    id,
    roles: ["controller"],
    alive: id !== 103,
    active: false,
  }));
  const report = preflight(input({ node: 102, nodes, voters: [101, 102, 103], topics: [] }));
  expect(report.quorum).toMatchObject({ lost: true, saved_by_controllers: false });
  expect(report.verdict).toBe("Killing controller 102 loses the controller quorum.");
});

const LEADERS: readonly [string, Partial<PreflightPartition>, Partial<PreflightTopic>, number][] = [
  ["the ISR wins over the ELR", { isr: [1, 2], elr: [3] }, {}, 1],
  ["an eligible replica takes over when the ISR is empty", { isr: [2], elr: [3] }, {}, 3],
  ["nobody takes over the last in-sync replica", { isr: [2] }, {}, -1],
  ["unclean election takes the first living replica", { isr: [2] }, { uncleanLeaderElection: true }, 3],
  ["a single replica has no successor", { replicas: [2], isr: [2] }, { minInsyncReplicas: 1 }, -1],
];
test.each(LEADERS)("%s", (_name, over, topicOver, leader) => {
  const report = preflight(input({ topics: [topic([partition(over)], topicOver)] }));
  expect(report.moves[0]!.to).toBe(leader);
  expect(report.leaderless.length).toBe(leader === -1 ? 1 : 0);
});

test("min.insync.replicas counts at most the replicas there are, and partitions already below it are not news", () => {
  const topics = [
    topic([partition({ replicas: [2, 3], isr: [2, 3] })], { name: "two", minInsyncReplicas: 3 }),
    topic([partition({ isr: [2, 3] })], { name: "below already", minInsyncReplicas: 3 }),
    topic([partition()], { name: "strict", minInsyncReplicas: 3 }),
  ];
  const report = preflight(input({ topics }));
  expect(report.below_min_isr.map((loss) => [loss.topic, loss.min_insync_replicas])).toEqual([
    ["two", 2],
    ["strict", 3],
  ]);
  expect(report).toMatchObject({ severity: "warning", confirm: true });
});

test("freeze says that the others notice only by silence; unfreeze and rejoin move nothing", () => {
  expect(preflight(input({ verb: "freeze" })).sentences.at(-1)).toContain("session times out");
  for (const verb of ["unfreeze", "rejoin"] as const)
    expect(preflight(input({ verb }))).toMatchObject({
      severity: "none",
      confirm: false,
      moves: [],
      below_min_isr: [],
      leaderless: [],
    });
});

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });
const anyPartition = fc
  .record({ replicas: ids, pick: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), epoch: fc.nat(9) })
  .map(({ replicas, pick, epoch }) => {
    const chosen = replicas.filter((_, i) => pick[i]);
    const isr = chosen.length > 0 ? chosen : [replicas[0]!];
    return partition({ replicas, isr, leader: isr[0]!, leaderEpoch: epoch });
  });

test("a new leader is always a living replica that holds all committed records, and never the node itself", () => {
  fc.assert(
    fc.property(
      fc.array(anyPartition, { maxLength: 8 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }),
      (partitions, dead) => {
        const topics = [topic(partitions.map((row, index) => ({ ...row, partition: index })))];
        const report = preflight(
          input({ topics, nodes: combined([1, 2, 3, 4, 5], dead), voters: [1, 2, 3, 4, 5], node: 2 }),
        );
        for (const move of report.moves) {
          const row = topics[0]!.partitions[move.partition]!;
          expect(move.from).toBe(2);
          if (move.to === -1) continue;
          expect(move.to).not.toBe(2);
          expect(dead).not.toContain(move.to);
          expect(row.isr).toContain(move.to);
        }
        expect(report.moves.length).toBe(partitions.filter((row) => row.leader === 2).length);
        for (const loss of report.leaderless)
          expect(report.moves.some((move) => move.partition === loss.partition && move.to === -1)).toBe(true);
      },
    ),
  );
});
