import { groupPartitionColumns } from "@vitrine/api";
import type { Row } from "@vitrine/api";

export interface OwnedPartition {
  readonly p: number;
  /** null: nobody reads it. */
  readonly member: string | null;
}

export interface TopicOwnership {
  readonly topic: string;
  readonly partitions: readonly OwnedPartition[];
}

/** Partitions drawn at most, all topics together; a picture of more is a wall. The table has them all. */
export const drawnPartitions = 600;

/** Who owns which partition, topic by topic, as far as it is drawn. */
export function ownershipOf(rows: readonly Row[]): { topics: readonly TopicOwnership[]; omitted: number } {
  const byTopic = new Map<string, OwnedPartition[]>();
  for (const row of rows) {
    const topic = groupPartitionColumns.get(row, "topic");
    const partitions = byTopic.get(topic) ?? [];
    partitions.push({ p: groupPartitionColumns.get(row, "p"), member: groupPartitionColumns.get(row, "member") });
    byTopic.set(topic, partitions);
  }
  const topics: TopicOwnership[] = [];
  let room = drawnPartitions;
  for (const topic of [...byTopic.keys()].toSorted()) {
    const partitions = (byTopic.get(topic) ?? []).toSorted((a, b) => a.p - b.p).slice(0, room);
    room -= partitions.length;
    if (partitions.length > 0) topics.push({ topic, partitions });
  }
  return { topics, omitted: rows.length - (drawnPartitions - room) };
}

/** `orders 0, 2; payments 1`: partitions by topic as text. */
export function assignedText(assigned: Readonly<Record<string, readonly number[]>>): string {
  const parts = Object.entries(assigned)
    .filter(([, partitions]) => partitions.length > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([topic, partitions]) => `${topic} ${partitions.toSorted((a, b) => a - b).join(", ")}`);
  return parts.length === 0 ? "nothing" : parts.join("; ");
}
