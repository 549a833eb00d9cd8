import { useQuery } from "@tanstack/react-query";
import { Download, FileText } from "lucide-react";
import { useState } from "react";
import { formatBytes, formatInteger } from "../../format/numbers.ts";
import { formatDateTime } from "../../format/time.ts";
import { prettyJson } from "../../format/pretty-json.ts";
import type { TailRecord } from "../../live/tail-record.ts";
import { usePreference } from "../../prefs/preferences.ts";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { explain } from "../../rest/problem-error.ts";
import { readRecords } from "../../rest/read-records.ts";
import { Button } from "../../ui/button.tsx";
import { CommandLine, CopyButton } from "../../ui/command-line.tsx";
import { Drawer } from "../../ui/dialog.tsx";
import { Tag } from "../../ui/status.tsx";

const wholeMax = 262_144; // characters put into the page; the rest is a download

/** One record with everything it has. Opened by an URL it is read by its offset, also when the tail does not hold it. */
export function RecordDrawer({
  topic,
  wanted,
  record,
  onClose,
}: {
  topic: string;
  wanted: string | null;
  record: TailRecord | null;
  onClose: () => void;
}) {
  const place = /^(\d+):(\d+)$/.exec(wanted ?? "");
  const partition = Number(place?.[1] ?? -1);
  const offset = Number(place?.[2] ?? -1);
  const read = useQuery({
    queryKey: ["record", topic, partition, offset],
    enabled: place !== null && record === null,
    queryFn: ({ signal }) => readRecords({ topic, partition, offset, limit: 1, signal }),
  });
  if (place === null) return null;
  const shown = record ?? read.data?.find((found) => found.offset === offset) ?? null;
  return (
    <Drawer
      open
      onClose={onClose}
      testId="record-drawer"
      title={
        <span className="num">
          {topic}-{partition} @ {formatInteger(offset)}
        </span>
      }
    >
      {shown ? (
        <RecordBody topic={topic} record={shown} />
      ) : (
        <p className="text-sm text-ink-2">
          {read.isError
            ? `${explain(read.error).title}. ${explain(read.error).text}`
            : read.isPending
              ? "Reading the record."
              : "There is no record at this offset: it was deleted, compacted away, or is a control record."}
        </p>
      )}
    </Drawer>
  );
}

function RecordBody({ topic, record }: { topic: string; record: TailRecord }) {
  const zone = usePreference("zone");
  const [pretty, setPretty] = useState(true);
  const path = `/topics/${encodeURIComponent(topic)}/partitions/${record.partition}/records/${record.offset}/value`;
  const whole = useQuery({
    queryKey: ["value", topic, record.partition, record.offset],
    enabled: false,
    queryFn: ({ signal }) => http.text("GET", path, { accept: "*/*", signal }),
  });
  const text = whole.data ?? record.value;
  const looksJson = record.encoding === "json" || (whole.data !== undefined && /^\s*[[{]/.test(whole.data));
  const body = text === null ? null : (looksJson && pretty ? prettyJson(text) : text).slice(0, wholeMax);
  const isCut =
    text !== null && (whole.data === undefined ? record.cutFromBytes !== null : whole.data.length > wholeMax);
  return (
    <div className="flex flex-col gap-4">
      <dl className="grid grid-cols-[6rem_1fr] gap-x-3 gap-y-1.5 text-sm">
        <dt className="text-ink-3">Partition</dt>
        <dd data-testid="record-partition">{record.partition}</dd>
        <dt className="text-ink-3">Offset</dt>
        <dd className="num" data-testid="record-offset">
          {record.offset}
        </dd>
        <dt className="text-ink-3">Timestamp</dt>
        <dd className="mono">
          {formatDateTime(record.timestampMs, zone)} <span className="text-ink-3">({record.timestampMs})</span>
        </dd>
        <dt className="text-ink-3">Key</dt>
        <dd className="flex min-w-0 items-center gap-1">
          {record.key === null ? (
            <span className="text-ink-3">none</span>
          ) : (
            <>
              <code className="mono break-all" data-testid="record-key">
                {record.key}
              </code>
              {record.keyBase64 && <Tag>base64</Tag>}
              <CopyButton text={record.key} label="Copy the key" />
            </>
          )}
        </dd>
      </dl>
      <section>
        <h3 className="mb-1 text-xs font-medium text-ink-3">Headers</h3>
        {record.headers.length === 0 ? (
          <p className="text-sm text-ink-3">none</p>
        ) : (
          <dl
            className="grid grid-cols-[minmax(6rem,auto)_1fr] gap-x-3 gap-y-1 rounded-md border border-line bg-ground px-3 py-2 text-xs"
            data-testid="record-headers"
          >
            {record.headers.map(([name, value], at) => (
              <div key={`${at}-${name}`} className="contents">
                <dt className="mono text-ink-2">{name}</dt>
                <dd className="mono break-all">{value ?? <span className="text-ink-3">null</span>}</dd>
              </div>
            ))}
          </dl>
        )}
      </section>
      <section>
        <div className="mb-1 flex items-center gap-2">
          <h3 className="text-xs font-medium text-ink-3">Value</h3>
          {record.value !== null && <Tag>{record.encoding}</Tag>}
          {isCut && record.cutFromBytes !== null && (
            <span className="text-xs text-warn">
              the first {formatBytes(new Blob([whole.data?.slice(0, wholeMax) ?? record.value ?? ""]).size)} of{" "}
              {formatBytes(record.cutFromBytes)}
              {whole.data !== undefined && "; the download has all"}
            </span>
          )}
          <span className="ml-auto flex items-center gap-1">
            {looksJson && (
              <Button size="small" tone="ghost" aria-pressed={pretty} onClick={() => setPretty(!pretty)}>
                {pretty ? "As written" : "Indented"}
              </Button>
            )}
            {text !== null && <CopyButton text={text} label="Copy the value" />}
          </span>
        </div>
        {body === null ? (
          <p
            data-testid="record-tombstone"
            className="rounded-md border border-dashed border-line-strong px-3 py-3 text-sm"
          >
            <Tag tone="note">tombstone</Tag>{" "}
            <span className="ml-1 text-ink-2">No value: it deletes its key on a compacted topic.</span>
          </p>
        ) : (
          <pre
            tabIndex={0}
            data-testid="record-value"
            className="max-h-[50vh] overflow-auto rounded-md border border-line bg-ground p-3 text-xs leading-5 break-all whitespace-pre-wrap"
          >
            {body}
          </pre>
        )}
        {record.value !== null && (
          <div className="mt-2 flex flex-wrap gap-2">
            {record.cutFromBytes !== null && whole.data === undefined && (
              <Button
                size="small"
                icon={<FileText aria-hidden size={13} />}
                disabledReason={whole.isFetching ? "It is being read." : null}
                onClick={() => void whole.refetch()}
                data-testid="record-whole"
              >
                Read the whole value
              </Button>
            )}
            <a
              href={`/v1${path}`}
              download
              className="inline-flex h-6 items-center gap-1.5 rounded-md border border-line-strong px-2 text-xs font-medium hover:bg-hover"
              data-testid="record-download"
            >
              <Download aria-hidden size={13} />
              Download
            </a>
          </div>
        )}
      </section>
      <CommandLine command={curl({ method: "GET", path })} />
    </div>
  );
}
