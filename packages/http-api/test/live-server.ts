/** A server with live faces on loopback, and a raw WebSocket to speak to it frame by frame. */
import type { AddressInfo } from "node:net";
import { WS_SUBPROTOCOL } from "@vitrine/api";
import type { Engine } from "@vitrine/engine";
import { WebSocket } from "ws";
import { createHttpServer, LiveCluster, liveFaces, type LiveFacesOptions } from "../src/index.ts";

export interface LiveServer {
  readonly port: number;
  readonly url: string;
  readonly cluster: LiveCluster;
  close(): Promise<void>;
}

let runs = 0;

export async function liveServer(
  engine: Engine,
  options: LiveFacesOptions = {},
  cluster?: LiveCluster,
): Promise<LiveServer> {
  const live = cluster ?? new LiveCluster({ engine, version: "1.2.3", run: `run${++runs}` });
  live.start();
  const app = await createHttpServer({
    engine,
    role: engine.selfId === null ? "gateway" : "broker",
    guard: { clusterId: engine.clusterId, token: "token-of-tests" },
    live: liveFaces(live, { ...options, timing: { reconnectMs: 24, ...options.timing } }),
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    cluster: live,
    async close() {
      live.stop();
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

export type Frame = Record<string, unknown> & { readonly t: string };

/** One socket; frames are kept in order until they are asked for. */
export class Line {
  readonly socket: WebSocket;
  readonly #frames: Frame[] = [];
  /** Every frame that ever came. */
  readonly all: Frame[] = [];
  #wake: (() => void) | null = null;
  #closed: { code: number; reason: string } | null = null;

  constructor(port: number) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, [WS_SUBPROTOCOL]);
    this.socket.on("message", (data: Buffer) => {
      const value = JSON.parse(data.toString()) as Frame | Frame[];
      for (const frame of Array.isArray(value) ? value : [value]) {
        this.#frames.push(frame);
        this.all.push(frame);
      }
      this.#wake?.();
    });
    this.socket.on("close", (code, reason) => {
      this.#closed = { code, reason: reason.toString() };
      this.#wake?.();
    });
    this.socket.on("error", () => undefined);
  }

  /** Opened and welcomed. */
  static async ready(port: number): Promise<Line> {
    const line = await Line.opened(port);
    line.send({ t: "hello", client: "test" });
    await line.next("welcome");
    return line;
  }

  static async opened(port: number): Promise<Line> {
    const line = new Line(port);
    await new Promise((resolve, reject) => {
      line.socket.once("open", resolve);
      line.socket.once("error", reject);
    });
    return line;
  }

  send(frame: unknown): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The next frame of this kind; those of other kinds before it are dropped. */
  async next(t: string, wanted: (frame: Frame) => boolean = () => true): Promise<Frame> {
    for (;;) {
      for (;;) {
        const frame = this.#frames.shift();
        if (frame === undefined) break;
        if (frame.t === t && wanted(frame)) return frame;
      }
      if (this.#closed !== null) throw new Error(`closed with ${this.#closed.code} before ${t}`);
      await this.#something();
    }
  }

  async closed(): Promise<{ code: number; reason: string }> {
    while (this.#closed === null) await this.#something();
    return this.#closed;
  }

  close(): void {
    this.socket.terminate();
  }

  #something(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve();
      };
    });
  }
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Appends values, one record each, in one request. */
export async function produce(
  server: LiveServer,
  topic: string,
  values: readonly unknown[],
  partition = 0,
): Promise<void> {
  const lines = values.map((value) => JSON.stringify(value)).join("\n");
  const response = await fetch(`${server.url}/v1/topics/${topic}/values?partition=${partition}`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: `${lines}\n`,
  });
  await response.text();
  if (!response.ok) throw new Error(`produce failed with ${response.status}`);
}
