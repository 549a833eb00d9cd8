import { connect, type Socket } from "node:net";
import {
  ApiKey,
  decodeResponse,
  encodeRequest,
  newApiVersionsRequest,
  newSaslAuthenticateRequest,
  newSaslHandshakeRequest,
  ProtocolError,
  type SaslAuthenticateResponse,
  type SaslHandshakeResponse,
} from "@vitrine/protocol";
import { FrameCutter, FrameError, type FrameMemory } from "./frame-cutter.ts";
import { MECHANISM, plainToken } from "./sasl.ts";

/** Who we are towards a peer listener; null towards listeners that ask nobody. */
export type ChannelAuth = { readonly user: string; readonly secret: string } | null;

/** What a program is called and which version it is (KIP-511). */
export interface Software {
  readonly name: string;
  readonly version: string;
}

/**
 * Why a channel is closed. "refused": nobody listens there. "unreachable": no connection came about in time. "auth": the secret was not
 * believed. "unopened": it broke before it was usable. "lost": it broke afterwards. "ended": we closed it.
 */
export type ChannelEnd = "refused" | "unreachable" | "auth" | "unopened" | "lost" | "ended";

export interface ChannelOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly auth: ChannelAuth;
  /** Told before anything else, so that a console can show it; null where nobody looks. */
  readonly software?: Software | null;
  readonly connectTimeoutMs: number;
  readonly frameBytesMax: number;
  /** Memory for answers. */
  readonly frameMemory?: FrameMemory;
  /** Usable from now on. */
  readonly onOpen: () => void;
  /** Once; every request without an answer has failed before. */
  readonly onEnd: (end: ChannelEnd, detail: string) => void;
}

/** What is asked of a channel; `frame` comes from encodeRequest. */
export interface ChannelRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly frame: Uint8Array;
  /** acks=0: the other side answers nothing. */
  readonly expectsResponse: boolean;
  /** The body, or null when the connection broke first. */
  readonly onResponse: (body: object | null) => void;
}

const CORRELATION_AT = 8;
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

/** One outgoing connection: authenticates, sends requests without waiting for each other, matches the answers. */
export class RequestChannel {
  readonly #options: ChannelOptions;
  readonly #socket: Socket;
  readonly #cutter: FrameCutter;
  readonly #inFlight = new Map<number, ChannelRequest>();
  readonly #openTimer: NodeJS.Timeout;
  #correlationId = 0;
  #state: "connecting" | "authenticating" | "open" | "ended" = "connecting";
  #silent = false;
  #cause: { end: ChannelEnd; detail: string } | null = null;
  /** Monotonic time of the last bytes from the other side. */
  lastHeardMs = performance.now();

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#cutter = new FrameCutter(options.frameMemory);
    this.#socket = connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 5_000,
      onread: {
        // Handed out only for the time of the callback, so that all channels share it.
        buffer: READ_BUFFER,
        callback: (size) => {
          this.#onData(READ_BUFFER.subarray(0, size));
          return true;
        },
      },
    });
    this.#openTimer = setTimeout(
      () => this.#fail("unreachable", `no connection within ${options.connectTimeoutMs} ms`),
      options.connectTimeoutMs,
    );
    this.#socket.on("connect", () => this.#onConnect());
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#onError(error));
    this.#socket.on("close", () => this.#onClose());
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get hasEnded(): boolean {
    return this.#state === "ended";
  }

  get isSilent(): boolean {
    return this.#silent;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Bytes that the other side has not taken yet. */
  get outputBytes(): number {
    return this.#socket.writableLength;
  }

  /** Sends on an open channel. */
  send(request: ChannelRequest): void {
    this.#correlationId = (this.#correlationId + 1) & 0x7fff_ffff;
    const { frame } = request;
    new DataView(frame.buffer, frame.byteOffset).setInt32(CORRELATION_AT, this.#correlationId);
    if (request.expectsResponse) this.#inFlight.set(this.#correlationId, request);
    if (request.expectsResponse) this.#socket.write(frame);
    else this.#socket.write(frame, (error) => request.onResponse(error ? null : {}));
  }

  /** Nothing is read or sent any more, and the other side is not told. */
  silence(): void {
    this.#silent = true;
    clearTimeout(this.#openTimer);
    this.#socket.pause();
  }

  /** Closes it; what is in flight fails. */
  end(detail = "closed by this side"): void {
    this.#fail("ended", detail);
  }

  #onConnect(): void {
    this.lastHeardMs = performance.now();
    const { auth, software = null } = this.#options;
    if (auth === null) {
      if (software === null) this.#opened();
      else this.#introduce(software);
      return;
    }
    this.#state = "authenticating";
    this.#call(ApiKey.SaslHandshake, 1, newSaslHandshakeRequest({ mechanism: MECHANISM }), (handshake) => {
      if ((handshake as SaslHandshakeResponse).errorCode !== 0) {
        this.#fail("auth", "the other side does not offer PLAIN");
        return;
      }
      const authBytes = plainToken(auth.user, auth.secret);
      this.#call(ApiKey.SaslAuthenticate, 2, newSaslAuthenticateRequest({ authBytes }), (answer) => {
        const { errorCode, errorMessage } = answer as SaslAuthenticateResponse;
        if (errorCode === 0) this.#opened();
        else this.#fail("auth", errorMessage ?? "the cluster secret was not believed");
      });
    });
  }

  /** The answer is not needed: what the other side serves is known. */
  #introduce({ name, version }: Software): void {
    this.#state = "authenticating";
    const body = newApiVersionsRequest({ clientSoftwareName: name, clientSoftwareVersion: version });
    this.#call(ApiKey.ApiVersions, 3, body, () => this.#opened());
  }

  #call(apiKey: number, apiVersion: number, body: object, then: (body: object) => void): void {
    const frame = encodeRequest({ apiKey, apiVersion, correlationId: 0, clientId: this.#options.clientId }, body);
    const onResponse = (answer: object | null) => {
      if (answer !== null) then(answer);
    };
    this.send({ apiKey, apiVersion, frame, expectsResponse: true, onResponse });
  }

  #opened(): void {
    clearTimeout(this.#openTimer);
    this.#state = "open";
    this.#options.onOpen();
  }

  #onData(chunk: Uint8Array): void {
    if (this.#silent) return;
    this.lastHeardMs = performance.now();
    this.#cutter.push(chunk);
    try {
      for (;;) {
        const frame = this.#state === "ended" ? null : this.#cutter.next(this.#options.frameBytesMax);
        if (frame === null) return;
        this.#onFrame(frame);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof FrameError)) throw error;
      this.#fail(this.#state === "open" ? "lost" : "unopened", error.message);
    }
  }

  #onFrame(frame: Uint8Array): void {
    if (frame.length < 4) throw new ProtocolError("a response without a correlation id");
    const correlationId = new DataView(frame.buffer, frame.byteOffset).getInt32(0);
    const request = this.#inFlight.get(correlationId);
    if (request === undefined)
      throw new ProtocolError(`a response to request ${correlationId}, which is not in flight`);
    const { body } = decodeResponse(request.apiKey, request.apiVersion, frame);
    this.#inFlight.delete(correlationId);
    request.onResponse(body as object);
  }

  #onError(error: NodeJS.ErrnoException): void {
    if (this.#cause !== null) return;
    const detail = error.code ?? error.message;
    const end =
      this.#state === "open"
        ? "lost"
        : error.code === "ECONNREFUSED"
          ? "refused"
          : this.#state === "connecting" && error.code !== "ECONNRESET"
            ? "unreachable"
            : "unopened";
    this.#cause = { end, detail };
  }

  #onClose(): void {
    if (this.#state === "ended") return;
    this.#cause ??= { end: this.#state === "open" ? "lost" : "unopened", detail: "closed by the other side" };
    this.#finish();
  }

  #fail(end: ChannelEnd, detail: string): void {
    if (this.#state === "ended") return;
    this.#cause = { end, detail };
    this.#socket.destroy();
    this.#finish();
  }

  #finish(): void {
    clearTimeout(this.#openTimer);
    this.#state = "ended";
    const waiting = [...this.#inFlight.values()];
    this.#inFlight.clear();
    for (const request of waiting) request.onResponse(null);
    const { end, detail } = this.#cause!;
    this.#options.onEnd(end, detail);
  }
}
