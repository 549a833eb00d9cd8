import { type ClusterView, foldFrame, newClusterView, restartSequence } from "@vitrine/api";
import type { LiveSocket } from "./live-socket.ts";
import type { WatchOptions } from "./live-types.ts";

/** A view that keeps itself up to date. */
export interface WatchedView {
  /** Changed in place; compare its versions. */
  readonly state: ClusterView;
  /** Called after each frame with the keys that changed; returns the way to stop. */
  onChange(listener: (keys: readonly string[]) => void): () => void;
  close(): void;
}

/** Watches a view through the reducer `cluster-view`. Throws when there is no view of that name. */
export function watchView(socket: LiveSocket, name: string, options: WatchOptions = {}): WatchedView {
  const state = newClusterView(name);
  if (state === null) throw new RangeError(`there is no view ${JSON.stringify(name)}`);
  const listeners = new Set<(keys: readonly string[]) => void>();
  const close = socket.watch(
    name,
    {
      frame(frame) {
        const { changed } = foldFrame(state, frame);
        for (const listener of listeners) listener(changed);
      },
      restart: () => restartSequence(state),
    },
    options,
  );
  return {
    state,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close,
  };
}
