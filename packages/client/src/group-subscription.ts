import {
  type AckedFrame,
  type AssignedFrame,
  type CaughtUpFrame,
  type ClientFrame,
  type Cursor,
  formatCursor,
  type GapFrame,
  httpProblem,
  mergeCursor,
  parseCursor,
  type Problem,
  type RevokedFrame,
  type RevokingFrame,
  type SubId,
} from "@vitrine/api";
import type { GroupHandlers, GroupRequest } from "./live-types.ts";
import type { RecordBatch } from "./tail-record.ts";

const DEFAULT_CREDIT = { records: 500, bytes: 1_048_576 };
/** What was processed is acknowledged so often at most; before partitions go, at once. */
const ACK_MS = 1_000;

/**
 * A subscription as a member of a group, on the line. Batches are processed one after the other; what was processed is acknowledged in the
 * background, and all of it before partitions are given up. After a reconnect the group says where to go on.
 */
export class GroupSubscription {
  id: SubId = 0;
  readonly #request: GroupRequest;
  readonly #handlers: GroupHandlers;
  readonly #send: (frame: ClientFrame) => void;
  readonly #window: { readonly records: number; readonly bytes: number };
  /** Processed and not yet acknowledged, by topic. */
  #processed = new Map<string, Cursor>();
  #owed = { records: 0, bytes: 0 };
  #ackTimer: ReturnType<typeof setTimeout> | null = null;
  #paused = false;
  #closed = false;
  /** Rises with each connection: what was queued on an earlier one is not processed. */
  #run = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(request: GroupRequest, handlers: GroupHandlers, send: (frame: ClientFrame) => void) {
    this.#request = request;
    this.#handlers = handlers;
    this.#send = send;
    this.#window = request.credit ?? DEFAULT_CREDIT;
  }

  subFrame(id: SubId): ClientFrame {
    this.id = id;
    this.#run++;
    this.#owed = { records: 0, bytes: 0 };
    this.#processed.clear();
    const { group, topics, member, assignor, commit, from, graceMs, isolation, maxWaitMs, preview, filter } =
      this.#request;
    return {
      t: "sub",
      id,
      topics: [...topics],
      group,
      credit: { ...this.#window },
      ...(member === undefined ? {} : { member }),
      ...(assignor === undefined ? {} : { assignor }),
      ...(commit === undefined ? {} : { commit }),
      ...(from === undefined ? {} : { from }),
      ...(graceMs === undefined ? {} : { grace_ms: graceMs }),
      ...(isolation === undefined ? {} : { isolation }),
      ...(maxWaitMs === undefined ? {} : { max_wait_ms: maxWaitMs }),
      ...(preview === undefined ? {} : { preview }),
      ...(filter === undefined ? {} : { filter }),
    };
  }

  onSubbed(): void {
    if (this.#paused) this.#send({ t: "pause", id: this.id });
  }

  onRecords(batch: RecordBatch, chars: number): void {
    const topic = batch.topic ?? this.#request.topics[0]!;
    const { partition, records, highWatermark, lag } = batch;
    this.#enqueue(async (stands) => {
      await this.#handlers.records({ topic, partition, records, highWatermark, lag, bytes: chars });
      if (!stands()) return;
      this.#moveTo(topic, batch.next);
      this.#giveBack(records.length, chars);
    });
  }

  onGap(frame: GapFrame): void {
    const topic = frame.topic ?? this.#request.topics[0]!;
    const { p = 0, from = 0, to = 0, reason } = frame;
    this.#enqueue(() => this.#handlers.gap?.({ topic, partition: p, from, to, reason }));
  }

  onCaughtUp(frame: CaughtUpFrame): void {
    this.#enqueue(() => this.#handlers.caughtUp?.(frame.topic ?? this.#request.topics[0]!));
  }

  onGroupFrame(frame: AssignedFrame | RevokingFrame | RevokedFrame | AckedFrame): void {
    switch (frame.t) {
      case "assigned": {
        const { partitions, generation, member_id: memberId } = frame;
        this.#enqueue(() => this.#handlers.assigned?.({ partitions, generation, memberId }));
        return;
      }
      case "revoking":
        // Behind what was sent before it: the answer says that all of that is done.
        this.#enqueue(() => this.#ack(true));
        return;
      case "revoked":
        this.#enqueue(() => {
          this.#forget(frame.partitions);
          this.#handlers.revoked?.(frame.partitions, frame.reason);
        });
        return;
      case "acked":
        this.#handlers.committed?.(frame.committed);
    }
  }

  /** A commit was not taken and may be later: what was processed is acknowledged again with what comes. */
  onRefusal(_problem: Problem): void {
    this.#ackLater();
  }

  fail(problem: Problem): void {
    this.#stopTimer();
    if (!this.#closed) this.#handlers.failed?.(problem);
    this.#closed = true;
  }

  credit(records: number, bytes: number): void {
    this.#send({ t: "credit", id: this.id, records, bytes });
  }

  pause(): void {
    this.#paused = true;
    this.#send({ t: "pause", id: this.id });
  }

  resume(): void {
    this.#paused = false;
    this.#send({ t: "resume", id: this.id });
  }

  close(): void {
    this.#ack(false);
    this.#stopTimer();
    this.#closed = true;
    this.#send({ t: "unsub", id: this.id });
  }

  #enqueue(work: (stands: () => boolean) => void | Promise<void>): void {
    const run = this.#run;
    const stands = () => !this.#closed && run === this.#run;
    this.#queue = this.#queue
      .then(() => (stands() ? work(stands) : undefined))
      .catch((error: unknown) => {
        this.#send({ t: "unsub", id: this.id });
        this.fail(handlerFailed(error));
      });
  }

  /** Acknowledges what was processed; `always`: also when that is nothing new, because an answer is awaited. */
  #ack(always: boolean): void {
    this.#stopTimer();
    if (this.#request.commit === "delivered") return;
    if (this.#processed.size === 0) {
      if (always) this.#send({ t: "ack", id: this.id, commit: false });
      return;
    }
    const cursors = Object.fromEntries(Array.from(this.#processed, ([topic, at]) => [topic, formatCursor(at)]));
    const next = this.#request.topics.length === 1 ? cursors[this.#request.topics[0]!]! : cursors;
    this.#send({ t: "ack", id: this.id, next });
  }

  #ackLater(): void {
    this.#ackTimer ??= setTimeout(() => {
      this.#ackTimer = null;
      if (!this.#closed) this.#ack(false);
    }, ACK_MS);
  }

  #moveTo(topic: string, next: string): void {
    const moved = parseCursor(next);
    if (moved === null) return;
    this.#processed.set(topic, mergeCursor(this.#processed.get(topic) ?? new Map(), moved));
    this.#ackLater();
  }

  #forget(partitions: Readonly<Record<string, readonly number[]>>): void {
    for (const [topic, gone] of Object.entries(partitions)) {
      const rest = new Map([...(this.#processed.get(topic) ?? [])].filter(([partition]) => !gone.includes(partition)));
      if (rest.size === 0) this.#processed.delete(topic);
      else this.#processed.set(topic, rest);
    }
  }

  #giveBack(records: number, bytes: number): void {
    if (this.#request.autoCredit === false) return;
    this.#owed.records += records;
    this.#owed.bytes += bytes;
    const due = this.#owed.records * 2 >= this.#window.records || this.#owed.bytes * 2 >= this.#window.bytes;
    if (!due) return;
    this.#send({ t: "credit", id: this.id, ...this.#owed });
    this.#owed = { records: 0, bytes: 0 };
  }

  #stopTimer(): void {
    if (this.#ackTimer !== null) clearTimeout(this.#ackTimer);
    this.#ackTimer = null;
  }
}

function handlerFailed(error: unknown): Problem {
  return httpProblem({
    status: 0,
    slug: "handler-failed",
    title: "Processing failed",
    detail: `a batch could not be processed: ${error instanceof Error ? error.message : String(error)}; the member leaves, and another reads it again`,
  });
}
