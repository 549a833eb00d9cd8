/** Puts the gateway together: an observer of the metadata log, the engine over it, HTTP with the console. The only file that knows them all. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Broker, type Clock, type Journal, type Scheduler } from "@vitrine/broker";
import { openNodeLine } from "@vitrine/client";
import { randomUuid, seededRandom } from "@vitrine/core";
import type { TopicInfo } from "@vitrine/engine";
import { embeddedEngine } from "@vitrine/engine/embedded";
import {
  asyncApiDocument,
  createHttpServer,
  GatewayMerge,
  type HealthCheck,
  LiveCluster,
  liveFaces,
  type ProcessControl,
} from "@vitrine/http-api";
import { TcpPeerNetwork } from "@vitrine/kafka-listener";
import { MemoryLogStore } from "@vitrine/log";
import { CLIENT_ADVERTISED } from "@vitrine/protocol/types";
import { destination, pino } from "pino";
import type { GatewayStart } from "./control-messages.ts";
import { isLoopback } from "./up-options.ts";

export interface RunningGateway {
  readonly url: string;
  /** Resolves when it has heard of a quorum and of a broker that serves: until then its `/readyz` says no, and a write would wait. */
  readonly following: Promise<void>;
  close(): Promise<void>;
}

const VERSION = "0.1.0";
/** An observer takes an id that no node has. */
const OBSERVER_ID = 2_000_000_000;

export interface GatewayParts {
  readonly start: GatewayStart;
  readonly processControl: ProcessControl | null;
  /** It cannot go on; the process must end. */
  readonly onFatal: (reason: string) => void;
}

/** Resolves when it listens and follows the quorum; rejects with the system's error when the port cannot be had. */
export async function openGateway({ start, processControl, onFatal }: GatewayParts): Promise<RunningGateway> {
  const { spec } = start;
  const journal = openJournal(start.logFile);
  const peers = new TcpPeerNetwork({ clientId: "gateway", auth: { user: "gateway", secret: start.secret }, journal });
  const clients = new TcpPeerNetwork({
    clientId: "gateway",
    auth: null,
    software: { name: "vitrine-http", version: VERSION },
    advertised: CLIENT_ADVERTISED,
    journal,
  });
  const nobody = { host: spec.host, port: 0 };
  const broker = new Broker({
    config: {
      nodeId: OBSERVER_ID,
      clusterId: spec.clusterId,
      roles: { broker: false, controller: false },
      voters: spec.voters,
      advertised: { client: nobody, peer: nobody, http: null },
      rack: null,
      incarnationId: randomUuid({ nextUint32: randomUint32 }),
      properties: new Map([["min.insync.replicas", String(spec.minInsyncReplicas)]]),
    },
    clock,
    scheduler: timerScheduler(),
    network: peers,
    store: new MemoryLogStore(randomUuid({ nextUint32: randomUint32 }), { auto: (run) => void setImmediate(run) }),
    random: seededRandom(randomUint32()),
    journal,
    onFatal,
  });
  const engine = embeddedEngine({ broker, peers, clients, nowMs: () => clock.nowMs() });
  const live = new LiveCluster({
    engine,
    version: VERSION,
    run: randomBytes(4).toString("hex"),
    minIsrOf: (topic) => minIsrOf(topic, spec.minInsyncReplicas),
    nodes: spec.nodes,
    processControl: processControl !== null,
  });
  const merge = new GatewayMerge({ cluster: live, engine, openLine: openNodeLine });
  if (processControl) {
    live.applyProcesses(processControl.rows());
    processControl.onChange(() => live.applyProcesses(processControl.rows()));
  }
  const app = await createHttpServer({
    engine,
    role: "gateway",
    guard: {
      clusterId: spec.clusterId,
      token: start.token,
      tickets: start.ticket === null ? [] : [start.ticket],
      allowedHosts: isLoopback(spec.host) ? [] : ["*"],
    },
    version: VERSION,
    ...(processControl ? { processControl } : {}),
    live: liveFaces(live),
    asyncapi: () => asyncApiDocument(VERSION),
    consoleDir: start.consoleDir,
    docsDir: start.docsDir,
    health: () => healthOf(broker),
  });
  await app.listen({ host: spec.host, port: spec.port });
  broker.start();
  merge.start();
  live.start();
  return {
    url: `http://${spec.host}:${spec.port}`,
    following: follows(broker),
    async close() {
      merge.stop();
      live.stop();
      await app.close();
      peers.close();
      clients.close();
    },
  };
}

function minIsrOf(topic: TopicInfo, fallback: number): number {
  return Number(topic.config.get("min.insync.replicas") ?? fallback);
}

function follows(broker: Broker): Promise<void> {
  const isThere = () => broker.hasQuorum() && [...broker.image.brokers.values()].some(({ fenced }) => !fenced);
  return new Promise((resolve) => {
    const look = () => {
      if (!isThere()) return;
      for (const stop of stops) stop();
      resolve();
    };
    const stops = [broker.onDelta(look), broker.onQuorumChange(look)];
    look();
  });
}

function healthOf(broker: Broker): HealthCheck[] {
  const hasQuorum = broker.hasQuorum();
  return [
    {
      name: "quorum",
      ok: hasQuorum,
      detail: hasQuorum ? "a majority of the controllers answers" : "no majority of the controllers can be heard",
    },
  ];
}

const clock: Clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };

/** One outstanding timer; the gateway's deadlines are few. */
function timerScheduler(): Scheduler {
  let timer: NodeJS.Timeout | undefined;
  return {
    soon: (run) => void setImmediate(run),
    wakeAt(deadlineMs, run) {
      clearTimeout(timer);
      if (deadlineMs === null) return;
      timer = setTimeout(run, Math.min(2 ** 31 - 1, Math.max(0, Math.ceil(deadlineMs - performance.now()))));
    },
  };
}

function randomUint32(): number {
  return randomBytes(4).readUInt32BE();
}

function openJournal(file: string | null): Journal {
  if (file !== null) mkdirSync(dirname(file), { recursive: true });
  const out = destination({ dest: file ?? 1, sync: false, maxLength: 1 << 20 });
  // A full disk costs lines, not the gateway.
  out.on("error", () => {});
  const logger = pino({ base: { node: "gateway" } }, out);
  return (level, message, fields) => logger[level](fields ?? {}, message);
}
