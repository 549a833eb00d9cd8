import { topicColumns } from "@vitrine/api";
import type { TopicFields } from "@vitrine/api";
import { Link, useNavigate } from "@tanstack/react-router";
import { Boxes, Lock, Plus } from "lucide-react";
import { useDeferredValue } from "react";
import { formatByteRate, formatBytes, formatInteger, formatRate, shownOf } from "../../format/numbers.ts";
import { formatRetention } from "../../format/time.ts";
import { useClusterInfo, useLiveView, useRow } from "../../live/selectors.ts";
import { curl } from "../../rest/curl.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Page } from "../../shell/page.tsx";
import { Button } from "../../ui/button.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { FilterBar, FilterSearch, FilterSwitch } from "../../ui/filter-bar.tsx";
import { Panel } from "../../ui/panel.tsx";
import { parseSorting, stringifySorting } from "../../url/search.ts";
import type { Sorting } from "../../url/search.ts";
import { useViewState } from "../../url/use-search.ts";
import { CreateTopicDialog } from "./create-topic-dialog.tsx";
import { IsrState } from "./isr-state.tsx";
import { sortableTopicColumns, useTopicOrder } from "./use-topic-order.ts";

const byName: Sorting = { id: "name", desc: false };

/** All topics with what they carry; search, order and the open dialog are in the URL. */
export function TopicsPage() {
  const ready = useLiveView("topics");
  const id = useClusterId();
  const navigate = useNavigate();
  const [search, change] = useViewState();
  const info = useClusterInfo();
  const text = search["q"] ?? "";
  const internal = search["internal"] === "1";
  const sorting = parseSorting(search["sort"], sortableTopicColumns);
  const { names, total } = useTopicOrder({ text: useDeferredValue(text), internal }, sorting ?? byName);
  const noQuorum =
    info !== null && !info.quorum.has
      ? "The controllers have no quorum: no topic can be created until a majority is back."
      : null;
  const create = (
    <Button
      tone="primary"
      icon={<Plus aria-hidden size={15} />}
      onClick={() => change({ create: "1" }, { push: true })}
      disabledReason={noQuorum}
      data-testid="create-topic"
    >
      Create a topic
    </Button>
  );
  return (
    <Page
      title="Topics"
      documentTitle="Topics"
      meta={<span data-testid="topic-count">{shownOf(names.length, total, "topic")}</span>}
      actions={create}
    >
      <FilterBar>
        <FilterSearch label="Name contains" value={text} onChange={(q) => change({ q })} testId="topic-search" />
        <FilterSwitch
          label="Show internal"
          value={internal}
          onChange={(shown) => change({ internal: shown ? "1" : undefined })}
          testId="topic-internal"
        />
      </FilterBar>
      <Panel flush>
        {names.length === 0 ? (
          <EmptyState
            icon={Boxes}
            title={!ready ? "Waiting for the topics" : total === 0 ? "No topics yet" : "No topic is called that"}
            command={curl({ method: "PUT", path: `/topics/${/^[\w.-]+$/.test(text) ? text : "orders"}` })}
            {...(ready ? { action: create } : {})}
          >
            {ready && total === 0 ? "A topic is a named log in partitions, each copied to several brokers." : undefined}
          </EmptyState>
        ) : (
          <DataTable
            label="Topics"
            testId="topic-table"
            columns={columns}
            keys={names}
            useRow={useTopicRow}
            rowTestId={(name) => `topic-${name}`}
            sorting={sorting ?? byName}
            onSort={(next) => change({ sort: stringifySorting(next) })}
            onActivate={(topic) => void navigate({ to: "/c/$id/topics/$topic", params: { id, topic } })}
          />
        )}
      </Panel>
      {search["create"] === "1" && <CreateTopicDialog onClose={() => change({ create: undefined })} />}
    </Page>
  );
}

function useTopicRow(name: string): TopicFields | undefined {
  const row = useRow("topics", name);
  return row === undefined ? undefined : topicColumns.fields(row);
}

function NameCell({ topic }: { topic: TopicFields }) {
  const id = useClusterId();
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <Link
        to="/c/$id/topics/$topic"
        params={{ id, topic: topic.name }}
        className="link truncate font-medium"
        tabIndex={-1}
        onClick={(event) => event.stopPropagation()}
      >
        {topic.name}
      </Link>
      {topic.internal && <Lock aria-label="internal" size={12} className="shrink-0 text-ink-3" />}
    </span>
  );
}

const columns: readonly Column<TopicFields>[] = [
  { id: "name", header: "Name", min: 120, grow: 2, sortable: true, cell: (topic) => <NameCell topic={topic} /> },
  {
    id: "partitions",
    header: "Partitions",
    min: 76,
    align: "end",
    sortable: true,
    priority: 3,
    cell: (topic) => <span data-testid={`topic-${topic.name}-partitions`}>{formatInteger(topic.partitions)}</span>,
  },
  {
    id: "rf",
    header: "RF",
    min: 40,
    align: "end",
    sortable: true,
    priority: 5,
    hint: "Replication factor",
    cell: (topic) => <span data-testid={`topic-${topic.name}-rf`}>{topic.rf}</span>,
  },
  {
    id: "isr",
    header: "Replicas",
    min: 152,
    grow: 1,
    sortable: true,
    priority: 0,
    cell: (topic) => <IsrState topic={topic} testId={`topic-${topic.name}-isr`} />,
  },
  {
    id: "in_msgs",
    header: "Records / s",
    min: 84,
    grow: 0.5,
    align: "end",
    sortable: true,
    priority: 2,
    cell: (topic) => <span data-testid={`topic-${topic.name}-in-msgs`}>{formatRate(topic.in_msgs)}</span>,
  },
  {
    id: "in_bytes",
    header: "Bytes / s",
    min: 84,
    grow: 0.5,
    align: "end",
    sortable: true,
    priority: 6,
    cell: (topic) => formatByteRate(topic.in_bytes),
  },
  {
    id: "records",
    header: "Records",
    min: 90,
    grow: 0.5,
    align: "end",
    sortable: true,
    priority: 4,
    hint: "Offsets between log start and high watermark",
    cell: (topic) => <span data-testid={`topic-${topic.name}-records`}>{formatInteger(topic.records)}</span>,
  },
  {
    id: "size",
    header: "Size",
    min: 76,
    grow: 0.5,
    align: "end",
    sortable: true,
    priority: 3,
    hint: "Bytes on the leaders' disks",
    cell: (topic) => <span data-testid={`topic-${topic.name}-size`}>{formatBytes(topic.size)}</span>,
  },
  {
    id: "groups",
    header: "Groups",
    min: 58,
    align: "end",
    sortable: true,
    priority: 5,
    hint: "Groups that read it or have committed in it",
    cell: (topic) => <span data-testid={`topic-${topic.name}-groups`}>{formatInteger(topic.groups)}</span>,
  },
  {
    id: "group_lag",
    header: "Worst lag",
    min: 70,
    grow: 0.3,
    align: "end",
    sortable: true,
    priority: 4,
    hint: "Records that the group furthest behind is behind on one of its partitions",
    cell: (topic) => <span data-testid={`topic-${topic.name}-group-lag`}>{formatInteger(topic.group_lag)}</span>,
  },
  {
    id: "retention",
    header: "Retention",
    min: 90,
    grow: 0.5,
    align: "end",
    sortable: true,
    priority: 7,
    cell: (topic) => <Retention topic={topic} />,
  },
];

function Retention({ topic }: { topic: TopicFields }) {
  const parts: string[] = [];
  if (topic.cleanup.includes("compact")) parts.push("compacted");
  if (topic.cleanup.includes("delete") || topic.cleanup === "")
    parts.push(topic.retention_ms === null ? "default" : formatRetention(topic.retention_ms));
  if (topic.retention_bytes !== null && topic.retention_bytes >= 0) parts.push(formatBytes(topic.retention_bytes));
  return <>{parts.join(", ")}</>;
}
