/**
 * Fetch, versions 4 to 18, for consumers, followers and (metadata partition) controllers and observers.
 *
 * - Whole batches, the first of which holds the asked offset; at least one batch per answer, however large (KIP-74).
 * - Consumers read below the high watermark, followers up to the log end.
 * - A follower's fetch is its acknowledgement: progress is taken on arrival, once, and only after the divergence check (KIP-595 form, KAFKA-13141).
 * - Waits until min.bytes are there or max.wait.ms is over; errors and divergence answer at once.
 * - Below the tail the disk is read by a reader thread; the request waits as data.
 * - v7+: incremental sessions (KIP-227). v12+: diverging epochs. v13+: topic ids. v15+: replica epoch.
 * - v11+: with `replica.selector.class` a consumer is sent to a replica in its rack; followers serve below the high watermark they know (KIP-392).
 * - Followers on the client listener are refused. Not done: aborted transactions; while there are none, read_committed ends at the high watermark.
 */
import { errorCode, isOffset, Offset, ZERO_UUID, type ErrorName, type NodeId, type Uuid } from "@vitrine/core";
import type { Batch, LogKey } from "@vitrine/log";
import {
  newFetchResponse,
  newFetchResponsePartitionData,
  type FetchRequest,
  type FetchResponsePartitionData,
} from "@vitrine/protocol/types";
import {
  fetcherId,
  toFetchOpening,
  type DivergingEpoch,
  type FetchContext,
  type FetchSpec,
  type Partition,
} from "@vitrine/replication";
import { joinBatches } from "../joined-batches.ts";
import { METADATA_TOPIC, METADATA_TOPIC_ID } from "../metadata-topic.ts";
import { partitionLogKey } from "../partitions.ts";
import { isMetered } from "../quotas/request-meter.ts";
import { preferredReadReplica } from "../replica-selector.ts";
import type { BrokerParts, Handler, Reply } from "../request.ts";
import { nodeEndpointsOf } from "./leader-hint.ts";

interface Slot {
  readonly spec: FetchSpec;
  readonly topicId: Uuid;
  readonly partition: Partition | null;
  readonly key: LogKey;
  readonly replica: boolean;
  /** Where the consumer should read instead; null: here. */
  redirect: NodeId | null;
  error: ErrorName;
  diverging: DivergingEpoch | null;
  /** What a cold read brought; kept until the answer goes out. */
  cold: readonly Batch[] | null;
  reading: boolean;
  batches: readonly Batch[];
}

export const fetch: Handler = (parts, request, from, reply) => {
  const body = request.body as FetchRequest;
  const replicaId = fetcherId(body);
  if (isMetadataFetch(body)) {
    if (from.listener !== "peer" || !parts.quorum.onRequest(request.apiKey, body, reply as (body: unknown) => void))
      reply("close");
    return;
  }
  if (replicaId >= 0 && from.listener !== "peer") {
    reply(refuseReplica(body));
    return;
  }
  const opening = toFetchOpening(body);
  const begun = parts.sessions.begin(opening, parts.runtime.nowMs);
  if (!begun.ok) {
    reply(newFetchResponse({ errorCode: errorCode(begun.error) }));
    return;
  }
  const isClient = from.listener === "client";
  const quotaClient = parts.quotas.isActive && isMetered(request, from) ? (request.clientId ?? "") : null;
  new FetchInProgress(
    parts,
    { body, apiVersion: request.apiVersion, context: begun.context, replicaId, isClient, quotaClient },
    reply,
  ).start();
};

/** Told for the whole answer and, for versions that have no such field, for every partition. */
function refuseReplica(body: FetchRequest): object {
  const code = errorCode("CLUSTER_AUTHORIZATION_FAILED");
  const responses = body.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map(({ partition }) =>
      newFetchResponsePartitionData({ partitionIndex: partition, errorCode: code, highWatermark: -1 }),
    ),
  }));
  return newFetchResponse({ errorCode: code, responses });
}

function isMetadataFetch(body: FetchRequest): boolean {
  const topic = body.topics[0];
  return topic !== undefined && (topic.topicId === METADATA_TOPIC_ID || topic.topic === METADATA_TOPIC);
}

/** How long an answer waits for the disk, also where the fetcher would not wait: without what is only there it would never get on. */
const COLD_READ_WAIT_MS = 5_000;

/** One fetch from its arrival to its answer. */
class FetchInProgress {
  readonly #parts: BrokerParts;
  readonly #request: FetchRequest;
  readonly #context: FetchContext;
  readonly #replicaId: number;
  /** Clients of v11 and later know of replicas in their rack, and may read from followers. Our own nodes look for the leader. */
  readonly #knowsReplicas: boolean;
  /** Before v10 clients do not know zstd: of topics that are kept in it they are told so. */
  readonly #cannotReadZstd: boolean;
  /** The current leader comes with errors from v12 on; older answers must not carry it. */
  readonly #tellsLeader: boolean;
  /** The leader's address comes with v16. */
  readonly #tellsEndpoints: boolean;
  readonly #reply: Reply;
  readonly #slots: Slot[];
  readonly #maxBytes: number;
  /** Client id whose quota counts; null: no quota does. */
  readonly #quotaClient: string | null;
  #answered = false;

  constructor(
    parts: BrokerParts,
    asked: {
      readonly body: FetchRequest;
      readonly apiVersion: number;
      readonly context: FetchContext;
      readonly replicaId: number;
      readonly isClient: boolean;
      readonly quotaClient: string | null;
    },
    reply: Reply,
  ) {
    this.#parts = parts;
    this.#request = asked.body;
    this.#context = asked.context;
    this.#replicaId = asked.replicaId;
    this.#knowsReplicas = asked.isClient && asked.apiVersion >= 11;
    this.#cannotReadZstd = asked.isClient && asked.apiVersion < 10;
    this.#tellsLeader = asked.apiVersion < 0 || asked.apiVersion >= 12;
    this.#tellsEndpoints = asked.apiVersion < 0 || asked.apiVersion >= 16;
    this.#reply = reply;
    this.#quotaClient = asked.quotaClient;
    // An answer larger than all the quota's windows together would be throttled for ever.
    const quotaBytes = this.#quotaClient === null ? Infinity : parts.quotas.maxFetchBytes(this.#quotaClient);
    this.#maxBytes = Math.min(asked.body.maxBytes, parts.runtime.settings.fetchMaxBytes, quotaBytes);
    this.#slots = asked.context.partitions.map((spec) => this.#slotFor(spec));
  }

  start(): void {
    this.#read();
    const { nowMs } = this.#parts.runtime;
    if (this.#isEnough() || (this.#request.maxWaitMs <= 0 && !this.#isReading())) {
      this.#answer();
      return;
    }
    const keys = this.#slots.map((slot) => slot.key);
    this.#park(keys, nowMs + Math.max(0, this.#request.maxWaitMs));
  }

  /** Waits until `maxWaitAtMs`, and for the disk a bounded time longer. */
  #park(keys: readonly LogKey[], maxWaitAtMs: number): void {
    const { runtime, purgatory } = this.#parts;
    const isReading = this.#isReading();
    const coldReadWaitMs = Math.min(COLD_READ_WAIT_MS, runtime.settings.sessionTimeoutMs / 2);
    const deadlineMs = isReading ? Math.max(maxWaitAtMs, runtime.nowMs + coldReadWaitMs) : maxWaitAtMs;
    const tryComplete = (nowMs: number, expired: boolean): boolean => {
      if (this.#answered) return true;
      this.#read();
      const isLate = nowMs >= maxWaitAtMs && !this.#isReading();
      if (expired || isLate || this.#isEnough()) {
        this.#answer();
        return true;
      }
      if (isReading === this.#isReading()) return false;
      // The disk has answered (or is asked anew): from here on another deadline counts.
      this.#park(keys, maxWaitAtMs);
      return true;
    };
    purgatory.park({ deadlineMs, keys, tryComplete }, runtime.nowMs);
  }

  #slotFor(spec: FetchSpec): Slot {
    const { partitions, runtime } = this.#parts;
    const image = this.#parts.image();
    const topic =
      spec.topicId !== ZERO_UUID ? image.topicsById.get(spec.topicId) : image.topicsByName.get(spec.topicName);
    const topicId = topic?.id ?? spec.topicId;
    const partition = topic ? (partitions.get(topic.id, spec.partitionIndex) ?? null) : null;
    const slot: Slot = {
      spec,
      topicId,
      partition,
      key: partitionLogKey(topicId, spec.partitionIndex),
      replica: this.#replicaId >= 0,
      redirect: null,
      error: "NONE",
      diverging: null,
      cold: null,
      reading: false,
      batches: [],
    };
    if (!topic) slot.error = spec.topicId !== ZERO_UUID ? "UNKNOWN_TOPIC_ID" : "UNKNOWN_TOPIC_OR_PARTITION";
    else if (!partition)
      slot.error = topic.partitions.has(spec.partitionIndex) ? "NOT_LEADER_OR_FOLLOWER" : "UNKNOWN_TOPIC_OR_PARTITION";
    else if (this.#cannotReadZstd && partitions.topicConfig(topic.name).compressionType === "zstd")
      slot.error = "UNSUPPORTED_COMPRESSION_TYPE";
    else if (!isOffset(spec.fetchOffset)) slot.error = "OFFSET_OUT_OF_RANGE";
    else if (!slot.replica) slot.redirect = this.#redirectOf(partition, spec);
    else {
      const before = followerMarks(partition, this.#replicaId);
      const check = partition.onFollowerFetch(
        {
          replicaId: this.#replicaId,
          brokerEpoch: this.#request.replicaState.replicaEpoch,
          fetchOffset: spec.fetchOffset,
          ...(spec.durableEndOffset === null ? {} : { durableEndOffset: Offset(spec.durableEndOffset) }),
          lastFetchedEpoch: spec.lastFetchedEpoch,
          currentLeaderEpoch: spec.currentLeaderEpoch,
          logStartOffset: Offset(Math.max(0, spec.logStartOffset)),
        },
        runtime.nowMs,
      );
      if (check.kind === "error") slot.error = check.error;
      else if (check.kind === "diverging") slot.diverging = check.diverging;
      // DeleteRecords waits for the followers' log starts, the console shows their positions; both hear of nothing but a change.
      if (before !== followerMarks(partition, this.#replicaId)) runtime.touch(slot.key);
    }
    return slot;
  }

  #redirectOf(partition: Partition, { fetchOffset, currentLeaderEpoch }: FetchSpec): NodeId | null {
    const { runtime } = this.#parts;
    if (!runtime.settings.readsFromNearest || !this.#knowsReplicas || partition.checkLeaderEpoch(currentLeaderEpoch))
      return null;
    const { rackId } = this.#request;
    return preferredReadReplica(this.#parts.image(), partition, { rackId, fetchOffset, nowMs: runtime.nowMs });
  }

  /** Takes what is in memory, and asks the disk for what is not. */
  #read(): void {
    let left = this.#maxBytes;
    let first = true;
    for (const slot of this.#slots) {
      slot.batches = [];
      const readableEnd = this.#readableEnd(slot);
      if (readableEnd === null || slot.diverging || slot.redirect !== null) continue;
      if (left <= 0 && !first) continue;
      if (slot.replica && this.#isHeldBack(slot.partition)) continue;
      const maxBytes = Math.min(slot.spec.maxBytes, Math.max(left, 1));
      const read = slot.cold ?? this.#readTail(slot, readableEnd, maxBytes);
      if (!read) {
        // Room is kept for what the disk will bring, so that one answer never asks it for more than fits.
        if (slot.reading) left -= maxBytes;
        continue;
      }
      let sizeBytes = 0;
      for (const batch of read) sizeBytes += batch.bytes.byteLength;
      // Only the first batch of the whole answer may be larger than asked for (KIP-74).
      if (!first && sizeBytes > maxBytes) continue;
      slot.batches = read;
      if (sizeBytes > 0) first = false;
      left -= sizeBytes;
    }
  }

  /** Whether a replica that catches up has had its share for now (KIP-73). */
  #isHeldBack(partition: Partition | null): boolean {
    const { partitions, runtime } = this.#parts;
    return partition !== null && partitions.throttle.holdsBack(partition, this.#replicaId, runtime.nowMs);
  }

  /** null: the slot has an error. */
  #readableEnd(slot: Slot): Offset | null {
    if (slot.error !== "NONE" || !slot.partition) return null;
    const { partition, spec } = slot;
    if (slot.replica) {
      const refused = partition.checkLeaderEpoch(spec.currentLeaderEpoch);
      if (refused) slot.error = refused;
      return refused ? null : partition.log.logEndOffset;
    }
    const check = partition.onConsumerFetch({
      fetchOffset: Offset(spec.fetchOffset),
      lastFetchedEpoch: spec.lastFetchedEpoch,
      currentLeaderEpoch: spec.currentLeaderEpoch,
      fromFollower: this.#knowsReplicas,
    });
    if (check.kind === "error") slot.error = check.error;
    else if (check.kind === "diverging") slot.diverging = check.diverging;
    return check.kind === "ok" ? check.readableEnd : null;
  }

  #readTail(slot: Slot, upTo: Offset, maxBytes: number): readonly Batch[] | null {
    if (slot.reading) return null;
    const { log } = slot.partition!;
    const spec = { from: Offset(slot.spec.fetchOffset), upTo, maxBytes };
    const read = log.readTail(spec);
    switch (read.kind) {
      case "batches":
        return read.batches;
      case "out-of-range":
        slot.error = "OFFSET_OUT_OF_RANGE";
        return null;
      case "cold":
        slot.reading = true;
        this.#parts.runtime.readCold(log, spec, (answer) => {
          slot.reading = false;
          if (answer.ok) slot.cold = answer.batches;
          else slot.error = answer.error;
          this.#parts.runtime.touch(slot.key);
        });
        return null;
    }
  }

  #isReading(): boolean {
    return this.#slots.some((slot) => slot.reading);
  }

  #isEnough(): boolean {
    let bytes = 0;
    for (const slot of this.#slots) {
      if (slot.error !== "NONE" || slot.diverging || slot.redirect !== null) return true;
      for (const batch of slot.batches) bytes += batch.bytes.byteLength;
    }
    if (this.#slots.length === 0) return true;
    // Answering without what the disk is about to bring would throw that read away: a partition that lags behind the tail would never get on
    // beside a busy one, and an empty answer would say that there is nothing.
    if (this.#isReading()) return false;
    // More than fits into an answer is never waited for.
    const minBytes = Math.min(this.#request.minBytes, this.#maxBytes);
    return bytes >= minBytes && (bytes > 0 || minBytes <= 0);
  }

  #answer(): void {
    this.#answered = true;
    if (this.#isThrottled()) return;
    const { traffic } = this.#parts;
    const leaders = new Set<number>();
    const { sessionId, results } = this.#context.answer(this.#slots, (slot) => ({
      topicId: slot.spec.topicId,
      topicName: slot.spec.topicName,
      partitionIndex: slot.spec.partitionIndex,
      isError: slot.error !== "NONE",
      isDiverging: slot.diverging !== null,
      isRedirected: slot.redirect !== null,
      hasRecords: slot.batches.length > 0,
      highWatermark: slot.partition?.log.highWatermark ?? -1,
      logStartOffset: slot.partition?.log.logStartOffset ?? -1,
    }));
    const topics = new Map<string, { topic: string; topicId: Uuid; partitions: FetchResponsePartitionData[] }>();
    for (const slot of results) {
      const name = slot.spec.topicName || slot.spec.topicId;
      let topic = topics.get(name);
      if (!topic)
        topics.set(name, (topic = { topic: slot.spec.topicName, topicId: slot.spec.topicId, partitions: [] }));
      const data = this.#dataOf(slot);
      topic.partitions.push(data);
      if (data.currentLeader.leaderId >= 0) leaders.add(data.currentLeader.leaderId);
      const bytes = data.records?.byteLength ?? 0;
      if (slot.replica) {
        traffic.replicationBytesOut += bytes;
        if (slot.partition) this.#parts.partitions.throttle.gave(slot.partition, bytes, this.#parts.runtime.nowMs);
      } else if (bytes > 0) traffic.fetched(slot.key, recordCountOf(slot.batches), bytes);
    }
    const nodeEndpoints = this.#tellsEndpoints ? nodeEndpointsOf(this.#parts.image(), leaders) : [];
    this.#reply(newFetchResponse({ sessionId, responses: [...topics.values()], nodeEndpoints }));
  }

  /** Whether the client has used up its quota: then it is answered with nothing but the time to wait, and nothing is counted (KIP-219). */
  #isThrottled(): boolean {
    const { quotas, runtime } = this.#parts;
    if (this.#quotaClient === null) return false;
    let bytes = 0;
    for (const { batches } of this.#slots) for (const batch of batches) bytes += batch.bytes.byteLength;
    const throttleTimeMs = quotas.consume(this.#quotaClient, bytes, runtime.nowMs);
    if (throttleTimeMs === 0) return false;
    this.#reply(newFetchResponse({ throttleTimeMs, sessionId: this.#context.throttledSessionId }));
    return true;
  }

  #dataOf(slot: Slot): FetchResponsePartitionData {
    const failed = slot.error !== "NONE";
    const log = slot.partition?.log;
    const data = newFetchResponsePartitionData({
      partitionIndex: slot.spec.partitionIndex,
      errorCode: errorCode(slot.error),
      highWatermark: log && (!failed || slot.error === "OFFSET_OUT_OF_RANGE") ? log.highWatermark : -1,
      lastStableOffset: log && !failed ? log.highWatermark : -1,
      logStartOffset: log && (!failed || slot.error === "OFFSET_OUT_OF_RANGE") ? log.logStartOffset : -1,
      records: failed || slot.diverging ? EMPTY : (joinBatches(slot.batches) ?? EMPTY),
    });
    if (slot.diverging) data.divergingEpoch = slot.diverging;
    if (slot.redirect !== null && !failed) data.preferredReadReplica = slot.redirect;
    if (this.#tellsLeader && (slot.error === "NOT_LEADER_OR_FOLLOWER" || slot.error === "FENCED_LEADER_EPOCH")) {
      const known = this.#parts.image().topicsById.get(slot.topicId)?.partitions.get(slot.spec.partitionIndex);
      if (known) data.currentLeader = { leaderId: known.leader, leaderEpoch: known.leaderEpoch };
    }
    return data;
  }
}

/** What is known of a follower, as one comparable word. */
function followerMarks({ state }: Partition, replicaId: number): string {
  const progress = state.role === "leader" ? state.progressOf(replicaId) : undefined;
  return progress ? `${progress.fetchOffset} ${progress.durableEndOffset} ${progress.logStartOffset}` : "";
}

function recordCountOf(batches: readonly Batch[]): number {
  let count = 0;
  for (const batch of batches) count += batch.facts.recordCount;
  return count;
}

/** Clients take null for damage in some versions; empty is what Kafka sends. */
const EMPTY = new Uint8Array(0);
