import { useEffect, useMemo, useRef } from "react";
import { formatBytes, formatInteger } from "../../format/numbers.ts";
import { formatTime } from "../../format/time.ts";
import { recordKey } from "../../live/tail-record.ts";
import type { TailRecord } from "../../live/tail-record.ts";
import { usePreference } from "../../prefs/preferences.ts";
import { DataTable } from "../../ui/data-table.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { Tag } from "../../ui/status.tsx";

/** Records in order of arrival, the newest at the bottom; the table stays at the bottom while it follows and nobody scrolled up. */
export function TailTable({
  records,
  follow,
  selected,
  onOpen,
}: {
  records: readonly TailRecord[];
  follow: boolean;
  selected: string | null;
  onOpen: (key: string) => void;
}) {
  const byKey = useMemo(() => new Map(records.map((record) => [recordKey(record), record])), [records]);
  const keys = useMemo(() => [...byKey.keys()], [byKey]);
  const useRecord = useMemo(() => (key: string) => byKey.get(key), [byKey]);
  const boxRef = useRef<HTMLDivElement>(null);
  const atBottom = useRef(true);
  useEffect(() => {
    const table = boxRef.current?.querySelector<HTMLElement>("[role=table]");
    if (!table) return undefined;
    const onScroll = () => {
      atBottom.current = table.scrollHeight - table.scrollTop - table.clientHeight < 40;
    };
    table.addEventListener("scroll", onScroll, { passive: true });
    return () => table.removeEventListener("scroll", onScroll);
  }, []);
  useEffect(() => {
    const table = boxRef.current?.querySelector<HTMLElement>("[role=table]");
    if (table && follow && atBottom.current) table.scrollTop = table.scrollHeight;
  }, [keys, follow]);
  return (
    <div ref={boxRef}>
      <DataTable
        label="Records"
        testId="tail-table"
        columns={columns}
        keys={keys}
        useRow={useRecord}
        rowTestId={() => "tail-row"}
        selected={selected}
        onActivate={onOpen}
        height="calc(100dvh - 22rem)"
      />
    </div>
  );
}

function TimeCell({ record }: { record: TailRecord }) {
  const zone = usePreference("zone");
  return <span className="mono text-xs text-ink-2">{formatTime(record.timestampMs, zone)}</span>;
}

const previewCharacters = 400; // more than any screen shows in one line

const columns: readonly Column<TailRecord>[] = [
  {
    id: "p",
    header: "P",
    min: 28,
    align: "end",
    hint: "Partition",
    cell: (record) => <span className="text-ink-2">{record.partition}</span>,
  },
  {
    id: "offset",
    header: "Offset",
    min: 72,
    align: "end",
    cell: (record) => <span className="font-medium">{formatInteger(record.offset)}</span>,
  },
  { id: "time", header: "Time", min: 92, priority: 2, cell: (record) => <TimeCell record={record} /> },
  {
    id: "key",
    header: "Key",
    min: 90,
    grow: 0.4,
    priority: 1,
    cell: (record) =>
      record.key === null ? <span className="text-ink-3">none</span> : <span className="mono">{record.key}</span>,
  },
  {
    id: "value",
    header: "Value",
    min: 110,
    grow: 2,
    cell: (record) =>
      record.value === null ? (
        <Tag tone="note">tombstone</Tag>
      ) : record.value === "" ? (
        <span className="text-ink-3">empty</span>
      ) : (
        <span className="mono">{record.value.slice(0, previewCharacters)}</span>
      ),
  },
  {
    id: "headers",
    header: "Headers",
    min: 84,
    grow: 0.3,
    priority: 4,
    cell: (record) => (
      <span className="mono text-ink-2">
        {record.headers.map(([name, value]) => `${name}=${value ?? "null"}`).join(" ")}
      </span>
    ),
  },
  {
    id: "size",
    header: "Cut",
    min: 64,
    align: "end",
    priority: 3,
    hint: "Size of the whole value where only its beginning is shown",
    cell: (record) =>
      record.cutFromBytes === null ? "" : <span className="text-ink-2">{formatBytes(record.cutFromBytes)}</span>,
  },
];
