/**
 * A member of a group on behalf of a WebSocket subscription, and for a while without one: it knows what it has, what was sent of it and what was
 * acknowledged, commits, and gives partitions up when the subscriber has finished with them or the time is over.
 */
import { kafkaProblem, type Position, type Problem, type SubGroupFrame } from "@vitrine/api";
import type { Engine } from "@vitrine/engine";
import { type AssignorName, partitionId, type TopicPartition } from "@vitrine/group-member";
import { toProblem } from "../error-reply.ts";
import type { OffsetToCommit } from "../groups/commit-offsets.ts";
import { type CommitResult, MemberDriver } from "../groups/member-driver.ts";
import { type MemberPosition, startOf } from "../groups/member-positions.ts";

/** The subscription that a membership serves. */
export interface GroupListener {
  /** All it has now, with where to read on; those named `added` are new. */
  assigned(positions: readonly MemberPosition[], generation: number): void;
  /** Send nothing more of these. */
  revoking(partitions: readonly TopicPartition[], generation: number, leftMs: number): void;
  revoked(partitions: readonly TopicPartition[], generation: number, reason: "rebalance" | "lost"): void;
  ended(problem: Problem): void;
}

const SESSION_MS = 45_000;
const HEARTBEAT_MS_MAX = 3_000;
/** The socket's pings tell whether the subscriber lives, so the group's patience is for its rebalances alone. */
const MAX_POLL_INTERVAL_MS = 300_000;
const ALIVE_MS = 1_000;
/** Kafka's `auto.commit.interval.ms`. */
const COMMIT_MS = 5_000;
/** Kept of the time for giving up, so that the commit still arrives. */
const COMMIT_MARGIN_MS = 1_000;

export class GroupMembership {
  readonly frame: SubGroupFrame;
  readonly #engine: Engine;
  readonly #driver: MemberDriver;
  readonly #onEnded: () => void;
  readonly #alive: ReturnType<typeof setInterval>;
  #listener: GroupListener | null = null;
  /** Read on here: after what was sent. */
  #sent = new Map<string, MemberPosition>();
  /** Committed, or about to be. */
  #committed = new Map<string, number>();
  #going: readonly TopicPartition[] = [];
  #goingTimer: ReturnType<typeof setTimeout> | null = null;
  #graceTimer: ReturnType<typeof setTimeout> | null = null;
  #commitAtMs = 0;
  #problem: Problem | null = null;
  /** Assigned, and still without a place to begin; by the assignment that asks. */
  readonly #placing = new Map<string, object>();

  constructor(engine: Engine, frame: SubGroupFrame, onEnded: () => void) {
    this.frame = frame;
    this.#engine = engine;
    this.#onEnded = onEnded;
    const sessionTimeoutMs = frame.session_timeout_ms ?? SESSION_MS;
    const assignors: readonly AssignorName[] =
      frame.assignor === undefined ? ["range", "cooperative-sticky"] : [frame.assignor];
    const settings = {
      groupId: frame.group,
      instanceId: frame.member ?? null,
      topics: frame.topics,
      assignors,
      sessionTimeoutMs,
      heartbeatIntervalMs: Math.min(HEARTBEAT_MS_MAX, Math.floor(sessionTimeoutMs / 3)),
      maxPollIntervalMs: MAX_POLL_INTERVAL_MS,
    };
    this.#driver = new MemberDriver(engine, settings, {
      assigned: (partitions, added) => void this.#onAssigned(partitions, added),
      revoke: (partitions, leftMs) => this.#onRevoke(partitions, leftMs),
      lost: (partitions) => this.#onLost(partitions),
      ended: (error, reason) =>
        this.#end(error === null ? left(frame.group, reason) : refused(frame.group, error, reason)),
    });
    this.#alive = setInterval(() => this.#tick(), ALIVE_MS);
    this.#alive.unref();
    this.#driver.start();
  }

  get memberId(): string {
    return this.#driver.member.memberId;
  }

  get isParked(): boolean {
    return this.#listener === null && this.#problem === null;
  }

  /** A subscription takes it: told at once what it has. Another one that had it is told that it is over. */
  bind(listener: GroupListener): void {
    this.#listener?.ended(takenOver(this.frame));
    if (this.#graceTimer !== null) clearTimeout(this.#graceTimer);
    this.#graceTimer = null;
    this.#listener = listener;
    if (this.#problem !== null) listener.ended(this.#problem);
    else if (this.#driver.member.state === "stable" && this.#placing.size === 0) this.#tellAssigned();
  }

  /** The subscription is gone; without another within the grace the member leaves. */
  unbind(listener: GroupListener, graceMs: number): void {
    if (this.#listener !== listener) return;
    this.#listener = null;
    if (this.#going.length > 0) this.#giveUp();
    // Whoever comes back does not know what it was sent and did not acknowledge.
    if (this.frame.commit !== "delivered") this.#rewind();
    this.#graceTimer = setTimeout(() => void this.leave("its socket was closed"), graceMs);
    this.#graceTimer.unref();
  }

  async leave(reason: string): Promise<void> {
    if (this.#problem !== null) return;
    if (this.frame.commit === "delivered") await this.#driver.commit(this.#toCommit(this.#sent.values()));
    await this.#driver.leave(reason);
  }

  /** Records were sent up to here. */
  sent(at: MemberPosition): void {
    if (this.#sent.has(partitionId(at))) this.#sent.set(partitionId(at), at);
  }

  positions(): readonly MemberPosition[] {
    return [...this.#sent.values()];
  }

  /** The subscriber finished with everything before these positions (null: all that was sent), and wants it committed or not. */
  async ack(
    next: readonly MemberPosition[] | null,
    commit: boolean,
  ): Promise<CommitResult & { readonly committed: readonly OffsetToCommit[] }> {
    const offsets = commit ? this.#toCommit(next ?? this.#sent.values()) : [];
    const result = await this.#driver.commit(offsets);
    if (result.ok) for (const row of offsets) this.#committed.set(partitionId(row), row.offset);
    if (this.#going.length > 0 && this.#isFinished(next)) this.#giveUp();
    return { ...result, committed: offsets };
  }

  /** Whether positions say that all that was sent of the partitions that go was dealt with. */
  #isFinished(next: readonly MemberPosition[] | null): boolean {
    if (next === null) return true;
    const acked = new Map(next.map((at) => [partitionId(at), at.next.offset]));
    return this.#going.every((at) => {
      const sent = this.#sent.get(partitionId(at));
      const done = acked.get(partitionId(at)) ?? this.#committed.get(partitionId(at));
      return sent === undefined || (done !== undefined && done >= sent.next.offset);
    });
  }

  async #onAssigned(partitions: readonly TopicPartition[], added: readonly TopicPartition[]): Promise<void> {
    const owned = new Set(this.#driver.member.owned.map(partitionId));
    this.#forget([...this.#sent.values()].filter((at) => !owned.has(partitionId(at))));
    this.#forget(added);
    const fresh = partitions.filter((at) => !this.#sent.has(partitionId(at)));
    const run = {};
    for (const at of fresh) this.#placing.set(partitionId(at), run);
    const { group, from = "earliest", isolation = "committed" } = this.frame;
    try {
      const placed = await startOf(this.#engine, group, fresh, { from, isolation });
      // What went or came anew meanwhile has its own turn.
      for (const at of placed) if (this.#placing.get(partitionId(at)) === run) this.#place(at);
      if (this.#placing.size === 0) this.#tellAssigned();
    } catch (error) {
      if (!fresh.some((at) => this.#placing.get(partitionId(at)) === run)) return;
      // It cannot be found out where to begin: the member makes room for one that can.
      const problem = toProblem(error);
      await this.#driver.leave(problem.detail);
      this.#end(problem);
    }
  }

  #place(at: MemberPosition): void {
    const id = partitionId(at);
    this.#placing.delete(id);
    this.#sent.set(id, at);
    this.#committed.set(id, at.next.offset);
  }

  #tellAssigned(): void {
    const going = new Set(this.#going.map(partitionId));
    const positions = this.positions().filter((at) => !going.has(partitionId(at)));
    this.#listener?.assigned(positions, this.#driver.member.generation);
  }

  #onRevoke(partitions: readonly TopicPartition[], leftMs: number): void {
    this.#going = partitions;
    const waitMs = Math.max(0, leftMs - COMMIT_MARGIN_MS);
    this.#listener?.revoking(partitions, this.#driver.member.generation, waitMs);
    const open = partitions.some((at) => this.#isOpen(at));
    if (this.frame.commit === "delivered") void this.#commitAndGiveUp();
    else if (this.#listener === null || !open) this.#giveUp();
    else this.#goingTimer = setTimeout(() => this.#giveUp(), waitMs);
  }

  /** Something of it was sent that is not committed. */
  #isOpen(at: TopicPartition): boolean {
    const sent = this.#sent.get(partitionId(at));
    return sent !== undefined && sent.next.offset > (this.#committed.get(partitionId(at)) ?? 0);
  }

  async #commitAndGiveUp(): Promise<void> {
    await this.#driver.commit(this.#toCommit(this.#sent.values()));
    this.#giveUp();
  }

  #giveUp(): void {
    if (this.#goingTimer !== null) clearTimeout(this.#goingTimer);
    this.#goingTimer = null;
    const going = this.#going;
    this.#going = [];
    if (going.length === 0) return;
    this.#forget(going);
    this.#listener?.revoked(going, this.#driver.member.generation, "rebalance");
    this.#driver.revoked();
  }

  #onLost(partitions: readonly TopicPartition[]): void {
    if (this.#goingTimer !== null) clearTimeout(this.#goingTimer);
    this.#going = [];
    this.#forget(partitions);
    this.#listener?.revoked(partitions, this.#driver.member.generation, "lost");
  }

  #forget(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) {
      const id = partitionId(at);
      this.#sent.delete(id);
      this.#committed.delete(id);
      this.#placing.delete(id);
    }
  }

  /** Back to what was committed. */
  #rewind(): void {
    for (const [id, at] of this.#sent) {
      const offset = this.#committed.get(id) ?? at.next.offset;
      if (offset !== at.next.offset) this.#sent.set(id, { ...at, next: { offset, epoch: -1 } });
    }
  }

  #tick(): void {
    this.#driver.poll();
    const nowMs = performance.now();
    if (this.frame.commit !== "delivered" || nowMs < this.#commitAtMs) return;
    this.#commitAtMs = nowMs + COMMIT_MS;
    const due = this.#toCommit([...this.#sent.values()].filter((at) => this.#isOpen(at)));
    if (due.length > 0 && this.#going.length === 0) void this.#commitDelivered(due);
  }

  async #commitDelivered(due: readonly OffsetToCommit[]): Promise<void> {
    const { ok } = await this.#driver.commit(due);
    if (ok)
      for (const row of due) if (this.#sent.has(partitionId(row))) this.#committed.set(partitionId(row), row.offset);
  }

  #toCommit(positions: Iterable<{ readonly next: Position } & TopicPartition>): OffsetToCommit[] {
    const offsets: OffsetToCommit[] = [];
    for (const { topic, partition, next } of positions)
      offsets.push({ topic, partition, offset: next.offset, leaderEpoch: next.epoch, metadata: "" });
    return offsets;
  }

  #end(problem: Problem): void {
    if (this.#problem !== null) return;
    this.#problem = problem;
    clearInterval(this.#alive);
    if (this.#graceTimer !== null) clearTimeout(this.#graceTimer);
    if (this.#goingTimer !== null) clearTimeout(this.#goingTimer);
    this.#listener?.ended(problem);
    this.#listener = null;
    this.#onEnded();
  }
}

function left(group: string, reason: string): Problem {
  return kafkaProblem("UNKNOWN_MEMBER_ID", `the member of group ${group} left: ${reason}`, {
    group,
    hint: "subscribe again",
  });
}

function refused(group: string, error: Parameters<typeof kafkaProblem>[0], reason: string): Problem {
  return kafkaProblem(error, `no member of group ${group}: ${reason}`, { group });
}

function takenOver({ group, member }: SubGroupFrame): Problem {
  const detail = `member ${member ?? ""} of group ${group} was taken over by another subscription with its name`;
  return kafkaProblem("FENCED_INSTANCE_ID", detail, { group, hint: "give each subscription a member name of its own" });
}
