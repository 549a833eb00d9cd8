import type { GroupEvent, GroupState, ViewEvent } from "@vitrine/api";
import { formatInteger, plural } from "../../format/numbers.ts";
import { formatDuration } from "../../format/time.ts";

/** One rebalance: from the first call to join again until the group reads again, or is empty. */
export interface Rebalance {
  readonly startTs: number;
  /** null: it still goes on. */
  readonly endTs: number | null;
  /** The generation it led to. */
  readonly generation: number;
  /** Members at its end, or now. */
  readonly members: number;
  /** How it ended: Stable, Empty or Dead; null while it goes on. */
  readonly ended: GroupState | null;
  /** Why, in the coordinator's words, each once. */
  readonly reasons: readonly string[];
  readonly joined: number;
  readonly left: number;
}

/** A stretch of time in one state. */
export interface StateStretch {
  readonly state: GroupState;
  readonly fromTs: number;
  readonly toTs: number;
}

const rebalancing = (state: GroupState) => state === "PreparingRebalance" || state === "CompletingRebalance";
const reasonsKept = 4;

type Open = { -readonly [K in keyof Rebalance]: Rebalance[K] } & { reasons: string[] };

/** A group's events, oldest first. */
export function groupEventsOf(events: readonly ViewEvent[], group: string): (ViewEvent & { e: GroupEvent })[] {
  return events.filter(
    (event): event is ViewEvent & { e: GroupEvent } => event.e.type === "group" && event.e.group === group,
  );
}

/** The rebalances that a group's events tell of, oldest first. A member that comes or goes just before one counts for it. */
export function rebalancesOf(events: readonly { readonly ts: number; readonly e: GroupEvent }[]): Rebalance[] {
  const rounds: Rebalance[] = [];
  let open: Open | null = null;
  let joined = 0;
  let left = 0;
  let reasons: string[] = [];
  for (const { ts, e } of events) {
    const reason = reasonOf(e, left);
    if (reason !== null && !reasons.includes(reason) && reasons.length < reasonsKept) reasons.push(reason);
    if (e.change === "member-joined") joined += 1;
    if (e.change === "member-left") left += 1;
    if (open === null && e.change === "state" && rebalancing(e.state))
      open = { startTs: ts, endTs: null, generation: 0, members: 0, ended: null, reasons: [], joined: 0, left: 0 };
    if (open === null) {
      // What happens in a quiet group and does not lead to a rebalance belongs to none.
      if (e.change === "state" || e.change === "deleted") ({ joined, left, reasons } = nothingYet());
      continue;
    }
    Object.assign(open, { generation: e.generation, members: e.members, joined, left, reasons });
    if (e.change === "state" && !rebalancing(e.state)) {
      rounds.push({ ...open, endTs: ts, ended: e.state });
      open = null;
      ({ joined, left, reasons } = nothingYet());
    }
  }
  if (open !== null) rounds.push(open);
  return rounds;
}

/** Why it came to a rebalance. Why a member went says more than that the group had to begin again because of it. */
function reasonOf(e: GroupEvent, left: number): string | null {
  const because =
    e.change === "member-left" || (e.change === "state" && e.state === "PreparingRebalance" && left === 0);
  if (!because || e.reason === null) return null;
  const said = e.reason.replace(/;? ?client reason: not provided$/, "");
  return said === "" || said === "not provided" ? null : said;
}

function nothingYet(): { joined: number; left: number; reasons: string[] } {
  return { joined: 0, left: 0, reasons: [] };
}

/** The states of a group over time, from the first event on up to `nowTs`. */
export function stretchesOf(
  events: readonly { readonly ts: number; readonly e: GroupEvent }[],
  nowTs: number,
): StateStretch[] {
  const stretches: StateStretch[] = [];
  let state: GroupState | null = events[0]?.e.from ?? null;
  let fromTs = events[0]?.ts ?? nowTs;
  for (const { ts, e } of events) {
    if (e.state === state) continue;
    if (state !== null && ts > fromTs) stretches.push({ state, fromTs, toTs: ts });
    state = e.state;
    fromTs = ts;
  }
  if (state !== null && nowTs > fromTs) stretches.push({ state, fromTs, toTs: nowTs });
  return stretches;
}

/** A rebalance as a sentence. */
export function describeRebalance(round: Rebalance, now: number): string {
  const took = lengthText((round.endTs ?? now) - round.startTs);
  const changes = [
    round.joined > 0 ? `${plural(round.joined, "member")} joined` : "",
    round.left > 0 ? `${plural(round.left, "member")} left` : "",
  ].filter((part) => part !== "");
  const what = changes.length > 0 ? `: ${changes.join(", ")}` : "";
  const why = round.reasons.length > 0 ? ` (${round.reasons.join("; ")})` : "";
  if (round.endTs === null) return `Rebalancing for ${took}${what}${why}`;
  if (round.ended === "Stable")
    return `Generation ${formatInteger(round.generation)} with ${plural(round.members, "member")} after ${took}${what}${why}`;
  return `No members any more, after ${took}${what}${why}`;
}

function lengthText(ms: number): string {
  return ms < 1_000
    ? `${Math.max(0, Math.round(ms))} ms`
    : ms < 10_000
      ? `${(ms / 1_000).toFixed(1)} s`
      : formatDuration(ms);
}
