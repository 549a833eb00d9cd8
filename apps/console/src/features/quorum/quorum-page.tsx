import { quorumColumns } from "@vitrine/api";
import type { QuorumFields, QuorumRole } from "@vitrine/api";
import { Crown, Vote } from "lucide-react";
import { useMemo } from "react";
import { formatInteger } from "../../format/numbers.ts";
import { formatAge } from "../../format/time.ts";
import { useClusterInfo, useLiveView, useRow, useRowKeys, useRows } from "../../live/selectors.ts";
import { curl } from "../../rest/curl.ts";
import { Page } from "../../shell/page.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Fact, Panel } from "../../ui/panel.tsx";
import { Status, Tag } from "../../ui/status.tsx";
import type { Tone } from "../../ui/status.tsx";
import { memberName } from "./member-name.ts";
import { QuorumBars } from "./quorum-bars.tsx";
import { QuorumProcesses } from "./quorum-processes.tsx";
import { QuorumRing } from "./quorum-ring.tsx";

/** The controllers: who leads the metadata log, who votes, who follows how closely. */
export function QuorumPage() {
  const ready = useLiveView("quorum");
  const rows = useRows("quorum");
  const info = useClusterInfo();
  const members = useMemo(
    () =>
      rows
        .map((row) => quorumColumns.fields(row))
        .toSorted((a, b) => Number(b.voter) - Number(a.voter) || a.node - b.node),
    [rows],
  );
  const voters = members.filter((member) => member.voter);
  const leader = members.find((member) => member.role === "leader");
  const keys = useMemo(() => members.map((member) => String(member.node)), [members]);
  const has = info?.quorum.has ?? true;
  return (
    <Page
      title="Quorum"
      documentTitle="Quorum"
      meta="The controllers keep the metadata log: topics, leaders, in-sync sets and settings. A majority of the voters must agree on each record."
    >
      {ready && members.length === 0 ? (
        <Panel>
          <EmptyState
            icon={Vote}
            title="No controller has been heard yet"
            command={curl({ method: "GET", path: "/cluster" })}
          />
        </Panel>
      ) : (
        <>
          <Panel>
            <dl className="grid grid-cols-2 gap-4 sm:grid-cols-3 lg:grid-cols-6">
              <div className="min-w-0">
                <dt className="text-xs text-ink-3">Quorum</dt>
                <dd className="mt-0.5">
                  <Status tone={has ? "good" : "bad"} testId="quorum-state">
                    {has ? "has a majority" : "no quorum"}
                  </Status>
                </dd>
              </div>
              <Fact label="Leader" testId="quorum-leader">
                {has && (info?.quorum.leader ?? -1) >= 0 ? `node ${info?.quorum.leader}` : "none"}
              </Fact>
              <Fact label="Epoch" testId="quorum-epoch">
                {formatInteger(info?.quorum.epoch)}
              </Fact>
              <Fact label="Voters" testId="quorum-voters">
                {`${voters.length} (majority ${Math.floor(voters.length / 2) + 1})`}
              </Fact>
              <Fact label="Metadata log end" testId="quorum-log-end">
                {formatInteger(leader && leader.leo >= 0 ? leader.leo : null)}
              </Fact>
              <Fact label="High watermark" testId="quorum-high-watermark">
                {formatInteger(leader && leader.hw >= 0 ? leader.hw : null)}
              </Fact>
            </dl>
            {!has && (
              <p className="mt-4 border-t border-line pt-3 text-sm text-ink-2">
                Without a majority no leader can be elected and no topic created or changed. Partitions whose leader
                lives are still read; they are written as long as their in-sync replicas live. Everything goes on by
                itself when a controller returns.
              </p>
            )}
          </Panel>
          <QuorumProcesses voters={voters} leader={has ? (info?.quorum.leader ?? -1) : -1} />
          <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[18rem_minmax(0,1fr)]">
            <Panel title="Votes">
              <QuorumRing members={members} leader={info?.quorum.leader ?? -1} />
            </Panel>
            <Panel title="Positions in the metadata log" flush>
              <div className="px-4 py-4">
                <QuorumBars members={members} />
              </div>
              <div className="border-t border-line">
                <DataTable
                  label="Voters and observers"
                  testId="quorum-table"
                  columns={columns}
                  keys={keys}
                  useRow={useQuorumRow}
                  rowTestId={(key) => `quorum-${key}`}
                  height="none"
                />
              </div>
            </Panel>
          </div>
        </>
      )}
    </Page>
  );
}

function MemberName({ member }: { member: QuorumFields }) {
  const nodes = useRowKeys("cluster");
  return <span title={`Node ${member.node}`}>{memberName(member, nodes)}</span>;
}

function useQuorumRow(key: string): QuorumFields | undefined {
  const row = useRow("quorum", key);
  return row === undefined ? undefined : quorumColumns.fields(row);
}

const roleTones: Record<QuorumRole, Tone> = {
  leader: "accent",
  follower: "good",
  candidate: "warn",
  prospective: "warn",
  unattached: "warn",
  resigned: "warn",
  observer: "quiet",
  unknown: "bad",
};

const staleFetchMs = 3_000;

const columns: readonly Column<QuorumFields>[] = [
  {
    id: "node",
    header: "Node",
    min: 64,
    cell: (member) => (
      <span className="font-medium">
        <MemberName member={member} />
      </span>
    ),
  },
  {
    id: "member",
    header: "Member",
    min: 66,
    priority: 2,
    cell: (member) => <Tag>{member.voter ? "voter" : "observer"}</Tag>,
  },
  {
    id: "role",
    header: "State",
    min: 98,
    grow: 0.5,
    cell: (member) => (
      <Status
        tone={roleTones[member.role]}
        {...(member.role === "leader" ? { icon: Crown } : {})}
        testId={`quorum-${member.node}-role`}
      >
        {member.role === "unknown" ? "not heard" : member.role}
      </Status>
    ),
  },
  {
    id: "epoch",
    header: "Epoch",
    min: 60,
    align: "end",
    priority: 1,
    cell: (member) => (
      <span data-testid={`quorum-${member.node}-epoch`}>{formatInteger(member.epoch < 0 ? null : member.epoch)}</span>
    ),
  },
  {
    id: "voted",
    header: "Voted for",
    min: 72,
    align: "end",
    priority: 4,
    cell: (member) => (member.voted < 0 ? "\u2013" : member.voted),
  },
  {
    id: "leo",
    header: "Log end",
    min: 88,
    align: "end",
    priority: 2,
    grow: 0.4,
    cell: (member) => (
      <span data-testid={`quorum-${member.node}-log-end`}>{formatInteger(member.leo < 0 ? null : member.leo)}</span>
    ),
  },
  {
    id: "durable",
    header: "On disk",
    min: 88,
    align: "end",
    priority: 6,
    grow: 0.4,
    hint: "End of what is on its disk",
    cell: (member) => formatInteger(member.durable < 0 ? null : member.durable),
  },
  {
    id: "hw",
    header: "High watermark",
    min: 110,
    align: "end",
    priority: 3,
    grow: 0.4,
    cell: (member) => formatInteger(member.hw < 0 ? null : member.hw),
  },
  {
    id: "lag",
    header: "Behind",
    min: 54,
    align: "end",
    grow: 0.4,
    hint: "Records behind the leader, as the leader sees it",
    cell: (member) => <span data-testid={`quorum-${member.node}-lag`}>{formatInteger(member.lag)}</span>,
  },
  {
    id: "fetch",
    header: "Last fetch",
    min: 112,
    align: "end",
    priority: 1,
    grow: 0.4,
    hint: "Time since its last fetch reached the leader",
    cell: (member) =>
      member.role === "leader" ? (
        "\u2013"
      ) : member.fetch_age === null ? (
        "\u2013"
      ) : member.fetch_age > staleFetchMs ? (
        <span className="font-medium text-warn">{`${formatAge(member.fetch_age)} ago`}</span>
      ) : (
        `${formatAge(member.fetch_age)} ago`
      ),
  },
  {
    id: "snapshot",
    header: "Snapshot",
    min: 80,
    align: "end",
    priority: 5,
    grow: 0.4,
    hint: "End offset of its newest snapshot",
    cell: (member) => formatInteger(member.snapshot < 0 ? null : member.snapshot),
  },
];
