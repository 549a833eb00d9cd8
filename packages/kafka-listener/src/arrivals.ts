/**
 * Connections on their way in. One after the other, as Kafka's acceptor takes them: each waits for its turn and for room, and those behind it wait
 * with it, unread. All sockets of a listener together are bounded by its limit of connections, those that wait here among them.
 */
import type { Socket } from "node:net";
import type { Admission } from "./types.ts";

interface Waiting {
  readonly socket: Socket;
  /** null until it is the first. */
  turnMs: number | null;
}

export interface ArrivalsHost {
  /** From here on the socket is the host's, which tells its end to `gone`. */
  admitted(socket: Socket): void;
  refused(socket: Socket, reason: string): void;
}

export class Arrivals {
  readonly #admission: Admission;
  readonly #host: ArrivalsHost;
  readonly #waiting: Waiting[] = [];
  /** Refused, and closed when their time has come. */
  readonly #delayed = new Map<Socket, NodeJS.Timeout>();
  readonly #stop: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(admission: Admission, host: ArrivalsHost) {
    this.#admission = admission;
    this.#host = host;
    this.#stop = admission.onChange(() => this.run());
  }

  add(socket: Socket): void {
    // Nobody else listens to it yet; one that breaks while it waits is dropped at its turn.
    socket.on("error", ignore);
    this.#waiting.push({ socket, turnMs: null });
    this.run();
  }

  /** One that was let in has ended, so there is room for another. */
  gone(remoteAddress: string): void {
    this.#admission.gone(remoteAddress);
    this.run();
  }

  /** Lets in whoever may come. */
  run(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const { socket } = first;
      const address = socket.remoteAddress;
      if (socket.destroyed || address === undefined) {
        socket.destroy();
        this.#waiting.shift();
        continue;
      }
      const nowMs = performance.now();
      first.turnMs ??= nowMs + this.#admission.paceMs(nowMs);
      if (nowMs < first.turnMs) {
        this.#timer = setTimeout(() => this.run(), Math.ceil(first.turnMs - nowMs));
        return;
      }
      if (!this.#admission.hasRoom) return;
      this.#waiting.shift();
      this.#letIn(socket, address, nowMs);
    }
  }

  #letIn(socket: Socket, address: string, nowMs: number): void {
    const arrival = this.#admission.admit(address, nowMs);
    if (arrival.outcome === "admitted") {
      socket.off("error", ignore);
      this.#host.admitted(socket);
      return;
    }
    this.#host.refused(socket, arrival.reason);
    if (arrival.closeAfterMs === 0) {
      socket.destroy();
      return;
    }
    const end = () => {
      this.#delayed.delete(socket);
      socket.destroy();
    };
    this.#delayed.set(socket, setTimeout(end, arrival.closeAfterMs));
  }

  /** Nobody comes in any more, and whoever waits is closed. */
  close(): void {
    this.#stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
    for (const [socket, timer] of this.#delayed) {
      clearTimeout(timer);
      socket.destroy();
    }
    this.#delayed.clear();
  }
}

function ignore(): void {}
