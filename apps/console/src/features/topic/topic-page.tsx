import { topicColumns } from "@vitrine/api";
import { Link, useParams } from "@tanstack/react-router";
import { Boxes, ChevronRight, Eraser, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useLasting } from "../../ui/use-lasting.ts";
import { formatByteRate, formatBytes, formatInteger, formatRate, plural } from "../../format/numbers.ts";
import { useClusterInfo, useLiveView, useRow } from "../../live/selectors.ts";
import { curl } from "../../rest/curl.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Page } from "../../shell/page.tsx";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/command-line.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Fact, Panel } from "../../ui/panel.tsx";
import { TabBar } from "../../ui/tab-bar.tsx";
import { oneOf } from "../../url/search.ts";
import { useViewState } from "../../url/use-search.ts";
import { IsrState } from "../topics/isr-state.tsx";
import { AddPartitionsDialog } from "./add-partitions-dialog.tsx";
import { ConfigTab } from "./config-tab.tsx";
import { DeleteRecordsDialog } from "./delete-records-dialog.tsx";
import { DeleteTopicDialog } from "./delete-topic-dialog.tsx";
import { GroupsTab } from "./groups-tab.tsx";
import { MessagesTab } from "./messages-tab.tsx";
import { PartitionsTab } from "./partitions-tab.tsx";
import { ProduceTab } from "./produce-tab.tsx";

const tabs = [
  { id: "partitions", label: "Partitions" },
  { id: "messages", label: "Messages" },
  { id: "produce", label: "Produce" },
  { id: "groups", label: "Groups" },
  { id: "config", label: "Config" },
] as const;

/** A topic that was created a moment ago comes with the next second's frame; until then it is not missing. */
const absentAfterMs = 2_500;

type Act = "add-partitions" | "delete-records" | "delete-topic";

/** One topic: its partitions and replicas as they move, its records, a form to write, its settings. */
export function TopicPage() {
  const { topic } = useParams({ from: "/c/$id/topics/$topic" });
  const id = useClusterId();
  const ready = useLiveView("topics");
  useLiveView(`topic:${topic}`);
  const row = useRow("topics", topic);
  const info = useClusterInfo();
  const [search, change] = useViewState();
  const [act, setAct] = useState<Act | null>(null);
  const tab = oneOf(search["tab"], ["partitions", "messages", "produce", "groups", "config"]);
  const fields = row === undefined ? null : topicColumns.fields(row);
  const noQuorum =
    info !== null && !info.quorum.has
      ? "The controllers have no quorum: metadata cannot change until a majority is back."
      : null;
  const internal = fields?.internal === true ? "It belongs to the cluster itself." : null;

  if (useLasting(ready && fields === null, absentAfterMs))
    return (
      <Panel>
        <EmptyState
          icon={Boxes}
          title={`There is no topic ${topic}`}
          testId="no-topic"
          command={curl({ method: "PUT", path: `/topics/${topic}` })}
          action={
            <Link to="/c/$id/topics" params={{ id }} className="link text-sm font-medium">
              All topics
            </Link>
          }
        >
          It may have been deleted, or not been created yet. This page fills as soon as it exists.
        </EmptyState>
      </Panel>
    );
  return (
    <Page
      documentTitle={topic}
      title={
        <span className="flex min-w-0 items-center gap-1">
          <Link to="/c/$id/topics" params={{ id }} className="link font-medium">
            Topics
          </Link>
          <ChevronRight aria-hidden size={16} className="shrink-0 text-ink-3" />
          <span className="truncate" data-testid="topic-name">
            {topic}
          </span>
          <CopyButton text={topic} label="Copy the name" />
        </span>
      }
      actions={
        <>
          <Button
            size="small"
            icon={<Plus aria-hidden size={13} />}
            onClick={() => setAct("add-partitions")}
            disabledReason={noQuorum ?? internal}
            data-testid="add-partitions"
          >
            Add partitions
          </Button>
          <Button
            size="small"
            icon={<Eraser aria-hidden size={13} />}
            onClick={() => setAct("delete-records")}
            disabledReason={internal}
            data-testid="delete-records"
          >
            Delete records
          </Button>
          <Button
            size="small"
            icon={<Trash2 aria-hidden size={13} className="text-bad" />}
            onClick={() => setAct("delete-topic")}
            disabledReason={noQuorum ?? internal}
            data-testid="delete-topic"
          >
            Delete topic
          </Button>
        </>
      }
    >
      <section aria-label="Facts" className="panel px-4 py-3">
        <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-4 xl:grid-cols-[minmax(10.5rem,1.6fr)_repeat(7,minmax(0,1fr))]">
          <div className="min-w-0">
            <dt className="text-xs text-ink-3">Replicas</dt>
            <dd className="mt-0.5 truncate text-sm">
              {fields ? <IsrState topic={fields} testId="topic-isr-state" /> : "\u2013"}
            </dd>
          </div>
          <Fact label="Partitions" testId="topic-partitions">
            {formatInteger(fields?.partitions)}
          </Fact>
          <Fact label="Replication" hint="Replication factor" testId="topic-rf">
            {formatInteger(fields?.rf)}
          </Fact>
          <Fact
            label="Min in sync"
            hint="min.insync.replicas: how many must have a record before acks=all is answered"
            testId="topic-min-isr"
          >
            {formatInteger(fields?.min_isr)}
          </Fact>
          <Fact label="Records" testId="topic-records" hint="Offsets between log start and high watermark">
            {formatInteger(fields?.records)}
          </Fact>
          <Fact label="Size" testId="topic-size">
            {formatBytes(fields?.size)}
          </Fact>
          <Fact label="Records / s" testId="topic-in-msgs">
            {formatRate(fields?.in_msgs)}
          </Fact>
          <Fact label="Bytes in" testId="topic-in-bytes">
            {formatByteRate(fields?.in_bytes)}
          </Fact>
        </dl>
      </section>
      <div>
        <TabBar
          label={`Topic ${topic}`}
          tabs={tabs}
          active={tab}
          onSelect={(next) =>
            change({ tab: next === "partitions" ? undefined : next, record: undefined, partition: undefined })
          }
        />
        <div role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`} className="pt-4">
          {tab === "partitions" && <PartitionsTab topic={topic} />}
          {tab === "messages" && <MessagesTab key={topic} topic={topic} partitions={fields?.partitions ?? 1} />}
          {tab === "produce" && <ProduceTab topic={topic} partitions={fields?.partitions ?? 1} />}
          {tab === "groups" && <GroupsTab topic={topic} />}
          {tab === "config" && <ConfigTab topic={topic} />}
        </div>
      </div>
      {act === "add-partitions" && (
        <AddPartitionsDialog topic={topic} present={fields?.partitions ?? 1} onClose={() => setAct(null)} />
      )}
      {act === "delete-records" && <DeleteRecordsDialog topic={topic} onClose={() => setAct(null)} />}
      {act === "delete-topic" && (
        <DeleteTopicDialog
          topic={topic}
          what={`${plural(fields?.records ?? 0, "record")} in ${plural(fields?.partitions ?? 0, "partition")}`}
          onClose={() => setAct(null)}
        />
      )}
    </Page>
  );
}
