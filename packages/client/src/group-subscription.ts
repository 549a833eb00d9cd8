import {
  type AckedFrame,
  type AssignedFrame,
  type CaughtUpFrame,
  type ClientFrame,
  type Cursor,
  formatCursor,
  type GapFrame,
  mergeCursor,
  parseCursor,
  type Problem,
  type RevokedFrame,
  type RevokingFrame,
  type SubId,
} from "@vitrine/api";
import { CreditAccount } from "./credit-account.ts";
import type { GroupHandlers, GroupRequest } from "./live-types.ts";
import { handlerFailed } from "./problem-error.ts";
import type { SubscriptionLine } from "./subscription-line.ts";
import type { RecordBatch } from "./tail-record.ts";
import { WorkQueue } from "./work-queue.ts";

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
  readonly #line: SubscriptionLine;
  readonly #credit: CreditAccount;
  readonly #queue: WorkQueue;
  /** Processed and not yet acknowledged, by topic. */
  #processed = new Map<string, Cursor>();
  #ackTimer: ReturnType<typeof setTimeout> | null = null;
  #paused = false;

  constructor(request: GroupRequest, handlers: GroupHandlers, line: SubscriptionLine) {
    this.#request = request;
    this.#handlers = handlers;
    this.#line = line;
    this.#credit = new CreditAccount(request);
    this.#queue = new WorkQueue((error) => {
      this.#line.send({ t: "unsub", id: this.id });
      this.#line.ended();
      this.fail(handlerFailed(error, "the member leaves, and another reads it again"));
    });
  }

  subFrame(id: SubId): ClientFrame {
    this.id = id;
    this.#queue.restart();
    this.#credit.restart();
    this.#processed.clear();
    const { group, topics, member, assignor, commit, from, graceMs, isolation, maxWaitMs, preview, filter } =
      this.#request;
    return {
      t: "sub",
      id,
      topics: [...topics],
      group,
      credit: { ...this.#credit.window },
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
    if (this.#paused) this.#line.send({ t: "pause", id: this.id });
  }

  onRecords(batch: RecordBatch, chars: number): void {
    const topic = batch.topic ?? this.#request.topics[0]!;
    const { partition, records, highWatermark, lag } = batch;
    this.#queue.add(async (stands) => {
      await this.#handlers.records({ topic, partition, records, highWatermark, lag, bytes: chars });
      if (!stands()) return;
      this.#moveTo(topic, batch.next);
      this.#giveBack(records.length, chars);
    });
  }

  onGap(frame: GapFrame): void {
    const topic = frame.topic ?? this.#request.topics[0]!;
    const { p = 0, from = 0, to = 0, reason } = frame;
    this.#queue.add(() => this.#handlers.gap?.({ topic, partition: p, from, to, reason }));
  }

  onCaughtUp(frame: CaughtUpFrame): void {
    this.#queue.add(() => this.#handlers.caughtUp?.(frame.topic ?? this.#request.topics[0]!));
  }

  onGroupFrame(frame: AssignedFrame | RevokingFrame | RevokedFrame | AckedFrame): void {
    switch (frame.t) {
      case "assigned": {
        const { partitions, generation, member_id: memberId } = frame;
        this.#queue.add(() => this.#handlers.assigned?.({ partitions, generation, memberId }));
        return;
      }
      case "revoking":
        // Behind what was sent before it: the answer says that all of that is done.
        this.#queue.add(() => this.#ack(true));
        return;
      case "revoked":
        this.#queue.add(() => {
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
    if (!this.#queue.isClosed) this.#handlers.failed?.(problem);
    this.#queue.close();
  }

  credit(records: number, bytes: number): void {
    this.#line.send({ t: "credit", id: this.id, records, bytes });
  }

  pause(): void {
    this.#paused = true;
    this.#line.send({ t: "pause", id: this.id });
  }

  resume(): void {
    this.#paused = false;
    this.#line.send({ t: "resume", id: this.id });
  }

  close(): void {
    this.#ack(false);
    this.#stopTimer();
    this.#queue.close();
    this.#line.send({ t: "unsub", id: this.id });
  }

  /** Acknowledges what was processed; `always`: also when that is nothing new, because an answer is awaited. */
  #ack(always: boolean): void {
    this.#stopTimer();
    if (this.#request.commit === "delivered") return;
    if (this.#processed.size === 0) {
      if (always) this.#line.send({ t: "ack", id: this.id, commit: false });
      return;
    }
    const cursors = Object.fromEntries(Array.from(this.#processed, ([topic, at]) => [topic, formatCursor(at)]));
    const next = this.#request.topics.length === 1 ? cursors[this.#request.topics[0]!]! : cursors;
    this.#line.send({ t: "ack", id: this.id, next });
  }

  #ackLater(): void {
    this.#ackTimer ??= setTimeout(() => {
      this.#ackTimer = null;
      if (!this.#queue.isClosed) this.#ack(false);
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
    const due = this.#credit.processed(records, bytes);
    if (due !== null) this.#line.send({ t: "credit", id: this.id, ...due });
  }

  #stopTimer(): void {
    if (this.#ackTimer !== null) clearTimeout(this.#ackTimer);
    this.#ackTimer = null;
  }
}
