/**
 * Carries out what a group member decides: its calls go out through the engine, its deadlines become one timer, metadata wakes it. Whoever
 * holds it (a REST session, a WebSocket subscription) hears of partitions that come and go.
 */
import type { ErrorName } from "@vitrine/core";
import { errorFromCode } from "@vitrine/core";
import type { CallResult, Engine, Target } from "@vitrine/engine";
import {
  GroupMember,
  type MemberAnswer,
  type MemberEffect,
  type MemberEvent,
  type MemberSettings,
  type TopicPartition,
} from "@vitrine/group-member";
import {
  ApiKey,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
  newOffsetCommitRequest,
  type OffsetCommitResponse,
} from "@vitrine/protocol/types";
import { nextMetadata } from "../metadata-wait.ts";
import { commitTopics, firstError, type OffsetToCommit, passingOf } from "./commit-offsets.ts";
import { coordinatorCall, isPassing } from "./coordinator-call.ts";

export interface MemberHooks {
  /** The member has these now; `added` begin at their committed offsets. */
  assigned(partitions: readonly TopicPartition[], added: readonly TopicPartition[], generation: number): void;
  /** Finish with them and call `revoked()`; `leftMs` is the time that the group gives. */
  revoke(partitions: readonly TopicPartition[], leftMs: number): void;
  lost(partitions: readonly TopicPartition[], reason: string): void;
  ended(error: ErrorName | null, reason: string): void;
}

export type CommitResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: ErrorName; readonly topic: string; readonly partition: number };

const API_KEYS = {
  find: ApiKey.FindCoordinator,
  join: ApiKey.JoinGroup,
  sync: ApiKey.SyncGroup,
  heartbeat: ApiKey.Heartbeat,
} as const;
const COMMIT_MS = 10_000;
const COMMIT_CALL_MS = 5_000;

export class MemberDriver {
  readonly member: GroupMember;
  readonly settings: MemberSettings;
  readonly #engine: Engine;
  readonly #hooks: MemberHooks;
  readonly #stopMetadata: () => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** The leave call, to wait for it when the process ends. */
  #leaving: Promise<void> = Promise.resolve();
  #turn = 0;

  constructor(engine: Engine, settings: MemberSettings, hooks: MemberHooks) {
    this.#engine = engine;
    this.#hooks = hooks;
    this.settings = settings;
    this.member = new GroupMember(settings);
    this.#stopMetadata = engine.onMetadata(() => this.#step({ type: "metadata" }));
  }

  start(): void {
    this.#step({ type: "start" });
  }

  /** The caller lives. */
  poll(): void {
    this.#step({ type: "poll" });
  }

  subscribe(topics: readonly string[]): void {
    this.#step({ type: "subscribe", topics });
  }

  /** What was to be given up is finished with. */
  revoked(): void {
    this.#step({ type: "revoked" });
  }

  /** Leaves the group; resolves when the coordinator was told, or cannot be told. */
  leave(reason: string): Promise<void> {
    this.#step({ type: "leave", reason });
    return this.#leaving;
  }

  /** Commits in the member's generation, again while that may help. */
  async commit(offsets: readonly OffsetToCommit[]): Promise<CommitResult> {
    if (offsets.length === 0) return { ok: true };
    const deadline = performance.now() + COMMIT_MS;
    for (;;) {
      const failed = await this.#commitOnce(offsets);
      if (failed === null) return { ok: true };
      const again = isPassing(failed.error) && this.member.state !== "ended" && performance.now() < deadline;
      if (!again) return { ok: false, ...failed };
      await nextMetadata(this.#engine, 100);
    }
  }

  async #commitOnce(offsets: readonly OffsetToCommit[]) {
    const { topic, partition } = offsets[0]!;
    const { member, settings } = this;
    if (member.coordinator === null || !member.canCommit)
      return {
        error:
          member.coordinator === null ? ("COORDINATOR_NOT_AVAILABLE" as const) : ("REBALANCE_IN_PROGRESS" as const),
        topic,
        partition,
      };
    const body = newOffsetCommitRequest({
      groupId: settings.groupId,
      generationIdOrMemberEpoch: member.generation,
      memberId: member.memberId,
      groupInstanceId: settings.instanceId,
      topics: commitTopics(offsets),
    });
    const to = { node: member.coordinator };
    const result = await this.#engine.call<OffsetCommitResponse>(ApiKey.OffsetCommit, body, {
      to,
      timeoutMs: COMMIT_CALL_MS,
    });
    if (!result.ok) return { error: "COORDINATOR_NOT_AVAILABLE" as const, topic, partition };
    const failed = firstError(result.body);
    if (failed === null) return null;
    const passing = passingOf(result.body);
    const error = passing === 0 ? failed.error : errorFromCode(passing).name;
    this.#step({ type: "refused", error });
    return { error, topic: failed.topic === "" ? topic : failed.topic, partition: failed.partition };
  }

  #step(event: MemberEvent): void {
    const before = this.member.state;
    if (before === "ended") return;
    const nowMs = performance.now();
    const partitionsOf = (topic: string) => this.#engine.topic(topic)?.partitions.length ?? 0;
    const racksOf = (topic: string) => this.#racksOf(topic);
    const effects = this.member.step(event, { nowMs, partitionsOf, racksOf });
    for (const effect of effects) this.#carryOut(effect, nowMs);
    this.#schedule();
  }

  /** Where the replicas of a topic lie; brokers without a rack count as nowhere. */
  #racksOf(topic: string): readonly (readonly string[])[] {
    const racks = new Map(this.#engine.brokers().map(({ id, rack }) => [id, rack]));
    const partitions = this.#engine.topic(topic)?.partitions ?? [];
    return partitions.map(({ replicas }) => replicas.flatMap((id) => racks.get(id) ?? []));
  }

  #carryOut(effect: MemberEffect, nowMs: number): void {
    switch (effect.type) {
      case "call":
        void this.#call(effect);
        return;
      case "assigned":
        this.#hooks.assigned(effect.partitions, effect.added, effect.generation);
        return;
      case "revoke":
        this.#hooks.revoke(effect.partitions, Math.max(0, effect.deadlineMs - nowMs));
        return;
      case "lost":
        this.#hooks.lost(effect.partitions, effect.reason);
        return;
      case "ended":
        this.#stopMetadata();
        this.#hooks.ended(effect.error, effect.reason);
    }
  }

  async #call({ call, to, timeoutMs, held, message }: MemberEffect & { type: "call" }): Promise<void> {
    if (message.kind === "leave") {
      this.#leaving = this.#leave(message.request);
      return;
    }
    const target = to === null ? this.#anyBroker() : { node: to };
    const asked: Promise<CallResult<unknown>> =
      target === null
        ? nextMetadata(this.#engine, 100).then(() => ({ ok: false, reason: "not-sent" }))
        : this.#engine.call(API_KEYS[message.kind], message.request, { to: target, timeoutMs, longPoll: held });
    const result = await asked;
    if (result.ok)
      this.#step({ type: "answer", call, answer: { kind: message.kind, body: result.body } as MemberAnswer });
    else this.#step({ type: "failed", call });
  }

  /** Tries until a coordinator has heard it: who is gone without a word keeps its partitions until its session ends. Rejects never. */
  async #leave(body: LeaveGroupRequest): Promise<void> {
    const { groupId } = this.settings;
    const errorOf = (reply: LeaveGroupResponse) => reply.errorCode;
    try {
      await coordinatorCall<LeaveGroupResponse>(this.#engine, groupId, { apiKey: ApiKey.LeaveGroup, body, errorOf });
    } catch {
      // Nobody coordinates the group for now; its session will end.
    }
  }

  /** In turn, so that one that hangs does not hold the search up. */
  #anyBroker(): Target | null {
    const living = this.#engine.brokers().filter((broker) => !broker.fenced);
    if (living.length === 0) return null;
    const own = living.find((broker) => broker.id === this.#engine.selfId);
    return { node: (own ?? living[this.#turn++ % living.length]!).id };
  }

  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const { wakeAtMs } = this.member;
    this.#timer = null;
    if (wakeAtMs === null) return;
    this.#timer = setTimeout(() => this.#step({ type: "tick" }), Math.max(1, wakeAtMs - performance.now()));
    this.#timer.unref();
  }
}
