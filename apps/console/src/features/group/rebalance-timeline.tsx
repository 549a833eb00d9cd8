import type { GroupState } from "@vitrine/api";
import { useMemo } from "react";
import { plural } from "../../format/numbers.ts";
import { formatDuration, formatTime } from "../../format/time.ts";
import { serverNow } from "../../live/clock.ts";
import { useEvents } from "../../live/selectors.ts";
import { usePreference } from "../../prefs/preferences.ts";
import { EventLine } from "../events/event-line.tsx";
import { stateLooks } from "../groups/group-state.tsx";
import { describeRebalance, groupEventsOf, rebalancesOf, stretchesOf } from "./rebalances.ts";
import type { Rebalance, StateStretch } from "./rebalances.ts";

const shownRounds = 20;
const shownEvents = 50;
const wordShare = 0.08; // of the band; below that a state has no room for its word

const stateColours: Record<GroupState, string> = {
  Stable: "var(--g-green)",
  PreparingRebalance: "var(--g-purple)",
  CompletingRebalance: "var(--g-sky)",
  Empty: "var(--g-muted)",
  Dead: "var(--g-red)",
};

/** How the group changed hands: its states as a band over time, each rebalance with its reason and length, and every event. */
export function RebalanceTimeline({ group }: { group: string }) {
  const events = useEvents();
  const own = useMemo(() => groupEventsOf(events, group), [events, group]);
  const rounds = useMemo(() => rebalancesOf(own), [own]);
  if (own.length === 0)
    return (
      <p className="px-4 py-6 text-sm text-ink-3" data-testid="rebalance-none">
        Nothing has happened to it since the gateway watches. Joins, leaves, rebalances and moves of its coordinator
        appear here.
      </p>
    );
  const now = serverNow();
  return (
    <div>
      <div className="px-4 py-3">
        <StateBand stretches={stretchesOf(own, now)} />
      </div>
      <ol aria-label="Rebalances, newest first" className="divide-y divide-line border-t border-line">
        {rounds
          .slice(-shownRounds)
          .toReversed()
          .map((round) => (
            <li key={round.startTs}>
              <Round round={round} now={now} />
            </li>
          ))}
      </ol>
      <details className="border-t border-line">
        <summary className="px-4 py-2 text-sm text-ink-2">{`All ${plural(own.length, "event")}`}</summary>
        <ol className="max-h-80 divide-y divide-line overflow-y-auto" tabIndex={0} aria-label="Events of the group">
          {own
            .slice(-shownEvents)
            .toReversed()
            .map((event) => (
              <li key={`${event.next}-${event.seq}`}>
                <EventLine event={event} />
              </li>
            ))}
        </ol>
      </details>
    </div>
  );
}

/** One colour and one word per state; what is too short for its word has it in the list below. */
function StateBand({ stretches }: { stretches: readonly StateStretch[] }) {
  const zone = usePreference("zone");
  const first = stretches[0]?.fromTs;
  const last = stretches.at(-1)?.toTs;
  if (first === undefined || last === undefined) return null;
  const span = Math.max(1, last - first);
  return (
    <div aria-hidden data-testid="rebalance-band">
      <div className="flex h-6 w-full gap-px overflow-hidden rounded">
        {stretches.map(({ state, fromTs, toTs }) => (
          <span
            key={fromTs}
            title={`${stateLooks[state].label} for ${formatDuration(toTs - fromTs)} from ${formatTime(fromTs, zone)}`}
            className="min-w-[3px] overflow-hidden border-t-4 bg-raised px-1 text-2xs leading-5 text-ellipsis whitespace-nowrap text-ink-2"
            style={{ flexGrow: (toTs - fromTs) / span, flexBasis: 0, borderColor: stateColours[state] }}
          >
            {(toTs - fromTs) / span > wordShare && stateLooks[state].label}
          </span>
        ))}
      </div>
      <p className="mt-1 flex justify-between text-2xs text-ink-3 num">
        <span>{formatTime(first, zone)}</span>
        <span>{formatDuration(span)}</span>
        <span>now</span>
      </p>
    </div>
  );
}

function Round({ round, now }: { round: Rebalance; now: number }) {
  const zone = usePreference("zone");
  const { icon: Icon } = stateLooks[round.ended ?? "PreparingRebalance"];
  return (
    <div
      className="flex items-start gap-3 px-4 py-1.5 text-sm"
      data-testid="rebalance-row"
      data-generation={round.generation}
      data-ended={round.ended ?? ""}
    >
      <time className="mono pt-px text-xs whitespace-nowrap text-ink-3">{formatTime(round.startTs, zone)}</time>
      <Icon aria-hidden size={14} className="mt-0.5 shrink-0 text-note" />
      <span className="min-w-0 flex-1 break-words">{describeRebalance(round, now)}</span>
    </div>
  );
}
