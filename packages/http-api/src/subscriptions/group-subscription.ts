/** One `sub` to records as a member of a group: a tail per topic over the partitions it has, opened and closed as they come and go. */
import {
  type AckFrame,
  type CreditFrame,
  formatCursor,
  httpProblem,
  parseCursor,
  type Problem,
  type SubGroupFrame,
  type SubId,
} from "@vitrine/api";
import { partitionId, type TopicPartition } from "@vitrine/group-member";
import { refuse, toProblem } from "../error-reply.ts";
import type { OffsetToCommit } from "../groups/commit-offsets.ts";
import { groupProblem } from "../groups/coordinator-call.ts";
import { byTopic } from "../groups/group-reads.ts";
import type { MemberPosition } from "../groups/member-positions.ts";
import { CreditWindow } from "./credit-window.ts";
import type { GroupListener, GroupMembership } from "./group-membership.ts";
import { recordFilter } from "./record-filter.ts";
import { type PumpHost, RecordPump } from "./record-pump.ts";
import type { RecordSource } from "./record-source.ts";
import type { RecordSocket } from "./record-subscription.ts";

const DEFAULT_MAX_WAIT_MS = 20;
const DEFAULT_GRACE_MS = 10_000;
/** Small, because each subscription may hold one fetch per leader while it is starved. */
const FETCH_BYTES = 256 * 1024;

export class GroupSubscription implements GroupListener {
  readonly id: SubId;
  readonly #frame: SubGroupFrame;
  readonly #socket: RecordSocket;
  readonly #source: RecordSource;
  readonly #membership: GroupMembership;
  readonly #window: CreditWindow;
  readonly #pumps = new Map<string, { readonly pump: RecordPump; readonly partitions: ReadonlySet<number> }>();
  #paused = false;
  #closed = false;
  /** Rises with each change of partitions: tails that were opened for an earlier one are closed. */
  #run = 0;

  constructor(
    frame: SubGroupFrame,
    parts: { socket: RecordSocket; source: RecordSource; membership: GroupMembership },
  ) {
    this.id = frame.id;
    this.#frame = frame;
    this.#socket = parts.socket;
    this.#source = parts.source;
    this.#membership = parts.membership;
    this.#window = new CreditWindow(frame.credit);
  }

  /** Tells that it stands; what it is assigned comes by itself. */
  open(): void {
    this.#socket.send(JSON.stringify({ t: "subbed", id: this.id }));
    this.#membership.bind(this);
  }

  credit(frame: CreditFrame): void {
    this.#window.add(frame);
    this.wake();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.wake();
  }

  wake(): void {
    for (const { pump } of this.#pumps.values()) pump.wake();
  }

  /** `grace`: the socket is gone and may come back; else the member leaves at once. */
  close(grace: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closePumps();
    this.#membership.unbind(this, grace ? (this.#frame.grace_ms ?? DEFAULT_GRACE_MS) : 0);
  }

  /** Throws a ProblemError when `next` is no cursor of its topics. */
  ack(frame: AckFrame): void {
    const next = frame.next === undefined ? null : this.#positionsOf(frame.next);
    void this.#ack(next, frame.commit ?? true);
  }

  async #ack(next: readonly MemberPosition[] | null, commit: boolean): Promise<void> {
    const result = await this.#membership.ack(next, commit);
    if (this.#closed) return;
    if (result.ok)
      this.#socket.send(JSON.stringify({ t: "acked", id: this.id, committed: this.#vectors(result.committed) }));
    else {
      const detail = `${result.topic}-${result.partition} was not committed for group ${this.#frame.group}`;
      const problem = groupProblem(
        result.error,
        this.#frame.group,
        `${detail}: what is not committed is given again to whoever has it`,
      );
      this.#socket.send(JSON.stringify({ t: "error", id: this.id, problem }));
    }
  }

  assigned(positions: readonly MemberPosition[], generation: number): void {
    const start = this.#cursors(positions);
    this.#send("assigned", {
      group: this.#frame.group,
      member_id: this.#membership.memberId,
      generation,
      partitions: byTopic(positions),
      start,
    });
    void this.#read(positions);
  }

  revoking(partitions: readonly TopicPartition[], generation: number, leftMs: number): void {
    const going = new Set(partitions.map(partitionId));
    const deadline_ms = Math.round(leftMs);
    // Reading stops first, so that what the subscriber finishes is all there was.
    void this.#read(this.#membership.positions().filter((at) => !going.has(partitionId(at))));
    this.#send("revoking", { partitions: byTopic(partitions), generation, deadline_ms });
  }

  revoked(partitions: readonly TopicPartition[], generation: number, reason: "rebalance" | "lost"): void {
    const gone = new Set(partitions.map(partitionId));
    void this.#read(this.#membership.positions().filter((at) => !gone.has(partitionId(at))));
    this.#send("revoked", { partitions: byTopic(partitions), generation, reason });
  }

  ended(problem: Problem): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closePumps();
    this.#socket.ended(this.id, problem);
  }

  /** Tails over exactly these partitions. One whose partitions stay the same goes on undisturbed. */
  async #read(positions: readonly MemberPosition[]): Promise<void> {
    const run = ++this.#run;
    const wanted = Map.groupBy(positions, (at) => at.topic);
    for (const [topic, { pump, partitions }] of this.#pumps) {
      const rows = wanted.get(topic) ?? [];
      if (rows.length === partitions.size && rows.every((at) => partitions.has(at.partition))) continue;
      pump.close();
      this.#pumps.delete(topic);
    }
    for (const [topic, rows] of wanted) {
      if (this.#pumps.has(topic)) continue;
      try {
        await this.#openPump(topic, rows, run);
      } catch (error) {
        if (run !== this.#run || this.#closed) return;
        this.#fail(toProblem(error));
        return;
      }
      if (run !== this.#run) return;
    }
  }

  async #openPump(topic: string, rows: readonly MemberPosition[], run: number): Promise<void> {
    const tail = await this.#source.openTail({
      topic,
      partitions: rows.map((at) => at.partition),
      start: {
        from: "cursor",
        positions: new Map(rows.map((at) => [at.partition, at.next])),
        otherwise: this.#frame.from ?? "earliest",
      },
      isolation: this.#frame.isolation ?? "committed",
      fetchBytes: FETCH_BYTES,
    });
    if (run !== this.#run || this.#closed) {
      tail.close();
      return;
    }
    const pump = new RecordPump(tail, this.#host(topic));
    this.#pumps.set(topic, { pump, partitions: new Set(rows.map((at) => at.partition)) });
    void pump.run();
  }

  #host(topic: string): PumpHost {
    const frame = this.#frame;
    return {
      id: frame.id,
      topic: frame.topics.length === 1 ? null : topic,
      maxWaitMs: frame.max_wait_ms ?? DEFAULT_MAX_WAIT_MS,
      previewBytes: frame.preview ?? Number.POSITIVE_INFINITY,
      filter: recordFilter(frame.filter),
      maxRate: null,
      gen: () => undefined,
      roomChars: () => this.#window.bytes,
      room: () => (this.#paused || this.#socket.blocked() ? 0 : this.#window.records),
      send: (frames, records) => {
        const text = frames.length === 1 ? frames[0]! : `[${frames.join(",")}]`;
        this.#window.take(records, text.length);
        this.#socket.send(text);
      },
      sendFree: (text) => this.#socket.send(text),
      moved: (partition, next) => this.#membership.sent({ topic, partition, next }),
      failed: (problem) => this.#fail(problem),
    };
  }

  /** It cannot read: it leaves, so that another one may. */
  #fail(problem: Problem): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closePumps();
    this.#membership.unbind(this, 0);
    this.#socket.ended(this.id, problem);
  }

  #closePumps(): void {
    this.#run++;
    for (const { pump } of this.#pumps.values()) pump.close();
    this.#pumps.clear();
  }

  #positionsOf(next: NonNullable<AckFrame["next"]>): MemberPosition[] {
    const { topics } = this.#frame;
    if (typeof next === "string" && topics.length > 1)
      refuse(badAck("next is an object, topic to cursor, where a subscription has several topics"));
    const pairs = typeof next === "string" ? [[topics[0]!, next] as const] : Object.entries(next);
    return pairs.flatMap(([topic, text]) => {
      const cursor = parseCursor(text);
      if (cursor === null || !topics.includes(topic))
        return refuse(badAck(`${JSON.stringify(text.slice(0, 100))} is no cursor of ${topic.slice(0, 100)}`));
      return Array.from(cursor, ([partition, at]) => ({ topic, partition, next: at }));
    });
  }

  #cursors(positions: readonly MemberPosition[]): Record<string, string> {
    const topics = Map.groupBy(positions, (at) => at.topic);
    return Object.fromEntries(
      Array.from(topics, ([topic, rows]) => [topic, formatCursor(new Map(rows.map((at) => [at.partition, at.next])))]),
    );
  }

  /** A cursor for the only topic, else an object by topic. */
  #vectors(committed: readonly OffsetToCommit[]): string | Record<string, string> {
    const positions = committed.map((row) => ({ ...row, next: { offset: row.offset, epoch: row.leaderEpoch } }));
    const cursors = this.#cursors(positions);
    return this.#frame.topics.length === 1 ? (cursors[this.#frame.topics[0]!] ?? "") : cursors;
  }

  #send(t: string, fields: Record<string, unknown>): void {
    if (!this.#closed) this.#socket.send(JSON.stringify({ t, id: this.id, ...fields }));
  }
}

function badAck(detail: string): Problem {
  return httpProblem({ status: 422, slug: "invalid-frame", title: "Invalid frame", detail: `ack: ${detail}` });
}
