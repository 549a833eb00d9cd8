/** One node of a test cluster: a Raft, its disk that survives crashes, and the driver between them. */
import { Offset, seededRandom, type NodeId, type Random, type Uuid } from "@vitrine/core";
import { type Batch, type LogStore, METADATA_LOG, type PartitionLog } from "@vitrine/log";
import {
  DEFAULT_RAFT_LIMITS,
  DEFAULT_RAFT_TIMINGS,
  Raft,
  type RaftBug,
  type RaftEffect,
  type RaftEvent,
  type RaftLimits,
  type RaftRequest,
  type RaftResponse,
  type RaftTimings,
  type SendFailure,
} from "../src/index.ts";
import { makeBatch } from "./batches.ts";
import { TestDisk } from "./test-disk.ts";

export interface NodeOptions {
  readonly id: NodeId;
  readonly voters: readonly NodeId[];
  readonly random?: Random;
  readonly timings?: Partial<RaftTimings>;
  readonly limits?: Partial<RaftLimits>;
  readonly bugs?: ReadonlySet<RaftBug>;
}

/** A request on the wire; `replyTo` of the receiver. */
export interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly requestId: number;
  /** Which life of the sender sent it: an answer to an earlier life is lost with its connection. */
  readonly life: number;
  /** How long the sender waits. */
  readonly timeoutMs: number;
  readonly request: RaftRequest;
}

export interface Answer {
  readonly envelope: Envelope;
  readonly response: RaftResponse;
}

/** What the world does with what leaves a node. */
export interface Wire {
  send(envelope: Envelope): void;
  answer(answer: Answer): void;
  /** Everything that is not a message. */
  noted(node: TestNode, effect: RaftEffect): void;
}

export class TestNode {
  readonly id: NodeId;
  readonly options: NodeOptions;
  readonly disk: TestDisk;
  readonly #wire: Wire;
  readonly #held: { gate: number; run: () => void }[] = [];
  raft: Raft | null = null;
  store: LogStore | null = null;
  log: PartitionLog | null = null;
  life = 0;
  #readId = 0;

  constructor(options: NodeOptions, wire: Wire) {
    this.id = options.id;
    this.options = options;
    this.disk = new TestDisk(options.id);
    this.#wire = wire;
  }

  get isUp(): boolean {
    return this.raft !== null;
  }

  start(nowMs: number): void {
    const { id, voters } = this.options;
    this.life += 1;
    const store = this.disk.open((event) => {
      if (event.type === "read") this.step({ type: "read", id: event.id, batches: event.batches }, this.#lastMs);
      if (event.type === "read-failed")
        this.step({ type: "readFailed", id: event.id, error: event.error }, this.#lastMs);
    });
    this.store = store;
    this.log = store.create({
      key: METADATA_LOG,
      topicId: "AAAAAAAAAAAAAAAAAAAAAQ" as Uuid,
      partition: 0,
      topicName: "__cluster_metadata",
      retentionClass: "metadata",
    });
    // The log was made when the disk was formatted.
    store.handOver();
    this.disk.commitNext();
    this.raft = new Raft(
      {
        nodeId: id,
        directoryId: store.directoryId,
        clusterId: "test",
        voters,
        timings: { ...DEFAULT_RAFT_TIMINGS, ...this.options.timings },
        limits: { ...DEFAULT_RAFT_LIMITS, ...this.options.limits },
        random: this.options.random ?? seededRandom(id),
        makeLeaderChangeBatch: ({ epoch, baseOffset, leaderId }) =>
          makeBatch({ baseOffset, epoch, text: `leader ${leaderId}`, isControl: true }),
        nextReadId: () => ++this.#readId,
        checkSnapshot: (snapshot) => (snapshot.bytes[0] === 0xff ? "damaged" : null),
        ...(this.options.bugs ? { plantedBugs: this.options.bugs } : {}),
      },
      store,
      this.log,
      nowMs,
    );
    this.drain();
  }

  /** The process is gone; of what was handed over and not yet reported, the first `kept` hand-overs happen to be on disk. */
  crash(kept: number): void {
    this.raft = null;
    this.store = null;
    this.log = null;
    this.#held.length = 0;
    this.disk.crash(kept);
  }

  #lastMs = 0;

  step(event: RaftEvent, nowMs: number): void {
    if (!this.raft) return;
    this.#lastMs = nowMs;
    this.raft.step(event, nowMs);
    this.drain();
  }

  /** One more hand-over reaches the disk. Says whether there was one. */
  commit(nowMs: number): boolean {
    if (!this.raft || !this.disk.commitNext()) return false;
    this.#release();
    this.step({ type: "committed" }, nowMs);
    return true;
  }

  propose(text: string, nowMs: number, records = 1): { offset: number; epoch: number } | string {
    if (!this.raft || !this.log) return "down";
    const batch = makeBatch({ baseOffset: this.log.logEndOffset, epoch: this.raft.view().epoch, text, records });
    const result = this.raft.propose([batch], nowMs);
    this.drain();
    return result.ok ? { offset: result.firstOffset, epoch: result.epoch } : result.error;
  }

  /** The driver's part of a snapshot: everything below endOffset, as one text. */
  snapshot(endOffset: number, text: string): void {
    if (!this.raft || !this.store || !this.log) return;
    const snapshot = {
      endOffset: Offset(endOffset),
      epoch: this.log.epochs.epochAt(endOffset - 1),
      bytes: new TextEncoder().encode(text),
    };
    this.store.saveSnapshot(snapshot);
    this.raft.snapshotTaken(snapshot);
    this.drain();
  }

  /** Batches from the log start on, in memory or on disk. */
  batches(from = 0): readonly Batch[] {
    return this.disk.batchesFrom(from);
  }

  drain(): void {
    if (!this.raft || !this.store) return;
    const effects = this.raft.drainEffects();
    this.store.handOver();
    const { life } = this;
    for (const effect of effects) {
      if (effect.type === "send") {
        const { to, requestId, request, timeoutMs } = effect;
        this.#gated(effect.gate, () => this.#wire.send({ from: this.id, to, requestId, life, timeoutMs, request }));
      } else if (effect.type === "reply") {
        const { response } = effect;
        const envelope = effect.replyTo as Envelope;
        this.#gated(effect.gate, () => this.#wire.answer({ envelope, response }));
      } else this.#wire.noted(this, effect);
    }
    this.disk.answerReads();
  }

  failed(envelope: Envelope, reason: SendFailure, nowMs: number): void {
    if (envelope.life === this.life)
      this.step({ type: "requestFailed", to: envelope.to, requestId: envelope.requestId, reason }, nowMs);
  }

  #gated(gate: number, run: () => void): void {
    if (!this.store || this.store.committedTicket >= gate) run();
    else this.#held.push({ gate, run });
  }

  #release(): void {
    const committed = this.store?.committedTicket ?? 0;
    for (const held of this.#held.splice(0)) {
      if (held.gate <= committed) held.run();
      else this.#held.push(held);
    }
  }
}
