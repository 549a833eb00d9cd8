/** The broker's clock, scheduler and randomness in production. */
import { randomBytes } from "node:crypto";
import type { Clock, Scheduler } from "@vitrine/broker";
import { type Random, seededRandom } from "@vitrine/core";

export const realClock: Clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };

/** Node's timers, with one outstanding. A later deadline leaves the timer as it is and is looked at when it fires: deadlines move all the time. */
export function realScheduler(): Scheduler {
  let timer: NodeJS.Timeout | null = null;
  let firesAtMs = Infinity;
  let wanted: { deadlineMs: number; run: () => void } | null = null;
  const arm = (deadlineMs: number) => {
    if (timer) clearTimeout(timer);
    firesAtMs = deadlineMs;
    // Timers have whole milliseconds and a bound of 2^31; a timer that fires early is armed again.
    const inMs = Math.min(2 ** 31 - 1, Math.max(0, Math.ceil(deadlineMs - performance.now())));
    timer = setTimeout(fire, inMs);
  };
  const fire = () => {
    timer = null;
    firesAtMs = Infinity;
    if (!wanted) return;
    const { deadlineMs, run } = wanted;
    if (performance.now() + 0.5 < deadlineMs) return arm(deadlineMs);
    wanted = null;
    run();
  };
  return {
    soon: (run) => void setImmediate(run),
    wakeAt(deadlineMs, run) {
      wanted = deadlineMs === null ? null : { deadlineMs, run };
      if (deadlineMs !== null && deadlineMs < firesAtMs) arm(deadlineMs);
    },
  };
}

/** Jitter and ids differ between nodes that start at the same moment. Secrets are made elsewhere. */
export function realRandom(): Random {
  return seededRandom(randomBytes(4).readUInt32BE());
}
