/** A broker's HTTP face: the engine over the broker in this process, the live views from its own positions. Part of the wiring, loaded apart. */
import { randomBytes } from "node:crypto";
import type { Broker, HostPort, PeerNetwork } from "@vitrine/broker";
import type { ConnectedClient } from "@vitrine/kafka-listener";
import { embeddedEngine } from "@vitrine/engine/embedded";
import {
  asyncApiDocument,
  BrokerPositionFeed,
  createHttpServer,
  type HealthCheck,
  LiveCluster,
  liveFaces,
  type NodePositions,
} from "@vitrine/http-api";
import type { openSqliteLogStore } from "@vitrine/log-sqlite";
import type { NodeConfig } from "./config.ts";
import { brokerReading, nodeMetricsReader } from "./node-metrics.ts";
import { realClock } from "./real-time.ts";

type LogStore = Awaited<ReturnType<typeof openSqliteLogStore>>;

export interface HttpFaceParts {
  readonly config: NodeConfig;
  readonly broker: Broker;
  readonly network: PeerNetwork;
  readonly store: LogStore;
  readonly address: HostPort;
  /** Connections of Kafka's protocol, now. */
  readonly connections: () => number;
  /** Who is connected to the port for clients, and who was refused lately. */
  readonly clients: () => readonly ConnectedClient[];
}

const VERSION = "0.1.0";

/** Opens it and gives the way to close it; rejects with the system's error when the port cannot be had. */
export async function openHttpFace(parts: HttpFaceParts): Promise<() => Promise<void>> {
  const { config, broker, network, store, address, connections } = parts;
  const engine = embeddedEngine({ broker, peers: network, nowMs: () => realClock.nowMs() });
  const live = new LiveCluster({ engine, version: VERSION, run: randomBytes(4).toString("hex") });
  const metrics = nodeMetricsReader({ broker, store, connections, commitMs: () => commitMsOf(store) });
  const positions: NodePositions = {
    partitions: () => broker.observer.partitions(),
    drainDirty: () => broker.observer.drainDirty(),
    node: metrics,
    quorum: () => broker.observer.quorum(),
    clients: parts.clients,
    producers: (topic, partition, limit) => broker.observer.producers(topic, partition, limit),
    ...(config.roles.broker ? { groups: broker.groups } : {}),
  };
  live.setFeed(new BrokerPositionFeed(live, config.nodeId, positions));
  live.start();
  const app = await createHttpServer({
    engine,
    role: "broker",
    guard: { clusterId: config.clusterId, token: null, allowedHosts: [address.host, ...config.allowedHosts] },
    version: VERSION,
    live: liveFaces(live),
    asyncapi: () => asyncApiDocument(VERSION),
    health: () => healthOf(broker, store),
    brokerMetrics: () => brokerReading({ broker, store, connections, stats: () => store.stats() }),
  });
  await app.listen(address);
  return async () => {
    live.stop();
    await app.close();
  };
}

function commitMsOf(store: LogStore): number | null {
  const { commits, commitMs } = store.stats();
  return commits === 0 ? null : Math.round(commitMs.p50 * 100) / 100;
}

function healthOf(broker: Broker, store: LogStore): HealthCheck[] {
  const { health } = store;
  return [
    {
      name: "registered",
      ok: broker.isReady,
      detail: broker.isReady ? "unfenced and serving" : "not registered, fenced or stopping",
    },
    {
      name: "disk",
      ok: health.state === "online" && !health.nearlyFull,
      detail: health.nearlyFull ? "nearly full: writes are refused" : health.state,
    },
  ];
}
