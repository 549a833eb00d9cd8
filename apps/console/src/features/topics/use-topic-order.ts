import { topicColumns } from "@vitrine/api";
import type { Row, TopicFields } from "@vitrine/api";
import {
  columnFilteringFeature,
  createFilteredRowModel,
  createSortedRowModel,
  globalFilteringFeature,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo } from "react";
import { useRows } from "../../live/selectors.ts";
import type { Sorting } from "../../url/search.ts";

const features = tableFeatures({
  rowSortingFeature,
  columnFilteringFeature,
  globalFilteringFeature,
  filteredRowModel: createFilteredRowModel(),
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
});

const get = (name: Exclude<keyof TopicFields, "topic_id" | "cleanup">) => (row: Row) => topicColumns.get(row, name);

/** Trouble first: offline weighs more than refusing, refusing more than under-replicated. */
function troubleOf(row: Row): number {
  return (
    topicColumns.get(row, "offline") * 1e12 +
    topicColumns.get(row, "below_min_isr") * 1e6 +
    topicColumns.get(row, "urp")
  );
}

const columns: ColumnDef<typeof features, Row>[] = [
  { id: "name", accessorFn: get("name"), sortFn: "alphanumeric" },
  { id: "partitions", accessorFn: get("partitions"), sortFn: "basic" },
  { id: "rf", accessorFn: get("rf"), sortFn: "basic" },
  { id: "isr", accessorFn: troubleOf, sortFn: "basic" },
  { id: "in_msgs", accessorFn: get("in_msgs"), sortFn: "basic" },
  { id: "in_bytes", accessorFn: get("in_bytes"), sortFn: "basic" },
  { id: "records", accessorFn: get("records"), sortFn: "basic" },
  { id: "size", accessorFn: get("size"), sortFn: "basic" },
  { id: "retention", accessorFn: (row) => retentionRank(topicColumns.get(row, "retention_ms")), sortFn: "basic" },
];

export const sortableTopicColumns: readonly string[] = columns.map(({ id }) => id ?? "");

/** For ever is longer than anything; the default is shown as what it is elsewhere, here it counts as shortest. */
function retentionRank(retentionMs: number | null): number {
  return retentionMs === null ? -1 : retentionMs < 0 ? Number.POSITIVE_INFINITY : retentionMs;
}

export interface TopicFilter {
  readonly text: string;
  readonly internal: boolean;
}

/** Names of the topics that pass the filter, in the order asked for. Recomputed when the topics view moves (1 Hz). */
export function useTopicOrder(filter: TopicFilter, sorting: Sorting): { names: readonly string[]; total: number } {
  const rows = useRows("topics");
  const { text, internal } = filter;
  const data = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    return rows.filter(
      (row) =>
        (internal || !topicColumns.get(row, "internal")) &&
        (wanted === "" || topicColumns.get(row, "name").toLowerCase().includes(wanted)),
    );
  }, [rows, text, internal]);
  const state = useMemo(() => ({ sorting: [{ id: sorting.id, desc: sorting.desc }] }), [sorting.id, sorting.desc]);
  const table = useTable({ features, columns, data, state, getRowId: (row: Row) => topicColumns.get(row, "name") });
  const order = table.getRowModel().rows;
  const names = useStableList(order.map(({ id }) => id));
  return { names, total: rows.length };
}

/** The same array while its items are the same, so that rows below do not render again for nothing. */
function useStableList(list: readonly string[]): readonly string[] {
  const text = list.join("\n");
  return useMemo(() => (text === "" ? [] : text.split("\n")), [text]);
}
