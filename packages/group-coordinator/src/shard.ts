/** What a coordinator holds of its partition: groups alive in memory, what the log says of them, deadlines, and writes that are under way. */
import { invariant, randomUuid, uuidToBytes, type ErrorName, type Offset, type Random } from "@vitrine/core";
import type { GroupRecord } from "@vitrine/protocol/types";
import { ClassicGroup } from "./classic-group.ts";
import type { ClassicGroupState } from "./classic-group-state.ts";
import type { ClassicMember } from "./classic-member.ts";
import type { Answer, At, GroupEvent, Token } from "./coordinator-types.ts";
import { DurableState } from "./durable-state.ts";
import type { GroupCoordinatorSettings } from "./settings.ts";
import { Timers } from "./timers.ts";

export type TimerEvent =
  | {
      readonly type: "initialRebalance";
      readonly groupId: string;
      readonly delayMs: number;
      readonly remainingMs: number;
    }
  | { readonly type: "rebalance"; readonly groupId: string }
  | { readonly type: "pendingSync"; readonly groupId: string; readonly generation: number }
  | { readonly type: "session"; readonly groupId: string; readonly memberId: string }
  | { readonly type: "retention" };

/** Ids kept for views that look late. */
const CHANGED_MAX = 100_000;

/** Called once: when the records up to a point are committed, or with the reason why that is not known (yet). */
export type Settle = (draft: Draft, error: ErrorName | null) => void;

interface Write {
  readonly endOffset: Offset;
  readonly deadlineMs: number;
  settle: Settle | null;
}

export class Shard {
  readonly settings: GroupCoordinatorSettings;
  readonly random: Random;
  readonly durable = new DurableState();
  readonly groups = new Map<string, ClassicGroup>();
  /** Deleted, and the deletion is not committed: readers still see them. */
  readonly leaving = new Map<string, ClassicGroup>();
  readonly timers = new Timers<TimerEvent>();
  /** Groups that differ from what the views were told. */
  readonly changed = new Set<string>();
  /** In order of their offsets; those before `head` are gone. Bounded by what is appended within `commitTimeoutMs` and not committed. */
  #writes: Write[] = [];

  constructor(settings: GroupCoordinatorSettings, random: Random) {
    this.settings = settings;
    this.random = random;
  }

  /** Where nobody looks the set would grow with every group that ever was: whoever looks later lists them anew. */
  touch(groupId: string): void {
    if (this.changed.size >= CHANGED_MAX) this.changed.clear();
    this.changed.add(groupId);
  }

  /** What readers see under this id. */
  visibleGroup(groupId: string): ClassicGroup | undefined {
    const group = this.groups.get(groupId);
    return group?.isVisible ? group : this.leaving.get(groupId);
  }

  /** An id that nobody in the group has: it would be taken for somebody else. */
  newMemberId(group: ClassicGroup, prefix: string): string {
    for (;;) {
      const memberId = `${prefix}-${randomUuidText(this.random)}`;
      if (!group.members.has(memberId) && !group.pendingJoins.has(memberId)) return memberId;
    }
  }

  await(write: Write): void {
    this.#writes.push(write);
  }

  /** Settles the writes that the high watermark has passed. */
  settleUpTo(committedOffset: Offset, draft: Draft): void {
    while (this.#writes.length > 0 && this.#writes[0]!.endOffset <= committedOffset) {
      const { settle } = this.#writes.shift()!;
      settle?.(draft, null);
    }
  }

  /** Tells those that have waited long enough; their records may still be committed. */
  settleOverdue(draft: Draft): void {
    for (const write of this.#writes) {
      if (write.deadlineMs > draft.at.nowMs) return;
      const { settle } = write;
      write.settle = null;
      settle?.(draft, "REQUEST_TIMED_OUT");
    }
  }

  settleAll(draft: Draft, error: ErrorName): void {
    for (const { settle } of this.#writes.splice(0)) settle?.(draft, error);
  }

  nextWriteDeadlineMs(): number | null {
    return this.#writes.find((write) => write.settle !== null)?.deadlineMs ?? null;
  }

  get lastWriteEnd(): Offset | null {
    return this.#writes.at(-1)?.endOffset ?? null;
  }
}

/** A decision in the making. */
export class Draft {
  readonly shard: Shard;
  readonly at: At;
  readonly records: GroupRecord[] = [];
  readonly answers: Answer[] = [];
  readonly events: GroupEvent[] = [];

  constructor(shard: Shard, at: At) {
    this.shard = shard;
    this.at = at;
  }

  answer(token: Token, body: unknown): void {
    this.answers.push({ token, body });
  }

  note(event: GroupEvent): void {
    this.events.push(event);
    this.shard.touch(event.groupId);
  }

  /** Appends records, all or none, and settles when they are committed. Without records there is nothing to wait for. */
  write(records: readonly GroupRecord[], settle: Settle): void {
    const { writeError, nowMs } = this.at;
    if (records.length === 0 || writeError !== null) return settle(this, records.length === 0 ? null : writeError);
    for (const record of records) {
      this.records.push(record);
      this.shard.durable.applyAppended(record, this.endOffset);
    }
    this.shard.await({ endOffset: this.endOffset, deadlineMs: nowMs + this.shard.settings.commitTimeoutMs, settle });
  }

  /** Settles when everything appended so far is committed; at once where it is. */
  afterWrites(settle: Settle): void {
    const endOffset = this.shard.lastWriteEnd;
    if (endOffset === null) return settle(this, null);
    this.shard.await({ endOffset, deadlineMs: this.at.nowMs + this.shard.settings.commitTimeoutMs, settle });
  }

  get endOffset(): Offset {
    return (this.at.nextOffset + this.records.length) as Offset;
  }

  transition(group: ClassicGroup, to: ClassicGroupState, reason: string): void {
    const from = group.state;
    group.transitionTo(to, this.at.wallMs);
    this.noteState(group, from, reason);
  }

  noteState(group: ClassicGroup, from: ClassicGroupState, reason: string): void {
    const { groupId, state: to, generation } = group;
    this.note({ type: "stateChanged", groupId, from, to, generation, memberCount: group.members.size, reason });
  }

  newGroup(groupId: string): ClassicGroup {
    const group = new ClassicGroup(groupId, this.at.wallMs);
    invariant(!this.shard.groups.has(groupId), `group ${groupId} exists`);
    this.shard.groups.set(groupId, group);
    return group;
  }

  /** The group is gone from memory, with all its deadlines. */
  dropGroup(group: ClassicGroup): void {
    const { groupId } = group;
    for (const memberId of [...group.members.keys(), ...group.pendingJoins]) this.cancelSession(group, memberId);
    this.cancelRebalance(group);
    this.cancelPendingSync(group);
    if (this.shard.groups.get(groupId) === group) this.shard.groups.delete(groupId);
    this.shard.touch(groupId);
  }

  memberLeft(group: ClassicGroup, member: ClassicMember, reason: string): void {
    const { memberId, groupInstanceId } = member;
    this.cancelSession(group, memberId);
    this.note({ type: "memberLeft", groupId: group.groupId, memberId, groupInstanceId, reason });
  }

  scheduleSession(group: ClassicGroup, memberId: string, timeoutMs: number): void {
    const { groupId } = group;
    this.#schedule(sessionKey(groupId, memberId), timeoutMs, { type: "session", groupId, memberId });
  }

  cancelSession({ groupId }: ClassicGroup, memberId: string): void {
    this.shard.timers.cancel(sessionKey(groupId, memberId));
  }

  scheduleRebalance({ groupId }: ClassicGroup, timeoutMs: number): void {
    this.#schedule(`rebalance ${groupId}`, timeoutMs, { type: "rebalance", groupId });
  }

  scheduleInitialRebalance({ groupId }: ClassicGroup, delayMs: number, remainingMs: number): void {
    this.#schedule(`rebalance ${groupId}`, delayMs, { type: "initialRebalance", groupId, delayMs, remainingMs });
  }

  cancelRebalance({ groupId }: ClassicGroup): void {
    this.shard.timers.cancel(`rebalance ${groupId}`);
  }

  schedulePendingSync({ groupId, generation, rebalanceTimeoutMs }: ClassicGroup): void {
    this.#schedule(`sync ${groupId}`, rebalanceTimeoutMs, { type: "pendingSync", groupId, generation });
  }

  cancelPendingSync({ groupId }: ClassicGroup): void {
    this.shard.timers.cancel(`sync ${groupId}`);
  }

  scheduleRetention(): void {
    this.#schedule("retention", this.shard.settings.offsetsRetentionCheckIntervalMs, { type: "retention" });
  }

  #schedule(key: string, inMs: number, event: TimerEvent): void {
    this.shard.timers.schedule(key, this.at.nowMs + inMs, event);
  }
}

/** A UUID of version 4 in the form that Java's `UUID.randomUUID` prints. */
function randomUuidText(random: Random): string {
  const bytes = uuidToBytes(randomUuid(random));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Group ids may hold any character, so their length says where the member id begins. */
function sessionKey(groupId: string, memberId: string): string {
  return `session ${groupId.length} ${groupId} ${memberId}`;
}
