import { groupColumns, topicColumns } from "@vitrine/api";
import type { GroupFields } from "@vitrine/api";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { formatInteger, plural } from "../../format/numbers.ts";
import { formatLagSeconds } from "../../format/time.ts";
import { useLiveView, useRow, useRows } from "../../live/selectors.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { DataTable } from "../../ui/data-table.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Status } from "../../ui/status.tsx";
import { GroupStateBadge, levelTones } from "../groups/group-state.tsx";
import { NoGroups } from "../groups/no-groups.tsx";
import { topicLagOf } from "./topic-lag.ts";
import type { TopicLag } from "./topic-lag.ts";

/** Groups shown at most: each has its partitions in a view of its own, and one page holds 64 views. */
const shownMax = 20;

/** A group with its lag on this topic alone. */
interface TopicGroup {
  readonly group: GroupFields;
  /** null: its partitions have not been told yet. */
  readonly lag: TopicLag | null;
}

/** Which groups read this topic, and how far each is behind on it. */
export function GroupsTab({ topic }: { topic: string }) {
  const ready = useLiveView("groups");
  const id = useClusterId();
  const navigate = useNavigate();
  const rows = useRows("groups");
  const topicRow = useRow("topics", topic);
  const reading = useMemo(
    () =>
      rows
        .filter((row) => groupColumns.get(row, "topics").includes(topic))
        .map((row) => groupColumns.get(row, "id"))
        .toSorted(),
    [rows, topic],
  );
  const shown = reading.slice(0, shownMax);
  const useGroup = useMemo(() => groupHook(topic), [topic]);
  const known = topicRow === undefined ? 0 : topicColumns.get(topicRow, "groups");
  const more = Math.max(reading.length, known) - shown.length;
  return (
    <Panel flush>
      {shown.length === 0 ? (
        <NoGroups
          topic={topic}
          title={
            !ready ? "Waiting for the groups" : more > 0 ? `${plural(more, "group")} read it` : "No group reads it"
          }
        />
      ) : (
        <DataTable
          label={`Groups that read ${topic}`}
          testId="topic-group-table"
          columns={columns}
          keys={shown}
          useRow={useGroup}
          rowTestId={(group) => `topic-group-${group}`}
          onActivate={(group) => void navigate({ to: "/c/$id/groups/$group", params: { id, group } })}
        />
      )}
      {shown.length > 0 && more > 0 && (
        <p className="border-t border-line px-4 py-2 text-xs text-ink-3">
          {`and ${plural(more, "more group")}: `}
          <Link to="/c/$id/groups" params={{ id }} search={{ q: topic }} className="link">
            all groups with this topic
          </Link>
        </p>
      )}
    </Panel>
  );
}

function groupHook(topic: string) {
  return function useTopicGroup(group: string): TopicGroup | undefined {
    const ready = useLiveView(`group:${group}`);
    const row = useRow("groups", group);
    const partitions = useRows(`group:${group}`);
    const lag = useMemo(() => (ready ? topicLagOf(partitions, topic) : null), [ready, partitions]);
    return row === undefined ? undefined : { group: groupColumns.fields(row), lag };
  };
}

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

const columns: readonly Column<TopicGroup>[] = [
  { id: "id", header: "Group", min: 100, grow: 1, cell: ({ group }) => <NameCell group={group} /> },
  {
    id: "state",
    header: "State",
    min: 140,
    priority: 2,
    cell: ({ group }) => <GroupStateBadge state={group.state} testId={`topic-group-${group.id}-state`} />,
  },
  {
    id: "members",
    header: "Members",
    min: 64,
    align: "end",
    priority: 3,
    cell: ({ group }) => formatInteger(group.members),
  },
  {
    id: "partitions",
    header: "Partitions",
    min: 72,
    align: "end",
    priority: 4,
    hint: "Partitions of this topic that it has committed or is assigned",
    cell: ({ lag }) => formatInteger(lag?.partitions),
  },
  {
    id: "lag",
    header: "Lag here",
    min: 70,
    grow: 0.3,
    align: "end",
    hint: "Records behind on this topic",
    cell: ({ group, lag }) => (
      <span className="font-medium" data-testid={`topic-group-${group.id}-lag`}>
        {formatInteger(lag?.records)}
      </span>
    ),
  },
  {
    id: "lag_s",
    header: "Waits",
    min: 64,
    grow: 0.3,
    align: "end",
    priority: 1,
    hint: "How long the oldest record of this topic that is not committed has waited",
    cell: ({ group, lag }) => (
      <span data-testid={`topic-group-${group.id}-lag-seconds`}>{formatLagSeconds(lag?.seconds)}</span>
    ),
  },
  {
    id: "worst",
    header: "Worst partition",
    min: 100,
    grow: 0.3,
    align: "end",
    priority: 5,
    cell: ({ lag }) =>
      lag === null || lag.worst === null ? "\u2013" : `${lag.worst.p}: ${formatInteger(lag.worst.lag)}`,
  },
  {
    id: "verdict",
    header: "Verdict on the group",
    min: 140,
    grow: 2,
    priority: 2,
    cell: ({ group }) => (
      <span title={group.verdict_text}>
        <Status tone={levelTones[group.level]}>
          <span className="font-normal text-ink">{group.verdict_text}</span>
        </Status>
      </span>
    ),
  },
];
