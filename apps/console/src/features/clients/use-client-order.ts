import { clientColumns } from "@vitrine/api";
import type { ClientFields, Row } from "@vitrine/api";
import { useMemo } from "react";
import { useRows } from "../../live/selectors.ts";
import { useRowOrder } from "../../ui/use-row-order.ts";
import type { SortableColumn } from "../../ui/use-row-order.ts";
import type { Sorting } from "../../url/search.ts";

const get = (name: keyof ClientFields) => (row: Row) => clientColumns.get(row, name);

const columns: readonly SortableColumn<Row>[] = [
  { id: "client", value: get("client_id"), text: true },
  { id: "software", value: get("software"), text: true },
  { id: "remote", value: get("remote"), text: true },
  { id: "broker", value: get("broker") },
  { id: "since", value: get("since") },
  { id: "last", value: get("last_request") },
  { id: "requests", value: get("request_rate") },
  { id: "in", value: get("in_bytes") },
  { id: "out", value: get("out_bytes") },
  { id: "refusal", value: (row) => clientColumns.get(row, "refusal") !== null },
];

export const sortableClientColumns: readonly string[] = columns.map(({ id }) => id);

export interface ClientFilter {
  readonly text: string;
  readonly broker: number | null;
  readonly refused: boolean;
}

const idOf = get("id") as (row: Row) => string;

/** Connections that pass the filter, in the order asked for. */
export function useClientOrder(
  { text, broker, refused }: ClientFilter,
  sorting: Sorting,
): { ids: readonly string[]; total: number } {
  const rows = useRows("clients");
  const passing = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    return rows.filter((row) => {
      if (broker !== null && clientColumns.get(row, "broker") !== broker) return false;
      if (refused && clientColumns.get(row, "refusal") === null) return false;
      return (
        wanted === "" || searched.some((name) => (clientColumns.get(row, name) ?? "").toLowerCase().includes(wanted))
      );
    });
  }, [rows, text, broker, refused]);
  return { ids: useRowOrder({ rows: passing, columns, sorting, keyOf: idOf }), total: rows.length };
}

const searched = ["client_id", "software", "software_version", "remote"] as const;
