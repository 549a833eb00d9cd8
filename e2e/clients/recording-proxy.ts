/**
 * Stands between clients and brokers and writes down which requests, in which versions, were sent and answered. Bytes pass as they are;
 * only where an answer names a broker's address, the proxy's is put there, so that a client finds every broker through it.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { ApiKey, decodeRequest, decodeResponse, encodeResponse, Reader, readRequestHeader } from "@vitrine/protocol";

/** Requests that were answered, by client (software name and version, or client id where it tells none), then key, then versions. */
export type Answered = Map<string, Map<number, Set<number>>>;

/** The answers in which a broker's address may stand. */
const WITH_ADDRESSES = new Set<number>([
  ApiKey.Produce,
  ApiKey.Fetch,
  ApiKey.Metadata,
  ApiKey.FindCoordinator,
  ApiKey.DescribeCluster,
]);
/** From these versions on they name a new leader's address (KIP-951). */
const NAMES_LEADER_FROM: ReadonlyMap<number, number> = new Map([
  [ApiKey.Produce, 10],
  [ApiKey.Fetch, 16],
]);
const FIRST_WITH_SOFTWARE_NAME = 3;
const ONLY_FLEXIBLE_HEADER_BYTES_MAX = 1 << 20;

export class RecordingProxy {
  readonly answered: Answered = new Map();
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** The proxy's port for each broker's. */
  readonly #ports = new Map<number, number>();

  private constructor() {}

  /** One listener per broker (`127.0.0.1:port`), on free ports. */
  static async start(brokers: readonly string[]): Promise<RecordingProxy> {
    const proxy = new RecordingProxy();
    for (const broker of brokers) await proxy.#listen(Number(broker.split(":").at(-1)));
    return proxy;
  }

  get bootstrapServers(): string {
    return [...this.#ports.values()].map((port) => `127.0.0.1:${port}`).join(",");
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }

  async #listen(brokerPort: number): Promise<void> {
    const server = createServer((client) => this.#connect(client, brokerPort));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#servers.push(server);
    const address = server.address();
    if (typeof address === "object" && address) this.#ports.set(brokerPort, address.port);
  }

  #connect(client: Socket, brokerPort: number): void {
    const broker = connect(brokerPort, "127.0.0.1");
    const conversation = new Conversation(this.answered, this.#ports);
    const pairs: [Socket, Socket, (chunk: Buffer) => readonly Uint8Array[]][] = [
      [client, broker, (chunk) => conversation.sent(chunk)],
      [broker, client, (chunk) => conversation.received(chunk)],
    ];
    for (const [from, to, pass] of pairs) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (chunk: Buffer) => {
        let more = true;
        for (const bytes of pass(chunk)) more = to.write(bytes);
        if (!more) from.pause();
      });
      to.on("drain", () => from.resume());
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on("end", () => to.end());
    }
  }
}

/** One connection: what was asked, so that the answers can be read. */
class Conversation {
  readonly #answered: Answered;
  readonly #ports: ReadonlyMap<number, number>;
  readonly #requests = new FrameCutter();
  readonly #responses = new FrameCutter();
  readonly #asked = new Map<number, { client: string; apiKey: number; apiVersion: number }>();
  #software: string | null = null;

  constructor(answered: Answered, ports: ReadonlyMap<number, number>) {
    this.#answered = answered;
    this.#ports = ports;
  }

  sent(chunk: Buffer): readonly Uint8Array[] {
    for (const frame of this.#requests.cut(chunk)) this.#noteRequest(frame);
    return [chunk];
  }

  received(chunk: Buffer): readonly Uint8Array[] {
    return this.#responses.cut(chunk).map((frame) => this.#rewrite(frame) ?? withLength(frame));
  }

  #noteRequest(frame: Buffer): void {
    const head = frame.subarray(0, ONLY_FLEXIBLE_HEADER_BYTES_MAX);
    const { apiKey, apiVersion, correlationId, clientId } = readRequestHeader(new Reader(head));
    if (apiKey === ApiKey.ApiVersions && apiVersion >= FIRST_WITH_SOFTWARE_NAME && apiVersion <= 4) {
      const body = decodeRequest(frame).body as { clientSoftwareName: string; clientSoftwareVersion: string };
      this.#software = `${body.clientSoftwareName} ${body.clientSoftwareVersion}`;
    }
    this.#asked.set(correlationId, { client: this.#software ?? clientId ?? "", apiKey, apiVersion });
  }

  /** The answer with the proxy's addresses; null where it is to pass as it is. */
  #rewrite(frame: Buffer): Uint8Array | null {
    const correlationId = frame.readInt32BE(0);
    const asked = this.#asked.get(correlationId);
    if (asked === undefined) return null;
    this.#asked.delete(correlationId);
    const { apiKey, apiVersion } = asked;
    const keys = this.#answered.get(asked.client) ?? new Map<number, Set<number>>();
    this.#answered.set(asked.client, keys);
    keys.set(apiKey, (keys.get(apiKey) ?? new Set()).add(apiVersion));
    if (!WITH_ADDRESSES.has(apiKey) || apiVersion < (NAMES_LEADER_FROM.get(apiKey) ?? 0)) return null;
    const { body } = decodeResponse(apiKey, apiVersion, frame);
    if (!this.#replaceAddresses(body)) return null;
    return encodeResponse(apiKey, apiVersion, correlationId, body);
  }

  #replaceAddresses(value: unknown): boolean {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
    let replaced = false;
    if ("host" in value && "port" in value) {
      const port = this.#ports.get(Number(value.port));
      if (port !== undefined) {
        value.port = port;
        replaced = true;
      }
    }
    for (const part of Object.values(value)) replaced = this.#replaceAddresses(part) || replaced;
    return replaced;
  }
}

/** Whole frames, without their length, out of chunks. */
class FrameCutter {
  #chunks: Buffer[] = [];
  #bytes = 0;

  cut(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Buffer[] = [];
    while (this.#bytes >= 4) {
      const needed = 4 + this.#join(4).readInt32BE(0);
      if (this.#bytes < needed) break;
      const joined = this.#join(needed);
      frames.push(joined.subarray(4, needed));
      this.#chunks =
        joined.length === needed ? this.#chunks.slice(1) : [joined.subarray(needed), ...this.#chunks.slice(1)];
      this.#bytes -= needed;
    }
    return frames;
  }

  /** Makes the first chunk at least so long. */
  #join(bytes: number): Buffer {
    if (this.#chunks[0]!.length < bytes) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }
}

function withLength(frame: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(4 + frame.length);
  bytes.writeInt32BE(frame.length, 0);
  frame.copy(bytes, 4);
  return bytes;
}
