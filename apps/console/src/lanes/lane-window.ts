/** The stretch of offsets that replica lanes show, `[from, to)`. */
export interface LaneWindow {
  readonly from: number;
  readonly to: number;
}

const leastSpan = 40;

/**
 * A stretch that holds every known position of a partition. It moves in half steps, not with every record: between the
 * steps the bars grow from left to right, so that one sees the log move; the span is rounded so that it does not flicker.
 */
export function laneWindow({
  ends,
  highWatermark,
}: {
  ends: readonly number[];
  highWatermark: number;
}): LaneWindow | null {
  if (ends.length === 0) return null;
  const high = Math.max(...ends, highWatermark);
  const low = Math.min(...ends, highWatermark < 0 ? high : highWatermark);
  const span = niceSpan(Math.max(leastSpan, (high - low) * 2.2));
  const step = span / 2;
  const to = Math.max(span, Math.ceil((high + 1) / step) * step);
  return { from: to - span, to };
}

/** Where an offset lies in the window, 0 to 1. */
export function laneX(offset: number, { from, to }: LaneWindow): number {
  return Math.min(1, Math.max(0, (offset - from) / (to - from)));
}

/** The next of 40, 100, 200, 400, 1,000, 2,000, ... */
function niceSpan(value: number): number {
  let unit = 10;
  for (;;) {
    for (const factor of [4, 10, 20]) if (unit * factor >= value) return unit * factor;
    unit *= 10;
  }
}
