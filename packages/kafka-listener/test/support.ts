import { connect, type Socket } from "node:net";
import { once } from "node:events";
import type { ApiRequest, PeerEvent, PeerNetwork, PeerResult, RequestContext, Lane } from "@vitrine/broker";
import {
  ApiKey,
  encodeRequest,
  newDescribeClusterRequest,
  newDescribeClusterResponse,
  newProduceRequest,
} from "@vitrine/protocol";
import { ClientConnection, listen, type Listener, type ListenerOptions, type ReplyBody } from "../src/index.ts";

/** A request as the handler saw it, with the way to answer it. */
export interface Seen {
  readonly request: ApiRequest;
  readonly from: RequestContext;
  readonly reply: (body: ReplyBody, muteMs?: number) => void;
}

/** A handler that hands its requests to the test. */
export class Inbox {
  readonly seen: Seen[] = [];
  #onSeen: (() => void)[] = [];
  /** Answers by itself when set. */
  auto: ((seen: Seen) => void) | null = null;

  submit(request: ApiRequest, from: RequestContext, reply: Seen["reply"]): void {
    const seen = { request, from, reply };
    this.seen.push(seen);
    this.auto?.(seen);
    for (const wake of this.#onSeen.splice(0)) wake();
  }

  /** Waits until that many requests have come in all. */
  async count(count: number): Promise<Seen[]> {
    while (this.seen.length < count) await new Promise<void>((resolve) => this.#onSeen.push(resolve));
    return this.seen;
  }
}

export const cluster = (clusterId: string) => newDescribeClusterResponse({ clusterId });
export const ask = newDescribeClusterRequest();

/** A framed DescribeCluster request. */
export function askFrame(correlationId: number, apiVersion = 0): Uint8Array {
  return encodeRequest({ apiKey: ApiKey.DescribeCluster, apiVersion, correlationId, clientId: "raw" }, ask);
}

export function produce(acks: number, bytes = 10) {
  const topicId = "AAAAAAAAAAAAAAAAAAAAAA" as ReturnType<typeof newProduceRequest>["topicData"][0]["topicId"];
  const partitionData = [{ index: 0, records: new Uint8Array(bytes) }];
  return newProduceRequest({ acks, topicData: [{ name: "t", topicId, partitionData }] });
}

/** Everything a test opened, to be closed behind it. */
export class Opened {
  readonly #closers: (() => unknown)[] = [];
  readonly journal: string[] = [];
  #onJournal: (() => void)[] = [];

  async listen(options: Partial<ListenerOptions> & Pick<ListenerOptions, "handler">): Promise<Listener> {
    const listener = await listen({
      listener: "client",
      host: "127.0.0.1",
      port: 0,
      journal: (_level, message) => {
        this.journal.push(message);
        for (const wake of this.#onJournal.splice(0)) wake();
      },
      ...options,
    });
    this.#closers.push(() => listener.close());
    return listener;
  }

  async client(port: number, auth: { user: string; secret: string } | null = null): Promise<ClientConnection> {
    const client = await ClientConnection.open({ host: "127.0.0.1", port, auth });
    this.#closers.push(() => client.close());
    return client;
  }

  /** A bare socket, for bytes that no client would send. */
  async raw(port: number): Promise<Socket> {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    this.#closers.push(() => socket.destroy());
    await once(socket, "connect");
    return socket;
  }

  network<T extends PeerNetwork & { close(): void }>(network: T): T {
    this.#closers.unshift(() => network.close());
    return network;
  }

  async journalSays(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.journal.find((message) => pattern.test(message));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#onJournal.push(resolve));
    }
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0)) await close();
  }
}

/** The events of a network in order, and the way to wait for them. */
export class Events {
  readonly all: string[] = [];
  #onEvent: (() => void)[] = [];

  constructor(network: PeerNetwork) {
    network.onPeerEvent((event: PeerEvent) => {
      this.all.push(`${event.type} ${event.nodeId}`);
      for (const wake of this.#onEvent.splice(0)) wake();
    });
  }

  async until(...wanted: string[]): Promise<void> {
    while (!wanted.every((entry) => this.all.includes(entry)))
      await new Promise<void>((resolve) => this.#onEvent.push(resolve));
  }
}

/** A DescribeCluster request to a peer. */
export function askPeer(
  network: PeerNetwork,
  to: number,
  lane: Lane = "control",
  timeoutMs = 5_000,
): Promise<PeerResult> {
  const request = { apiKey: ApiKey.DescribeCluster, apiVersion: 0, clientId: null, body: ask };
  return new Promise((resolve) => network.request(to, lane, request, timeoutMs, resolve));
}
