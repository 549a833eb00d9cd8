import { GROUP_STATES, groupColumns } from "@vitrine/api";
import type { GroupFields } from "@vitrine/api";
import { useNavigate } from "@tanstack/react-router";
import { useDeferredValue } from "react";
import { shownOf } from "../../format/numbers.ts";
import { useLiveView, useRow } from "../../live/selectors.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Page } from "../../shell/page.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { FilterBar, FilterSearch, FilterSelect } from "../../ui/filter-bar.tsx";
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
      meta={<span data-testid="group-count">{shownOf(ids.length, total, "group")}</span>}
    >
      <FilterBar onClear={text !== "" || state !== null ? () => change({ q: undefined, state: undefined }) : null}>
        <FilterSearch
          label="Group or topic contains"
          value={text}
          onChange={(q) => change({ q })}
          testId="group-search"
        />
        <FilterSelect
          label="State"
          all="Every state"
          options={GROUP_STATES.map((known) => [known, stateLooks[known].label])}
          value={state ?? ""}
          onChange={(wanted) => change({ state: wanted })}
          testId="group-filter-state"
        />
      </FilterBar>
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
