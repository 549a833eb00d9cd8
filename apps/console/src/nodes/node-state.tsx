import type { NodeState } from "@vitrine/api";
import {
  CircleCheck,
  CircleDashed,
  CirclePower,
  CircleX,
  LoaderCircle,
  ShieldAlert,
  Snowflake,
  Unplug,
} from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { Status } from "../ui/status.tsx";
import type { Tone } from "../ui/status.tsx";

const looks: Record<NodeState, { tone: Tone; icon: LucideIcon; label: string; means: string }> = {
  online: { tone: "good", icon: CircleCheck, label: "online", means: "It serves." },
  fenced: {
    tone: "warn",
    icon: ShieldAlert,
    label: "fenced",
    means: "Its process runs, but the controller lets it lead nothing until its heartbeats return.",
  },
  starting: {
    tone: "accent",
    icon: LoaderCircle,
    label: "starting",
    means: "Its process runs and has not registered yet.",
  },
  stopping: { tone: "warn", icon: CircleDashed, label: "stopping", means: "It hands its partitions over and ends." },
  stopped: { tone: "quiet", icon: CirclePower, label: "stopped", means: "It ended in order. Restart brings it back." },
  down: { tone: "bad", icon: CircleX, label: "down", means: "Its process is gone. Restart brings it back." },
  frozen: {
    tone: "note",
    icon: Snowflake,
    label: "frozen",
    means: "Its process stands still (SIGSTOP). Unfreeze lets it go on.",
  },
  isolated: {
    tone: "note",
    icon: Unplug,
    label: "isolated",
    means: "Cut off from its peers; clients still reach it. Rejoin heals the cut.",
  },
};

/** The state of a node in a shape, a word and a colour. */
export function NodeStateBadge({ state, testId, soft = true }: { state: NodeState; testId?: string; soft?: boolean }) {
  const { tone, icon, label, means } = looks[state];
  return (
    <span title={means} className="inline-flex min-w-0">
      <Status tone={tone} icon={icon} soft={soft} {...(testId === undefined ? {} : { testId })}>
        {label}
      </Status>
    </span>
  );
}
