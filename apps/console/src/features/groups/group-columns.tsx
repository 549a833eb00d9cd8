import type { GroupFields } from "@vitrine/api";
import { Link } from "@tanstack/react-router";
import { useStore } from "zustand";
import { formatInteger } from "../../format/numbers.ts";
import { formatLagSeconds } from "../../format/time.ts";
import { groupHistory } from "../../live/history.ts";
import { liveStore } from "../../live/store.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import type { Column } from "../../ui/data-table.tsx";
import { Sparkline } from "../../ui/sparkline.tsx";
import { Status } from "../../ui/status.tsx";
import { GroupStateBadge, levelTones } from "./group-state.tsx";

function NameCell({ group }: { group: GroupFields }) {
  const id = useClusterId();
  return (
    <Link
      to="/c/$id/groups/$group"
      params={{ id, group: group.id }}
      className="link font-medium"
      title={group.id}
      tabIndex={-1}
      onClick={(event) => event.stopPropagation()}
    >
      {group.id}
    </Link>
  );
}

/** The last five minutes of the lag, as far as this page has watched. */
function LagSparkline({ group }: { group: string }) {
  useStore(liveStore, ({ views }) => views.get("groups")?.version ?? 0);
  return <Sparkline values={groupHistory.tail(group, 300)} width={60} height={18} colour="var(--g-purple)" />;
}

/** The verdict on a group: its level as icon and colour, its sentence in full for whoever points at it. */
function Verdict({ group }: { group: GroupFields }) {
  return (
    <span
      title={group.verdict_text}
      data-testid={`group-${group.id}-verdict`}
      data-level={group.level}
      data-verdict={group.verdict}
      className="block truncate"
    >
      <Status tone={group.coordinator < 0 ? "warn" : levelTones[group.level]}>
        <span className="font-normal text-ink">{group.verdict_text}</span>
      </Status>
    </span>
  );
}

/** The table of groups. At the narrowest a group is its name and its verdict. */
export const groupTableColumns: readonly Column<GroupFields>[] = [
  { id: "id", header: "Group", min: 100, grow: 0.6, sortable: true, cell: (group) => <NameCell group={group} /> },
  {
    id: "state",
    header: "State",
    min: 104,
    priority: 2,
    sortable: true,
    cell: (group) => <GroupStateBadge state={group.state} testId={`group-${group.id}-state`} />,
  },
  {
    id: "members",
    header: "Members",
    min: 58,
    align: "end",
    priority: 3,
    sortable: true,
    cell: (group) => <span data-testid={`group-${group.id}-members`}>{formatInteger(group.members)}</span>,
  },
  {
    id: "topics",
    header: "Topics",
    min: 84,
    grow: 0.3,
    priority: 5,
    sortable: true,
    cell: (group) => (
      <span title={topicsOf(group)} data-testid={`group-${group.id}-topics`}>
        {topicsOf(group)}
      </span>
    ),
  },
  {
    id: "coordinator",
    header: "Coordinator",
    min: 76,
    priority: 4,
    sortable: true,
    hint: "The broker that keeps the group's state",
    cell: (group) =>
      group.coordinator < 0 ? (
        <Status tone="warn" testId={`group-${group.id}-coordinator`}>
          none
        </Status>
      ) : (
        <span data-testid={`group-${group.id}-coordinator`}>{`broker ${group.coordinator}`}</span>
      ),
  },
  {
    id: "lag",
    header: "Lag",
    min: 62,
    grow: 0.2,
    align: "end",
    priority: 1,
    sortable: true,
    hint: "Records behind, all partitions together",
    cell: (group) => (
      <span data-testid={`group-${group.id}-lag`} className="font-medium">
        {formatInteger(group.lag)}
      </span>
    ),
  },
  {
    id: "lag_s",
    header: "Waits",
    min: 78,
    align: "end",
    priority: 2,
    sortable: true,
    hint: "How long the oldest record that is not committed has waited",
    cell: (group) => (
      <span data-testid={`group-${group.id}-lag-seconds`} data-seconds={group.lag_s ?? ""}>
        {formatLagSeconds(group.lag_s)}
      </span>
    ),
  },
  {
    id: "worst_lag",
    header: "Worst partition",
    min: 94,
    grow: 0.2,
    align: "end",
    priority: 6,
    sortable: true,
    cell: (group) => (
      <span data-testid={`group-${group.id}-worst`} title={group.worst ?? undefined}>
        {group.worst_lag === null ? (
          "\u2013"
        ) : (
          <>
            <span className="text-ink-3">{group.worst} </span>
            {formatInteger(group.worst_lag)}
          </>
        )}
      </span>
    ),
  },
  {
    id: "trend",
    header: "Trend",
    min: 60,
    priority: 7,
    hint: "Lag in records over the last five minutes",
    cell: (group) => <LagSparkline group={group.id} />,
  },
  {
    id: "verdict",
    header: "Verdict",
    min: 140,
    grow: 3,
    sortable: true,
    cell: (group) => <Verdict group={group} />,
  },
];

function topicsOf(group: GroupFields): string {
  const more = group.topics_count - group.topics.length;
  return group.topics.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
