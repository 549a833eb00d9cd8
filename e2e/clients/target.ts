/** The cluster that clients are let loose on: Vitrine, or, with `CLIENTS_TARGET=kafka`, Apache Kafka, where every scenario has to pass as well. */
import { startCluster } from "../fixtures/cluster.ts";
import { kafkaJars, startKafka } from "../fixtures/kafka-peer.ts";
import { type Answered, RecordingProxy } from "./recording-proxy.ts";

export interface Target {
  readonly name: "vitrine" | "kafka";
  /** What clients are given. */
  readonly bootstrapServers: string;
  /** null: this cluster speaks no HTTP. */
  readonly httpUrl: string | null;
  /** What they sent, and got an answer to. */
  readonly answered: Answered;
  readonly brokerIds: readonly number[];
  /** A broker's own address, past the proxy. */
  addressOf(brokerId: number): string;
  killBroker(brokerId: number): Promise<void>;
  /** Starts a killed one again, on its port and its data. */
  restartBroker(brokerId: number): Promise<void>;
  stop(): Promise<void>;
}

/** Kafka's defaults, but for what makes tests wait. */
const SETTINGS: Readonly<Record<string, string>> = {
  "group.initial.rebalance.delay.ms": "0",
  "group.min.session.timeout.ms": "1000",
};

export const isKafka = process.env["CLIENTS_TARGET"] === "kafka";

export async function startTarget(): Promise<Target> {
  return isKafka ? startKafkaTarget() : startVitrineTarget();
}

async function startVitrineTarget(): Promise<Target> {
  const env = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, value]) => [`VITRINE_SET_${name.toUpperCase().replaceAll(".", "_")}`, value]),
  );
  const cluster = await startCluster({ env });
  const { brokers } = cluster.ready;
  const proxy = await RecordingProxy.start(brokers.map((broker) => broker.kafka));
  const control = async (brokerId: number, verb: "kill" | "restart") => {
    const reply = await cluster.control(`/brokers/${brokerId}/${verb}`);
    if (reply.status !== 200) throw new Error(`broker ${brokerId}: ${verb} is refused: ${await reply.text()}`);
  };
  return {
    name: "vitrine",
    bootstrapServers: proxy.bootstrapServers,
    httpUrl: cluster.url,
    answered: proxy.answered,
    brokerIds: brokers.map((broker) => broker.id),
    addressOf: (brokerId) => brokers.find((broker) => broker.id === brokerId)!.kafka,
    killBroker: (brokerId) => control(brokerId, "kill"),
    restartBroker: (brokerId) => control(brokerId, "restart"),
    async stop() {
      await proxy.stop();
      await cluster.stop();
    },
  };
}

async function startKafkaTarget(): Promise<Target> {
  const jars = kafkaJars();
  if (!jars.ok) throw new Error(jars.reason);
  const kafka = await startKafka(jars.classPath, {
    settings: { ...SETTINGS, "broker.heartbeat.interval.ms": "500", "broker.session.timeout.ms": "3000" },
  });
  const addresses = kafka.brokers.map((broker) => `127.0.0.1:${broker.port}`);
  const proxy = await RecordingProxy.start(addresses);
  return {
    name: "kafka",
    bootstrapServers: proxy.bootstrapServers,
    httpUrl: null,
    answered: proxy.answered,
    brokerIds: kafka.brokers.map((broker) => broker.id),
    addressOf: (brokerId) => addresses[kafka.brokers.findIndex((broker) => broker.id === brokerId)]!,
    killBroker: (brokerId) => kafka.killBroker(brokerId),
    restartBroker: (brokerId) => kafka.restartBroker(brokerId),
    async stop() {
      await proxy.stop();
      await kafka.stop();
    },
  };
}
