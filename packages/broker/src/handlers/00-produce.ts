/**
 * Produce, versions 3 to 13 (0 to 2 are advertised for old librdkafka and refused).
 *
 * - One batch per partition, format 2, checked whole (CRC, counts, timestamps, size) before it is appended; kept byte for byte, unless the topic has a
 *   `compression.type` of its own or LogAppendTime. Records are decoded only where a rule needs their content; v8+ is told which ones are at fault.
 * - acks=0: no response. acks=1: after this broker's commit (disk gate). acks=all: when the high watermark passes it (cluster gate).
 * - acks=all below min.insync.replicas: NOT_ENOUGH_REPLICAS, nothing appended (KIP-966: the high watermark stands for any acks then).
 * - Internal topics and control batches are refused from clients.
 * - v10+: the current leader comes with NOT_LEADER_OR_FOLLOWER (KIP-951). v13+: topic ids.
 * - Transactional batches are refused until transactions exist.
 */
import { errorCode, isInternalTopic, ZERO_UUID, type ErrorName, type Uuid } from "@vitrine/core";
import { validateProduceBatch, type RecordProblem, type TopicCompression } from "@vitrine/protocol";
import {
  newProduceResponse,
  newProduceResponseLeaderIdAndEpoch,
  newProduceResponsePartitionProduceResponse,
  type ProduceRequest,
  type ProduceResponsePartitionProduceResponse,
} from "@vitrine/protocol/types";
import type { TopicConfig } from "@vitrine/metadata";
import type { Acks, Partition } from "@vitrine/replication";
import type { Offset } from "@vitrine/core";
import type { BrokerParts, Handler } from "../request.ts";
import { nodeEndpointsOf } from "./leader-hint.ts";

interface Answer {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly data: ProduceResponsePartitionProduceResponse;
}

/** One partition's batch that is in the log and waits for the high watermark. */
interface Waiting {
  readonly partition: Partition;
  readonly requiredOffset: Offset;
  readonly leaderEpoch: number;
  readonly data: ProduceResponsePartitionProduceResponse;
}

export const produce: Handler = (parts, request, from, reply) => {
  const body = request.body as ProduceRequest;
  const { runtime } = parts;
  const acks = body.acks;
  const answers: Answer[] = [];
  const waiting: Waiting[] = [];
  // Leader and address came with v10, and older answers must not carry them (KIP-951).
  const tellsLeader = request.apiVersion < 0 || request.apiVersion >= 10;
  const isAcks = acks === -1 || acks === 0 || acks === 1;
  for (const topic of body.topicData) {
    const found =
      topic.topicId !== ZERO_UUID
        ? parts.image().topicsById.get(topic.topicId)
        : parts.image().topicsByName.get(topic.name);
    for (const item of topic.partitionData) {
      const answer = (error: ErrorName, message: string | null): ProduceResponsePartitionProduceResponse => {
        const data = newProduceResponsePartitionProduceResponse({
          index: item.index,
          errorCode: errorCode(error),
          baseOffset: -1,
          errorMessage: message,
        });
        answers.push({ topic: topic.name, topicId: topic.topicId, data });
        return data;
      };
      if (!isAcks) {
        answer("INVALID_REQUIRED_ACKS", `acks=${acks}: only 0, 1 and -1 (all) mean something`);
        continue;
      }
      if (!found || !found.partitions.has(item.index)) {
        const unknown = topic.topicId !== ZERO_UUID ? "UNKNOWN_TOPIC_ID" : "UNKNOWN_TOPIC_OR_PARTITION";
        answer(unknown, `this broker knows no partition ${topic.name || topic.topicId}-${item.index}`);
        continue;
      }
      const refusal = body.transactionalId !== null ? TRANSACTIONS_LATER : refusalOf(parts, found.name, from.listener);
      if (refusal) {
        answer(refusal.error, refusal.message);
        continue;
      }
      const appended = append(
        parts,
        { topicId: found.id, topicName: found.name, index: item.index },
        item.records,
        acks,
        request.apiVersion,
      );
      const data = answer(appended.ok ? "NONE" : appended.error, appended.ok ? null : appended.message);
      if (!appended.ok) {
        if (appended.recordErrors)
          data.recordErrors = appended.recordErrors.map(({ batchIndex, message: batchIndexErrorMessage }) => ({
            batchIndex,
            batchIndexErrorMessage,
          }));
        // What the client itself makes wrong, not what the cluster is in: a person looks for it at the client.
        if (appended.error === "INVALID_RECORD" || appended.error === "CORRUPT_MESSAGE")
          from.noteRefusal?.(`wrote to ${found.name}-${item.index}: ${appended.message}`);
        if (tellsLeader && appended.error === "NOT_LEADER_OR_FOLLOWER")
          data.currentLeader = leaderOf(parts, found.id, item.index);
        continue;
      }
      data.baseOffset = appended.baseOffset;
      data.logAppendTimeMs = appended.logAppendTimeMs;
      data.logStartOffset = appended.partition.log.logStartOffset;
      const { partition, requiredOffset, leaderEpoch } = appended;
      if (acks === -1) waiting.push({ partition, requiredOffset, leaderEpoch, data });
    }
  }
  if (acks === 0) {
    // Kafka tells nobody; a connection whose acks=0 writes fail is closed, so that the client asks for metadata.
    const failed = answers.some((answer) => answer.data.errorCode !== 0);
    reply(failed && from.listener === "client" ? "close" : null);
    return;
  }
  const respond = () => reply(response(parts, answers));
  if (acks === 1) runtime.afterThisTurn(respond);
  else if (waiting.length === 0) runtime.afterThisTurn(respond);
  else park(parts, waiting, body.timeoutMs, respond);
};

const TRANSACTIONS_LATER = {
  error: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
  message: "transactions are not there yet: write without a transactional.id",
} as const;

function refusalOf(
  parts: BrokerParts,
  topicName: string,
  listener: string,
): { error: ErrorName; message: string } | null {
  const { health } = parts.runtime.store;
  if (isInternalTopic(topicName) && listener !== "local")
    return {
      error: "INVALID_TOPIC_EXCEPTION",
      message: `${topicName} belongs to the cluster: clients cannot write to it`,
    };
  if (health.state === "offline")
    return { error: "KAFKA_STORAGE_ERROR", message: "the log directory of this broker is offline after an I/O error" };
  if (health.nearlyFull)
    return {
      error: "KAFKA_STORAGE_ERROR",
      message: `the disk of this broker is nearly full (${health.freeBytes} bytes free): it refuses writes until there is room again`,
    };
  return null;
}

type Appended =
  | {
      readonly ok: true;
      readonly partition: Partition;
      readonly baseOffset: number;
      readonly requiredOffset: Offset;
      readonly leaderEpoch: number;
      readonly logAppendTimeMs: number;
    }
  | {
      readonly ok: false;
      readonly error: ErrorName;
      readonly message: string;
      readonly recordErrors?: readonly RecordProblem[];
    };

function append(
  parts: BrokerParts,
  { topicId, topicName, index }: { readonly topicId: Uuid; readonly topicName: string; readonly index: number },
  records: Uint8Array | null,
  acks: Acks,
  apiVersion: number,
): Appended {
  const { runtime, partitions, traffic } = parts;
  const partition = partitions.get(topicId, index);
  if (!partition?.isLeader)
    return { ok: false, error: "NOT_LEADER_OR_FOLLOWER", message: `this broker does not lead ${topicName}-${index}` };
  const config = partitions.topicConfig(topicName);
  const wallMs = runtime.clock.wallMs();
  const checked = validateProduceBatch(records, {
    // Requests of this process have no version: they are as new as can be.
    ...(apiVersion < 0 ? {} : { apiVersion }),
    maxMessageBytes: config.maxMessageBytes,
    nowMs: wallMs,
    timestampAfterMaxMs: config.messageTimestampAfterMaxMs,
    timestampBeforeMaxMs: config.messageTimestampBeforeMaxMs,
    timestampType: config.messageTimestampType,
    compacted: config.cleanupPolicy.compact,
    ...(config.compressionType === "producer" ? {} : { compression: codecOf(config) }),
  });
  if (!checked.ok) return checked;
  const { bytes, facts } = checked;
  traffic.decodedRecords += checked.decodedRecords;
  if (facts.isTransactional) return { ok: false, ...TRANSACTIONS_LATER };
  const appended = partition.append({ bytes, facts, acks, nowMs: wallMs });
  if (!appended.ok) return appended;
  if (!appended.duplicate) {
    const { key } = partition.log.descriptor;
    traffic.produced(key, facts.recordCount, facts.sizeBytes);
    runtime.touch(key);
  }
  const logAppendTimeMs = config.messageTimestampType === "LogAppendTime" ? appended.maxTimestampMs : -1;
  return { ...appended, partition, logAppendTimeMs };
}

/** What the topic wants its batches to be in, where that is not what producers send. */
function codecOf({ compressionType, values }: TopicConfig): TopicCompression {
  const type = compressionType as TopicCompression["type"];
  const level = values.get(`compression.${type}.level`);
  return level === undefined ? { type } : { type, level: Number(level) };
}

/** Waits for the high watermark to pass every batch. */
function park(parts: BrokerParts, waiting: readonly Waiting[], timeoutMs: number, respond: () => void): void {
  const open = new Set(waiting);
  const { runtime, purgatory } = parts;
  const keys = waiting.map(({ partition }) => partition.log.descriptor.key);
  const tryComplete = (_nowMs: number, expired: boolean): boolean => {
    for (const item of open) {
      const status = item.partition.produceStatus(item);
      if (status.kind === "waiting" && !expired) continue;
      open.delete(item);
      if (status.kind === "done") continue;
      item.data.errorCode = errorCode(status.kind === "error" ? status.error : "REQUEST_TIMED_OUT");
      item.data.errorMessage = explain(parts, item, status.kind === "error" ? status.error : "REQUEST_TIMED_OUT");
    }
    if (open.size > 0) return false;
    respond();
    return true;
  };
  if (tryComplete(runtime.nowMs, false)) return;
  purgatory.park({ deadlineMs: runtime.nowMs + Math.max(0, timeoutMs), keys, tryComplete }, runtime.nowMs);
}

/** Why a write that is in the leader's log is not acknowledged, in words. */
function explain(parts: BrokerParts, { partition }: Waiting, error: ErrorName): string {
  const { label, isr } = partition;
  switch (error) {
    case "REQUEST_TIMED_OUT": {
      const reached = parts.lifecycle?.isHeard(parts.runtime.nowMs) ?? true;
      const why = reached
        ? `the in-sync replicas [${isr.join(", ")}] did not all confirm it in time`
        : "this broker cannot reach the controller quorum, so replicas that are gone cannot leave the ISR";
      return `${label}: the record is in the leader's log but not committed: ${why}; it may still be committed later`;
    }
    case "NOT_ENOUGH_REPLICAS_AFTER_APPEND":
      return `${label}: the record is in the leader's log, but the ISR shrank to [${isr.join(", ")}], below min.insync.replicas`;
    default:
      return `${label}: leadership moved before the record was committed; it may or may not have survived`;
  }
}

function leaderOf(parts: BrokerParts, topicId: Uuid, index: number) {
  const partition = parts.image().topicsById.get(topicId)?.partitions.get(index);
  return newProduceResponseLeaderIdAndEpoch(
    partition && { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch },
  );
}

function response(parts: BrokerParts, answers: readonly Answer[]): object {
  const only = answers.length === 1 ? answers[0]! : null;
  if (only !== null && only.data.currentLeader.leaderId < 0)
    return newProduceResponse({
      responses: [{ name: only.topic, topicId: only.topicId, partitionResponses: [only.data] }],
    });
  const topics = new Map<
    string,
    { name: string; topicId: Uuid; partitionResponses: ProduceResponsePartitionProduceResponse[] }
  >();
  const leaders = new Set<number>();
  for (const { topic, topicId, data } of answers) {
    const key = topic || topicId;
    let group = topics.get(key);
    if (!group) topics.set(key, (group = { name: topic, topicId, partitionResponses: [] }));
    group.partitionResponses.push(data);
    if (data.currentLeader.leaderId >= 0) leaders.add(data.currentLeader.leaderId);
  }
  return newProduceResponse({
    responses: [...topics.values()],
    nodeEndpoints: nodeEndpointsOf(parts.image(), leaders),
  });
}
