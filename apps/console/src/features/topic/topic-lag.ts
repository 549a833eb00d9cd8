import { groupPartitionColumns } from "@vitrine/api";
import type { Row } from "@vitrine/api";

/** How far a group is behind on one topic. null: not known. */
export interface TopicLag {
  readonly partitions: number;
  readonly records: number | null;
  readonly seconds: number | null;
  readonly worst: { readonly p: number; readonly lag: number } | null;
}

/** The lag of a group on one topic, from the rows of its view. */
export function topicLagOf(rows: readonly Row[], topic: string): TopicLag {
  let partitions = 0;
  let records: number | null = null;
  let seconds: number | null = null;
  let worst: TopicLag["worst"] = null;
  for (const row of rows) {
    if (groupPartitionColumns.get(row, "topic") !== topic) continue;
    partitions += 1;
    const lag = groupPartitionColumns.get(row, "lag");
    const waits = groupPartitionColumns.get(row, "lag_s");
    if (lag !== null) records = (records ?? 0) + lag;
    if (waits !== null) seconds = Math.max(seconds ?? 0, waits);
    if (lag !== null && lag > (worst?.lag ?? 0)) worst = { p: groupPartitionColumns.get(row, "p"), lag };
  }
  return { partitions, records, seconds, worst };
}
