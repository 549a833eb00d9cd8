/** The clusters that the suite runs against: Vitrine, and Apache Kafka beside it. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type RunningCluster, startCluster } from "../fixtures/cluster.ts";
import { KAFKA_VERSION, kafkaJars, type RunningKafka, startKafka } from "../fixtures/kafka-peer.ts";
import { KafkaSocket, KEY } from "../fixtures/kafka-wire.ts";
import { ROOT } from "../run-command.ts";
import type { Scenario } from "./suite.ts";

export type TargetName = "vitrine" | "kafka";

export interface TargetCluster {
  readonly bootstrapServers: string;
  /** What is wrong with its brokers: dead, or connected and silent. Empty when all is well. */
  problems(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface Target {
  readonly name: TargetName;
  readonly title: string;
  start(scenario: Scenario): Promise<TargetCluster>;
}

/** The topology that upstream runs its suite on: three brokers, replication factor 3, four partitions, groups that start at once. */
export function scenarioSettings(scenario: Scenario): Record<string, string> {
  return {
    "auto.create.topics.enable": String(scenario !== "noautocreate"),
    "num.partitions": "4",
    "default.replication.factor": "3",
    ...(scenario === "patient" ? {} : { "group.initial.rebalance.delay.ms": "0" }),
  };
}

const BROKERS = 3;
/** The suite asks the replica in rack `RACK2` for records and looks whether broker 2 sent them. */
const RACK_PREFIX = "RACK";

/** Where the brokers' logs of the last cluster are, for whoever looks for the cause of a failure. */
export const VITRINE_LOGS = join(ROOT, ".cache/conformance/vitrine-logs");

export function vitrineTarget(): Target {
  return {
    name: "vitrine",
    title: "Vitrine",
    async start(scenario) {
      const cluster = await startCluster({
        args: ["--brokers", String(BROKERS), "--rack-per-broker", RACK_PREFIX],
        env: asEnvironment(scenarioSettings(scenario)),
        readyTimeoutMs: 120_000,
      });
      return vitrineCluster(cluster);
    },
  };
}

/** Settings as the brokers take them from the environment. */
function asEnvironment(settings: Readonly<Record<string, string>>): Record<string, string> {
  const name = (setting: string) => `VITRINE_SET_${setting.toUpperCase().replaceAll("-", "__").replaceAll(".", "_")}`;
  return Object.fromEntries(Object.entries(settings).map(([setting, value]) => [name(setting), value]));
}

function vitrineCluster(cluster: RunningCluster): TargetCluster {
  process.once("exit", () => cluster.supervisor.kill("SIGTERM"));
  return {
    bootstrapServers: cluster.bootstrapServers,
    problems: () =>
      problemsOf(
        cluster.ready.brokers.map((broker) => ({
          id: broker.id,
          address: broker.kafka,
          isAlive: () => isAlive(broker.pid),
        })),
      ),
    async stop() {
      rmSync(VITRINE_LOGS, { recursive: true, force: true });
      cpSync(join(cluster.dataDir, "logs"), VITRINE_LOGS, { recursive: true });
      await cluster.stop();
    },
  };
}

export type TargetOutcome =
  | { readonly ok: true; readonly target: Target }
  | { readonly ok: false; readonly reason: string };

export function kafkaTarget(): TargetOutcome {
  const jars = kafkaJars();
  if (!jars.ok) return jars;
  const target: Target = {
    name: "kafka",
    title: `Apache Kafka ${KAFKA_VERSION}`,
    async start(scenario) {
      const kafka = await startKafka(jars.classPath, {
        brokers: BROKERS,
        rackPrefix: RACK_PREFIX,
        settings: scenarioSettings(scenario),
      });
      return kafkaCluster(kafka);
    },
  };
  return { ok: true, target };
}

function kafkaCluster(kafka: RunningKafka): TargetCluster {
  return {
    bootstrapServers: kafka.bootstrapServers,
    problems: () =>
      problemsOf(
        kafka.brokers.map((broker) => ({
          id: broker.id,
          address: `127.0.0.1:${broker.port}`,
          isAlive: () => broker.process.exitCode === null && broker.process.signalCode === null,
        })),
      ),
    stop: () => kafka.stop(),
  };
}

interface BrokerCheck {
  readonly id: number;
  readonly address: string;
  isAlive(): boolean;
}

async function problemsOf(brokers: readonly BrokerCheck[]): Promise<string[]> {
  const answers = await Promise.all(
    brokers.map(async (broker) => {
      if (!broker.isAlive()) return `broker ${broker.id} is dead`;
      let silence: string | null = null;
      // A machine that is busy may need more than one question; a broker that hangs answers none.
      for (let asked = 0; asked < 3; asked++) {
        silence = await silenceOf(broker.address);
        if (silence === null) return null;
      }
      return `broker ${broker.id} is alive and does not answer (${silence})`;
    }),
  );
  return answers.filter((answer) => answer !== null);
}

/** null when a broker tells its metadata on a new connection; else what went wrong. */
async function silenceOf(address: string): Promise<string | null> {
  try {
    const socket = await KafkaSocket.open(address);
    try {
      socket.send(KEY.metadata, 1, Buffer.from([0, 0, 0, 0]));
      await socket.answer("Metadata");
      return null;
    } finally {
      socket.destroy();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
