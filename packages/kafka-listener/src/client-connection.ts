import { encodeRequest, type ApiKeyNumber, type RequestOf, type ResponseOf } from "@vitrine/protocol";
import { RequestChannel, type ChannelAuth } from "./request-channel.ts";

export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId?: string;
  /** Towards a peer listener. */
  readonly auth?: ChannelAuth;
  readonly connectTimeoutMs?: number;
}

/** One connection to a Kafka listener, for tests and tools: typed requests in, promises out. No retries, no metadata. */
export class ClientConnection {
  readonly #channel: RequestChannel;
  readonly #clientId: string;
  /** Why it ended; null while it lives. */
  ended: string | null = null;
  readonly #onEnded: Promise<void>;

  private constructor(channel: RequestChannel, clientId: string, onEnded: Promise<void>) {
    this.#channel = channel;
    this.#clientId = clientId;
    this.#onEnded = onEnded;
  }

  /** Rejects when no connection comes about. */
  static open(options: ClientOptions): Promise<ClientConnection> {
    const clientId = options.clientId ?? "vitrine";
    return new Promise((resolve, reject) => {
      let connection: ClientConnection | null = null;
      const ended = Promise.withResolvers<void>();
      const channel = new RequestChannel({
        host: options.host,
        port: options.port,
        clientId,
        auth: options.auth ?? null,
        connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
        frameBytesMax: 0x7fff_ffff,
        onOpen: () => {
          connection = new ClientConnection(channel, clientId, ended.promise);
          resolve(connection);
        },
        onEnd: (end, detail) => {
          if (connection === null) reject(new Error(`${options.host}:${options.port} ${end}: ${detail}`));
          else connection.ended = `${end}: ${detail}`;
          ended.resolve();
        },
      });
    });
  }

  /** Sends at once, without waiting for earlier answers. Rejects when the connection ends first. */
  request<K extends ApiKeyNumber>(apiKey: K, apiVersion: number, body: RequestOf<K>): Promise<ResponseOf<K>> {
    if (this.ended !== null) return Promise.reject(new Error(this.ended));
    const frame = encodeRequest({ apiKey, apiVersion, correlationId: 0, clientId: this.#clientId }, body);
    return new Promise((resolve, reject) => {
      const onResponse = (answer: object | null) => {
        if (answer === null) reject(new Error("the connection ended before the answer"));
        else resolve(answer as ResponseOf<K>);
      };
      const expectsResponse = !(apiKey === 0 && (body as RequestOf<0>).acks === 0);
      this.#channel.send({ apiKey, apiVersion, frame, expectsResponse, onResponse });
    });
  }

  /** Resolves when the connection has ended, whoever ended it. */
  whenEnded(): Promise<void> {
    return this.#onEnded;
  }

  close(): void {
    this.#channel.end();
  }
}
