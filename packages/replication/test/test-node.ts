/** One broker of the harness: a store, a partition, its fetch plans and session cache; everything that leaves it goes through `Outside`. */
import { errorCode, type NodeId, Offset, type Random, randomBelow, Uuid } from "@vitrine/core";
import type { Batch, LogKey, LogStore } from "@vitrine/log";
import {
  newFetchResponse,
  newFetchResponseEpochEndOffset,
  newFetchResponseFetchableTopicResponse,
  newFetchResponsePartitionData,
  type FetchRequest,
  type FetchResponse,
  type FetchResponsePartitionData,
} from "@vitrine/protocol/types";
import {
  type AlterPartitionItem,
  type FetchContext,
  FetchPlans,
  FetchSessions,
  fetcherId,
  type FetchSpec,
  Partition,
  type ReplicationEffect,
  type ReplicationSettings,
  toFetchOpening,
  toFetchRequest,
  toPlannedAnswer,
} from "../src/index.ts";
import type { Disk } from "./disk.ts";
import { isSound } from "./test-batch.ts";
import type { MetadataVersion } from "./tiny-controller.ts";

export const TOPIC_ID = Uuid("AAAAAAAAAAAAAAAAAAAAAQ");
export const LOG_KEY = `${TOPIC_ID}-0` as LogKey;

export interface Outside {
  nowMs(): number;
  fetch(from: NodeId, to: NodeId, request: FetchRequest, requestId: number): void;
  answer(from: NodeId, to: NodeId, response: FetchResponse, requestId: number): void;
  alterPartition(from: NodeId, item: AlterPartitionItem, requestId: number): void;
  /** After `ms`, unless the node has died meanwhile. */
  later(node: TestNode, ms: number, run: () => void): void;
  onEffect(node: TestNode, effect: ReplicationEffect): void;
}

export interface ParkedFetch {
  readonly from: NodeId;
  readonly requestId: number;
  readonly context: FetchContext;
  readonly deadlineMs: number;
}

export class TestNode {
  readonly id: NodeId;
  readonly brokerEpoch: number;
  readonly store: LogStore;
  private readonly disk: Disk;
  readonly partition: Partition;
  readonly effects: ReplicationEffect[] = [];
  readonly plans: FetchPlans;
  private readonly sessions: FetchSessions;
  private readonly outside: Outside;
  private readonly minIsr: number;
  private metadataVersion = -1;
  private parked: ParkedFetch[] = [];

  constructor(options: {
    id: NodeId;
    brokerEpoch: number;
    disk: Disk;
    settings: ReplicationSettings;
    minIsr: number;
    random: Random;
    outside: Outside;
  }) {
    this.id = options.id;
    this.brokerEpoch = options.brokerEpoch;
    this.disk = options.disk;
    this.store = options.disk.open();
    this.outside = options.outside;
    this.minIsr = options.minIsr;
    this.plans = new FetchPlans(options.settings);
    this.sessions = new FetchSessions({ newSessionId: () => 1 + randomBelow(options.random, 0x7fff_fff0) });
    const log = this.store.create({
      key: LOG_KEY,
      topicId: TOPIC_ID,
      partition: 0,
      topicName: "t",
      retentionClass: "delete",
    });
    const { id: localId, settings } = options;
    this.partition = new Partition({
      topicId: TOPIC_ID,
      topicName: "t",
      index: 0,
      localId,
      log,
      settings,
      effects: this.effects,
    });
  }

  get log() {
    return this.partition.log;
  }

  onMetadata(metadata: MetadataVersion): void {
    if (metadata.version <= this.metadataVersion) return;
    this.metadataVersion = metadata.version;
    this.partition.applyMetadata(metadata.assignment, {
      liveness: metadata.liveness,
      minIsr: this.minIsr,
      localBrokerEpoch: this.brokerEpoch,
      nowMs: this.outside.nowMs(),
    });
    this.plans.sync(this.partition);
  }

  onFetch(from: NodeId, request: FetchRequest, requestId: number): void {
    const opened = this.sessions.begin(toFetchOpening(request), this.outside.nowMs());
    if (!opened.ok) {
      this.outside.answer(this.id, from, newFetchResponse({ errorCode: errorCode(opened.error) }), requestId);
      return;
    }
    const brokerEpoch = request.replicaState.replicaEpoch;
    const replicaId = fetcherId(request);
    const results = opened.context.partitions.map((spec) => this.read(spec, replicaId, brokerEpoch));
    const somethingToSay = results.some(
      (data) => data.errorCode !== 0 || data.divergingEpoch.epoch >= 0 || data.records !== null,
    );
    if (somethingToSay || request.maxWaitMs === 0) {
      this.reply(from, requestId, opened.context, results);
      return;
    }
    const deadlineMs = this.outside.nowMs() + request.maxWaitMs;
    this.parked.push({ from, requestId, context: opened.context, deadlineMs });
    this.outside.later(this, request.maxWaitMs, () => {});
  }

  onAnswer(leader: NodeId, response: FetchResponse | null, requestId: number): void {
    const nowMs = this.outside.nowMs();
    if (response) this.plans.onAnswer({ leader, requestId }, toPlannedAnswer(response), isSound, nowMs);
    else this.plans.onFailure({ leader, requestId }, nowMs);
  }

  /** The end of a turn: effects, parked fetches, new fetches, hand-over. */
  settle(): void {
    const nowMs = this.outside.nowMs();
    this.partition.tick(nowMs);
    for (const effect of this.effects.splice(0)) {
      this.outside.onEffect(this, effect);
      if (effect.type === "alterPartition") this.outside.alterPartition(this.id, effect.item, effect.requestId);
    }
    const parked = this.parked;
    this.parked = [];
    for (const fetch of parked) this.unpark(fetch, nowMs);
    for (const planned of this.plans.next(nowMs)) {
      const identity = { replicaId: this.id, brokerEpoch: this.brokerEpoch, directoryId: this.store.directoryId };
      this.outside.fetch(this.id, planned.leader, toFetchRequest(planned, identity), planned.requestId);
    }
    this.store.handOver();
  }

  /** Whole batches in [from, upTo), from the tail and, after a restart, from the disk below it. */
  batches(from: number, upTo: number): readonly Batch[] {
    const found: Batch[] = [];
    for (let next = from; next < upTo;) {
      const spec = { from: Offset(next), upTo: Offset(upTo), maxBytes: 1 << 20 };
      const read = this.log.readTail(spec);
      if (read.kind === "out-of-range") throw new Error(`node ${this.id}: [${next}, ${upTo}) is outside the log`);
      const batches = read.kind === "batches" ? read.batches : this.disk.readNow(this.log, spec);
      if (batches.length === 0) break;
      found.push(...batches);
      next = batches.at(-1)!.facts.lastOffset + 1;
    }
    return found;
  }

  private unpark(fetch: ParkedFetch, nowMs: number): void {
    const results = fetch.context.partitions.map((spec) => this.readAgain(spec));
    const ready = results.some((data) => data.errorCode !== 0 || data.records !== null);
    if (ready || nowMs >= fetch.deadlineMs) this.reply(fetch.from, fetch.requestId, fetch.context, results);
    else this.parked.push(fetch);
  }

  private reply(
    to: NodeId,
    requestId: number,
    context: FetchContext,
    results: readonly FetchResponsePartitionData[],
  ): void {
    const answered = context.answer(results, (data) => ({
      topicId: TOPIC_ID,
      topicName: "",
      partitionIndex: data.partitionIndex,
      isError: data.errorCode !== 0,
      isDiverging: data.divergingEpoch.epoch >= 0,
      isRedirected: false,
      hasRecords: data.records !== null,
      highWatermark: data.highWatermark,
      logStartOffset: data.logStartOffset,
    }));
    const topic = newFetchResponseFetchableTopicResponse({ topicId: TOPIC_ID, partitions: answered.results });
    this.outside.answer(
      this.id,
      to,
      newFetchResponse({ sessionId: answered.sessionId, responses: [topic] }),
      requestId,
    );
  }

  private read(spec: FetchSpec, replicaId: NodeId, brokerEpoch: number): FetchResponsePartitionData {
    const checked = this.partition.onFollowerFetch(
      {
        replicaId,
        brokerEpoch,
        fetchOffset: Offset(spec.fetchOffset),
        ...(spec.durableEndOffset === null ? {} : { durableEndOffset: Offset(spec.durableEndOffset) }),
        lastFetchedEpoch: spec.lastFetchedEpoch,
        currentLeaderEpoch: spec.currentLeaderEpoch,
        logStartOffset: Offset(spec.logStartOffset),
      },
      this.outside.nowMs(),
    );
    if (checked.kind === "error") return this.data({ errorCode: errorCode(checked.error) });
    if (checked.kind === "diverging")
      return this.data({ divergingEpoch: newFetchResponseEpochEndOffset(checked.diverging) });
    return this.data({ records: this.records(spec.fetchOffset, checked.readableEnd) });
  }

  private readAgain(spec: FetchSpec): FetchResponsePartitionData {
    const error = this.partition.checkLeaderEpoch(spec.currentLeaderEpoch);
    return error
      ? this.data({ errorCode: errorCode(error) })
      : this.data({ records: this.records(spec.fetchOffset, this.log.logEndOffset) });
  }

  private data(fields: Partial<FetchResponsePartitionData>): FetchResponsePartitionData {
    const { highWatermark, logStartOffset } = this.log;
    return newFetchResponsePartitionData({
      partitionIndex: 0,
      highWatermark,
      logStartOffset,
      records: null,
      ...fields,
    });
  }

  private records(from: number, upTo: number): Uint8Array | null {
    const batches = this.batches(from, upTo);
    if (batches.length === 0) return null;
    const bytes = new Uint8Array(batches.reduce((sum, batch) => sum + batch.bytes.length, 0));
    let at = 0;
    for (const batch of batches) {
      bytes.set(batch.bytes, at);
      at += batch.bytes.length;
    }
    return bytes;
  }
}
