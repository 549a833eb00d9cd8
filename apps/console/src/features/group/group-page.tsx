import type { GroupFields, GroupMemberInfo } from "@vitrine/api";
import { Link, useParams } from "@tanstack/react-router";
import { ChevronRight, RotateCcw, Trash2 } from "lucide-react";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { formatInteger, plural, unknown } from "../../format/numbers.ts";
import { formatAge, formatDuration, formatLagSeconds } from "../../format/time.ts";
import { serverNow } from "../../live/clock.ts";
import { useGroupInfo, useLiveView, useRows } from "../../live/selectors.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Page } from "../../shell/page.tsx";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/command-line.tsx";
import { Fact, Panel } from "../../ui/panel.tsx";
import { useLasting } from "../../ui/use-lasting.ts";
import { VerdictFrame, VerdictPending } from "../../ui/verdict-frame.tsx";
import { GroupStateBadge } from "../groups/group-state.tsx";
import { NoGroups } from "../groups/no-groups.tsx";
import { CoordinatorFact } from "./coordinator-fact.tsx";
import { DeleteGroupDialog } from "./delete-group-dialog.tsx";
import { GroupPartitions } from "./group-partitions.tsx";
import { MemberNumbers } from "./member-numbers.ts";
import { MembersList } from "./members-list.tsx";
import { OwnershipPicture } from "./ownership-picture.tsx";
import { RebalanceTimeline } from "./rebalance-timeline.tsx";
import { ResetOffsetsDialog } from "./reset-offsets-dialog.tsx";

const LagCharts = lazy(() => import("./lag-charts.tsx"));

/** A group that was made a moment ago comes with the next second's frame; until then it is not missing. */
const absentAfterMs = 2_500;

const noMembers: readonly GroupMemberInfo[] = [];

/** One consumer group: who is in it, what each member reads, how far it is behind, and how it came to be so. */
export function GroupPage() {
  const { group } = useParams({ from: "/c/$id/groups/$group" });
  const view = `group:${group}`;
  const ready = useLiveView(view);
  const rows = useRows(view);
  const info = useGroupInfo(group);
  const [act, setAct] = useState<"reset" | "delete" | null>(null);
  const summary = info?.summary ?? null;
  const members = info?.members ?? noMembers;
  const numbers = useMemberNumbers(group, members);
  const absent = useLasting(ready && summary === null, absentAfterMs);
  if (absent)
    return (
      <Page documentTitle={group} title={<Crumbs group={group} />}>
        <Panel testId="no-group">
          <NoGroups group={group} title={`There is no group ${group}`} />
        </Panel>
      </Page>
    );
  const waiting = summary === null ? "Nothing is known of the group yet." : null;
  return (
    <Page
      documentTitle={group}
      title={<Crumbs group={group} />}
      actions={
        <>
          <Button
            size="small"
            icon={<RotateCcw aria-hidden size={13} />}
            onClick={() => setAct("reset")}
            disabledReason={waiting}
            data-testid="reset-offsets"
          >
            Reset offsets
          </Button>
          <Button
            size="small"
            icon={<Trash2 aria-hidden size={13} className="text-bad" />}
            onClick={() => setAct("delete")}
            disabledReason={waiting}
            data-testid="delete-group"
          >
            Delete group
          </Button>
        </>
      }
    >
      {summary === null ? (
        <VerdictPending>Waiting for the coordinator&rsquo;s word.</VerdictPending>
      ) : (
        <>
          <VerdictFrame
            label="Verdict"
            level={summary.coordinator < 0 ? "warning" : summary.level}
            text={summary.verdict_text}
            testId="group-verdict"
          />
          <GroupFacts summary={summary} coordinatorPartition={info?.coordinator_partition ?? null} />
        </>
      )}
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
        <Panel
          title="Members"
          aside={<span data-testid="group-member-count">{plural(summary?.members ?? members.length, "member")}</span>}
          flush
        >
          <MembersList members={members} omitted={info?.members_omitted ?? 0} numbers={numbers} />
        </Panel>
        <Panel title="Who reads what">
          <OwnershipPicture rows={rows} numbers={numbers} />
        </Panel>
      </div>
      <Panel title="Partitions" flush className="lanes-smooth">
        <GroupPartitions group={group} numbers={numbers} />
      </Panel>
      <Suspense fallback={<div className="panel h-[230px]" />}>
        <LagCharts group={group} />
      </Suspense>
      <Panel title="Rebalances" flush testId="rebalances">
        <RebalanceTimeline group={group} />
      </Panel>
      {act === "reset" && (
        <ResetOffsetsDialog
          group={group}
          summary={summary}
          topics={summary?.topics ?? []}
          onClose={() => setAct(null)}
        />
      )}
      {act === "delete" && <DeleteGroupDialog group={group} summary={summary} onClose={() => setAct(null)} />}
    </Page>
  );
}

/** The way back to the list, and the id. */
function Crumbs({ group }: { group: string }) {
  const id = useClusterId();
  return (
    <span className="flex min-w-0 items-center gap-1">
      <Link to="/c/$id/groups" params={{ id }} className="link font-medium">
        Groups
      </Link>
      <ChevronRight aria-hidden size={16} className="shrink-0 text-ink-3" />
      <span className="truncate" data-testid="group-name">
        {group}
      </span>
      <CopyButton text={group} label="Copy the id" />
    </span>
  );
}

/** The numbers of the members, kept while the page of this group is open. */
function useMemberNumbers(group: string, members: readonly GroupMemberInfo[]): ReadonlyMap<string, number> {
  const held = useRef({ group, numbers: new MemberNumbers() });
  return useMemo(() => {
    if (held.current.group !== group) held.current = { group, numbers: new MemberNumbers() };
    return held.current.numbers.assign(members.map((member) => member.member_id));
  }, [group, members]);
}

function GroupFacts({ summary, coordinatorPartition }: { summary: GroupFields; coordinatorPartition: number | null }) {
  const now = serverNow();
  return (
    <section aria-label="Facts" className="panel px-4 py-3">
      <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-4 xl:grid-cols-[minmax(9rem,1.3fr)_minmax(10rem,1.5fr)_repeat(6,minmax(0,1fr))]">
        <div className="min-w-0">
          <dt className="text-xs text-ink-3">State</dt>
          <dd className="mt-0.5 text-sm">
            <span role="status">
              <GroupStateBadge state={summary.state} testId="group-state" />
            </span>
            {summary.state_since !== null && (
              <span className="block text-2xs text-ink-3">for {formatDuration(now - summary.state_since)}</span>
            )}
          </dd>
        </div>
        <CoordinatorFact summary={summary} partition={coordinatorPartition} />
        <Fact
          label="Generation"
          testId="group-generation"
          hint="Rises by one with each rebalance; commits of an older one are refused"
        >
          {formatInteger(summary.generation)}
        </Fact>
        <Fact
          label="Assignor"
          testId="group-protocol"
          hint={`${summary.protocol ?? "none agreed on"}; type ${summary.type}, protocol ${summary.protocol_type}`}
        >
          {summary.protocol ?? unknown}
        </Fact>
        <Fact label="Lag" testId="group-lag" hint="Records behind, all partitions together">
          {formatInteger(summary.lag)}
        </Fact>
        <Fact
          label="Waits"
          testId="group-lag-seconds"
          hint="How long the oldest record that is not committed has waited"
        >
          {formatLagSeconds(summary.lag_s)}
        </Fact>
        <Fact label="Partitions" testId="group-partitions">
          {`${formatInteger(summary.partitions)} in ${plural(summary.topics_count, "topic")}`}
        </Fact>
        <Fact label="Last commit" testId="group-commit">
          {summary.commit_ts === null ? "never" : `${formatAge(now - summary.commit_ts)} ago`}
        </Fact>
      </dl>
    </section>
  );
}
