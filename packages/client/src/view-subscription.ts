import type { ClientFrame, ServerFrame, SubId } from "@vitrine/api";
import type { ViewMessageFrame, WatchHandlers, WatchOptions } from "./live-types.ts";

/** One view on the line: remembers how far its events came, notices a hole in the numbers, and asks again. */
export class ViewSubscription {
  readonly view: string;
  readonly watchers = new Map<WatchHandlers, WatchOptions>();
  /** Id on the present connection; changes with every subscribing. */
  id: SubId = 0;
  #seq = 0;
  #next: string | null = null;

  constructor(view: string) {
    this.view = view;
  }

  /** The highest wish of those who watch. */
  get hz(): number | undefined {
    const wishes = [...this.watchers.values()].flatMap((options) => options.hz ?? []);
    return wishes.length === 0 ? undefined : Math.max(...wishes);
  }

  subFrame(id: SubId): ClientFrame {
    this.id = id;
    this.#seq = 0;
    const from = this.#next ?? [...this.watchers.values()].find((options) => options.from !== undefined)?.from;
    for (const watcher of this.watchers.keys()) watcher.restart?.();
    return {
      t: "sub",
      id,
      view: this.view,
      ...(this.hz === undefined ? {} : { hz: this.hz }),
      ...(from === undefined ? {} : { from }),
    };
  }

  /** Gives a frame to those who watch; false: frames are missing, subscribe again. */
  take(frame: ViewMessageFrame): boolean {
    const seq = frame.seq ?? this.#seq + 1;
    if (seq !== this.#seq + 1) return false;
    this.#seq = seq;
    if (frame.t === "snap" || frame.t === "event") this.#next = frame.next;
    for (const watcher of this.watchers.keys()) watcher.frame(frame);
    return true;
  }
}

/** Whether a frame of the server is one of a view's. */
export function isViewFrame(frame: ServerFrame): frame is ViewMessageFrame & { id: SubId } {
  return (
    (frame.t === "snap" ||
      frame.t === "delta" ||
      frame.t === "event" ||
      (frame.t === "gap" && frame.seq !== undefined)) &&
    frame.id !== undefined
  );
}
