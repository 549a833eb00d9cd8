/** Why a write did not go through, in words: who leads, who is in sync, who is silent, and whether the quorum is there. */
import { kafkaProblem } from "@vitrine/api";
import type { Problem, ProblemExtra, SideEffects } from "@vitrine/api";
import type { ErrorName } from "@vitrine/core";
import type { Engine, PartitionInfo } from "@vitrine/engine";
import type { Delivery } from "./producer.ts";

/** A broker not heard of for this long is called silent. */
const SILENT_MS = 1_500;

/** State of a partition as one or two sentences, for the end of a `detail`. */
export function partitionState(engine: Engine, topic: string, partition: number): string {
  const info = engine.topic(topic)?.partitions[partition];
  if (info === undefined) return "its leader is not known here";
  const silent = silentOf(engine, info);
  const sentences = [
    info.leader === -1
      ? `${topic}-${partition} has no leader; its in-sync set is [${info.isr.join(",")}]`
      : `${topic}-${partition} is led by broker ${info.leader} at epoch ${info.leaderEpoch}, ISR [${info.isr.join(",")}]`,
  ];
  if (silent.length > 0) sentences.push(`${brokers(silent)} ${silent.length === 1 ? "does" : "do"} not answer`);
  if (!engine.hasQuorum())
    sentences.push(
      "the controller quorum is lost, so no leader can be elected and no in-sync set shrunk until a majority of the controllers is back",
    );
  return sentences.join("; ");
}

function silentOf(engine: Engine, info: PartitionInfo): number[] {
  const ages = engine.ages();
  return info.replicas.filter((id) => {
    const broker = engine.broker(id);
    return broker === undefined || broker.fenced || (ages.get(id) ?? 0) > SILENT_MS;
  });
}

function brokers(ids: readonly number[]): string {
  return ids.length === 1 ? `broker ${ids[0]}` : `brokers ${ids.slice(0, -1).join(", ")} and ${ids.at(-1)}`;
}

/** Facts that a problem about one partition carries. */
export function partitionFacts(engine: Engine, topic: string, partition: number): ProblemExtra {
  const info = engine.topic(topic)?.partitions[partition];
  return info === undefined
    ? { topic, partition }
    : {
        topic,
        partition,
        leader: info.leader,
        leader_epoch: info.leaderEpoch,
        isr: info.isr,
        replicas: info.replicas,
        quorum: engine.hasQuorum(),
      };
}

function about(
  engine: Engine,
  delivery: Delivery,
  error: ErrorName,
  detail: string,
  extra: ProblemExtra = {},
): Problem {
  const name = delivery.topic.name;
  return kafkaProblem(error, detail, { ...partitionFacts(engine, name, delivery.partition), ...extra });
}

/** The deadline passed while the records still waited for their turn or for a leader: nothing was written. */
export function notSentInTime(engine: Engine, delivery: Delivery): Problem {
  const { topic, partition, timeoutMs } = delivery;
  const leaderless = engine.topic(topic.name)?.partitions[partition]?.leader === -1;
  return about(
    engine,
    delivery,
    leaderless ? "LEADER_NOT_AVAILABLE" : "REQUEST_TIMED_OUT",
    `nothing was written within ${timeoutMs} ms: ${partitionState(engine, topic.name, partition)}`,
    { side_effects: "none" satisfies SideEffects },
  );
}

/** The leader has the records, or may have them, and did not confirm in time. */
export function notConfirmedInTime(engine: Engine, delivery: Delivery): Problem {
  const { topic, partition, timeoutMs, acks } = delivery;
  const whom = acks === "all" ? "the in-sync replicas did not all confirm" : "the leader did not confirm";
  return about(
    engine,
    delivery,
    "REQUEST_TIMED_OUT",
    `${whom} within ${timeoutMs} ms: ${partitionState(engine, topic.name, partition)}. The records may have been written`,
  );
}

/** The connection to the leader broke, or the leader changed, before the answer. */
export function answerLost(engine: Engine, delivery: Delivery, node: number): Problem {
  const { topic, partition } = delivery;
  return about(
    engine,
    delivery,
    "NETWORK_EXCEPTION",
    `broker ${node} went away before it answered: ${partitionState(engine, topic.name, partition)}. The records may have been written`,
    { leader: engine.topic(topic.name)?.partitions[partition]?.leader ?? -1 },
  );
}

export interface Refusal {
  readonly error: ErrorName;
  /** The leader's own words. */
  readonly message: string | null;
  /** Size of the batch. */
  readonly bytes: number;
  /** Asked for only where it decides. */
  readonly minIsr: number | null;
}

/** A Kafka error of the leader's answer. */
export function refusedByLeader(engine: Engine, delivery: Delivery, refusal: Refusal): Problem {
  const { error, message, bytes, minIsr } = refusal;
  const { topic, partition } = delivery;
  const info = engine.topic(topic.name)?.partitions[partition];
  const place = `${topic.name}-${partition}`;
  const config = engine.topic(topic.name)?.config;
  switch (error) {
    case "NOT_ENOUGH_REPLICAS":
    case "NOT_ENOUGH_REPLICAS_AFTER_APPEND": {
      const written =
        error === "NOT_ENOUGH_REPLICAS" ? "nothing was written" : "the records are in the leader's log, not confirmed";
      const wanted = minIsr === null ? "more are needed" : `min.insync.replicas is ${minIsr}`;
      const extra = minIsr === null ? {} : { min_insync_replicas: minIsr };
      return about(
        engine,
        delivery,
        error,
        `${place} has ISR [${info?.isr.join(",") ?? ""}], ${wanted}; ${written}`,
        extra,
      );
    }
    case "MESSAGE_TOO_LARGE":
    case "RECORD_LIST_TOO_LARGE":
      return about(
        engine,
        delivery,
        error,
        `the batch for ${place} has about ${bytes} bytes, more than max.message.bytes of the topic allows`,
        {
          hint: "send many records as application/x-ndjson, which is cut into batches by the server; for one large record raise max.message.bytes",
          max_message_bytes: Number(config?.get("max.message.bytes") ?? 1_048_588),
        },
      );
    case "KAFKA_STORAGE_ERROR": {
      // Kafka has one code for a broken disk and a full one; a broker that refuses for lack of room says so in words.
      const full = message?.includes("full") === true;
      const extra = full ? { status: 507, retriable: false, side_effects: "none" } : {};
      return about(engine, delivery, error, message ?? `${place}: its leader's disk failed`, extra);
    }
    default:
      return about(
        engine,
        delivery,
        error,
        message ?? `${place}: ${error}; ${partitionState(engine, topic.name, partition)}`,
      );
  }
}
