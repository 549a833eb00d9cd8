import { Offset, type PartitionIndex, Uuid, ZERO_UUID } from "@vitrine/core";
import { expect } from "vitest";
import { METADATA_LOG } from "../src/partition-log.ts";
import type {
  Batch,
  LogDescriptor,
  LogEvent,
  LogKey,
  LogStore,
  PartitionLog,
  ReadSpec,
  Ticket,
} from "../src/partition-log.ts";
import type { Survey, SurveySpec } from "../src/virtual-segments.ts";

/** One life of a store under test. */
export interface LogStoreHarness {
  readonly store: LogStore;
  /** Brings about, or waits for, the next event that is due (a commit, an answer); returns at once when none is. */
  step(): Promise<void>;
  /** Ends this life without warning and opens what the disk kept: all that was reported as committed, perhaps more. */
  crash(): Promise<LogStoreHarness>;
  /** Opens the directory again after `store.close()`. */
  reopen(): Promise<LogStoreHarness>;
  /** Ends this life for good and removes what it left. */
  dispose(): Promise<void>;
}

export type OpenStore = (options: { readonly tailBytesMax: number }) => Promise<LogStoreHarness>;

const STEPS_MAX = 5000;
const TOPIC = Uuid("b0000000000000000000aA");

export function descriptorOf(partition: PartitionIndex, retentionClass = "delete:604800000:-1"): LogDescriptor {
  return { key: `${TOPIC}-${partition}` as LogKey, topicId: TOPIC, topicName: "orders", partition, retentionClass };
}

export const metadataDescriptor: LogDescriptor = {
  key: METADATA_LOG,
  topicId: ZERO_UUID,
  topicName: "__cluster_metadata",
  partition: 0,
  retentionClass: "metadata",
};

/** Plays the broker: takes the events of a store, over its lives, and waits for them. */
export class StoreDriver {
  #harness: LogStoreHarness;
  #lastTicket: number;
  #lastId = 0;
  readonly #answers = new Map<number, LogEvent>();
  events: LogEvent[] = [];
  /** Last ticket that was reported in the life before this one. */
  committedBeforeCrash = 0;

  constructor(harness: LogStoreHarness) {
    this.#harness = harness;
    this.#lastTicket = harness.store.committedTicket;
    this.#adopt(harness);
  }

  static async open(openStore: OpenStore, tailBytesMax = 1 << 20): Promise<StoreDriver> {
    return new StoreDriver(await openStore({ tailBytesMax }));
  }

  get store(): LogStore {
    return this.#harness.store;
  }

  get lastTicket(): number {
    return this.#lastTicket;
  }

  log(key: LogKey): PartitionLog {
    const log = this.store.logs.get(key);
    if (!log) throw new Error(`no log ${key}`);
    return log;
  }

  handOver(): Ticket {
    const ticket = this.store.handOver();
    this.#lastTicket = ticket;
    return ticket;
  }

  step(): Promise<void> {
    return this.#harness.step();
  }

  /** Hands over and waits until all of it is committed. */
  async commit(): Promise<void> {
    this.handOver();
    await this.#until(() => this.store.committedTicket >= this.#lastTicket, "everything to be committed");
  }

  async crash(): Promise<void> {
    this.committedBeforeCrash = this.store.committedTicket;
    this.#adopt(await this.#harness.crash());
  }

  /** An orderly stop and a start. */
  async restart(brokerEpoch = 5): Promise<void> {
    this.handOver();
    await this.store.close(brokerEpoch);
    this.#adopt(await this.#harness.reopen());
  }

  async dispose(): Promise<void> {
    await this.#harness.dispose();
  }

  /** One read, from memory or from disk, as the broker does it. */
  async read(log: PartitionLog, spec: ReadSpec): Promise<readonly Batch[] | string> {
    const tail = log.readTail(spec);
    if (tail.kind === "batches") return tail.batches;
    if (tail.kind === "out-of-range") return "OFFSET_OUT_OF_RANGE";
    const answer = await this.ask((id) => log.readCold(id, spec));
    if (answer.type === "read") return answer.batches;
    return answer.type === "read-failed" ? answer.error : `unexpected ${answer.type}`;
  }

  /** Every batch in [from, upTo), read piece by piece; a piece that brings nothing before the end is an error. */
  async readAll(log: PartitionLog, from: number, upTo: number, maxBytes = 300): Promise<Batch[]> {
    const all: Batch[] = [];
    for (let at = from; at < upTo;) {
      const piece = await this.read(log, { from: Offset(at), upTo: Offset(upTo), maxBytes });
      if (typeof piece === "string") throw new Error(`read at ${at}: ${piece}`);
      if (piece.length === 0) break;
      all.push(...piece);
      at = piece.at(-1)!.facts.lastOffset + 1;
    }
    return all;
  }

  async findTimestamp(log: PartitionLog, timestampMs: number, upTo: number, from?: number): Promise<Batch | null> {
    const answer = await this.ask((id) =>
      log.findTimestamp(id, timestampMs, Offset(upTo), from === undefined ? undefined : Offset(from)),
    );
    expect(answer.type).toBe("found");
    return answer.type === "found" ? answer.batch : null;
  }

  async findKept(log: PartitionLog, bytes: number): Promise<number | null> {
    const answer = await this.ask((id) => log.findKept(id, bytes));
    expect(answer.type).toBe("kept");
    return answer.type === "kept" ? answer.offset : null;
  }

  async survey(log: PartitionLog, spec: SurveySpec): Promise<Survey> {
    const answer = await this.ask((id) => log.survey(id, spec));
    if (answer.type !== "surveyed") throw new Error(`unexpected ${answer.type}`);
    return answer.survey;
  }

  async ask(request: (id: number) => void): Promise<LogEvent> {
    const id = ++this.#lastId;
    request(id);
    expect(this.#answers.has(id), "an answer must not come inside the call").toBe(false);
    await this.#until(() => this.#answers.has(id), "an answer");
    return this.#answers.get(id)!;
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    for (let steps = 0; !done(); steps++) {
      if (steps > STEPS_MAX) throw new Error(`waited in vain for ${what}`);
      await this.#harness.step();
    }
  }

  #adopt(harness: LogStoreHarness): void {
    this.#harness = harness;
    this.#lastTicket = harness.store.committedTicket;
    harness.store.onEvent((event) => {
      if (harness !== this.#harness) return;
      this.events.push(event);
      if ("id" in event) this.#answers.set(event.id, event);
    });
  }
}
