import type { ViewEvent } from "@vitrine/api";
import { nodesOf, toneOf } from "./event-facts.ts";
import type { EventTone } from "./event-facts.ts";

const weight: Record<EventTone, number> = { bad: 5, note: 4, warn: 3, accent: 2, good: 1, quiet: 0 };

/** A mark of the lane picture: an event, or several that lie too close to be told apart. */
export interface LaneMark {
  /** The weightiest of them, the newest among equals. */
  readonly event: ViewEvent;
  /** A node's number, or `cluster`. */
  readonly lane: string;
  readonly x: number;
  readonly count: number;
}

/** Places events in the lanes of their nodes; neighbours become one mark with a count. */
export function clusterMarks(
  events: readonly ViewEvent[],
  { x, clusterPx }: { x: (ts: number) => number; clusterPx: number },
): LaneMark[] {
  const marks: { event: ViewEvent; lane: string; x: number; count: number }[] = [];
  const open = new Map<string, (typeof marks)[number]>();
  for (const event of events) {
    const own = nodesOf(event.e);
    const at = x(event.ts);
    for (const lane of own.length === 0 ? ["cluster"] : own.map(String)) {
      const neighbour = open.get(lane);
      if (neighbour && at - neighbour.x < clusterPx) {
        neighbour.count += 1;
        if (weight[toneOf(event.e)] >= weight[toneOf(neighbour.event.e)]) neighbour.event = event;
        continue;
      }
      const mark = { event, lane, x: at, count: 1 };
      open.set(lane, mark);
      marks.push(mark);
    }
  }
  return marks;
}
