/** Puts a node together: store, network, machines, listeners, HTTP. The only file that knows them all. */
import { randomBytes } from "node:crypto";
import { Broker, type BrokerConfig } from "@vitrine/broker";
import { randomUuid } from "@vitrine/core";
import { listen, type Listener, scramKeys, TcpPeerNetwork } from "@vitrine/kafka-listener";
import { openSqliteLogStore } from "@vitrine/log-sqlite";
import type { NodeConfig } from "./config.ts";
import type { HttpFaceParts } from "./http-face.ts";
import { type NodeJournal, openJournal } from "./journal.ts";
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

export type NodeStart =
  | { readonly ok: true; readonly node: RunningNode }
  | { readonly ok: false; readonly sentence: string };

type LogStore = Awaited<ReturnType<typeof openSqliteLogStore>>;

const READY_CHECK_MS = 5;

export async function startNode(options: NodeOptions): Promise<NodeStart> {
  const { config, secret } = options;
  const journal = openJournal({ file: config.logFile, level: config.logLevel, node: config.nodeId });
  // The HTTP face is most of what a node has to load: that goes on while the storage thread opens the files. Controllers do without.
  const httpFace = config.listen.http ? import("./http-face.ts") : null;
  const opened = await openStore(config, journal);
  if (!opened.ok) return opened;
  const { store } = opened;
  const network = new TcpPeerNetwork({
    clientId: `node-${config.nodeId}`,
    auth: { user: `node-${config.nodeId}`, secret },
    allocate: (sizeBytes) => store.allocate(sizeBytes),
    journal: journal.write,
  });
  const random = realRandom();
  const broker = new Broker({
    config: brokerConfig(config),
    clock: realClock,
    scheduler: realScheduler(),
    network,
    store,
    random,
    journal: journal.write,
    scramKeys,
    onFatal(reason) {
      journal.flush();
      options.onFatal(reason);
    },
  });
  const openHttpFace = (await httpFace)?.openHttpFace ?? null;
  const faces = await openFaces({ config, secret, broker, network, store, journal, openHttpFace });
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

async function openStore(
  config: NodeConfig,
  journal: NodeJournal,
): Promise<{ ok: true; store: LogStore } | { ok: false; sentence: string }> {
  try {
    return {
      ok: true,
      store: await openSqliteLogStore({
        dir: config.dataDir,
        durability: config.durability,
        journal: journal.write,
      }),
    };
  } catch (error) {
    journal.write("error", "the log directory cannot be opened", { error: String(error) });
    journal.flush();
    return {
      ok: false,
      sentence: `The data of node ${config.nodeId} in ${config.dataDir} cannot be opened: ${messageOf(error)}`,
    };
  }
}

interface FaceParts {
  readonly config: NodeConfig;
  readonly secret: string;
  readonly broker: Broker;
  readonly network: TcpPeerNetwork;
  readonly store: LogStore;
  readonly journal: NodeJournal;
  /** null where the node has no HTTP face. */
  readonly openHttpFace: ((parts: HttpFaceParts) => Promise<() => Promise<void>>) | null;
}

interface Faces {
  readonly peer: Listener;
  readonly client: Listener | null;
  readonly closeHttp: () => Promise<void>;
}

async function openFaces(parts: FaceParts): Promise<{ ok: true; faces: Faces } | { ok: false; sentence: string }> {
  const { config, secret, broker, store, journal } = parts;
  const common = {
    handler: broker,
    journal: journal.write,
    shouldPauseProduce: () => broker.isOverloaded,
    allocate: (sizeBytes: number) => store.allocate(sizeBytes),
  };
  const opened: Listener[] = [];
  try {
    const peer = await listen({ ...common, ...config.listen.peer, listener: "peer", secret });
    opened.push(peer);
    const client = config.listen.client
      ? await listen({ ...common, ...config.listen.client, listener: "client", admission: broker.connections })
      : null;
    if (client) opened.push(client);
    const { openHttpFace } = parts;
    const { http: address } = config.listen;
    const connections = () => opened.reduce((sum, listener) => sum + listener.connectionCount, 0);
    const clients = () => client?.clients() ?? [];
    const closeHttp =
      address && openHttpFace ? await openHttpFace({ ...parts, address, connections, clients }) : async () => {};
    return { ok: true, faces: { peer, client, closeHttp } };
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.close()));
    const sentence = `Node ${config.nodeId} cannot listen: ${messageOf(error)}; stop the process that has the port, or move the block with --port P.`;
    journal.write("error", sentence);
    journal.flush();
    return { ok: false, sentence };
  }
}

/** Readiness has no event of its own yet; a look costs nothing. */
function whenReady(broker: Broker, onReady: () => void): void {
  const timer = setInterval(() => {
    if (!broker.isReady) return;
    clearInterval(timer);
    onReady();
  }, READY_CHECK_MS);
}

function runningNode(parts: {
  broker: Broker;
  network: TcpPeerNetwork;
  store: LogStore;
  journal: NodeJournal;
  faces: Faces;
}): RunningNode {
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
