import type { NodeState, ProcessVerb } from "@vitrine/api";
import type { LucideIcon } from "lucide-react";
import { CirclePower, Link2, Play, RotateCcw, Skull, Snowflake, Unplug } from "lucide-react";

export interface VerbLook {
  readonly verb: ProcessVerb;
  readonly label: string;
  readonly icon: LucideIcon;
  /** What it does to the process, for the dialog. */
  readonly does: string;
  /** What became of it, for the toast. */
  readonly done: string;
  readonly danger?: boolean;
}

/** The acts in the order of their buttons. */
export const verbLooks: Record<ProcessVerb, VerbLook> = {
  stop: {
    verb: "stop",
    label: "Stop",
    icon: CirclePower,
    does: "SIGTERM: it hands its leaderships over, then ends.",
    done: "is stopping",
  },
  kill: {
    verb: "kill",
    label: "Kill",
    icon: Skull,
    does: "SIGKILL: the process is gone at once, as in a crash.",
    done: "was killed",
    danger: true,
  },
  restart: {
    verb: "restart",
    label: "Restart",
    icon: RotateCcw,
    does: "Starts it again; where it runs it is stopped in order first.",
    done: "is starting again",
  },
  freeze: {
    verb: "freeze",
    label: "Freeze",
    icon: Snowflake,
    does: "SIGSTOP: the process stands still and says nothing, connections stay open.",
    done: "is frozen",
  },
  unfreeze: {
    verb: "unfreeze",
    label: "Unfreeze",
    icon: Play,
    does: "SIGCONT: the process goes on where it stood.",
    done: "runs again",
  },
  isolate: {
    verb: "isolate",
    label: "Isolate",
    icon: Unplug,
    does: "Cuts it off from its peers; clients still reach it.",
    done: "is cut off from its peers",
  },
  rejoin: {
    verb: "rejoin",
    label: "Rejoin",
    icon: Link2,
    does: "Heals the cut: it reaches its peers again.",
    done: "reaches its peers again",
  },
};

/** The buttons of a node: freeze and unfreeze, isolate and rejoin share a place. */
export function verbsShown(state: NodeState): readonly ProcessVerb[] {
  return [
    "kill",
    "stop",
    state === "frozen" ? "unfreeze" : "freeze",
    state === "isolated" ? "rejoin" : "isolate",
    "restart",
  ];
}

/** Why an act makes no sense in this state; null when it does. */
export function whyNot(
  verb: ProcessVerb,
  { state, processControl }: { state: NodeState; processControl: boolean },
): string | null {
  if (!processControl) return "This gateway does not own the processes of this cluster, so it cannot act on them.";
  const gone = state === "down" || state === "stopped";
  if (gone) return verb === "restart" ? null : "Its process does not run. Restart starts it again.";
  if (state === "stopping" && verb !== "kill") return "It is stopping. Wait, or kill it.";
  if (state === "frozen" && (verb === "stop" || verb === "isolate"))
    return "It is frozen and cannot obey. Unfreeze it first, or kill it.";
  if (state === "isolated" && verb === "freeze") return "It is isolated. Rejoin it first.";
  return null;
}
