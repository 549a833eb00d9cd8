/**
 * The coordinator of the groups of one partition of `__consumer_offsets`: decide/apply, without I/O.
 *
 * Its life: `replay` every committed record of the partition, `start`, then commands, high watermarks and the passing of time, each of
 * which gives records to append and answers to give out; `stop` when the partition is led elsewhere. Never patched back: after a failed
 * append it is dropped, and a new one replays.
 *
 * What the records say (durable-state.ts) is rebuilt by replay. What they do not say (parked requests, rebalances under way, sessions) is
 * soft: members find their way back by joining again.
 */
import { Offset, unreachable, type ErrorName, type Random } from "@vitrine/core";
import type { GroupRecord } from "@vitrine/protocol/types";
import { ClassicGroup } from "./classic-group.ts";
import { commitOffsets } from "./commands/commit-offsets.ts";
import { deleteGroups, expireOffsets, forgetTopics } from "./commands/delete-groups.ts";
import { deleteOffsets } from "./commands/delete-offsets.ts";
import { describeGroups, listGroups } from "./commands/describe-groups.ts";
import { fetchOffsets } from "./commands/fetch-offsets.ts";
import { heartbeat } from "./commands/heartbeat.ts";
import { joinGroup } from "./commands/join-group.ts";
import { leaveGroup } from "./commands/leave-group.ts";
import { syncGroup } from "./commands/sync-group.ts";
import type { At, Command, CommandType, Decision, DeletedTopic } from "./coordinator-types.ts";
import { coordinatedGroup, type CoordinatedGroup } from "./group-view.ts";
import {
  answerJoin,
  answerSync,
  completeJoin,
  initialDelayOver,
  pendingSyncOver,
  prepareRebalance,
  refuseJoin,
  sessionOver,
} from "./rebalance.ts";
import type { GroupCoordinatorSettings } from "./settings.ts";
import { Draft, Shard, type TimerEvent } from "./shard.ts";

export interface GroupCoordinatorOptions {
  readonly settings: GroupCoordinatorSettings;
  readonly random: Random;
}

type Handlers = { [T in CommandType]: (draft: Draft, command: Command<T>) => void };

const HANDLERS: Handlers = {
  joinGroup,
  syncGroup,
  heartbeat,
  leaveGroup,
  commitOffsets,
  fetchOffsets,
  deleteOffsets,
  describeGroups,
  listGroups,
  deleteGroups,
};

export class GroupCoordinator {
  readonly #shard: Shard;

  constructor(options: GroupCoordinatorOptions) {
    this.#shard = new Shard(options.settings, options.random);
  }

  /** A committed record of the partition, in order. */
  replay(record: GroupRecord): void {
    this.#shard.durable.applyCommitted(record);
  }

  /** The partition is replayed: the groups come to life, and every member has a full session to be heard of. */
  start(at: At): Decision {
    return this.#decide(at, (draft) => {
      const { durable, groups, settings } = this.#shard;
      for (const groupId of durable.groupIds()) {
        const value = durable.metadataOf(groupId);
        const group = value ? ClassicGroup.load(groupId, value) : new ClassicGroup(groupId, at.wallMs);
        group.isVisible = true;
        groups.set(groupId, group);
        this.#shard.touch(groupId);
        for (const member of group.members.values())
          draft.scheduleSession(group, member.memberId, member.sessionTimeoutMs);
        if (group.members.size > settings.maxSize)
          prepareRebalance(draft, group, "the group is larger than group.max.size");
      }
      draft.scheduleRetention();
    });
  }

  decide<T extends CommandType>(command: { readonly type: T } & Command<T>, at: At): Decision {
    return this.#decide(at, (draft) => HANDLERS[command.type](draft, command));
  }

  /** Topics were deleted. */
  forgetTopics(topics: readonly DeletedTopic[], at: At): Decision {
    return this.#decide(at, (draft) => forgetTopics(draft, topics));
  }

  /** The partition's high watermark: what was appended below it is committed. */
  advance(highWatermark: Offset, at: At): Decision {
    return this.#decide(at, (draft) => {
      for (const groupId of this.#shard.durable.advance(highWatermark)) {
        const group = this.#shard.groups.get(groupId);
        // Also where whoever committed was told that it took too long.
        if (group) group.isVisible = true;
        this.#shard.touch(groupId);
      }
      this.#shard.settleUpTo(highWatermark, draft);
    });
  }

  tick(at: At): Decision {
    return this.#decide(at, (draft) => {
      this.#shard.settleOverdue(draft);
      for (let due = this.#shard.timers.takeDue(at.nowMs); due; due = this.#shard.timers.takeDue(at.nowMs))
        this.#onTimer(draft, due);
    });
  }

  /** When `tick` is due, monotonic milliseconds; null = not at all, as things stand. */
  nextDeadlineMs(): number | null {
    const timer = this.#shard.timers.nextDeadlineMs();
    const write = this.#shard.nextWriteDeadlineMs();
    return timer === null || (write !== null && write < timer) ? write : timer;
  }

  /** The partition is led elsewhere: everything parked is answered with the error, nothing is decided any more. */
  stop(error: ErrorName, at: At): Decision {
    return this.#decide({ ...at, writeError: error }, (draft) => {
      for (const group of this.#shard.groups.values()) {
        group.transitionTo("Dead", at.wallMs);
        for (const member of group.members.values()) {
          answerJoin(draft, member, refuseJoin(error, member.memberId));
          answerSync(draft, member, error);
        }
        this.#shard.touch(group.groupId);
      }
      this.#shard.settleAll(draft, error);
      this.#shard.groups.clear();
      this.#shard.leaving.clear();
    });
  }

  /** Names of all topics that any group has offsets of. */
  topics(): ReadonlySet<string> {
    return this.#shard.durable.topics();
  }

  /** How many records it would take to say anew all that the log says. */
  get liveRecordCount(): number {
    return this.#shard.durable.liveRecordCount;
  }

  /** Those records: a coordinator that replays them knows what this one knows. */
  records(): Iterable<GroupRecord> {
    return this.#shard.durable.records();
  }

  /** Ids of groups that changed since the last call; also of those that are gone. */
  takeChanged(): ReadonlySet<string> {
    const changed = new Set(this.#shard.changed);
    this.#shard.changed.clear();
    return changed;
  }

  *ids(): Iterable<string> {
    const { groups, leaving } = this.#shard;
    for (const groupId of new Set([...groups.keys(), ...leaving.keys()]))
      if (this.#shard.visibleGroup(groupId)) yield groupId;
  }

  /** null: there is no such group. Offsets are the committed ones. */
  describe(groupId: string): CoordinatedGroup | null {
    const group = this.#shard.visibleGroup(groupId);
    return group ? coordinatedGroup(group, this.#shard.durable.offsetsOf(groupId)) : null;
  }

  #decide(at: At, body: (draft: Draft) => void): Decision {
    const draft = new Draft(this.#shard, at);
    body(draft);
    const { records, answers, events } = draft;
    return { records, answers, events };
  }

  #onTimer(draft: Draft, event: TimerEvent): void {
    if (event.type === "retention") return expireOffsets(draft);
    const group = this.#shard.groups.get(event.groupId);
    if (!group) return;
    switch (event.type) {
      case "initialRebalance":
        if (group.state === "PreparingRebalance") initialDelayOver(draft, group, event.delayMs, event.remainingMs);
        return;
      case "rebalance":
        if (group.state === "PreparingRebalance") completeJoin(draft, group);
        return;
      case "pendingSync":
        return pendingSyncOver(draft, group, event.generation);
      case "session":
        return sessionOver(draft, group, event.memberId);
      default:
        return unreachable(event);
    }
  }
}
