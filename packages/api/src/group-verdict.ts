/**
 * What a group's lag means, in a word and a sentence: judged by how committed offsets and ends moved over the last minute, without
 * thresholds on the lag itself. A member that was caught up at any time of the window is well, however large its lag is at the moment; where
 * nobody reads, only the present counts.
 */
import { unreachable } from "@vitrine/core";
import type { GroupState } from "./group-rows.ts";
import { durationText, type VerdictLevel } from "./verdict.ts";

/**
 * caught_up: nothing waits, or nothing waited within the window. draining: behind, and the lag shrinks. behind: it neither shrinks nor grows.
 * growing: commits move, the lag grows. stalled: it has a reader, but no commit moved. stopped: records wait and nobody is there to read them.
 * rewound: a committed offset went back. rebalancing: partitions change hands. idle: no reader, nothing waits. unknown: not seen for long enough.
 */
export const GROUP_VERDICTS = [
  "caught_up",
  "idle",
  "draining",
  "behind",
  "growing",
  "rebalancing",
  "rewound",
  "stalled",
  "stopped",
  "unknown",
] as const;
export type GroupVerdictKind = (typeof GROUP_VERDICTS)[number];

/** One look at a partition. */
export interface LagSample {
  readonly atMs: number;
  /** -1: nothing is committed. */
  readonly committed: number;
  readonly lag: number;
}

/** The window a verdict looks at. */
export const VERDICT_WINDOW_MS = 60_000;
/** Less history than this says nothing about movement. */
const ENOUGH_MS = 10_000;
/** A commit that moved so lately is of somebody who reads: twice the interval at which consumers commit by themselves. */
const COMMITTING_MS = 10_000;

/** Who reads a partition: a member that it is assigned to, nobody, or it is just being handed on. */
export type PartitionReader = "member" | "nobody" | "changing";

export interface PartitionJudgement {
  readonly verdict: GroupVerdictKind;
  /** Records committed per second over the window. */
  readonly rate: number;
  /** Change of the lag per second over the window; negative: it shrinks. */
  readonly lagRate: number;
}

/** Judges one partition by its samples, oldest first, the newest being now. */
export function judgePartition(samples: readonly LagSample[], reader: PartitionReader): PartitionJudgement {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return { verdict: "unknown", rate: 0, lagRate: 0 };
  const spanMs = last.atMs - first.atMs;
  const perSecond = (change: number) => (spanMs <= 0 ? 0 : (change * 1_000) / spanMs);
  const rate = Math.max(0, perSecond(last.committed - Math.max(0, first.committed)));
  const lagRate = perSecond(last.lag - first.lag);
  const verdict = verdictOf(samples, { first, last, spanMs, reader });
  return { verdict, rate: first.committed < 0 && last.committed >= 0 ? 0 : rate, lagRate };
}

interface Window {
  readonly first: LagSample;
  readonly last: LagSample;
  readonly spanMs: number;
  readonly reader: PartitionReader;
}

function verdictOf(samples: readonly LagSample[], { first, last, spanMs, reader }: Window): GroupVerdictKind {
  for (let i = 1; i < samples.length; i++) {
    if (samples[i]!.committed < samples[i - 1]!.committed) return "rewound";
  }
  if (last.lag === 0) return reader === "member" ? "caught_up" : "idle";
  if (reader === "changing") return "rebalancing";
  if (reader === "nobody" && !isCommitting(samples, last)) return "stopped";
  if (reader === "member" && samples.some((sample) => sample.lag === 0)) return "caught_up";
  if (spanMs < ENOUGH_MS) return "unknown";
  if (last.committed === first.committed) return "stalled";
  if (last.lag < first.lag) return "draining";
  return last.lag > first.lag ? "growing" : "behind";
}

/** Offsets move without an owner where a consumer chooses its partitions itself (assign) and commits. */
function isCommitting(samples: readonly LagSample[], last: LagSample): boolean {
  return samples.some(
    ({ atMs, committed }) => last.atMs - atMs <= COMMITTING_MS && committed >= 0 && committed < last.committed,
  );
}

export interface GroupJudgement {
  readonly verdict: GroupVerdictKind;
  readonly level: VerdictLevel;
  readonly text: string;
  /** Seconds until the lag is gone at the speed of the window; null: it does not shrink. */
  readonly drainS: number | null;
}

export interface GroupLook {
  readonly state: GroupState;
  readonly members: number;
  readonly coordinator: number;
  /** Since when it is in its state; null: not known. */
  readonly stateSinceMs: number | null;
  readonly partitions: readonly (PartitionJudgement & { readonly name: string; readonly lag: number | null })[];
  readonly lag: number | null;
  readonly commitMs: number | null;
  readonly nowMs: number;
}

/** What is worst decides for the group; earlier is worse. */
const WORST_FIRST: readonly GroupVerdictKind[] = [
  "stalled",
  "stopped",
  "rewound",
  "growing",
  "behind",
  "draining",
  "unknown",
  "rebalancing",
  "caught_up",
  "idle",
];

/** Judges a group by its partitions. */
export function judgeGroup(look: GroupLook): GroupJudgement {
  const worst = WORST_FIRST.find((kind) => look.partitions.some((partition) => partition.verdict === kind));
  const drainS = drainOf(look);
  if (look.coordinator < 0) {
    return of("unknown", "warning", "Its coordinator cannot be reached: what is shown is the last known", drainS);
  }
  if (look.state === "PreparingRebalance" || look.state === "CompletingRebalance") {
    const since = look.stateSinceMs === null ? "" : ` for ${durationText(look.nowMs - look.stateSinceMs)}`;
    return of(
      "rebalancing",
      "ok",
      `Rebalancing${since}: partitions change hands among ${members(look.members)}`,
      drainS,
    );
  }
  if (worst === undefined) return of("idle", "ok", noPartitions(look), null);
  return of(worst, levelOf(worst, look), sentence(worst, look, drainS), drainS);
}

const LEVELS: Record<GroupVerdictKind, VerdictLevel> = {
  caught_up: "ok",
  idle: "ok",
  draining: "ok",
  behind: "warning",
  growing: "warning",
  rebalancing: "ok",
  rewound: "warning",
  stalled: "critical",
  stopped: "critical",
  unknown: "ok",
};

/** Partitions that nobody reads, of a group that reads others, are often of a topic it has left. */
function levelOf(worst: GroupVerdictKind, { members: count }: GroupLook): VerdictLevel {
  return worst === "stopped" && count > 0 ? "warning" : LEVELS[worst];
}

function of(verdict: GroupVerdictKind, level: VerdictLevel, text: string, drainS: number | null): GroupJudgement {
  return { verdict, level, text, drainS };
}

function sentence(kind: GroupVerdictKind, look: GroupLook, drainS: number | null): string {
  const which = look.partitions.filter((partition) => partition.verdict === kind);
  const where = which.length === 1 ? which[0]!.name : `${which.length} partitions`;
  const count = which.reduce((sum, partition) => sum + (partition.lag ?? 0), 0);
  const waiting = `${records(count)} ${count === 1 ? "waits" : "wait"} on ${where}`;
  switch (kind) {
    case "stopped": {
      const last = look.commitMs === null ? "" : `, the last commit is ${durationText(look.nowMs - look.commitMs)} old`;
      const unread = which.length === 1 ? "no member has it" : "no member has them";
      return `Stopped: ${waiting}, and ${look.members === 0 ? "there is no member to read" : unread}${last}`;
    }
    case "stalled":
      return `Stalled: ${waiting}; members are there, but they commit nothing`;
    case "rewound":
      return `Rewound: the committed offset of ${where} went back; ${waiting}`;
    case "growing":
      return `Falling behind: records come faster than they are committed; ${waiting}`;
    case "behind":
      return `Behind, and the lag neither shrinks nor grows: ${waiting}`;
    case "draining":
      return `Draining: ${waiting}${drainS === null ? "" : `, about ${durationText(drainS * 1_000)} to go`}`;
    case "caught_up":
      return look.lag === 0 ? "Caught up: nothing waits" : `Keeping up: ${records(look.lag ?? 0)} on the way`;
    case "idle":
      return "Nobody reads, and nothing waits";
    case "unknown":
      return `Not seen for long enough to judge: ${waiting}`;
    case "rebalancing":
      return `Rebalancing: ${waiting}`;
    default:
      return unreachable(kind);
  }
}

function noPartitions(look: GroupLook): string {
  if (look.members === 0) return "No members and no committed offsets";
  return `${look.members === 1 ? "Its member has" : "Its members have"} no partitions yet`;
}

function drainOf(look: GroupLook): number | null {
  const rate = look.partitions.reduce((sum, partition) => sum + partition.lagRate, 0);
  if (look.lag === null || look.lag === 0 || rate >= 0) return null;
  return Math.ceil(look.lag / -rate);
}

function members(count: number): string {
  return count === 1 ? "1 member" : `${count} members`;
}

function records(count: number): string {
  return count === 1 ? "1 record" : `${count.toLocaleString("en-US")} records`;
}
