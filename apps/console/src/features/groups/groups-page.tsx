import { GROUP_STATES, groupColumns } from "@vitrine/api";
import type { GroupFields } from "@vitrine/api";
import { useNavigate } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useDeferredValue } from "react";
import { formatInteger, plural } from "../../format/numbers.ts";
import { useLiveView, useRow } from "../../live/selectors.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Page } from "../../shell/page.tsx";
import { Button } from "../../ui/button.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { Panel } from "../../ui/panel.tsx";
import { parseSorting, stringifySorting } from "../../url/search.ts";
import type { Sorting } from "../../url/search.ts";
import { useViewState } from "../../url/use-search.ts";
import { groupTableColumns } from "./group-columns.tsx";
import { stateLooks } from "./group-state.tsx";
import { NoGroups } from "./no-groups.tsx";
import { sortableGroupColumns, useGroupOrder } from "./use-group-order.ts";

const troubleFirst: Sorting = { id: "verdict", desc: true };

/** All consumer groups with what they read and how far they are behind; filter and order are in the URL. */
export function GroupsPage() {
  const ready = useLiveView("groups");
  const id = useClusterId();
  const navigate = useNavigate();
  const [search, change] = useViewState();
  const text = search["q"] ?? "";
  const state = GROUP_STATES.find((known) => known === search["state"]) ?? null;
  const sorting = parseSorting(search["sort"], sortableGroupColumns) ?? troubleFirst;
  const { ids, total } = useGroupOrder({ text: useDeferredValue(text), state }, sorting);
  return (
    <Page
      title="Groups"
      documentTitle="Groups"
      meta={
        <span data-testid="group-count">
          {ids.length === total ? plural(total, "group") : `${formatInteger(ids.length)} of ${plural(total, "group")}`}
        </span>
      }
    >
      <div className="flex flex-wrap items-center gap-3" role="search">
        <div className="relative min-w-0 flex-1 sm:max-w-72">
          <Search aria-hidden size={14} className="absolute top-2.5 left-2.5 text-ink-3" />
          <input
            data-page-search
            type="search"
            aria-label="Group or topic contains"
            placeholder="Group or topic contains"
            value={text}
            onChange={(event) => change({ q: event.target.value })}
            className="field w-full pl-8"
            data-testid="group-search"
          />
        </div>
        <select
          aria-label="State"
          value={state ?? ""}
          onChange={(event) => change({ state: event.target.value })}
          className="field"
          data-testid="group-filter-state"
        >
          <option value="">Every state</option>
          {GROUP_STATES.map((known) => (
            <option key={known} value={known}>
              {stateLooks[known].label}
            </option>
          ))}
        </select>
        {(text !== "" || state !== null) && (
          <Button tone="ghost" onClick={() => change({ q: undefined, state: undefined })}>
            Clear
          </Button>
        )}
      </div>
      <Panel flush>
        {ids.length === 0 ? (
          <NoGroups
            title={!ready ? "Waiting for the groups" : total === 0 ? "No groups yet" : "No group passes this filter"}
          />
        ) : (
          <DataTable
            label="Groups"
            testId="group-table"
            columns={groupTableColumns}
            keys={ids}
            useRow={useGroupRow}
            rowTestId={(group) => `group-${group}`}
            sorting={sorting}
            onSort={(next) => change({ sort: stringifySorting(next) })}
            onActivate={(group) => void navigate({ to: "/c/$id/groups/$group", params: { id, group } })}
          />
        )}
      </Panel>
    </Page>
  );
}

function useGroupRow(key: string): GroupFields | undefined {
  const row = useRow("groups", key);
  return row === undefined ? undefined : groupColumns.fields(row);
}
