/** What is measured: a cluster of ours, or Apache Kafka beside it. */
import { Kafka, logLevel } from "kafkajs";
import { startCluster } from "../fixtures/cluster.ts";
import { KAFKA_VERSION, kafkaJars, startKafka } from "../fixtures/kafka-peer.ts";
import type { Peer } from "./result.ts";

/** As production has it; the default of the fixture is for tests. */
const KAFKA_HEAP = "1g";

export interface Target {
  readonly name: string;
  readonly brokers: number;
  readonly bootstrapServers: string;
  /** Settings that its topics get. */
  readonly topicConfig: Readonly<Record<string, string>>;
  /** Processes of its brokers. */
  readonly pids: readonly number[];
  /** Records that brokers decoded to serve Produce and Fetch, since they began; null where nobody counts. */
  decodedRecords(): Promise<number | null>;
  stop(): Promise<void>;
}

export async function startVitrine(brokers: number): Promise<Target> {
  const cluster = await startCluster({ args: ["--brokers", String(brokers)] });
  return {
    name: "Vitrine",
    brokers,
    topicConfig: {},
    bootstrapServers: cluster.bootstrapServers,
    pids: cluster.ready.brokers.map((broker) => broker.pid),
    async decodedRecords() {
      let sum: number | null = null;
      for (const broker of cluster.ready.brokers) {
        const text = await (await fetch(new URL("/metrics", broker.http))).text();
        const counted = /^vitrine_records_decoded_total (\S+)/m.exec(text)?.[1];
        if (counted !== undefined) sum = (sum ?? 0) + Number(counted);
      }
      return sum;
    },
    stop: () => cluster.stop(),
  };
}

/** Apache Kafka with its own defaults, where acknowledgements do not wait for an fsync; or with topics that sync each batch. */
export async function startKafkaPeer(
  peer: Peer,
  brokers: number,
): Promise<{ readonly ok: true; readonly target: Target } | { readonly ok: false; readonly reason: string }> {
  const jars = kafkaJars();
  if (!jars.ok) return jars;
  const kafka = await startKafka(jars.classPath, { brokers, heap: KAFKA_HEAP });
  const target = {
    name: `Apache Kafka ${KAFKA_VERSION}${peer === "kafka" ? ", page cache" : ", fsync"}`,
    brokers,
    topicConfig: peer === "kafka" ? {} : { "flush.messages": "1" },
    bootstrapServers: kafka.bootstrapServers,
    pids: kafka.brokers.flatMap((broker) => (broker.process.pid === undefined ? [] : [broker.process.pid])),
    decodedRecords: () => Promise.resolve(null),
    stop: () => kafka.stop(),
  };
  return { ok: true, target };
}

/** Through an ordinary admin client, so that both kinds are asked alike. Resolves when every partition has its leader. */
export async function createTopic(
  target: Target,
  topic: string,
  wishes: { readonly partitions: number; readonly replication: number },
): Promise<void> {
  const brokers = target.bootstrapServers.split(",");
  const admin = new Kafka({ clientId: "bench", brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const { partitions: numPartitions, replication: replicationFactor } = wishes;
    const configEntries = Object.entries(target.topicConfig).map(([name, value]) => ({ name, value }));
    const wish = { topic, numPartitions, replicationFactor, configEntries };
    await admin.createTopics({ topics: [wish], waitForLeaders: true });
  } finally {
    await admin.disconnect();
  }
}

export async function deleteTopic(target: Target, topic: string): Promise<void> {
  const brokers = target.bootstrapServers.split(",");
  const admin = new Kafka({ clientId: "bench", brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.deleteTopics({ topics: [topic] });
  } finally {
    await admin.disconnect();
  }
}
