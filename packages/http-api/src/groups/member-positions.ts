/** Where a member reads: one position per partition it has, begun at what its group has committed. */
import type { Position } from "@vitrine/api";
import type { Engine } from "@vitrine/engine";
import { partitionId, type TopicPartition } from "@vitrine/group-member";
import { startPositions } from "../read/start-position.ts";
import { findTopic } from "../topic-lookup.ts";
import { byTopic, committedOffsets } from "./group-reads.ts";

export interface MemberPosition extends TopicPartition {
  readonly next: Position;
}

const START_MS = 10_000;

/** Positions of partitions: committed, else at the start or the end of the log. Fails with a problem where a leader or the coordinator is away. */
export async function startOf(
  engine: Engine,
  groupId: string,
  partitions: readonly TopicPartition[],
  ask: { readonly from: "earliest" | "latest"; readonly isolation: "committed" | "uncommitted" },
): Promise<MemberPosition[]> {
  if (partitions.length === 0) return [];
  const committed = new Map(
    (await committedOffsets(engine, groupId, byTopic(partitions))).map((row) => [partitionId(row), row]),
  );
  const found: MemberPosition[] = [];
  for (const [name, rows] of Map.groupBy(partitions, (at) => at.topic)) {
    const topic = await findTopic(engine, name);
    const positions = new Map<number, Position>();
    for (const at of rows) {
      const commit = committed.get(partitionId(at));
      if (commit !== undefined) positions.set(at.partition, { offset: commit.offset, epoch: commit.leaderEpoch });
    }
    const all = await startPositions(engine, {
      topic,
      partitions: rows.map((at) => at.partition),
      start: { from: "cursor", positions, otherwise: ask.from },
      isolation: ask.isolation,
      deadline: performance.now() + START_MS,
    });
    for (const [partition, next] of all) found.push({ topic: name, partition, next });
  }
  return found;
}
