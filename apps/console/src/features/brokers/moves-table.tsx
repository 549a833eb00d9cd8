import type { LeaderMove, PartitionLoss } from "@vitrine/api";
import { ArrowRight } from "lucide-react";
import { useMemo } from "react";
import { DataTable } from "../../ui/data-table.tsx";
import type { Column } from "../../ui/data-table.tsx";

interface Change {
  readonly name: string;
  readonly move: LeaderMove | null;
  readonly loss: PartitionLoss | null;
}

/** Every partition that an act would touch: who leads it next, and whether it would still take acks=all. */
export function MovesTable({ moves, below }: { moves: readonly LeaderMove[]; below: readonly PartitionLoss[] }) {
  const changes = useMemo(() => {
    const byName = new Map<string, Change>();
    for (const move of moves) {
      const name = `${move.topic}-${move.partition}`;
      byName.set(name, { name, move, loss: null });
    }
    for (const loss of below) {
      const name = `${loss.topic}-${loss.partition}`;
      byName.set(name, { name, move: byName.get(name)?.move ?? null, loss });
    }
    return byName;
  }, [moves, below]);
  const keys = useMemo(() => [...changes.keys()], [changes]);
  const useChange = useMemo(() => (key: string) => changes.get(key), [changes]);
  if (keys.length === 0) return null;
  return (
    <div className="overflow-hidden rounded-md border border-line">
      <DataTable
        label="Partitions that change"
        testId="preflight-table"
        columns={columns}
        keys={keys}
        useRow={useChange}
        rowTestId={(key) => `preflight-${key}`}
        height="15rem"
      />
    </div>
  );
}

/** Enough members are left on paper where the ISR cannot shrink any more: then the leader waits for the dead one in vain. */
function writesLost(loss: PartitionLoss, move: LeaderMove | null): string {
  if (move !== null && move.to < 0) return "no leader to write to";
  const members = loss.isr.length;
  return members < loss.min_insync_replicas
    ? `refused: ISR ${members}, needs ${loss.min_insync_replicas}`
    : "times out: an in-sync replica is gone";
}

const columns: readonly Column<Change>[] = [
  {
    id: "name",
    header: "Partition",
    min: 120,
    grow: 1,
    cell: ({ name }) => <span className="font-medium">{name}</span>,
  },
  {
    id: "leader",
    header: "Leader",
    min: 90,
    grow: 0.6,
    cell: ({ move }) =>
      move === null ? (
        <span className="text-ink-3">stays</span>
      ) : (
        <span className="inline-flex items-center gap-1.5 num">
          {move.from}
          <ArrowRight aria-label="to" size={12} className="text-ink-3" />
          {move.to < 0 ? <span className="font-medium text-bad">nobody</span> : move.to}
        </span>
      ),
  },
  {
    id: "epoch",
    header: "New epoch",
    min: 76,
    align: "end",
    priority: 2,
    cell: ({ move }) => (move === null ? "" : move.epoch),
  },
  {
    id: "writes",
    header: "acks=all afterwards",
    min: 150,
    grow: 1,
    priority: 1,
    cell: ({ loss, move }) =>
      loss ? (
        <span className="text-bad">{writesLost(loss, move)}</span>
      ) : move !== null && move.to < 0 ? (
        <span className="text-bad">no leader to write to</span>
      ) : (
        <span className="text-ink-2">accepted</span>
      ),
  },
];
