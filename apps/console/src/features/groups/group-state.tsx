import type { GroupState, GroupVerdictKind, VerdictLevel } from "@vitrine/api";
import { CircleCheck, CircleDashed, CircleOff, LoaderCircle, RefreshCw } from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { Status } from "../../ui/status.tsx";
import type { Tone } from "../../ui/status.tsx";

/** Kafka's states, as words of their own and what they mean. */
export const stateLooks: Record<
  GroupState,
  { readonly tone: Tone; readonly icon: LucideIcon; readonly label: string; readonly means: string }
> = {
  Stable: { tone: "good", icon: CircleCheck, label: "Stable", means: "Every member has its assignment and reads." },
  PreparingRebalance: {
    tone: "note",
    icon: RefreshCw,
    label: "Preparing rebalance",
    means: "Members are asked to join again; the coordinator waits for them.",
  },
  CompletingRebalance: {
    tone: "note",
    icon: LoaderCircle,
    label: "Completing rebalance",
    means: "All members joined; the leader's assignment is awaited.",
  },
  Empty: { tone: "quiet", icon: CircleDashed, label: "Empty", means: "No members; its committed offsets are kept." },
  Dead: { tone: "bad", icon: CircleOff, label: "Dead", means: "It is being removed." },
};

/** The state of a group as icon and word. */
export function GroupStateBadge({
  state,
  testId,
  soft = false,
}: {
  state: GroupState;
  testId?: string;
  soft?: boolean;
}) {
  const { tone, icon, label, means } = stateLooks[state];
  return (
    <span title={means} className="inline-flex max-w-full min-w-0 align-middle">
      <Status tone={tone} icon={icon} soft={soft} {...(testId === undefined ? {} : { testId })}>
        {label}
      </Status>
    </span>
  );
}

export const levelTones: Record<VerdictLevel, Tone> = { ok: "good", warning: "warn", critical: "bad" };

/** A verdict in one word, where the sentence has no room. */
export const verdictWords: Record<GroupVerdictKind, string> = {
  caught_up: "caught up",
  idle: "idle",
  draining: "draining",
  behind: "behind",
  growing: "falling behind",
  rebalancing: "rebalancing",
  rewound: "rewound",
  stalled: "stalled",
  stopped: "stopped",
  unknown: "not known yet",
};

/** How serious the verdict on one partition is; the group's own level comes with its row. */
export const verdictTones: Record<GroupVerdictKind, Tone> = {
  caught_up: "good",
  idle: "quiet",
  draining: "accent",
  behind: "warn",
  growing: "warn",
  rebalancing: "note",
  rewound: "warn",
  stalled: "bad",
  stopped: "bad",
  unknown: "quiet",
};
