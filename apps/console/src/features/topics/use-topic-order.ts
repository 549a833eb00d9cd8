import { topicColumns } from "@vitrine/api";
import type { Row, TopicFields } from "@vitrine/api";
import { useMemo } from "react";
import { useRows } from "../../live/selectors.ts";
import { useRowOrder } from "../../ui/use-row-order.ts";
import type { SortableColumn } from "../../ui/use-row-order.ts";
import type { Sorting } from "../../url/search.ts";

const get = (name: Exclude<keyof TopicFields, "topic_id" | "cleanup">) => (row: Row) => topicColumns.get(row, name);

/** Trouble first: offline weighs more than refusing, refusing more than under-replicated. */
function troubleOf(row: Row): number {
  return (
    topicColumns.get(row, "offline") * 1e12 +
    topicColumns.get(row, "below_min_isr") * 1e6 +
    topicColumns.get(row, "urp")
  );
}

const columns: readonly SortableColumn<Row>[] = [
  { id: "name", value: get("name"), text: true },
  { id: "partitions", value: get("partitions") },
  { id: "rf", value: get("rf") },
  { id: "isr", value: troubleOf },
  { id: "in_msgs", value: get("in_msgs") },
  { id: "in_bytes", value: get("in_bytes") },
  { id: "records", value: get("records") },
  { id: "size", value: get("size") },
  { id: "groups", value: get("groups") },
  { id: "group_lag", value: get("group_lag") },
  { id: "retention", value: (row) => retentionRank(topicColumns.get(row, "retention_ms")) },
];

export const sortableTopicColumns: readonly string[] = columns.map(({ id }) => id);

/** For ever is longer than anything; the default is shown as what it is elsewhere, here it counts as shortest. */
function retentionRank(retentionMs: number | null): number {
  return retentionMs === null ? -1 : retentionMs < 0 ? Number.POSITIVE_INFINITY : retentionMs;
}

export interface TopicFilter {
  readonly text: string;
  readonly internal: boolean;
}

const nameOf = get("name") as (row: Row) => string;

/** Names of the topics that pass the filter, in the order asked for. Recomputed when the topics view moves (1 Hz). */
export function useTopicOrder(filter: TopicFilter, sorting: Sorting): { names: readonly string[]; total: number } {
  const rows = useRows("topics");
  const { text, internal } = filter;
  const passing = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    return rows.filter(
      (row) =>
        (internal || !topicColumns.get(row, "internal")) &&
        (wanted === "" || topicColumns.get(row, "name").toLowerCase().includes(wanted)),
    );
  }, [rows, text, internal]);
  const names = useRowOrder({ rows: passing, columns, sorting, keyOf: nameOf });
  return { names, total: rows.length };
}
