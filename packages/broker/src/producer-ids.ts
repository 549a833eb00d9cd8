/**
 * Producer ids for idempotent producers. The controller gives blocks of a thousand, never the same twice (KIP-730); a broker hands out of
 * its block and asks for the next one when little is left. What is left when the process ends is never used.
 */
import { errorFromCode } from "@vitrine/core";
import { ApiKey, newAllocateProducerIdsRequest, type AllocateProducerIdsResponse } from "@vitrine/protocol/types";
import type { ControllerChannel } from "./controller-channel.ts";
import type { Runtime } from "./runtime.ts";

interface Block {
  next: number;
  /** Exclusive. */
  readonly end: number;
  /** The next block is asked for once `next` is here. */
  readonly prefetchAt: number;
}

/** Share of a block that is used before the next one is asked for (Kafka's). */
const PREFETCH_AT = 0.9;
/** Requests that wait for a block; beyond it they are told to come again. */
const WAITING_MAX = 10_000;
/** How long the controller may take. Clients wait 30 s by default and try again when told to. */
const ALLOCATE_TIMEOUT_MS = 5_000;

export class ProducerIds {
  readonly #runtime: Runtime;
  readonly #channel: ControllerChannel;
  readonly #brokerEpoch: () => number;
  #current: Block | null = null;
  #following: Block | null = null;
  #isAsking = false;
  #waiting: ((id: number | null) => void)[] = [];

  constructor(runtime: Runtime, channel: ControllerChannel, brokerEpoch: () => number) {
    this.#runtime = runtime;
    this.#channel = channel;
    this.#brokerEpoch = brokerEpoch;
  }

  /** An id that nobody has; null when the controller gives none now. The answer comes in this or a later turn, once. */
  next(onId: (id: number | null) => void): void {
    const id = this.#take();
    if (id !== null) {
      onId(id);
      return;
    }
    if (this.#waiting.length >= WAITING_MAX) {
      onId(null);
      return;
    }
    this.#waiting.push(onId);
    this.#ask();
  }

  #take(): number | null {
    if (this.#current === null || this.#current.next >= this.#current.end) {
      this.#current = this.#following;
      this.#following = null;
    }
    const block = this.#current;
    if (block === null) return null;
    const id = block.next++;
    if (block.next >= block.prefetchAt && this.#following === null) this.#ask();
    return id;
  }

  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { nodeId: brokerId } = this.#runtime.config;
    const request = newAllocateProducerIdsRequest({ brokerId, brokerEpoch: this.#brokerEpoch() });
    this.#channel.call(ApiKey.AllocateProducerIds, request, ALLOCATE_TIMEOUT_MS, (result) => {
      this.#isAsking = false;
      const reply = result.ok ? (result.body as AllocateProducerIdsResponse) : null;
      if (reply?.errorCode === 0 && reply.producerIdLen > 0) this.#add(reply.producerIdStart, reply.producerIdLen);
      else {
        const why = reply ? errorFromCode(reply.errorCode).name : result.ok ? "no answer" : result.reason;
        this.#runtime.journal("warn", `the controller gave no producer ids: ${why}`);
      }
      this.#serve();
    });
  }

  #add(start: number, length: number): void {
    this.#following = { next: start, end: start + length, prefetchAt: start + Math.floor(length * PREFETCH_AT) };
  }

  /** Everybody who waits gets an id or is told to come again: nobody waits for a second answer of the controller. */
  #serve(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const onId of waiting) onId(this.#take());
  }
}
