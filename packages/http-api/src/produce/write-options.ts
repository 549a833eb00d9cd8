/** Query parameters of the routes that write records, and the partition a record goes to. */
import { kafkaProblem } from "@vitrine/api";
import type { TopicInfo } from "@vitrine/engine";
import { partitionOfKey } from "@vitrine/protocol";
import Type from "typebox";
import type { Static } from "typebox";
import { refuse } from "../error-reply.ts";
import { DURATION, durationMs } from "../query.ts";
import { noPartition } from "../read/tail-loop.ts";
import type { Acks, Producer } from "./producer.ts";

export const WriteQuery = Type.Object(
  {
    acks: Type.Optional(
      Type.String({
        enum: ["0", "1", "all", "-1"],
        "x-kafka-error": "INVALID_REQUIRED_ACKS",
        description:
          "who must have the records on disk before the answer: nobody, the leader, all in-sync replicas (default)",
      }),
    ),
    timeout: Type.Optional(Type.String({ ...DURATION, description: "how long to try; default 30s, at most 120s" })),
    partition: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 2_147_483_647, description: "instead of the key's partition" }),
    ),
    key: Type.Optional(Type.String({ description: "key of every record of the body, as UTF-8" })),
  },
  { additionalProperties: false },
);

export const ValuesQuery = Type.Object(
  {
    ...WriteQuery.properties,
    split: Type.Optional(
      Type.String({ enum: ["lines"], description: "each line of the body is a record; LF separates, a CR stays" }),
    ),
  },
  { additionalProperties: false },
);
export type ValuesQuery = Static<typeof ValuesQuery>;

const TIMEOUT_MS_DEFAULT = 30_000;
const TIMEOUT_MS_MAX = 120_000;

export interface WriteOptions {
  readonly acks: Acks;
  readonly timeoutMs: number;
  readonly partition: number | null;
  readonly key: Uint8Array | null;
}

export function writeOptions(query: Static<typeof WriteQuery>): WriteOptions {
  const { acks = "all", timeout, partition = null, key } = query;
  return {
    acks: acks === "0" ? "0" : acks === "1" ? "1" : "all",
    timeoutMs:
      timeout === undefined
        ? TIMEOUT_MS_DEFAULT
        : Math.min(TIMEOUT_MS_MAX, Math.max(1, durationMs(timeout) ?? TIMEOUT_MS_DEFAULT)),
    partition,
    key: key === undefined ? null : Buffer.from(key),
  };
}

/** Partition of one record: asked for, by key as the Java client does, or the topic's sticky one of this moment. */
export function partitionFor(
  producer: Producer,
  topic: TopicInfo,
  record: { key: Uint8Array | null },
  asked: number | null,
): number {
  if (asked !== null) {
    if (topic.partitions[asked] === undefined) refuse(noPartition(topic, asked));
    return asked;
  }
  if (record.key !== null) return partitionOfKey(record.key, topic.partitions.length);
  if (topic.partitions.length === 0)
    refuse(kafkaProblem("LEADER_NOT_AVAILABLE", `${topic.name} has no partitions yet`));
  return producer.stickyPartition(topic);
}
