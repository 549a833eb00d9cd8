import { Check, Crown, X } from "lucide-react";
import { formatInteger } from "../format/numbers.ts";
import { classNames } from "../ui/class-names.ts";
import { replicaState } from "./replica-state.ts";
import type { ReplicaState } from "./replica-state.ts";

export interface ReplicaLook {
  readonly node: number;
  readonly isLeader: boolean;
  readonly inIsr: boolean;
  /** Its process is gone, frozen or not known. */
  readonly offline: boolean;
  readonly lag: number | null;
}

const words: Record<ReplicaState, string> = {
  leader: "leader",
  "in-sync": "in sync",
  "catching-up": "out of sync, catching up",
  offline: "offline",
};

const styles: Record<ReplicaState, string> = {
  leader: "border-transparent bg-accent text-accent-ink",
  "in-sync": "border-g-green text-ink",
  "catching-up": "border-dashed border-g-orange text-warn",
  offline: "border-dashed border-g-red text-bad hatched",
};

/** A replica: solid with a crown leads, outlined with a tick is in the ISR, dashed with its lag catches up, hatched with a cross is offline. */
export function ReplicaChip({ replica, testId }: { replica: ReplicaLook; testId?: string }) {
  const state = replicaState(replica);
  const lag =
    state === "catching-up" && replica.lag !== null && replica.lag > 0 ? `\u2212${formatInteger(replica.lag)}` : null;
  return (
    <span
      data-testid={testId}
      data-state={state}
      data-in-isr={replica.inIsr}
      title={`Broker ${replica.node}: ${words[state]}${replica.inIsr && state === "offline" ? ", still in the ISR" : ""}`}
      className={classNames(
        "inline-flex h-5 items-center gap-1 rounded-full border px-1.5 text-2xs font-semibold num",
        styles[state],
      )}
    >
      {replica.node}
      {state === "leader" && <Crown aria-hidden size={11} />}
      {state === "in-sync" && <Check aria-hidden size={11} strokeWidth={3} className="text-good" />}
      {state === "offline" && <X aria-hidden size={11} strokeWidth={3} />}
      {lag}
      <span className="sr-only">{words[state]}</span>
    </span>
  );
}
