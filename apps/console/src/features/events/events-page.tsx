import { describeEvent, LIVE_EVENT_TYPES } from "@vitrine/api";
import type { ViewEvent } from "@vitrine/api";
import { Activity } from "lucide-react";
import { useDeferredValue, useMemo } from "react";
import { plural } from "../../format/numbers.ts";
import { formatTime } from "../../format/time.ts";
import { eventKey, eventLog } from "../../live/event-log.ts";
import { useEvents, useRowKeys } from "../../live/selectors.ts";
import { usePreference } from "../../prefs/preferences.ts";
import { curl } from "../../rest/curl.ts";
import { Page } from "../../shell/page.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { FilterBar, FilterSearch, FilterSelect, FilterSwitch } from "../../ui/filter-bar.tsx";
import { Panel } from "../../ui/panel.tsx";
import { wholeNumber } from "../../url/search.ts";
import { useViewState } from "../../url/use-search.ts";
import { EventDrawer } from "./event-drawer.tsx";
import { nodesOf, passes, subjectOf, typeWords } from "./event-facts.ts";
import { EventLanes } from "./event-lanes.tsx";
import { EventIcon } from "./event-line.tsx";

/** The timeline: what happened, when, to whom; newest first. */
export function EventsPage() {
  const [search, change] = useViewState();
  const events = useEvents();
  const brokers = useRowKeys("cluster");
  const type = LIVE_EVENT_TYPES.find((known) => known === search["type"]) ?? null;
  const node = wholeNumber(search["node"], { min: 0, max: 2_147_483_647 });
  const topic = useDeferredValue(search["topic"] ?? "");
  const internal = search["internal"] === "1";
  const selected = search["at"] ?? null;
  const found = useMemo(
    () => events.filter(({ e }) => passes(e, { type, node, topic, internal })),
    [events, type, node, topic, internal],
  );
  const keys = useMemo(() => found.map((event) => rowId(event)).toReversed(), [found]);

  return (
    <Page
      title="Events"
      documentTitle="Events"
      meta={
        <span data-testid="event-count">
          {plural(found.length, "event")}
          {found.length === events.length ? "" : ` of ${events.length}`}, newest first
        </span>
      }
    >
      <FilterBar
        onClear={
          type !== null || node !== null || topic !== ""
            ? () => change({ type: undefined, node: undefined, topic: undefined })
            : null
        }
      >
        <FilterSearch
          label="Topic or group contains"
          placeholder="Topic or group"
          value={search["topic"] ?? ""}
          onChange={(text) => change({ topic: text })}
          testId="event-filter-topic"
        />
        <FilterSelect
          label="Type"
          all="Every type"
          options={LIVE_EVENT_TYPES.map((known) => [known, typeWords[known]])}
          value={type ?? ""}
          onChange={(known) => change({ type: known })}
          testId="event-filter-type"
        />
        <FilterSelect
          label="Node"
          all="Every node"
          options={brokers.map((broker) => [broker, `Node ${broker}`])}
          value={node === null ? "" : String(node)}
          onChange={(broker) => change({ node: broker })}
          testId="event-filter-node"
        />
        <FilterSwitch
          label="Show internal topics"
          value={internal}
          onChange={(shown) => change({ internal: shown ? "1" : undefined })}
          testId="event-internal"
        />
      </FilterBar>
      {found.length > 0 && (
        <Panel title="By node" flush>
          <EventLanes events={found} selected={selected} onSelect={(event) => change({ at: rowId(event) })} />
        </Panel>
      )}
      <Panel flush>
        {keys.length === 0 ? (
          <EmptyState
            icon={Activity}
            title={events.length === 0 ? "Nothing has happened yet" : "No event passes this filter"}
            command={curl({ method: "GET", path: "/cluster/events", headers: { Accept: "text/event-stream" } }).replace(
              "curl",
              "curl -N",
            )}
          >
            {events.length === 0
              ? "Elections, in-sync sets, brokers, controllers and settings appear here as they change. The same stream as text:"
              : "The stream is also there as text:"}
          </EmptyState>
        ) : (
          <DataTable
            label="Events"
            testId="event-table"
            columns={columns}
            keys={keys}
            useRow={useEventRow}
            rowTestId={() => "event-row"}
            selected={selected}
            onActivate={(key) => change({ at: key }, { push: true })}
            height="calc(100dvh - 24rem)"
          />
        )}
      </Panel>
      <EventDrawer
        event={selected === null ? null : (findEvent(selected) ?? null)}
        wanted={selected}
        onClose={() => change({ at: undefined })}
      />
    </Page>
  );
}

/** Short, stable and fit for an URL: cursor and place in its frame. */
function rowId(event: ViewEvent): string {
  const id = eventKey(event);
  byId.set(id, event);
  if (byId.size > 12_000) byId.clear(); // a cache of the log's own items; refilled at the next render
  return id;
}

const byId = new Map<string, ViewEvent>();

function findEvent(id: string): ViewEvent | undefined {
  return byId.get(id) ?? eventLog.items.find((event) => eventKey(event) === id);
}

function useEventRow(key: string): ViewEvent | undefined {
  return findEvent(key);
}

function TimeCell({ ts }: { ts: number }) {
  const zone = usePreference("zone");
  return <time className="mono text-xs text-ink-2">{formatTime(ts, zone)}</time>;
}

const columns: readonly Column<ViewEvent>[] = [
  { id: "time", header: "Time", min: 92, cell: (event) => <TimeCell ts={event.ts} /> },
  {
    id: "type",
    header: "Type",
    min: 104,
    priority: 2,
    cell: ({ e }) => (
      <span className="inline-flex items-center gap-1.5 align-middle">
        <EventIcon e={e} />
        <span className="text-ink-2">{typeWords[e.type]}</span>
      </span>
    ),
  },
  {
    id: "what",
    header: "What happened",
    min: 150,
    grow: 1,
    cell: ({ e }) => <span title={describeEvent(e)}>{describeEvent(e)}</span>,
  },
  {
    id: "topic",
    header: "Topic or group",
    min: 140,
    priority: 3,
    cell: ({ e }) => <span className="text-ink-2">{subjectOf(e) ?? ""}</span>,
  },
  {
    id: "nodes",
    header: "Nodes",
    min: 64,
    priority: 4,
    cell: ({ e }) => <span className="text-ink-2">{nodesOf(e).join(", ")}</span>,
  },
];
