import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import type { CSSProperties, KeyboardEvent, ReactNode } from "react";
import { memo, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Sorting } from "../url/search.ts";
import { usePreference } from "../prefs/preferences.ts";
import { classNames } from "./class-names.ts";
import { visibleColumns } from "./visible-columns.ts";

export interface Column<T> {
  readonly id: string;
  readonly header: ReactNode;
  /** Pixels it needs; columns that do not fit are left out by `priority`. */
  readonly min: number;
  /** Share of the spare width. */
  readonly grow?: number;
  readonly align?: "end";
  /** 0 stays for ever; higher numbers leave first when the table gets narrow. */
  readonly priority?: number;
  readonly sortable?: boolean;
  readonly hint?: string;
  cell(row: T): ReactNode;
}

interface DataTableProps<T> {
  label: string;
  columns: readonly Column<T>[];
  /** Keys of the rows in order; one is rendered by `useRow`. */
  keys: readonly string[];
  /** A hook with stable identity that subscribes one row and gives its present value. */
  useRow: (key: string) => T | undefined;
  sorting?: Sorting | null;
  onSort?: (sorting: Sorting | null) => void;
  onActivate?: (key: string) => void;
  selected?: string | null;
  rowTestId: (key: string) => string;
  testId?: string;
  /** Height of the scroll area, any CSS length; rows beyond it scroll inside the table. */
  height?: string;
  /** Row height in px where it differs from the density's. */
  rowHeight?: number;
  empty?: ReactNode;
}

const virtualFrom = 50; // below that many rows the DOM is cheaper than the bookkeeping

/**
 * The table of the console: fixed row height, columns that leave by priority instead of a second scroll axis, virtual
 * rows from 50 on, arrow keys between rows, counts for assistive technology.
 */
export function DataTable<T>(props: DataTableProps<T>) {
  const { columns, keys, label, height = "calc(100dvh - 15rem)" } = props;
  const density = usePreference("density");
  const rowHeight = props.rowHeight ?? (density === "compact" ? 28 : 36);
  const scrollRef = useRef<HTMLDivElement>(null);
  const width = useWidth(scrollRef);
  const shown = useMemo(() => visibleColumns(columns, width), [columns, width]);
  const template = useMemo(
    () => shown.map((column) => `minmax(${column.min}px, ${column.grow ?? 0.001}fr)`).join(" "),
    [shown],
  );
  const virtual = keys.length > virtualFrom;
  const virtualizer = useVirtualizer({
    count: keys.length,
    getScrollElement: () => scrollRef.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    enabled: virtual,
    getItemKey: (index) => keys[index] ?? index,
  });
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, rowHeight]);
  const focus = useRowFocus({ keys, rowHeight, scrollRef });
  const items = virtual ? virtualizer.getVirtualItems() : null;
  // One row is in the tab order: the one last focused, else the first; where neither is rendered, the first that is.
  const rendered = items ? items.map((item) => keys[item.index] ?? "") : keys;
  const wanted = focus.tabbable ?? keys[0] ?? "";
  const tabStop = rendered.includes(wanted) ? wanted : rendered[0];

  const style: CSSProperties & Record<"--cols" | "--row", string> = { "--cols": template, "--row": `${rowHeight}px` };
  const renderRow = (key: string, index: number, top?: number) => (
    <TableRow
      key={key}
      rowKey={key}
      index={index}
      top={top}
      columns={shown}
      useRow={props.useRow}
      tabbable={key === tabStop}
      selected={props.selected === key}
      onActivate={props.onActivate}
      testId={props.rowTestId(key)}
    />
  );

  return (
    <div
      ref={scrollRef}
      role="table"
      aria-label={label}
      aria-rowcount={keys.length + 1}
      aria-colcount={shown.length}
      data-testid={props.testId}
      className="grid-table relative overflow-x-hidden overflow-y-auto"
      style={{ ...style, maxHeight: height, scrollPaddingTop: 34 }}
      onKeyDown={focus.onKeyDown}
      onFocus={focus.onFocus}
    >
      <div role="rowgroup" className="sticky top-0 z-[1]">
        <div role="row" aria-rowindex={1} className="grid-head">
          {shown.map((column) => (
            <HeaderCell key={column.id} column={column} sorting={props.sorting ?? null} onSort={props.onSort} />
          ))}
        </div>
      </div>
      {keys.length === 0 ? (
        <div className="px-4 py-8 text-center text-sm text-ink-3">{props.empty ?? "Nothing here."}</div>
      ) : items ? (
        <div role="rowgroup" style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
          {items.map((item) => renderRow(keys[item.index] ?? "", item.index, item.start))}
        </div>
      ) : (
        <div role="rowgroup">{keys.map((key, index) => renderRow(key, index))}</div>
      )}
    </div>
  );
}

function HeaderCell<T>({
  column,
  sorting,
  onSort,
}: {
  column: Column<T>;
  sorting: Sorting | null;
  onSort: ((sorting: Sorting | null) => void) | undefined;
}) {
  const sorted = sorting?.id === column.id ? sorting : null;
  const label = column.header;
  return (
    <div
      role="columnheader"
      title={column.hint}
      aria-sort={sorted ? (sorted.desc ? "descending" : "ascending") : undefined}
      className={classNames("flex items-center", column.align === "end" && "cell-num")}
    >
      {column.sortable && onSort ? (
        <button
          type="button"
          className="inline-flex h-6 items-center gap-1 rounded hover:text-ink"
          onClick={() => onSort(nextSorting(sorted, column))}
        >
          {label}
          {sorted && (sorted.desc ? <ArrowDown aria-hidden size={12} /> : <ArrowUp aria-hidden size={12} />)}
        </button>
      ) : (
        <span className="truncate">{label}</span>
      )}
    </div>
  );
}

/** Numbers are sorted from the top first, names from A; a second press turns, a third gives the default order back. */
function nextSorting<T>(sorted: Sorting | null, column: Column<T>): Sorting | null {
  const first = column.align === "end";
  if (sorted === null) return { id: column.id, desc: first };
  return sorted.desc === first ? { id: column.id, desc: !first } : null;
}

interface TableRowProps<T> {
  rowKey: string;
  index: number;
  top: number | undefined;
  columns: readonly Column<T>[];
  useRow: (key: string) => T | undefined;
  tabbable: boolean;
  selected: boolean;
  onActivate: ((key: string) => void) | undefined;
  testId: string;
}

const TableRow = memo(function TableRow<T>({
  rowKey,
  index,
  top,
  columns,
  useRow,
  tabbable,
  selected,
  onActivate,
  testId,
}: TableRowProps<T>) {
  const row = useRow(rowKey);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected || undefined}
      data-row={rowKey}
      data-index={index}
      data-testid={testId}
      tabIndex={tabbable ? 0 : -1}
      className={classNames("grid-row", onActivate && "cursor-pointer")}
      style={
        top === undefined
          ? undefined
          : { position: "absolute", insetInline: 0, top: 0, transform: `translateY(${top}px)` }
      }
      onClick={onActivate && (() => onActivate(rowKey))}
      onKeyDown={
        onActivate &&
        ((event) => {
          if (event.key === "Enter" && event.target === event.currentTarget) onActivate(rowKey);
        })
      }
    >
      {columns.map((column) => (
        <div role="cell" key={column.id} className={classNames("live-value", column.align === "end" && "cell-num")}>
          {row === undefined ? null : column.cell(row)}
        </div>
      ))}
    </div>
  );
}) as <T>(props: TableRowProps<T>) => ReactNode;

/** Arrow keys, Home, End and page keys move between rows; one row at a time is in the tab order. */
function useRowFocus({
  keys,
  rowHeight,
  scrollRef,
}: {
  keys: readonly string[];
  rowHeight: number;
  scrollRef: React.RefObject<HTMLDivElement | null>;
}) {
  const [tabbable, setTabbable] = useState<string | null>(null);
  const goTo = (index: number) => {
    const box = scrollRef.current;
    const key = keys[index];
    if (!box || key === undefined) return;
    const top = index * rowHeight;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + rowHeight + 30 > box.scrollTop + box.clientHeight)
      box.scrollTop = top + rowHeight + 30 - box.clientHeight;
    setTabbable(key);
    requestAnimationFrame(() =>
      box.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true }),
    );
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const row = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-row]") : null;
    if (!row || event.target !== row) return;
    const index = Number(row.dataset["index"]);
    const page = Math.max(1, Math.floor((scrollRef.current?.clientHeight ?? 0) / rowHeight) - 2);
    const moves: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: keys.length - 1,
      PageDown: index + page,
      PageUp: index - page,
    };
    const target = moves[event.key];
    if (target === undefined) return;
    event.preventDefault();
    goTo(Math.min(keys.length - 1, Math.max(0, target)));
  };
  const onFocus = (event: React.FocusEvent<HTMLDivElement>) => {
    const key =
      event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-row]")?.dataset["row"] : undefined;
    if (key !== undefined) setTabbable(key);
  };
  const present = tabbable !== null && keys.includes(tabbable) ? tabbable : null;
  return { tabbable: present, onKeyDown, onFocus };
}

function useWidth(ref: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(1200);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}
