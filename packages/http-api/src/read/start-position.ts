/** Turns "earliest", "the last ten", "since 15m" or a cursor into one offset per partition, asking leaders where it must. */
import { kafkaProblem } from "@vitrine/api";
import type { Position } from "@vitrine/api";
import { errorInfo } from "@vitrine/core";
import type { ErrorName } from "@vitrine/core";
import type { CallFailure, Engine, TopicInfo } from "@vitrine/engine";
import { refuse } from "../error-reply.ts";
import { nextMetadata } from "../metadata-wait.ts";
import { partitionFacts, partitionState } from "../produce/why.ts";
import { EARLIEST, LATEST, listOffsets } from "./list-offsets.ts";
import type { ListedOffset } from "./list-offsets.ts";
import type { TailStart } from "../record-tail.ts";

export interface StartQuestion {
  readonly topic: TopicInfo;
  readonly partitions: readonly number[];
  readonly start: TailStart;
  readonly isolation: "committed" | "uncommitted";
  /** performance.now() at which to give up on leaders that do not answer. */
  readonly deadline: number;
}

/** One position per partition asked for. Fails with a problem that names the partition whose leader does not answer. */
export async function startPositions(engine: Engine, question: StartQuestion): Promise<Map<number, Position>> {
  const { start, partitions } = question;
  switch (start.from) {
    case "earliest":
      return known(engine, question, await ask(engine, question, partitions, EARLIEST));
    case "latest":
      return known(engine, question, await ask(engine, question, partitions, LATEST));
    case "last": {
      const [first, last] = await Promise.all([
        ask(engine, question, partitions, EARLIEST),
        ask(engine, question, partitions, LATEST),
      ]);
      const starts = known(engine, question, first);
      const ends = known(engine, question, last);
      return new Map(
        partitions.map((partition) => {
          const offset = Math.max(starts.get(partition)!.offset, ends.get(partition)!.offset - start.count);
          return [partition, { offset, epoch: -1 }];
        }),
      );
    }
    case "timestamp": {
      const found = await ask(engine, question, partitions, Math.max(0, start.timestampMs));
      const none = partitions.filter(
        (partition) => found.get(partition)?.error === "NONE" && found.get(partition)?.offset === -1,
      );
      const ends = none.length === 0 ? new Map<number, ListedOffset>() : await ask(engine, question, none, LATEST);
      return known(engine, question, new Map([...found, ...ends]));
    }
    case "cursor": {
      const missing = partitions.filter((partition) => !start.positions.has(partition));
      const special = start.otherwise === "earliest" ? EARLIEST : LATEST;
      const rest =
        missing.length === 0
          ? new Map<number, Position>()
          : known(engine, question, await ask(engine, question, missing, special));
      return new Map(
        partitions.map((partition) => [partition, start.positions.get(partition) ?? rest.get(partition)!]),
      );
    }
  }
}

const MAY_PASS: ReadonlySet<ErrorName | CallFailure> = new Set<ErrorName | CallFailure>([
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER_OR_FOLLOWER",
  "FENCED_LEADER_EPOCH",
  "UNKNOWN_LEADER_EPOCH",
  "OFFSET_NOT_AVAILABLE",
  "UNKNOWN_TOPIC_OR_PARTITION",
  "refused",
  "not-sent",
  "disconnected",
]);

/** Reads have no effect, so every failure that may pass is tried again until the deadline. */
async function ask(
  engine: Engine,
  question: StartQuestion,
  partitions: readonly number[],
  timestamp: number,
): Promise<Map<number, ListedOffset>> {
  const found = new Map<number, ListedOffset>();
  for (let open = partitions; open.length > 0;) {
    const leftMs = question.deadline - performance.now();
    const topic = engine.topicById(question.topic.topicId) ?? question.topic;
    const answers = await listOffsets(engine, topic, {
      partitions: open,
      timestamp,
      isolation: question.isolation,
      timeoutMs: Math.max(50, Math.ceil(leftMs)),
    });
    for (const [partition, answer] of answers) found.set(partition, answer);
    open = open.filter((partition) => MAY_PASS.has(found.get(partition)!.error));
    if (performance.now() >= question.deadline) break;
    if (open.length > 0) await nextMetadata(engine, Math.min(100, question.deadline - performance.now()));
  }
  return found;
}

function known(
  engine: Engine,
  question: StartQuestion,
  found: ReadonlyMap<number, ListedOffset>,
): Map<number, Position> {
  const positions = new Map<number, Position>();
  for (const [partition, answer] of found) {
    if (answer.error !== "NONE") refuse(unreadable(engine, question.topic.name, partition, answer.error));
    positions.set(partition, { offset: Math.max(0, answer.offset), epoch: -1 });
  }
  return positions;
}

/** The problem of a partition that cannot be read now; `offset`: where reading was to begin, for words about one batch. */
export function unreadable(
  engine: Engine,
  topic: string,
  partition: number,
  error: ErrorName | CallFailure,
  offset?: number,
) {
  const name = kafkaName(error);
  if (name === "CORRUPT_MESSAGE") return damaged(engine, topic, partition, offset ?? -1);
  return kafkaProblem(name, `${topic}-${partition} cannot be read now: ${partitionState(engine, topic, partition)}`, {
    ...partitionFacts(engine, topic, partition),
    side_effects: "none",
    retriable: errorInfo(name).retriable,
  });
}

/** A stored batch whose checksum is wrong: no fault of the request, and only that batch is lost, if it is. */
function damaged(engine: Engine, topic: string, partition: number, offset: number) {
  const info = engine.topic(topic)?.partitions[partition];
  const leader = info?.leader ?? -1;
  const others = (info?.isr ?? []).filter((id) => id !== leader);
  const where = offset < 0 ? "a batch" : `the batch at offset ${offset}`;
  return kafkaProblem(
    "CORRUPT_MESSAGE",
    `${where} of ${topic}-${partition} on broker ${leader} is damaged: its CRC32C does not match, so it is not served. Other offsets can be read`,
    {
      ...partitionFacts(engine, topic, partition),
      ...(offset < 0 ? {} : { offset }),
      status: others.length > 0 ? 503 : 500,
      retriable: others.length > 0,
      hint:
        others.length > 0
          ? `in sync are also ${others.join(", ")}: stop broker ${leader}, so that another one leads, and read again`
          : `no other replica is in sync: restore the files of broker ${leader} from a copy, or read on behind the batch`,
    },
  );
}

function kafkaName(error: ErrorName | CallFailure): ErrorName {
  switch (error) {
    case "refused":
    case "disconnected":
    case "not-sent":
    case "no-controller":
      return "LEADER_NOT_AVAILABLE";
    case "timeout":
      return "REQUEST_TIMED_OUT";
    default:
      return error;
  }
}
