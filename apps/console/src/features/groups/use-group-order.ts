import { groupColumns } from "@vitrine/api";
import type { GroupFields, GroupState, Row, VerdictLevel } from "@vitrine/api";
import { useMemo } from "react";
import { useRows } from "../../live/selectors.ts";
import { useRowOrder } from "../../ui/use-row-order.ts";
import type { SortableColumn } from "../../ui/use-row-order.ts";
import type { Sorting } from "../../url/search.ts";

const get = (name: Exclude<keyof GroupFields, "topics">) => (row: Row) => groupColumns.get(row, name);

const levelRanks: Record<VerdictLevel, number> = { ok: 0, warning: 1, critical: 2 };

/** Trouble first, then who has waited longest, then who is furthest behind: the order in which groups deserve a look. */
export function troubleOf(group: Pick<GroupFields, "level" | "lag_s" | "lag">): number {
  const waited = Math.min(group.lag_s ?? 0, 1e8);
  return levelRanks[group.level] * 1e9 + waited + Math.min(group.lag ?? 0, 1e15) / 1e16;
}

const columns: readonly SortableColumn<Row>[] = [
  { id: "id", value: get("id"), text: true },
  { id: "state", value: get("state"), text: true },
  { id: "members", value: get("members") },
  { id: "topics", value: get("topics_count") },
  { id: "coordinator", value: get("coordinator") },
  { id: "lag", value: get("lag") },
  { id: "worst_lag", value: get("worst_lag") },
  { id: "lag_s", value: get("lag_s") },
  { id: "verdict", value: (row) => troubleOf(groupColumns.fields(row)) },
];

export const sortableGroupColumns: readonly string[] = columns.map(({ id }) => id);

const idOf = get("id") as (row: Row) => string;

/** Ids of the groups that pass the filter, in the order asked for. */
export function useGroupOrder(
  { text, state }: { readonly text: string; readonly state: GroupState | null },
  sorting: Sorting,
): { ids: readonly string[]; total: number } {
  const rows = useRows("groups");
  const passing = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    return rows.filter(
      (row) =>
        (state === null || groupColumns.get(row, "state") === state) &&
        (wanted === "" ||
          groupColumns.get(row, "id").toLowerCase().includes(wanted) ||
          groupColumns.get(row, "topics").some((topic) => topic.toLowerCase().includes(wanted))),
    );
  }, [rows, text, state]);
  return { ids: useRowOrder({ rows: passing, columns, sorting, keyOf: idOf }), total: rows.length };
}
