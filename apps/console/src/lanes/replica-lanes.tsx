import { laneWindow, laneX } from "./lane-window.ts";
import type { ReplicaLook } from "./replica-chip.tsx";
import { replicaState } from "./replica-state.ts";

export interface LaneReplica extends ReplicaLook {
  readonly logEnd: number | null;
  readonly durableEnd: number | null;
}

const fills = {
  leader: "var(--g-blue)",
  "in-sync": "var(--g-green)",
  "catching-up": "var(--g-orange)",
  offline: "var(--g-muted)",
} as const;

/**
 * A partition's replicas as bars, one under the other: how far each log reaches, how far it is on disk (the darker part), and the
 * high watermark as an upright line. The numbers stand in the cells beside it, so the picture is hidden from assistive technology.
 */
export function ReplicaLanes({ replicas, highWatermark }: { replicas: readonly LaneReplica[]; highWatermark: number }) {
  const ends = replicas.flatMap(({ logEnd }) => (logEnd === null ? [] : [logEnd]));
  const window = laneWindow({ ends, highWatermark });
  if (window === null) return null;
  const gap = replicas.length > 3 ? 1 : 2;
  return (
    <span
      aria-hidden
      className="relative flex w-full flex-col justify-center"
      style={{ gap }}
      data-testid="replica-lanes"
    >
      {replicas.map((replica) => {
        const state = replicaState(replica);
        const end = replica.logEnd === null ? 0 : laneX(replica.logEnd, window);
        const durable =
          replica.durableEnd === null
            ? end
            : laneX(Math.min(replica.durableEnd, replica.logEnd ?? replica.durableEnd), window);
        return (
          <span
            key={replica.node}
            className={`relative block overflow-hidden rounded-[1px] bg-hover ${state === "offline" ? "hatched" : ""}`}
            style={{ height: replicas.length > 3 ? 3 : 5 }}
          >
            <span
              className="absolute inset-y-0 left-0 origin-left opacity-45 lane-moving"
              style={{ width: "100%", transform: `scaleX(${end})`, background: fills[state] }}
            />
            <span
              className="absolute inset-y-0 left-0 origin-left lane-moving"
              style={{ width: "100%", transform: `scaleX(${durable})`, background: fills[state] }}
            />
          </span>
        );
      })}
      {highWatermark >= 0 && (
        <span
          className="absolute inset-x-0 inset-y-[-2px] lane-moving"
          style={{ transform: `translateX(${laneX(highWatermark, window) * 100}%)` }}
        >
          <span className="absolute inset-y-0 -left-px w-[2px] rounded bg-ink" />
        </span>
      )}
    </span>
  );
}
