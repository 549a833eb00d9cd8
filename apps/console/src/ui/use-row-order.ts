import {
  createSortedRowModel,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import type { ColumnDef } from "@tanstack/react-table";
import { useMemo, useRef } from "react";
import type { Sorting } from "../url/search.ts";

/** Something that rows can be sorted by. */
export interface SortableColumn<T> {
  readonly id: string;
  /** null (not known) counts as less than anything. */
  readonly value: (row: T) => string | number | boolean | null;
  /** Names: the numbers in them count as numbers. */
  readonly text?: boolean;
}

interface Keyed<T> {
  readonly key: string;
  readonly row: T;
}

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
});

/** Keys of the rows in the order asked for; the same array while the order is the same. `columns` and `keyOf` must keep their identity. */
export function useRowOrder<T>({
  rows,
  columns,
  sorting,
  keyOf,
}: {
  rows: readonly T[];
  columns: readonly SortableColumn<T>[];
  sorting: Sorting;
  keyOf: (row: T) => string;
}): readonly string[] {
  const data = useMemo(() => rows.map((row): Keyed<T> => ({ key: keyOf(row), row })), [rows, keyOf]);
  const defs = useMemo(
    () =>
      columns.map(({ id, value, text }): ColumnDef<typeof features, Keyed<T>> => ({
        id,
        accessorFn: ({ row }) => value(row) ?? -1,
        sortFn: text === true ? "alphanumeric" : "basic",
      })),
    [columns],
  );
  const state = useMemo(() => ({ sorting: [{ id: sorting.id, desc: sorting.desc }] }), [sorting.id, sorting.desc]);
  const table = useTable({ features, columns: defs, data, state, getRowId: ({ key }: Keyed<T>) => key });
  return useStableList(table.getRowModel().rows.map(({ id }) => id));
}

/** The array of the last render while its items are the same, so that rows below do not render again for nothing. */
function useStableList(list: readonly string[]): readonly string[] {
  const held = useRef(list);
  const same = held.current.length === list.length && held.current.every((item, at) => item === list[at]);
  if (!same) held.current = list;
  return held.current;
}
