/**
 * The leader of a partition is killed (SIGKILL) while an open loop writes to it with acks=all. Every second time the victim is the active
 * controller as well. Unavailability is the longest time between two acknowledgements; what was acknowledged is read back and judged.
 */
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { createTopic, describeTopic } from "../fixtures/topics.ts";
import { judge, type LoadReport, readAll } from "../fixtures/write-load.ts";
import { addCpu, type ClusterCpu, type CpuSeconds, watchCpu } from "./cpu-seconds.ts";
import { OpenLoop } from "./open-loop.ts";
import { median, quantile } from "./percentiles.ts";
import { type Bench, type BenchOptions, type BenchRow, rounded } from "./result.ts";

const KILLS = 20;
const RATE_PER_SECOND = 200;
const VALUE_BYTES = 100;
/** Acknowledgements before the kill and after the new leader's first: enough to see the steady state on both sides. */
const STEADY = 60;

interface Kill {
  readonly controller: boolean;
  readonly gapMs: number;
  readonly acknowledged: number;
  /** Answered with an error that says nothing was written. */
  readonly refused: number;
  /** The answer was lost with the broker: told as `side_effects: possible`, never repeated by the gateway. */
  readonly unknown: number;
  readonly wrong: readonly string[];
}

export const failover: Bench = {
  name: "failover",
  title: "Failover",
  async run(options) {
    const wanted = options.repeat ?? KILLS;
    const combined = await killMany(options, { args: [], kills: wanted });
    const separate = await killMany(options, { args: ["--controllers", "3"], kills: Math.ceil(wanted / 4) });
    const rows = [
      rowOf("all kills, brokers are the controllers", combined.kills),
      rowOf(
        "of these: victim not the active controller",
        combined.kills.filter((kill) => !kill.controller),
      ),
      rowOf(
        "of these: victim is the active controller",
        combined.kills.filter((kill) => kill.controller),
      ),
      rowOf("controllers in processes of their own", separate.kills),
    ];
    return {
      method:
        `Three brokers; a topic of one partition with three replicas whose first one is the victim; open loop of ${RATE_PER_SECOND} requests/s of one record ` +
        `(${VALUE_BYTES} bytes, acks=all, fsync) through the gateway, so a gap is resolved to ${1000 / RATE_PER_SECOND} ms; then SIGKILL by process control. Gap: longest time between two ` +
        "acknowledgements of that partition. Outcome unknown: answers lost with the broker, told as such. Wrong: acknowledged records that are lost, moved, doubled or out of order when read back.",
      cpuSeconds: addCpu([combined.cpu, separate.cpu]),
      rows: rows.filter((row) => row.figures["kills"] !== 0),
    };
  },
};

async function killMany(
  options: BenchOptions,
  phase: { args: readonly string[]; kills: number },
): Promise<{ kills: Kill[]; cpu: CpuSeconds }> {
  await using cluster = await startCluster({ args: phase.args });
  const cpu = watchCpu(cluster);
  const kills: Kill[] = [];
  for (let i = 0; i < phase.kills; i++) {
    const active = (await cluster.json<{ controller: number }>("/cluster")).controller;
    const controller = i % 2 === 1 && active <= cluster.ready.brokers.length;
    const victim = controller ? active : other(active, i);
    const kill = await killOnce(cluster, { topic: `failover-${i}`, victim, controller: victim === active, cpu });
    kills.push(kill);
    options.say(
      `  kill ${i + 1} of ${phase.kills}${kill.controller ? " (also the active controller)" : ""}: gap ${Math.round(kill.gapMs)} ms, ${kill.acknowledged} acknowledged, ` +
        `${kill.refused} refused, ${kill.unknown} of unknown outcome, ${kill.wrong.length} wrong`,
    );
    for (const sentence of kill.wrong.slice(0, 5)) options.say(`    ${sentence}`);
  }
  return { kills, cpu: cpu.result() };
}

/** A broker that is not the active controller, in turn. */
function other(active: number, turn: number): number {
  const others = [1, 2, 3].filter((id) => id !== active);
  return others[Math.floor(turn / 2) % others.length]!;
}

interface KillPlan {
  readonly topic: string;
  readonly victim: number;
  readonly controller: boolean;
  readonly cpu: ClusterCpu;
}

async function killOnce(cluster: RunningCluster, { topic, victim, controller, cpu }: KillPlan): Promise<Kill> {
  await createTopic(cluster, topic, { assignments: { "0": [victim, ...[1, 2, 3].filter((id) => id !== victim)] } });
  const load = new OpenLoop({
    url: cluster.url,
    path: `/topics/${topic}/values?partition=0&acks=all&timeout=10s`,
    ratePerSecond: RATE_PER_SECOND,
    valueBytes: VALUE_BYTES,
    outstandingMax: 4_000,
  });
  let report: LoadReport;
  try {
    await waitFor(() => load.acknowledged.length >= STEADY, { what: "the first acknowledgements" });
    cpu.brokers.settle(await pidOf(cluster, victim));
    const reply = await cluster.control(`/brokers/${victim}/kill`);
    if (reply.status !== 200) throw new Error(`kill answered ${reply.status}: ${await reply.text()}`);
    await waitFor(async () => (await describeTopic(cluster, topic)).partitions[0]!.leader !== victim, {
      what: "a new leader",
      everyMs: 50,
    });
    const since = load.acknowledged.length;
    await waitFor(() => load.acknowledged.length >= since + 2 * STEADY, { what: "writes to go on" });
  } finally {
    report = await load.stop();
  }
  const unknown = report.refused.filter((item) => item.problem.side_effects !== "none").length;
  const wrong = judge(report, 0, await readAll(cluster, topic, 0));
  const back = await cluster.control(`/brokers/${victim}/restart`);
  if (back.status !== 200) throw new Error(`restart answered ${back.status}: ${await back.text()}`);
  cpu.brokers.watch(await pidOf(cluster, victim), true);
  await waitFor(async () => (await describeTopic(cluster, topic)).partitions[0]!.isr.length === 3, {
    what: "the victim to be in sync again",
    timeoutMs: 30_000,
  });
  return {
    controller,
    gapMs: report.longestGapMs,
    acknowledged: report.acknowledged.length,
    refused: report.refused.length - unknown,
    unknown,
    wrong,
  };
}

async function pidOf(cluster: RunningCluster, id: number): Promise<number> {
  const { data } = await cluster.json<{ data: { id: number; process: { pid: number | null } }[] }>("/brokers");
  return data.find((broker) => broker.id === id)?.process.pid ?? -1;
}

function rowOf(shape: string, kills: readonly Kill[]): BenchRow {
  const gaps = kills.map((kill) => kill.gapMs);
  const sum = (of: (kill: Kill) => number) => kills.reduce((total, kill) => total + of(kill), 0);
  return {
    shape,
    figures: {
      kills: kills.length,
      "median gap ms": rounded(median(gaps)),
      "p99 gap ms": rounded(quantile(gaps, 0.99)),
      "longest gap ms": rounded(Math.max(0, ...gaps)),
      acknowledged: sum((kill) => kill.acknowledged),
      refused: sum((kill) => kill.refused),
      "outcome unknown": sum((kill) => kill.unknown),
      wrong: sum((kill) => kill.wrong.length),
    },
  };
}
