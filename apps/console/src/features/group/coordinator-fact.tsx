import type { GroupFields } from "@vitrine/api";
import { isGone, nodeColumns } from "@vitrine/api";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { formatInteger } from "../../format/numbers.ts";
import { formatAge } from "../../format/time.ts";
import { serverNow } from "../../live/clock.ts";
import { useEvents, useRow } from "../../live/selectors.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Status } from "../../ui/status.tsx";
import { groupEventsOf } from "./rebalances.ts";

const newsMs = 300_000; // a move is worth a word for five minutes

/** Which broker coordinates the group, with a link to it; that it is gone, or that another one took over, is said here. */
export function CoordinatorFact({ summary, partition }: { summary: GroupFields; partition: number | null }) {
  const id = useClusterId();
  const { coordinator } = summary;
  const row = useRow("cluster", String(coordinator));
  const gone = row !== undefined && isGone(nodeColumns.get(row, "state"));
  return (
    <div className="min-w-0">
      <dt
        className="truncate text-xs text-ink-3"
        title={partition === null ? undefined : `It leads __consumer_offsets-${partition}`}
      >
        Coordinator
      </dt>
      <dd className="mt-0.5 text-sm font-medium">
        {coordinator < 0 ? (
          <Status tone="warn" testId="group-coordinator">
            none
          </Status>
        ) : (
          <Link
            // The key makes the element anew when it moves, which plays the fade once.
            key={coordinator}
            to="/c/$id/brokers/$broker"
            params={{ id, broker: String(coordinator) }}
            className="link flash rounded"
            data-testid="group-coordinator"
          >
            broker {coordinator}
          </Link>
        )}
        {gone && <span className="ml-1.5 text-xs font-normal text-bad">gone</span>}
        <Moved group={summary.id} />
        {partition !== null && (
          <span className="block truncate text-2xs font-normal text-ink-3">
            __consumer_offsets-{formatInteger(partition)}
          </span>
        )}
      </dd>
    </div>
  );
}

function Moved({ group }: { group: string }) {
  const events = useEvents();
  const move = useMemo(
    () => groupEventsOf(events, group).findLast(({ e }) => e.change === "coordinator"),
    [events, group],
  );
  const agoMs = move === undefined ? null : serverNow() - move.ts;
  return agoMs === null || agoMs > newsMs ? null : (
    <span className="block truncate text-xs font-normal text-note" data-testid="group-coordinator-moved">
      moved {formatAge(agoMs)} ago
    </span>
  );
}
