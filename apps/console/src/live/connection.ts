/**
 * The console's one line to the cluster, outside React. Frames are queued as they come and folded into the store once per
 * 250 ms, inside an animation frame; while the view is paused the queue waits. A hidden tab asks the server to pause.
 */
import type { Problem } from "@vitrine/api";
import { LiveSocket } from "@vitrine/client";
import type { LiveStatus, RecordsGap, RecordsHandle } from "@vitrine/client";
import { noteServerTime } from "./clock.ts";
import { startSampler } from "./sampler.ts";
import { foldFrames, liveStore, publish } from "./store.ts";
import type { LinkState, TaggedFrame } from "./store.ts";
import type { TailRecord } from "./tail-record.ts";

interface RecordsRequest {
  readonly topic: string;
  /** null: all. */
  readonly partition: number | null;
  readonly from: string;
  readonly credit: { readonly records: number; readonly bytes: number };
}

interface RecordsListener {
  records(records: readonly TailRecord[], bytes: number): void;
  caughtUp(): void;
  gap(text: string): void;
  opened(): void;
  failed(problem: Problem): void;
}

const flushEveryMs = 250;
const hiddenFlushMs = 1_000; // a hidden tab gets no animation frames
const lingerMs = 3_000; // a view survives the step to the next page
const queueMax = 5_000; // frames held while paused; the snap at resume replaces what is dropped
const previewBytes = 1_024;
const staleAfterMs = 2_500; // the clock frame comes every second

interface Watch {
  users: number;
  stop: () => void;
  timer: ReturnType<typeof setTimeout> | null;
}

/** Events that happened before the page was opened, as far as the gateway remembers, begin the timeline. */
const eventsFrom = "earliest";

class Connection {
  readonly staleAfterMs = staleAfterMs;
  readonly #socket = new LiveSocket({ gateways: [globalThis.location?.origin ?? ""], client: "vitrine-console/0.1" });
  readonly #watches = new Map<string, Watch>();
  #queue: TaggedFrame[] = [];
  #flushTimer: ReturnType<typeof setTimeout> | null = null;
  #lastFlush = 0;
  #paused = false;

  start(): void {
    this.#socket.onStatus((status) => publish({ link: linkOf(status) }));
    this.#socket.onClock((ts) => {
      noteServerTime(ts, Date.now());
      if (!this.#paused) publish({ ages: Object.fromEntries(this.#socket.ages()) });
    });
    document.addEventListener("visibilitychange", () => this.#pauseOrResumeSocket());
    startSampler(() => Date.now());
    this.#socket.start();
  }

  /** Age of the newest frame; null before the first. */
  ageMs(): number | null {
    return this.#socket.ageMs();
  }

  retryNow(): void {
    this.#socket.retryNow();
  }

  /** The view stands still; what happens meanwhile is queued. */
  togglePause(): void {
    this.#paused = !this.#paused;
    this.#pauseOrResumeSocket();
    publish({ paused: this.#paused });
    if (!this.#paused) this.#schedule();
  }

  /** Subscribes a view as long as somebody watches it; gives the way to stop. */
  watch(name: string): () => void {
    const known = this.#watches.get(name);
    if (known) {
      known.users += 1;
      if (known.timer !== null) clearTimeout(known.timer);
      known.timer = null;
    } else this.#watches.set(name, { users: 1, timer: null, stop: this.#subscribe(name) });
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#release(name);
    };
  }

  /** Reads records; credit is the caller's affair. */
  records(request: RecordsRequest, listener: RecordsListener): RecordsHandle {
    return this.#socket.records(
      {
        topics: [request.topic],
        ...(request.partition === null ? {} : { partitions: [request.partition] }),
        from: request.from,
        credit: request.credit,
        autoCredit: false,
        maxWaitMs: flushEveryMs,
        preview: previewBytes,
      },
      {
        records: (batch) =>
          listener.records(
            batch.records.map((record) => ({ ...record, partition: batch.partition })),
            batch.bytes,
          ),
        caughtUp: () => listener.caughtUp(),
        gap: (gap) => listener.gap(gapInWords(gap)),
        opened: () => listener.opened(),
        failed: (problem) => listener.failed(problem),
      },
    );
  }

  #subscribe(name: string): () => void {
    return this.#socket.watch(
      name,
      {
        frame: (frame) => this.#enqueue({ view: name, frame }),
        restart: () => this.#enqueue({ view: name, frame: { t: "restart" } }),
      },
      name === "events" ? { from: eventsFrom } : {},
    );
  }

  #release(name: string): void {
    const watch = this.#watches.get(name);
    if (!watch) return;
    watch.users -= 1;
    if (watch.users > 0) return;
    watch.timer = setTimeout(() => {
      watch.stop();
      this.#watches.delete(name);
    }, lingerMs);
  }

  #pauseOrResumeSocket(): void {
    if (this.#paused || document.hidden) this.#socket.pause();
    else this.#socket.resume();
  }

  #enqueue(frame: TaggedFrame): void {
    this.#queue.push(frame);
    if (this.#queue.length > queueMax) this.#queue.splice(0, this.#queue.length - queueMax);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#flushTimer !== null || this.#paused || this.#queue.length === 0) return;
    const waitMs = Math.max(0, this.#lastFlush + flushEveryMs - performance.now());
    this.#flushTimer = setTimeout(() => {
      if (document.hidden) setTimeout(() => this.#flush(), hiddenFlushMs);
      else requestAnimationFrame(() => this.#flush());
    }, waitMs);
  }

  #flush(): void {
    this.#flushTimer = null;
    if (this.#paused) return;
    this.#lastFlush = performance.now();
    const frames = this.#queue;
    this.#queue = [];
    foldFrames(frames);
    publish();
  }
}

function linkOf(status: LiveStatus): LinkState {
  switch (status.state) {
    case "live":
      return { state: "open" };
    case "refused":
      return { state: "refused", detail: status.reason ?? "" };
    case "idle":
    case "connecting":
      // The first attempt is a beginning, later ones are attempts to get back.
      return { state: status.attempt === 0 && liveStore.getState().link.state !== "lost" ? "connecting" : "lost" };
    case "waiting":
    case "stopped":
      return { state: "lost" };
  }
}

/** What is missing in a tail, and why. */
function gapInWords({ partition, from, to, reason }: Pick<RecordsGap, "partition" | "from" | "to" | "reason">): string {
  const range = `Partition ${partition}, offsets ${from.toLocaleString("en-US")} up to ${to.toLocaleString("en-US")}`;
  switch (reason) {
    case "retention":
      return `${range}: deleted by retention before they could be read.`;
    case "truncated":
      return `Partition ${partition}: the log was cut back to ${from.toLocaleString("en-US")} after an election; what was shown from there on is not in it any more.`;
    case "topic_recreated":
      return `Partition ${partition}: the topic was deleted and created again; reading starts anew.`;
    case "sampled":
      return `${range}: left out, because more arrive than a page can show.`;
    case "too_large":
      return `${range}: too large to be sent.`;
    default:
      return `${range}: missing (${reason}).`;
  }
}

export const connection = new Connection();
export type { RecordsHandle } from "@vitrine/client";
