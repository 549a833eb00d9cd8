import type { QuorumFields } from "@vitrine/api";
import { formatInteger } from "../../format/numbers.ts";
import { useRowKeys } from "../../live/selectors.ts";
import { memberName } from "./member-name.ts";
import { laneWindow, laneX } from "../../lanes/lane-window.ts";

/** Log end of each member against the leader's; the line is the high watermark. The table below says the same in numbers. */
export function QuorumBars({ members }: { members: readonly QuorumFields[] }) {
  const nodes = useRowKeys("cluster");
  const ends = members.map((member) => member.leo).filter((leo) => leo >= 0);
  const hw = Math.max(-1, ...members.map((member) => member.hw));
  const window = laneWindow({ ends, highWatermark: hw });
  if (window === null) return <p className="text-sm text-ink-3">No position is known.</p>;
  return (
    <div aria-hidden>
      <ul className="flex flex-col gap-2">
        {members.map((member) => (
          <li key={member.node} className="grid grid-cols-[4.5rem_1fr_5rem] items-center gap-3 text-xs">
            <span className="truncate text-ink-2">{memberName(member, nodes)}</span>
            <span className="relative block h-3 rounded-sm bg-hover">
              {member.leo >= 0 && (
                <span
                  className="absolute inset-y-0 left-0 rounded-sm motion-safe:transition-[width]"
                  style={{
                    width: `${laneX(member.leo, window) * 100}%`,
                    background:
                      member.role === "leader" ? "var(--g-blue)" : member.voter ? "var(--g-sky)" : "var(--g-muted)",
                  }}
                />
              )}
              {hw >= 0 && (
                <span className="absolute -inset-y-1 w-0.5 bg-ink" style={{ left: `${laneX(hw, window) * 100}%` }} />
              )}
            </span>
            <span className="text-right num">{formatInteger(member.leo < 0 ? null : member.leo)}</span>
          </li>
        ))}
      </ul>
      <p className="mt-3 flex justify-between text-2xs text-ink-3 num">
        <span>{formatInteger(window.from)}</span>
        <span>The upright line is the high watermark, {formatInteger(hw < 0 ? null : hw)}</span>
        <span>{formatInteger(window.to)}</span>
      </p>
    </div>
  );
}
