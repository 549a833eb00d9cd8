/** Puts a node together: store, network, machines, listeners, HTTP. The only file that knows them all. */
import { randomBytes } from "node:crypto";
import { Broker, type BrokerConfig } from "@vitrine/broker";
import { randomUuid } from "@vitrine/core";
import { embeddedEngine } from "@vitrine/engine/embedded";
import { asyncApiDocument, BrokerPositionFeed, createHttpServer, type HealthCheck, LiveCluster, liveFaces, type NodePositions } from "@vitrine/http-api";
import { listen, type Listener, TcpPeerNetwork } from "@vitrine/kafka-listener";
import { openSqliteLogStore } from "@vitrine/log-sqlite";
import type { NodeConfig } from "./config.ts";
import { type NodeJournal, openJournal } from "./journal.ts";
import { nodeMetricsReader } from "./node-metrics.ts";
import { realClock, realRandom, realScheduler } from "./real-time.ts";

export interface NodeOptions {
  readonly config: NodeConfig;
  readonly secret: string;
  /** Once, when it serves. */
  onReady(): void;
  /** It cannot go on; the process must end. */
  onFatal(reason: string): void;
}

export interface RunningNode {
  stop(options: { handOver: boolean; withinMs: number }): Promise<void>;
  /** Cuts it from its peers, in both directions and without a word; clients reach it still. */
  isolate(on: boolean): void;
}

export type NodeStart = { readonly ok: true; readonly node: RunningNode } | { readonly ok: false; readonly sentence: string };

type LogStore = Awaited<ReturnType<typeof openSqliteLogStore>>;

const VERSION = "0.1.0";
const READY_CHECK_MS = 5;

export async function startNode(options: NodeOptions): Promise<NodeStart> {
  const { config, secret } = options;
  const journal = openJournal({ file: config.logFile, level: config.logLevel, node: config.nodeId });
  const opened = await openStore(config, journal);
  if (!opened.ok) return opened;
  const { store } = opened;
  const network = new TcpPeerNetwork({ clientId: `node-${config.nodeId}`, auth: { user: `node-${config.nodeId}`, secret }, journal: journal.write });
  const random = realRandom();
  const broker = new Broker({
    config: brokerConfig(config),
    clock: realClock,
    scheduler: realScheduler(),
    network,
    store,
    random,
    journal: journal.write,
    onFatal(reason) {
      journal.flush();
      options.onFatal(reason);
    },
  });
  const faces = await openFaces({ config, secret, broker, network, store, journal });
  if (!faces.ok) {
    network.close();
    await store.close(-1);
    return faces;
  }
  broker.start();
  whenReady(broker, () => {
    journal.write("info", "ready");
    options.onReady();
  });
  return { ok: true, node: runningNode({ broker, network, store, journal, faces: faces.faces }) };
}

function brokerConfig(config: NodeConfig): BrokerConfig {
  const { nodeId, clusterId, roles, voters, advertised, rack, properties } = config;
  const incarnationId = randomUuid({ nextUint32: () => randomBytes(4).readUInt32BE() });
  return { nodeId, clusterId, roles, voters, advertised, rack, incarnationId, properties };
}

async function openStore(config: NodeConfig, journal: NodeJournal): Promise<{ ok: true; store: LogStore } | { ok: false; sentence: string }> {
  try {
    return { ok: true, store: await openSqliteLogStore({ dir: config.dataDir, durability: durabilityOf(config), journal: journal.write }) };
  } catch (error) {
    journal.write("error", "the log directory cannot be opened", { error: String(error) });
    journal.flush();
    return { ok: false, sentence: `The data of node ${config.nodeId} in ${config.dataDir} cannot be opened: ${messageOf(error)}` };
  }
}

/** `vitrine.durability`: fsync before every acknowledgement, or os for Kafka's own default, the page cache. */
function durabilityOf(config: NodeConfig): "fsync" | "os" {
  return config.properties.get("vitrine.durability") === "os" ? "os" : "fsync";
}

interface FaceParts {
  readonly config: NodeConfig;
  readonly secret: string;
  readonly broker: Broker;
  readonly network: TcpPeerNetwork;
  readonly store: LogStore;
  readonly journal: NodeJournal;
}

interface Faces {
  readonly peer: Listener;
  readonly client: Listener | null;
  closeHttp(): Promise<void>;
}

async function openFaces(parts: FaceParts): Promise<{ ok: true; faces: Faces } | { ok: false; sentence: string }> {
  const { config, secret, broker, journal } = parts;
  const common = { handler: broker, journal: journal.write, shouldPauseProduce: () => broker.isOverloaded };
  const opened: Listener[] = [];
  try {
    const peer = await listen({ ...common, ...config.listen.peer, listener: "peer", secret });
    opened.push(peer);
    const client = config.listen.client ? await listen({ ...common, ...config.listen.client, listener: "client" }) : null;
    if (client) opened.push(client);
    const connections = () => opened.reduce((sum, listener) => sum + listener.connectionCount, 0);
    const closeHttp = config.listen.http ? await openHttp(parts, config.listen.http, connections) : async () => {};
    return { ok: true, faces: { peer, client, closeHttp } };
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.close()));
    const sentence = `Node ${config.nodeId} cannot listen: ${messageOf(error)}; stop the process that has the port, or move the block with --port P.`;
    journal.write("error", sentence);
    journal.flush();
    return { ok: false, sentence };
  }
}

async function openHttp(parts: FaceParts, address: { host: string; port: number }, connections: () => number): Promise<() => Promise<void>> {
  const { config, broker, network, store } = parts;
  const engine = embeddedEngine({ broker, peers: network, nowMs: realClock.nowMs });
  const live = new LiveCluster({ engine, version: VERSION, run: randomBytes(4).toString("hex") });
  const metrics = nodeMetricsReader({ broker, store, connections, commitMs: () => commitMsOf(store) });
  const positions: NodePositions = {
    partitions: () => broker.observer.partitions(),
    drainDirty: () => broker.observer.drainDirty(),
    node: metrics,
    quorum: () => broker.observer.quorum(),
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
    { name: "registered", ok: broker.isReady, detail: broker.isReady ? "unfenced and serving" : "not registered, fenced or stopping" },
    { name: "disk", ok: health.state === "online" && !health.nearlyFull, detail: health.nearlyFull ? "nearly full: writes are refused" : health.state },
  ];
}

/** Readiness has no event of its own yet; a look costs nothing. */
function whenReady(broker: Broker, onReady: () => void): void {
  const timer = setInterval(() => {
    if (!broker.isReady) return;
    clearInterval(timer);
    onReady();
  }, READY_CHECK_MS);
}

function runningNode(parts: { broker: Broker; network: TcpPeerNetwork; store: LogStore; journal: NodeJournal; faces: Faces }): RunningNode {
  const { broker, network, store, journal, faces } = parts;
  return {
    async stop({ handOver, withinMs }) {
      journal.write("info", handOver ? "stopping: handing leadership over" : "stopping");
      if (handOver) await new Promise<void>((resolve) => broker.stop(withinMs * 0.6, resolve));
      await within(withinMs * 0.2, Promise.all([faces.closeHttp(), faces.client?.close(), faces.peer.close()]));
      network.close();
      await within(withinMs * 0.8, store.close(broker.brokerEpoch));
      journal.write("info", "stopped");
      journal.flush();
    },
    isolate(on) {
      journal.write("warn", on ? "isolated: cut from its peers" : "rejoined: the cut is healed");
      faces.peer.isolate(on);
      network.isolate(on);
    },
  };
}

/** Waits, but not for ever: connections of others cannot hold up the end. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
