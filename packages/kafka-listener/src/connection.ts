import type { Socket } from "node:net";
import type { RequestContext } from "@vitrine/broker";
import {
  ApiKey,
  apiName,
  decodeRequest,
  encodeResponseParts,
  encodeUnknownApiVersions,
  isServed,
  peekRequest,
  ProtocolError,
  type Advertised,
  type RequestNumbers,
  type ApiVersionsRequest,
  type FetchRequest,
  type SaslAuthenticateRequest,
  type SaslHandshakeRequest,
} from "@vitrine/protocol";
import { type ConnectedClient, shortText } from "./connected-client.ts";
import type { BorrowedReads } from "./borrowed-reads.ts";
import { FrameCutter, FrameError, type FrameMemory } from "./frame-cutter.ts";
import { ReplyQueue, type Slot } from "./reply-queue.ts";
import type { SaslServer, SaslStep } from "./sasl.ts";
import {
  FETCH_BYTES_WHEN_FULL,
  type Journal,
  type ListenerLimits,
  type ReplyBody,
  type RequestHandler,
} from "./types.ts";

/** What all connections of a listener share. */
export interface ConnectionSettings {
  readonly listener: "client" | "peer";
  readonly advertised: Advertised;
  readonly handler: RequestHandler;
  readonly journal: Journal;
  readonly limits: ListenerLimits;
  readonly reads: BorrowedReads;
  readonly frameMemory: FrameMemory;
  /** Whether produce requests must wait, because the disk is behind (T12). */
  readonly shouldPauseProduce: () => boolean;
  /** Asks to be run again soon: it waits for shouldPauseProduce. */
  readonly retryLater: (connection: Connection) => void;
  /** Whether all connections together hold more answers than they should. */
  readonly isOutputHigh: () => boolean;
  readonly onClosed: (connection: Connection) => void;
}

/** A refusal waits this long, so that guessing a secret is slow. */
const REFUSAL_DELAY_MS = 100;
const LEAVE_TIMEOUT_MS = 1_000;
/** Answers that together are no longer than this go out as one piece: copying them costs less than a list of pieces. */
const ONE_PIECE_BYTES = 32 * 1024;

/** One accepted connection: frames in, answers out in the same order, bounded on both sides. */
export class Connection {
  readonly id: string;
  readonly remote: string;
  readonly #socket: Socket;
  readonly #settings: ConnectionSettings;
  readonly #cutter: FrameCutter;
  readonly #replies = new ReplyQueue();
  readonly #context: RequestContext;
  readonly #connectedSinceMs = Date.now();
  #lastRequestMs: number | null = null;
  #requests = 0;
  #lastApiKey = -1;
  #lastApiVersion = -1;
  #clientId: string | null = null;
  #softwareName: string | null = null;
  #softwareVersion: string | null = null;
  #refusal: string | null = null;
  #refusals = 0;
  /** null once the other side is known, or when nobody asks. */
  #sasl: SaslServer | null;
  #authTimer: NodeJS.Timeout | null = null;
  #output: Uint8Array[] = [];
  /** A frame that was read and must wait. */
  #held: Uint8Array | null = null;
  /** Runs while a quota of the client is used up: nothing is read. */
  #muteTimer: NodeJS.Timeout | null = null;
  #muteEndMs = 0;
  #flushing = false;
  #silent = false;
  #closed = false;
  #ending = false;

  /** `accepted` has read nothing yet. */
  constructor(accepted: Socket, id: string, sasl: SaslServer | null, settings: ConnectionSettings) {
    this.#settings = settings;
    this.#cutter = new FrameCutter(settings.frameMemory);
    const socket = settings.reads.attach(accepted, (chunk) => {
      this.#cutter.push(chunk);
      this.run();
      this.#cutter.keep();
    });
    this.#socket = socket;
    this.#sasl = sasl;
    this.id = id;
    this.remote = `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`;
    const noteRefusal = (reason: string) => this.#noteRefusal(reason);
    this.#context = { listener: settings.listener, connectionId: id, remote: this.remote, noteRefusal };
    socket.setTimeout(settings.limits.idleTimeoutMs, () => this.#onIdle());
    socket.on("drain", () => this.run());
    socket.on("error", (error: NodeJS.ErrnoException) =>
      this.#journal("debug", `failed: ${error.code ?? error.message}`),
    );
    socket.on("close", () => this.#onClosed());
    if (sasl !== null)
      this.#authTimer = setTimeout(() => this.#end("gave no cluster secret in time"), settings.limits.authTimeoutMs);
    socket.resume();
  }

  /** Reads on, as far as the bounds allow. */
  run(): void {
    try {
      while (!this.#closed && !this.#silent && !this.#ending) {
        if (this.#isFull() || this.#muteTimer !== null) break;
        const frame = this.#held ?? this.#cutter.next(this.#frameBytesMax());
        this.#held = null;
        if (frame === null) {
          this.#socket.resume();
          return;
        }
        const numbers = peekRequest(frame);
        if (!this.#mayHandle(numbers.apiKey)) {
          this.#held = frame;
          break;
        }
        this.#handle(frame, numbers);
      }
      this.#socket.pause();
    } catch (error) {
      if (error instanceof FrameError || error instanceof ProtocolError)
        this.#refuse(`sent what is no request: ${error.message}`, "info");
      else throw error;
    }
  }

  /** From here on nothing is read and nothing written, and nothing tells the other side (isolation). */
  silence(): void {
    this.#silent = true;
    this.#output = [];
    this.#socket.pause();
    this.#socket.setTimeout(0);
    if (this.#authTimer) clearTimeout(this.#authTimer);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Answers in hand go out, then the connection ends. */
  end(): void {
    this.#ending = true;
    this.#flush();
    this.#leave();
  }

  /** When it last asked something, or connected. Wall clock. */
  get lastHeardMs(): number {
    return this.#lastRequestMs ?? this.#connectedSinceMs;
  }

  /** It ends for the sake of others; the console shows why. */
  refuseToKeep(reason: string): void {
    this.#refuse(`is closed: ${reason}`, "info");
  }

  /** Whether something it sent was refused. */
  get wasRefused(): boolean {
    return this.#refusal !== null;
  }

  /** Who this is, at this moment. */
  describe(): ConnectedClient {
    const hasAsked = this.#requests > 0;
    return {
      connectionId: this.id,
      remote: this.remote,
      clientId: this.#clientId,
      softwareName: this.#softwareName,
      softwareVersion: this.#softwareVersion,
      connectedSinceMs: this.#connectedSinceMs,
      lastRequestMs: this.#lastRequestMs,
      requests: this.#requests,
      bytesIn: this.#socket.bytesRead,
      bytesOut: this.#socket.bytesWritten,
      principal: "User:ANONYMOUS",
      lastApi: hasAsked ? apiName(this.#lastApiKey) : null,
      lastApiVersion: hasAsked ? this.#lastApiVersion : null,
      refusal: this.#refusal,
      refusals: this.#refusals,
      closedMs: this.#closed ? Date.now() : null,
    };
  }

  /** Bytes of answers that wait for the other side. */
  get outputBytes(): number {
    return this.#socket.writableLength;
  }

  #frameBytesMax(): number {
    const { limits } = this.#settings;
    return this.#sasl === null ? limits.frameBytesMax : limits.preAuthFrameBytesMax;
  }

  #isFull(): boolean {
    const { limits } = this.#settings;
    return (
      this.#replies.length >= limits.inFlightMax ||
      this.#replies.frameBytes >= limits.inFlightBytesMax ||
      this.#socket.writableLength > limits.outputBytesMax
    );
  }

  /** Whether this very request may be handled now; if not, something will run the connection again. */
  #mayHandle(apiKey: number): boolean {
    if (apiKey === ApiKey.Fetch) return this.#replies.fetches < this.#settings.limits.inFlightFetchesMax;
    if (apiKey !== ApiKey.Produce || !this.#settings.shouldPauseProduce()) return true;
    this.#settings.retryLater(this);
    return false;
  }

  #handle(frame: Uint8Array, { apiKey, apiVersion, correlationId }: RequestNumbers): void {
    const { advertised, handler } = this.#settings;
    this.#requests += 1;
    this.#lastApiKey = apiKey;
    this.#lastApiVersion = apiVersion;
    this.#lastRequestMs = Date.now();
    if (!isServed(advertised, apiKey, apiVersion)) {
      if (apiKey !== ApiKey.ApiVersions || !advertised.has(apiKey)) {
        this.#refuse(
          `sent ${apiName(apiKey)} version ${apiVersion}, which this listener does not serve${hintFor(apiKey, apiVersion)}`,
        );
        return;
      }
      const slot = this.#replies.open(frame.length, false);
      slot.frame = [encodeUnknownApiVersions(correlationId, advertised)];
      this.#finish(slot);
      return;
    }
    const isSasl = apiKey === ApiKey.SaslHandshake || apiKey === ApiKey.SaslAuthenticate;
    if (this.#sasl !== null && !isSasl && apiKey !== ApiKey.ApiVersions) {
      this.#refuse(`sent ${apiName(apiKey)} before the cluster secret`);
      return;
    }
    const { header, body } = decodeRequest(frame);
    this.#introduce(header.clientId, apiKey, apiVersion, body);
    if (apiKey === ApiKey.Fetch && this.#settings.isOutputHigh()) {
      const fetch = body as FetchRequest;
      fetch.maxBytes = Math.min(fetch.maxBytes, FETCH_BYTES_WHEN_FULL);
    }
    const slot = this.#replies.open(frame.length, apiKey === ApiKey.Fetch);
    const reply = (answer: ReplyBody, muteMs = 0) => {
      this.#reply(slot, apiKey, apiVersion, correlationId, answer);
      if (muteMs > 0) this.#mute(muteMs);
    };
    if (isSasl && this.#sasl !== null) this.#authenticate(this.#sasl, apiKey, body, reply);
    else handler.submit({ apiKey, apiVersion, clientId: header.clientId, body }, this.#context, reply);
  }

  /** Takes what the client says about itself. */
  #introduce(clientId: string | null, apiKey: number, apiVersion: number, body: unknown): void {
    if (clientId !== null && clientId !== this.#clientId) this.#clientId = shortText(clientId);
    if (apiKey !== ApiKey.ApiVersions || apiVersion < 3) return;
    const { clientSoftwareName, clientSoftwareVersion } = body as ApiVersionsRequest;
    this.#softwareName = shortText(clientSoftwareName) || null;
    this.#softwareVersion = shortText(clientSoftwareVersion) || null;
  }

  #authenticate(sasl: SaslServer, apiKey: number, body: unknown, reply: (body: ReplyBody) => void): void {
    const step: SaslStep =
      apiKey === ApiKey.SaslHandshake
        ? sasl.handshake(body as SaslHandshakeRequest)
        : sasl.authenticate(body as SaslAuthenticateRequest);
    if (step.outcome === "refused") {
      this.#journal("warn", "was refused: it does not know the cluster secret");
      this.#ending = true;
      setTimeout(() => {
        reply(step.body);
        process.nextTick(() => this.#leave());
      }, REFUSAL_DELAY_MS);
      return;
    }
    if (step.outcome === "done") {
      this.#sasl = null;
      if (this.#authTimer) clearTimeout(this.#authTimer);
      this.#authTimer = null;
    }
    reply(step.body);
  }

  /** The answer is encoded at once, but for its record batches: those go out from where they lie. */
  #reply(slot: Slot, apiKey: number, apiVersion: number, correlationId: number, body: ReplyBody): void {
    if (slot.done || this.#closed || this.#silent) return;
    if (body === "close") slot.close = true;
    else if (body !== null) {
      try {
        slot.frame = encodeResponseParts(apiKey, apiVersion, correlationId, body);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        this.#journal("error", `gets no answer to ${apiName(apiKey)} v${apiVersion}: ${error.message}`);
        slot.close = true;
      }
    }
    this.#finish(slot);
  }

  #mute(forMs: number): void {
    const endMs = performance.now() + forMs;
    if (this.#closed || this.#silent || endMs <= this.#muteEndMs) return;
    this.#muteEndMs = endMs;
    if (this.#muteTimer) clearTimeout(this.#muteTimer);
    this.#muteTimer = setTimeout(() => {
      this.#muteTimer = null;
      this.run();
    }, forMs);
  }

  #finish(slot: Slot): void {
    slot.done = true;
    if (this.#flushing) return;
    this.#flushing = true;
    // All answers of a turn leave in one write.
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
      if (!this.#ending) this.run();
    });
  }

  #flush(): void {
    if (this.#closed || this.#silent) return;
    let close = false;
    for (let slot = this.#replies.take(); slot !== null && !close; slot = this.#replies.take()) {
      for (const part of slot.frame) this.#output.push(part);
      close = slot.close;
    }
    const output = this.#output;
    this.#output = [];
    writeAll(this.#socket, output);
    if (close) this.#end("had a request without an answer");
  }

  /** Ends the connection and remembers the reason for the console. */
  #refuse(reason: string, level: "info" | "warn" = "warn"): void {
    this.#noteRefusal(reason);
    this.#end(reason, level);
  }

  #noteRefusal(reason: string): void {
    this.#refusal = shortText(reason);
    this.#refusals += 1;
  }

  /** Ends the connection, as Kafka does with what it cannot answer, and says why. */
  #end(reason: string, level: "info" | "warn" = "info"): void {
    if (this.#closed || this.#silent || this.#ending) return;
    this.#ending = true;
    this.#journal(level, `is closed: it ${reason}`);
    this.#leave();
  }

  /** What is written goes out first, but nobody waits long for a side that does not read. */
  #leave(): void {
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), LEAVE_TIMEOUT_MS).unref();
  }

  #onIdle(): void {
    // A muted connection is not read, so its silence is ours.
    if (this.#muteTimer !== null) this.#socket.setTimeout(this.#settings.limits.idleTimeoutMs);
    else if (this.#replies.length === 0) this.#end(`was silent for ${this.#settings.limits.idleTimeoutMs} ms`);
  }

  #onClosed(): void {
    this.#closed = true;
    this.#held = null;
    if (this.#muteTimer) clearTimeout(this.#muteTimer);
    if (this.#authTimer) clearTimeout(this.#authTimer);
    this.#settings.onClosed(this);
  }

  #journal(level: "debug" | "info" | "warn" | "error", what: string): void {
    const who = this.#settings.listener === "client" ? "the client" : "the peer";
    this.#settings.journal(level, `${who} at ${this.remote} ${what}`, { connection: this.id });
  }
}

/** What a person can do about it, where the reason is a known one. */
function hintFor(apiKey: number, apiVersion: number): string {
  if (apiKey === ApiKey.Produce && apiVersion < 3)
    return ": it writes the record formats of before Kafka 0.11; use a client of 0.11 or newer";
  return "";
}

/** Writes pieces with as few calls of the system as there can be. */
function writeAll(socket: Socket, pieces: readonly Uint8Array[]): void {
  if (pieces.length <= 1) {
    if (pieces.length === 1) socket.write(pieces[0]!);
    return;
  }
  let sizeBytes = 0;
  for (const piece of pieces) sizeBytes += piece.length;
  if (sizeBytes <= ONE_PIECE_BYTES) {
    socket.write(Buffer.concat(pieces, sizeBytes));
    return;
  }
  socket.cork();
  for (const piece of pieces) socket.write(piece);
  socket.uncork();
}
