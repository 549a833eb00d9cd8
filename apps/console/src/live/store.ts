import { foldFrame, newClusterView, restartSequence } from "@vitrine/api";
import type { ClusterView, ViewFrame } from "@vitrine/api";
import { createStore } from "zustand/vanilla";
import { eventLog } from "./event-log.ts";

/** The line to the gateway. `refused`: it will not get better by waiting (no session, foreign origin). */
export type LinkState =
  | { readonly state: "connecting" | "open" | "lost" }
  | { readonly state: "refused"; readonly detail: string };

/**
 * What components select from. The views are changed in place by the reducer, with a version per row, per list and per
 * info; only `flush` rises per flush, so that one comparison of a number per selector is all that a tick costs.
 */
export interface LiveState {
  readonly flush: number;
  readonly link: LinkState;
  readonly paused: boolean;
  readonly views: ReadonlyMap<string, ClusterView>;
  /** Milliseconds since each node was last heard by the gateway, at the last clock frame. */
  readonly ages: Readonly<Record<string, number>>;
  readonly eventTotal: number;
}

const views = new Map<string, ClusterView>();
const maxViews = 64; // as many as one socket may hold; the view used longest ago is forgotten

export const liveStore = createStore<LiveState>(() => ({
  flush: 0,
  link: { state: "connecting" },
  paused: false,
  views,
  ages: {},
  eventTotal: 0,
}));

/** A frame of the view `name`, as it came. */
export interface TaggedFrame {
  readonly view: string;
  readonly frame: ViewFrame | { readonly t: "restart" };
}

/** The state of a view, made at its first use. */
export function viewState(name: string): ClusterView | null {
  const known = views.get(name);
  if (known) return known;
  const made = newClusterView(name);
  if (made === null) return null;
  if (views.size >= maxViews) {
    const oldest = views.keys().next();
    if (!oldest.done) views.delete(oldest.value);
  }
  views.set(name, made);
  return made;
}

/** Folds frames in order. A hole in their numbers is the client's affair: it subscribes again, and a snap follows. */
export function foldFrames(frames: readonly TaggedFrame[]): void {
  for (const { view: name, frame } of frames) {
    const view = viewState(name);
    if (view === null) continue;
    if (frame.t === "restart") {
      restartSequence(view);
      continue;
    }
    foldFrame(view, frame);
    if (name === "events" && frame.t === "event") {
      const newest = view.events.at(-1);
      if (newest) eventLog.add(newest);
    }
  }
}

/** Tells the components: once per flush, not once per frame. */
export function publish(change: Partial<Pick<LiveState, "link" | "paused" | "ages">> = {}): void {
  liveStore.setState((state) => ({ ...change, flush: state.flush + 1, eventTotal: eventLog.total }));
}
