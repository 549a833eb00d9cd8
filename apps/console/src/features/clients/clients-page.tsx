import { clientColumns } from "@vitrine/api";
import type { ClientFields } from "@vitrine/api";
import { Cable } from "lucide-react";
import { useDeferredValue, useMemo } from "react";
import { formatInteger, plural, shownOf } from "../../format/numbers.ts";
import { useClientsInfo, useLiveView, useRow, useRowKeys, useRows } from "../../live/selectors.ts";
import { useBootstrapServers } from "../../nodes/bootstrap-servers.ts";
import { Page } from "../../shell/page.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { FilterBar, FilterSearch, FilterSelect, FilterSwitch } from "../../ui/filter-bar.tsx";
import { Panel } from "../../ui/panel.tsx";
import { parseSorting, stringifySorting, wholeNumber } from "../../url/search.ts";
import type { Sorting } from "../../url/search.ts";
import { useViewState } from "../../url/use-search.ts";
import { ClientDrawer } from "./client-drawer.tsx";
import { clientTableColumns, clientTestId, softwareText } from "./client-columns.tsx";
import { sortableClientColumns, useClientOrder } from "./use-client-order.ts";

const byClient: Sorting = { id: "client", desc: false };

/** Every program that is connected to a broker's Kafka port: what it is, what it does, and why it was refused where it was. */
export function ClientsPage() {
  const ready = useLiveView("clients");
  const omitted = useClientsInfo()?.omitted ?? 0;
  const servers = useBootstrapServers() || "127.0.0.1:9092";
  const nodes = useRowKeys("cluster");
  const [search, change] = useViewState();
  const text = search["q"] ?? "";
  const broker = wholeNumber(search["broker"], { min: 0, max: 2_147_483_647 });
  const refused = search["refused"] === "1";
  const sorting = parseSorting(search["sort"], sortableClientColumns) ?? byClient;
  const { ids, total } = useClientOrder({ text: useDeferredValue(text), broker, refused }, sorting);
  const selected = search["client"] ?? null;
  return (
    <Page
      title="Clients"
      documentTitle="Clients"
      meta={
        <span data-testid="client-count">
          {shownOf(ids.length, total, "connection")}
          {omitted > 0 && `, and ${formatInteger(omitted)} more that are not shown`}
        </span>
      }
    >
      <Refusals />
      <FilterBar
        onClear={
          text !== "" || broker !== null || refused
            ? () => change({ q: undefined, broker: undefined, refused: undefined })
            : null
        }
      >
        <FilterSearch
          label="Client, software or address contains"
          placeholder="Client, software or address"
          value={text}
          onChange={(q) => change({ q })}
          testId="client-search"
        />
        <FilterSelect
          label="Broker"
          all="Every broker"
          options={nodes.toSorted((a, b) => Number(a) - Number(b)).map((node) => [node, `Broker ${node}`])}
          value={broker === null ? "" : String(broker)}
          onChange={(node) => change({ broker: node })}
          testId="client-filter-broker"
        />
        <FilterSwitch
          label="Only refused"
          value={refused}
          onChange={(only) => change({ refused: only ? "1" : undefined })}
          testId="client-filter-refused"
        />
      </FilterBar>
      <Panel flush>
        {ids.length === 0 ? (
          <EmptyState
            icon={Cable}
            title={
              !ready
                ? "Waiting for the brokers"
                : total === 0
                  ? "No client is connected"
                  : "No client passes this filter"
            }
            command={`kafka-topics.sh --bootstrap-server ${servers} --list`}
          >
            {ready && total === 0
              ? "Programs that speak Kafka's protocol appear here as soon as they connect; requests over HTTP do not count."
              : undefined}
          </EmptyState>
        ) : (
          <DataTable
            label="Clients"
            testId="client-table"
            columns={clientTableColumns}
            keys={ids}
            useRow={useClientRow}
            rowTestId={clientTestId}
            sorting={sorting}
            selected={selected}
            onSort={(next) => change({ sort: stringifySorting(next) })}
            onActivate={(client) => change({ client }, { push: true })}
          />
        )}
      </Panel>
      <ClientDrawer wanted={selected} onClose={() => change({ client: undefined })} />
    </Page>
  );
}

function useClientRow(key: string): ClientFields | undefined {
  const row = useRow("clients", key);
  return row === undefined ? undefined : clientColumns.fields(row);
}

const refusalsShown = 5;

/** What was refused, in words: a person who looks at this page because a program fails should not have to search. */
function Refusals() {
  const rows = useRows("clients");
  const refused = useMemo(
    () =>
      rows
        .map((row) => clientColumns.fields(row))
        .filter((client) => client.refusal !== null)
        .toSorted((a, b) => (b.last_request ?? b.since) - (a.last_request ?? a.since)),
    [rows],
  );
  if (refused.length === 0) return null;
  return (
    <Panel title="Refused" aside={plural(refused.length, "connection")} testId="client-refusals" flush>
      <ul className="divide-y divide-line">
        {refused.slice(0, refusalsShown).map((client) => (
          <li key={client.id} className="px-4 py-2 text-sm">
            <span className="font-medium">{client.client_id === "" ? "A client without an id" : client.client_id}</span>
            <span className="text-ink-2">{` (${softwareText(client)}) from ${client.remote} at broker ${client.broker}: `}</span>
            <span className="break-words">{client.refusal}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
