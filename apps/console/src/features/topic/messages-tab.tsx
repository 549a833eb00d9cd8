import { ArrowDownToLine, CircleX, Inbox, Pause, Play, Search } from "lucide-react";
import { useDeferredValue, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { formatInteger, plural } from "../../format/numbers.ts";
import { recordKey } from "../../live/tail-record.ts";
import type { TailRecord } from "../../live/tail-record.ts";
import { TailSession } from "../../live/tail-session.ts";
import type { TailState } from "../../live/tail-session.ts";
import { problemText } from "../../rest/problem-error.ts";
import { curl } from "../../rest/curl.ts";
import { Button } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Status } from "../../ui/status.tsx";
import { wholeNumber } from "../../url/search.ts";
import { useViewState } from "../../url/use-search.ts";
import { RecordDrawer } from "./record-drawer.tsx";
import { cursorOf, parseStart } from "./start-choice.ts";
import { StartPicker } from "./start-picker.tsx";
import { TailTable } from "./tail-table.tsx";

const none: TailState = { version: 0, status: "opening", records: [], dropped: 0, gaps: [], problem: null };

/** The records of a topic: history page by page, then live. Where to begin, which partition, the filter and the open record are in the URL. */
export function MessagesTab({ topic, partitions }: { topic: string; partitions: number }) {
  const [search, change] = useViewState();
  const start = parseStart(search["from"]);
  const wanted = wholeNumber(search["p"], { min: 0, max: 999_999 });
  const partition = start.kind === "offset" ? (wanted ?? 0) : wanted;
  const from = cursorOf(start, partition);
  const session = useTail(topic, partition, from);
  const state = useSyncExternalStore(session?.subscribe ?? subscribeNothing, () => session?.state ?? none);
  const [held, setHeld] = useState<readonly TailRecord[] | null>(null);
  useEffect(() => setHeld(null), [session]);
  const filter = useDeferredValue((search["q"] ?? "").toLowerCase());
  const records = held ?? state.records;
  const shown = useMemo(
    () => (filter === "" ? records : records.filter((record) => matches(record, filter))),
    [records, filter],
  );
  const fresh = held === null ? 0 : state.records.length + state.dropped - (held.length + state.dropped);
  const openKey = search["record"] ?? null;
  const openRecord =
    openKey === null
      ? null
      : (session?.record(openKey) ?? shown.find((record) => recordKey(record) === openKey) ?? null);
  const line = curl({
    method: "GET",
    path:
      start.kind === "offset"
        ? `/topics/${topic}/partitions/${partition ?? 0}/records?offset=${start.offset}`
        : `/topics/${topic}/records?follow=1${start.kind === "earliest" ? "&offset=earliest" : start.kind === "last" ? "&offset=-50" : ""}`,
    headers: { Accept: "application/x-ndjson" },
  }).replace("curl", "curl -N");

  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <StartPicker
          start={start}
          partition={partition}
          partitions={partitions}
          onChange={(next) => change({ ...next, record: undefined })}
        />
        <div className="relative min-w-0 grow basis-40 sm:max-w-64">
          <Search aria-hidden size={14} className="absolute top-2.5 left-2.5 text-ink-3" />
          <input
            data-page-search
            type="search"
            aria-label="Key, value or header contains"
            placeholder="Key, value or header contains"
            value={search["q"] ?? ""}
            onChange={(event) => change({ q: event.target.value })}
            className="field w-full pl-8"
            data-testid="tail-filter"
          />
        </div>
        <Button
          aria-pressed={held !== null}
          icon={held === null ? <Pause aria-hidden size={14} /> : <Play aria-hidden size={14} />}
          onClick={() => setHeld(held === null ? state.records : null)}
          data-testid="tail-pause"
        >
          {held === null ? "Hold" : fresh > 0 ? `Go on (${formatInteger(fresh)} new)` : "Go on"}
        </Button>
        <TailStatus state={state} held={held !== null} />
        <span className="text-xs text-ink-3" data-testid="tail-count">
          {plural(shown.length, "record")}
          {state.dropped > 0 ? `, ${formatInteger(state.dropped)} older fell off` : ""}
        </span>
      </div>
      {state.gaps.length > 0 && (
        <ul className="rounded-md bg-warn-soft px-3 py-2 text-xs text-ink" data-testid="tail-gaps">
          {state.gaps.slice(-3).map((gap, at) => (
            <li key={`${at}-${gap}`}>{gap}</li>
          ))}
        </ul>
      )}
      <Panel flush>
        {state.status === "failed" && state.problem ? (
          <EmptyState icon={CircleX} title={state.problem.title} testId="tail-problem" command={line}>
            {problemText(state.problem)}
          </EmptyState>
        ) : shown.length === 0 ? (
          <EmptyState
            icon={Inbox}
            title={
              records.length > 0
                ? "No record held here contains that"
                : state.status === "live"
                  ? start.kind === "latest"
                    ? "Waiting for the next record"
                    : "No records here yet"
                  : "Reading"
            }
            testId="tail-empty"
            command={curl({ method: "POST", path: `/topics/${topic}/values`, data: "hello" })}
          >
            {records.length > 0
              ? "The filter looks at the records that this page holds, at most the last 5,000."
              : state.status === "live"
                ? "They appear here the moment they are committed."
                : undefined}
          </EmptyState>
        ) : (
          <TailTable
            records={shown}
            follow={held === null && state.status === "live"}
            selected={openKey}
            onOpen={(key) => change({ record: key }, { push: true })}
          />
        )}
        {state.status === "full" && held === null && (
          <div className="flex flex-wrap items-center justify-center gap-3 border-t border-line px-4 py-2">
            <span className="text-xs text-ink-3">There is more to read.</span>
            <Button
              size="small"
              icon={<ArrowDownToLine aria-hidden size={13} />}
              onClick={() => session?.more()}
              data-testid="tail-more"
            >
              Next 500
            </Button>
          </div>
        )}
      </Panel>
      <RecordDrawer topic={topic} wanted={openKey} record={openRecord} onClose={() => change({ record: undefined })} />
    </div>
  );
}

function subscribeNothing(): () => void {
  return () => undefined;
}

/** One session per question; a new question closes the old one. */
function useTail(topic: string, partition: number | null, from: string): TailSession | null {
  const [session, setSession] = useState<TailSession | null>(null);
  const latest = useRef<TailSession | null>(null);
  useEffect(() => {
    const opened = new TailSession({ topic, partition, from });
    latest.current = opened;
    setSession(opened);
    return () => {
      opened.close();
      if (latest.current === opened) latest.current = null;
    };
  }, [topic, partition, from]);
  return session;
}

/** The filter of the page, over what is held: key, value and headers. */
function matches(record: TailRecord, text: string): boolean {
  return (
    (record.key?.toLowerCase().includes(text) ?? false) ||
    (record.value?.toLowerCase().includes(text) ?? false) ||
    record.headers.some(
      ([name, value]) => name.toLowerCase().includes(text) || (value?.toLowerCase().includes(text) ?? false),
    )
  );
}

function TailStatus({ state, held }: { state: TailState; held: boolean }) {
  if (held)
    return (
      <Status tone="note" soft testId="tail-status">
        held
      </Status>
    );
  switch (state.status) {
    case "live":
      return (
        <Status tone="good" soft testId="tail-status">
          live
        </Status>
      );
    case "full":
      return (
        <Status tone="quiet" soft testId="tail-status">
          page read
        </Status>
      );
    case "failed":
      return (
        <Status tone="bad" soft testId="tail-status">
          failed
        </Status>
      );
    default:
      return (
        <Status tone="accent" soft testId="tail-status">
          reading
        </Status>
      );
  }
}
