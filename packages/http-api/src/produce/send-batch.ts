/**
 * One batch to one leader. Tries again only what certainly had no effect (no leader yet, refused, not sent, not the leader before the append),
 * until the deadline; an answer that was lost is told, never repeated.
 */
import { errorFromCode } from "@vitrine/core";
import type { ErrorName } from "@vitrine/core";
import type { CallResult, Engine, PartitionInfo, TopicInfo } from "@vitrine/engine";
import { buildBatch } from "@vitrine/protocol";
import { newProduceRequest } from "@vitrine/protocol/types";
import type { ProduceResponse, ProduceResponsePartitionProduceResponse } from "@vitrine/protocol/types";
import { brokerSettings } from "../broker-settings.ts";
import { nextMetadata } from "../metadata-wait.ts";
import type { NewRecord } from "./new-record.ts";
import type { Delivery, ProduceOutcome } from "./producer.ts";
import { answerLost, notConfirmedInTime, notSentInTime, refusedByLeader } from "./why.ts";

const PRODUCE = 0;
/** The leader's own REQUEST_TIMED_OUT says more than our silence: give it this long after its deadline. */
const ANSWER_GRACE_MS = 400;
const RETRY_MS_MIN = 10;
const RETRY_MS_MAX = 200;
/** A new topic is unknown to its leader for a moment; longer than this it does not exist. */
const UNKNOWN_TOPIC_MS = 2_000;

/** Refusals before the append, that pass with newer metadata. */
const MAY_PASS: ReadonlySet<ErrorName> = new Set([
  "NOT_LEADER_OR_FOLLOWER",
  "LEADER_NOT_AVAILABLE",
  "FENCED_LEADER_EPOCH",
  "UNKNOWN_LEADER_EPOCH",
  "REPLICA_NOT_AVAILABLE",
]);
const UNKNOWN: ReadonlySet<ErrorName> = new Set(["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_ID"]);

type Step = { readonly outcome: ProduceOutcome } | "again";

export async function sendBatch(
  engine: Engine,
  delivery: Delivery,
  records: readonly NewRecord[],
  deadline: number,
): Promise<ProduceOutcome> {
  const batch = buildBatch(records);
  const started = performance.now();
  for (let pauseMs = RETRY_MS_MIN; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return { ok: false, problem: notSentInTime(engine, delivery) };
    const info = engine.topic(delivery.topic.name);
    const partition = info?.topicId === delivery.topic.topicId ? info.partitions[delivery.partition] : undefined;
    if (info !== undefined && partition !== undefined && partition.leader !== -1) {
      const step = await attempt(engine, {
        delivery,
        topic: info,
        partition,
        batch,
        leftMs,
        ageMs: performance.now() - started,
      });
      if (step !== "again") return step.outcome;
    } else if (performance.now() - started > UNKNOWN_TOPIC_MS && partition === undefined) {
      return {
        ok: false,
        problem: refusedByLeader(engine, delivery, {
          error: "UNKNOWN_TOPIC_OR_PARTITION",
          message: `the topic ${delivery.topic.name} is gone`,
          bytes: 0,
          minIsr: null,
        }),
      };
    }
    await nextMetadata(engine, Math.min(pauseMs, deadline - performance.now()));
  }
}

interface Attempt {
  readonly delivery: Delivery;
  readonly topic: TopicInfo;
  readonly partition: PartitionInfo;
  readonly batch: Uint8Array;
  readonly leftMs: number;
  /** Since the first attempt. */
  readonly ageMs: number;
}

async function attempt(engine: Engine, one: Attempt): Promise<Step> {
  const { delivery, topic, partition } = one;
  const node = partition.leader;
  const timeoutMs = Math.max(1, Math.ceil(one.leftMs));
  const request = newProduceRequest({
    // acks=0 has no answer on the wire; the caller of acks=0 does not wait, and the lane still learns when to go on.
    acks: delivery.acks === "all" ? -1 : 1,
    timeoutMs,
    topicData: [
      { name: topic.name, topicId: topic.topicId, partitionData: [{ index: delivery.partition, records: one.batch }] },
    ],
  });
  const abandon = new AbortController();
  const stop = engine.onMetadata(() => {
    if (movedOn(engine, topic, partition)) abandon.abort();
  });
  const result: CallResult<ProduceResponse> = await engine.call<ProduceResponse>(PRODUCE, request, {
    to: { node },
    timeoutMs: timeoutMs + ANSWER_GRACE_MS,
    signal: abandon.signal,
  });
  stop();
  if (!result.ok) {
    if (result.reason === "refused" || result.reason === "not-sent" || result.reason === "no-controller")
      return "again";
    const lost = result.reason === "disconnected" || abandon.signal.aborted;
    return {
      outcome: { ok: false, problem: lost ? answerLost(engine, delivery, node) : notConfirmedInTime(engine, delivery) },
    };
  }
  return judge(engine, one, result.body);
}

/** A silent old leader (frozen, cut off) answers only when it is too late: once another leads, waiting for it makes no sense. */
function movedOn(engine: Engine, topic: TopicInfo, sentTo: PartitionInfo): boolean {
  const now = engine.topicById(topic.topicId)?.partitions[sentTo.partition];
  return now !== undefined && now.leader !== -1 && now.leader !== sentTo.leader && now.leaderEpoch > sentTo.leaderEpoch;
}

async function judge(engine: Engine, one: Attempt, body: ProduceResponse): Promise<Step> {
  const { delivery, partition } = one;
  const answer = body.responses[0]?.partitionResponses[0];
  const error = answer === undefined ? ("UNKNOWN_SERVER_ERROR" as const) : errorFromCode(answer.errorCode).name;
  if (answer !== undefined && error === "NONE")
    return {
      outcome: {
        ok: true,
        firstOffset: answer.baseOffset,
        logAppendTimeMs: answer.logAppendTimeMs < 0 ? null : answer.logAppendTimeMs,
        leader: partition.leader,
        leaderEpoch: partition.leaderEpoch,
      },
    };
  const appended = answer !== undefined && mayBeInLog(answer, delivery);
  if (MAY_PASS.has(error))
    return appended ? { outcome: { ok: false, problem: answerLost(engine, delivery, partition.leader) } } : "again";
  if (UNKNOWN.has(error) && one.ageMs < UNKNOWN_TOPIC_MS) return "again";
  if (error === "REQUEST_TIMED_OUT") return { outcome: { ok: false, problem: notConfirmedInTime(engine, delivery) } };
  const message = answer?.errorMessage ?? null;
  const minIsr = MIN_ISR.has(error) ? await minInsyncReplicas(engine, delivery) : null;
  return {
    outcome: {
      ok: false,
      problem: refusedByLeader(engine, delivery, { error, message, bytes: one.batch.length, minIsr }),
    },
  };
}

const MIN_ISR: ReadonlySet<ErrorName> = new Set(["NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS_AFTER_APPEND"]);

/** The topic's own setting, or the cluster's default, which only a broker knows. */
async function minInsyncReplicas(engine: Engine, { topic }: Delivery): Promise<number | null> {
  const name = "min.insync.replicas";
  const text = engine.topic(topic.name)?.config.get(name) ?? (await brokerSettings(engine, [name])).get(name);
  return text === undefined ? null : Number(text);
}

/**
 * A refusal for lost leadership comes before the append, or while acks=all was waiting after it; then the records may live on at the new leader.
 * After an append Apache Kafka leaves the base offset in, and our broker leaves the current leader out, which every refusal before it carries.
 */
function mayBeInLog(answer: ProduceResponsePartitionProduceResponse, { acks }: Delivery): boolean {
  return answer.baseOffset >= 0 || (acks === "all" && answer.currentLeader.leaderEpoch < 0);
}
