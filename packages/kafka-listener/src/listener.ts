import { createServer, type AddressInfo, type Socket } from "node:net";
import { ApiKey, CLIENT_ADVERTISED, PEER_ADVERTISED, type Advertised } from "@vitrine/protocol/types";
import { Arrivals } from "./arrivals.ts";
import { type ConnectedClient, hostOf, RefusedClients, refusedArrival } from "./connected-client.ts";
import { Connection, type ConnectionSettings } from "./connection.ts";
import { BorrowedReads } from "./borrowed-reads.ts";
import type { FrameMemory } from "./frame-cutter.ts";
import { SaslServer } from "./sasl.ts";
import { type Admission, DEFAULT_LIMITS, type Journal, type ListenerLimits, type RequestHandler } from "./types.ts";

export interface ListenerOptions {
  /** "client": 909x, for everybody. "peer": 919x, for our own nodes, who give the cluster secret first. */
  readonly listener: "client" | "peer";
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly handler: RequestHandler;
  /** The cluster secret; a peer listener needs it. */
  readonly secret?: string;
  readonly journal?: Journal;
  readonly limits?: Partial<ListenerLimits>;
  /** The log's own memory: produce requests are read into it, which spares a copy of their batches. */
  readonly allocate?: (sizeBytes: number) => Uint8Array;
  /** Whether produce requests must wait, because the disk is behind (T12). Asked again every few milliseconds while one waits. */
  readonly shouldPauseProduce?: () => boolean;
  /** Who may connect; without it everybody up to the limit of connections. */
  readonly admission?: Admission;
  /** The listener's own table unless told otherwise. */
  readonly advertised?: Advertised;
}

/** How long the sum of unread answers is taken for granted. */
const OUTPUT_CHECK_MS = 20;
/** How soon a connection that waits for the disk is looked at again. */
const PAUSE_CHECK_MS = 5;
const BACKLOG = 1024;

/** A TCP server that speaks Kafka's protocol. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly connectionCount: number;
  /**
   * Everybody who is connected, oldest first, then clients that were refused lately and are gone. Bounded by the limit of connections and a hundred.
   */
  clients(): readonly ConnectedClient[];
  /** Bytes of answers that clients have not taken. */
  outputBytes(): number;
  /**
   * On: every connection falls silent, old and new, and nobody is told (no RST, no FIN). Off: the silent ones end, because their streams
   * have a hole; the other side connects again.
   */
  isolate(on: boolean): void;
  /** No new connections, answers in hand go out, then all connections end. Resolves when they have. */
  close(): Promise<void>;
}

/** Opens a listener. Rejects with the operating system's error (EADDRINUSE, EACCES) when the port cannot be had. */
export function listen(options: ListenerOptions): Promise<Listener> {
  const limits: ListenerLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const journal = options.journal ?? (() => {});
  const connections = new Set<Connection>();
  const waiting = new Set<Connection>();
  const refused = new RefusedClients();
  let retryTimer: NodeJS.Timeout | null = null;
  let lastId = 0;
  let isolated = false;
  const { listener, secret } = options;
  if (listener === "peer" && secret === undefined) throw new TypeError("a peer listener needs the cluster secret");

  const retry = () => {
    retryTimer = null;
    const again = [...waiting];
    waiting.clear();
    for (const connection of again) connection.run();
  };
  const outputBytes = () => {
    let sum = 0;
    for (const connection of connections) sum += connection.outputBytes;
    return sum;
  };
  let isOutputHigh = false;
  let outputCheckedMs = -Infinity;
  const settings: ConnectionSettings = {
    listener,
    advertised: options.advertised ?? (listener === "client" ? CLIENT_ADVERTISED : PEER_ADVERTISED),
    handler: options.handler,
    journal,
    limits,
    reads: new BorrowedReads(),
    frameMemory: memoryForRequests(options.allocate),
    shouldPauseProduce: options.shouldPauseProduce ?? (() => false),
    retryLater: (connection) => {
      waiting.add(connection);
      retryTimer ??= setTimeout(retry, PAUSE_CHECK_MS);
    },
    isOutputHigh: () => {
      const nowMs = performance.now();
      if (nowMs - outputCheckedMs < OUTPUT_CHECK_MS) return isOutputHigh;
      outputCheckedMs = nowMs;
      isOutputHigh = outputBytes() > limits.outputTotalBytesMax;
      return isOutputHigh;
    },
    onClosed: (connection) => {
      connections.delete(connection);
      waiting.delete(connection);
      if (connection.wasRefused) refused.add(connection.describe());
      arrivals?.gone(hostOf(connection.remote));
    },
  };
  const accept = (socket: Socket) => {
    lastId += 1;
    const sasl = listener === "peer" && secret !== undefined ? new SaslServer(secret) : null;
    const connection = new Connection(socket, `${listener}-${lastId}`, sasl, settings);
    connections.add(connection);
    if (isolated) connection.silence();
  };
  const { admission } = options;
  const arrivals =
    admission === undefined
      ? null
      : new Arrivals(admission, {
          admitted: accept,
          refused: (socket, reason) => {
            lastId += 1;
            const client = refusedArrival(`${listener}-${lastId}`, socket, reason);
            refused.add(client);
            journal("info", `the client at ${client.remote} is closed: it ${reason}`);
          },
        });
  /** After `max.connections` was lowered: whoever was quiet longest goes. */
  const endExcess = () => {
    const excess = admission?.excess ?? 0;
    if (excess === 0) return;
    const quietFirst = [...connections].toSorted((a, b) => a.lastHeardMs - b.lastHeardMs);
    for (const connection of quietFirst.slice(0, excess))
      connection.refuseToKeep("there are too many (max.connections)");
  };
  const stopWatching = admission?.onChange(endExcess);
  const server = createServer(
    { pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 },
    (socket) => (arrivals === null ? accept(socket) : arrivals.add(socket)),
  );
  server.maxConnections = limits.connectionsMax;
  server.on("drop", () =>
    journal("warn", `a connection was refused: the ${listener} listener has its ${limits.connectionsMax} already`),
  );

  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.host, port: options.port, backlog: BACKLOG }, () => {
      server.off("error", reject);
      server.on("error", (error) => journal("error", `the ${listener} listener failed: ${error.message}`));
      const { port } = server.address() as AddressInfo;
      resolve({
        host: options.host,
        port,
        get connectionCount() {
          return connections.size;
        },
        clients: () => [...[...connections].map((connection) => connection.describe()), ...refused.list()],
        outputBytes,
        isolate(on) {
          isolated = on;
          for (const connection of connections) {
            if (on) connection.silence();
            else connection.destroy();
          }
        },
        close: () =>
          new Promise((closed) => {
            if (retryTimer) clearTimeout(retryTimer);
            stopWatching?.();
            arrivals?.close();
            server.close(() => closed());
            for (const connection of connections) {
              if (isolated) connection.destroy();
              else connection.end();
            }
          }),
      });
    });
  });
}

function memoryForRequests(allocate: ListenerOptions["allocate"]): FrameMemory {
  return (sizeBytes, key) => (allocate && key === ApiKey.Produce ? allocate(sizeBytes) : Buffer.allocUnsafe(sizeBytes));
}
