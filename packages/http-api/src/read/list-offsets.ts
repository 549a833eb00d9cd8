/** Offsets by name or time, asked of the leaders in parallel. */
import { errorFromCode } from "@vitrine/core";
import type { ErrorName } from "@vitrine/core";
import type { CallFailure, Engine, TopicInfo } from "@vitrine/engine";
import { newListOffsetsRequest } from "@vitrine/protocol/types";
import type { ListOffsetsResponse } from "@vitrine/protocol/types";

const LIST_OFFSETS = 2;

/** Kafka's special timestamps. */
export const LATEST = -1;
export const EARLIEST = -2;

export interface ListedOffset {
  /** -1: no record at or after the time. */
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly error: ErrorName | CallFailure;
}

/** Partition to offset; every partition asked for has an entry. Never repeats; who can wait decides. */
export async function listOffsets(
  engine: Engine,
  topic: TopicInfo,
  ask: { partitions: readonly number[]; timestamp: number; isolation: "committed" | "uncommitted"; timeoutMs: number },
): Promise<Map<number, ListedOffset>> {
  const found = new Map<number, ListedOffset>();
  const byLeader = Map.groupBy(ask.partitions, (partition) => topic.partitions[partition]?.leader ?? -1);
  await Promise.all(
    [...byLeader].map(async ([leader, partitions]) => {
      if (leader === -1) {
        for (const partition of partitions)
          found.set(partition, { offset: -1, leaderEpoch: -1, error: "LEADER_NOT_AVAILABLE" });
        return;
      }
      const request = newListOffsetsRequest({
        replicaId: -1,
        isolationLevel: ask.isolation === "committed" ? 1 : 0,
        timeoutMs: ask.timeoutMs,
        topics: [
          {
            name: topic.name,
            partitions: partitions.map((partitionIndex) => ({
              partitionIndex,
              currentLeaderEpoch: -1,
              timestamp: ask.timestamp,
            })),
          },
        ],
      });
      const result = await engine.call<ListOffsetsResponse>(LIST_OFFSETS, request, {
        to: { node: leader },
        timeoutMs: ask.timeoutMs,
      });
      for (const partition of partitions) {
        const answer = result.ok
          ? result.body.topics[0]?.partitions.find((row) => row.partitionIndex === partition)
          : undefined;
        if (answer === undefined)
          found.set(partition, {
            offset: -1,
            leaderEpoch: -1,
            error: result.ok ? "UNKNOWN_SERVER_ERROR" : result.reason,
          });
        else
          found.set(partition, {
            offset: answer.offset,
            leaderEpoch: answer.leaderEpoch,
            error: errorFromCode(answer.errorCode).name,
          });
      }
    }),
  );
  return found;
}
