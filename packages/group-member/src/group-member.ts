/**
 * One member of a classic consumer group (Kafka's consumer side of KIP-62, 345, 394, 429): finds the coordinator, joins, assigns where it leads,
 * syncs, heartbeats, gives up and takes partitions, leaves. A step machine: events in, effects out, no clock and no socket.
 *
 * idle -> finding -> joining -> syncing -> stable -> revoking -> joining ...; from everywhere to ended. `finding` also follows a lost coordinator.
 * Eager members give up everything before they join again, cooperative ones what the new assignment takes, after it, and join once more.
 */
import { errorFromCode, errorInfo, type ErrorName, type NodeId, unreachable } from "@vitrine/core";
import type { FindCoordinatorResponse, JoinGroupResponse, SyncGroupResponse } from "@vitrine/protocol/types";
import type { TopicPartition } from "./assignors/assignor.ts";
import { readAssignment } from "./consumer-protocol.ts";
import { HeldPartitions } from "./held-partitions.ts";
import { assignAsLeader, type LeaderPlan } from "./leader.ts";
import { findCall, heartbeatCall, joinCall, leaveCall, syncCall } from "./member-requests.ts";
import type {
  MemberAnswer,
  MemberCall,
  MemberContext,
  MemberEffect,
  MemberEvent,
  MemberSettings,
  MemberState,
} from "./member-types.ts";
import { OpenCalls, type CallPurpose } from "./open-calls.ts";
import { afterFind, afterJoin, afterSync, asMember, type Remedy } from "./remedies.ts";

/** Between two attempts where the coordinator is away or loading. */
const RETRY_MS = 100;
const CALL_MS = 10_000;
/** Beyond the time that the group itself may take. */
const JOIN_SLACK_MS = 5_000;
/** Of the time that the group waits for members to join, what is kept for joining itself. */
const REVOKE_SHARE = 0.5;
/** People are not let wait for a member that does not answer `revoke`. */
const REVOKE_MS_MAX = 30_000;

export class GroupMember {
  #settings: MemberSettings;
  #state: MemberState = "idle";
  #coordinator: NodeId | null = null;
  #memberId = "";
  #generation = -1;
  #protocol: string | null = null;
  readonly #held = new HeldPartitions();
  /** Set while it leads: when topics change, it lets the group join again. */
  #plan: LeaderPlan | null = null;
  readonly #calls = new OpenCalls();
  #nextHeartbeatMs = 0;
  #lastPollMs = 0;
  /** When to try again, or when the wait for `revoked` is over. */
  #deadlineMs: number | null = null;
  #reason = "joins";
  #effects: MemberEffect[] = [];

  constructor(settings: MemberSettings) {
    this.#settings = settings;
  }

  get state(): MemberState {
    return this.#state;
  }

  get memberId(): string {
    return this.#memberId;
  }

  get generation(): number {
    return this.#generation;
  }

  /** The assignor in force; null before the first assignment. */
  get protocol(): string | null {
    return this.#protocol;
  }

  get owned(): readonly TopicPartition[] {
    return this.#held.owned;
  }

  get coordinator(): NodeId | null {
    return this.#coordinator;
  }

  /** Whether a commit of its generation can be accepted now. */
  get canCommit(): boolean {
    return this.#generation >= 0 && (this.#state === "stable" || this.#state === "revoking");
  }

  /** When it wants a `tick`; null: never. */
  get wakeAtMs(): number | null {
    if (this.#state === "idle" || this.#state === "ended") return null;
    const times = [this.#lastPollMs + this.#settings.maxPollIntervalMs];
    if (this.#deadlineMs !== null) times.push(this.#deadlineMs);
    if (this.#beats() && !this.#calls.has("heartbeat")) times.push(this.#nextHeartbeatMs);
    return Math.min(...times);
  }

  /** Takes an event and says what is to be done about it, in this order. */
  step(event: MemberEvent, context: MemberContext): readonly MemberEffect[] {
    this.#effects = [];
    if (this.#state !== "ended") this.#on(event, context);
    return this.#effects;
  }

  #on(event: MemberEvent, context: MemberContext): void {
    switch (event.type) {
      case "start":
        if (this.#state !== "idle") return;
        this.#lastPollMs = context.nowMs;
        this.#find(context);
        return;
      case "poll":
        this.#lastPollMs = context.nowMs;
        return;
      case "revoked":
        if (this.#state === "revoking") this.#giveUp();
        return;
      case "metadata":
        if (this.#state === "stable" && this.#plan?.isStale(context.partitionsOf) === true)
          this.#rejoin("the topics have changed", context);
        return;
      case "subscribe":
        this.#settings = { ...this.#settings, topics: event.topics };
        if (this.#state === "stable") this.#rejoin("subscribes to other topics", context);
        return;
      case "answer":
        this.#onAnswer(event.call, event.answer, context);
        return;
      case "failed":
        this.#onFailed(event.call, context);
        return;
      case "refused":
        this.#onMembershipError(event.error, context);
        return;
      case "leave":
        this.#leave(event.reason);
        return;
      case "tick":
        this.#onTick(context);
        return;
      default:
        unreachable(event);
    }
  }

  // ---- answers ------------------------------------------------------------------------------------------------------------------

  #onAnswer(call: number, answer: MemberAnswer, context: MemberContext): void {
    const purpose = this.#calls.close(call);
    if (purpose === null) return;
    switch (answer.kind) {
      case "find":
        if (purpose === "search") this.#onSearched(answer.body);
        else this.#onFound(answer.body, context);
        return;
      case "join":
        this.#onJoined(answer.body, context);
        return;
      case "sync":
        this.#onSynced(answer.body, context);
        return;
      case "heartbeat":
        this.#nextHeartbeatMs = context.nowMs + this.#settings.heartbeatIntervalMs;
        this.#onMembershipError(nameOf(answer.body.errorCode), context);
        return;
      case "leave":
        return;
      default:
        unreachable(answer);
    }
  }

  #onFailed(call: number, context: MemberContext): void {
    switch (this.#calls.close(call)) {
      case "heartbeat":
        this.#nextHeartbeatMs = context.nowMs + this.#settings.heartbeatIntervalMs;
        this.#lookAgain(context);
        return;
      case "state":
        this.#retry(context, "find");
        return;
      case "search":
      case null:
        return;
    }
  }

  #onSearched(body: FindCoordinatorResponse): void {
    const found = body.coordinators[0] ?? body;
    if (found.errorCode === 0) this.#coordinator = found.nodeId;
  }

  #onFound(body: FindCoordinatorResponse, context: MemberContext): void {
    const found = body.coordinators[0] ?? body;
    const error = nameOf(found.errorCode);
    if (error !== "NONE") {
      this.#mend(error, afterFind(error), context);
      return;
    }
    this.#coordinator = found.nodeId;
    this.#join();
  }

  #onJoined(body: JoinGroupResponse, context: MemberContext): void {
    const error = nameOf(body.errorCode);
    if (error === "NONE" || error === "MEMBER_ID_REQUIRED") this.#memberId = body.memberId;
    if (error !== "NONE") {
      this.#mend(error, afterJoin(error), context);
      return;
    }
    this.#generation = body.generationId;
    this.#protocol = body.protocolName;
    this.#sync(body, context);
  }

  #onSynced(body: SyncGroupResponse, context: MemberContext): void {
    const error = nameOf(body.errorCode);
    if (error === "NONE") this.#take(readAssignment(body.assignment) ?? [], context);
    else this.#mend(error, afterSync(error), context);
  }

  /** Errors about the membership itself, whichever request they answer. */
  #onMembershipError(error: ErrorName, context: MemberContext): void {
    if (error !== "NONE" && this.#beats()) this.#mend(error, asMember(error), context);
  }

  #mend(error: ErrorName, remedy: Remedy, context: MemberContext): void {
    switch (remedy) {
      case "go on":
        return;
      case "join":
        return this.#join();
      case "join anew":
        this.#forget(error);
        return this.#join();
      case "join later":
        return this.#retry(context, "join");
      case "find later":
        return this.#retry(context, "find");
      case "rebalance":
        if (this.#state === "stable") this.#rejoin("the group rebalances", context);
        return;
      case "look for the coordinator":
        return this.#lookAgain(context);
      case "end":
        return this.#end(error, errorInfo(error).message);
      default:
        unreachable(remedy);
    }
  }

  // ---- steps --------------------------------------------------------------------------------------------------------------------

  #find(context: MemberContext): void {
    this.#state = "finding";
    this.#coordinator = null;
    this.#deadlineMs = null;
    this.#await(findCall(this.#settings), CALL_MS);
    this.#nextHeartbeatMs = context.nowMs;
  }

  #join(): void {
    this.#state = "joining";
    this.#deadlineMs = null;
    this.#plan = null;
    const { topics, maxPollIntervalMs } = this.#settings;
    const subscription = { topics, owned: this.owned, generation: this.#generation };
    const call = joinCall(this.#settings, { memberId: this.#memberId, subscription, reason: this.#reason });
    this.#await(call, maxPollIntervalMs + JOIN_SLACK_MS, true);
  }

  #sync(joined: JoinGroupResponse, context: MemberContext): void {
    this.#state = "syncing";
    const leads = joined.leader === joined.memberId;
    this.#plan = leads ? assignAsLeader(joined, context) : null;
    const { heartbeatIntervalMs, sessionTimeoutMs } = this.#settings;
    this.#nextHeartbeatMs = context.nowMs + heartbeatIntervalMs;
    this.#await(syncCall(this.#settings, joined, this.#plan?.assignments ?? []), sessionTimeoutMs, true);
  }

  /** The assignment is there. */
  #take(assigned: readonly TopicPartition[], context: MemberContext): void {
    this.#state = "stable";
    this.#deadlineMs = null;
    const { added, going } = this.#held.take(assigned);
    this.#emit({ type: "assigned", partitions: assigned, added, generation: this.#generation });
    if (going.length > 0) this.#revoke(going, "gives up partitions", context);
  }

  #rejoin(reason: string, context: MemberContext): void {
    this.#reason = reason;
    if (this.#isCooperative() || this.owned.length === 0) this.#join();
    else this.#revoke(this.owned, reason, context);
  }

  #revoke(going: readonly TopicPartition[], reason: string, context: MemberContext): void {
    this.#state = "revoking";
    this.#reason = reason;
    this.#held.letGo(going);
    const waitMs = Math.min(REVOKE_MS_MAX, this.#settings.maxPollIntervalMs * REVOKE_SHARE);
    this.#deadlineMs = context.nowMs + waitMs;
    this.#emit({ type: "revoke", partitions: going, deadlineMs: this.#deadlineMs });
  }

  #giveUp(): void {
    this.#held.drop();
    this.#join();
  }

  /** The group went on without it: what it had is lost, and it joins as a new member. */
  #forget(error: ErrorName): void {
    if (error === "UNKNOWN_MEMBER_ID") this.#memberId = "";
    this.#generation = -1;
    this.#reason = "joins again";
    if (this.owned.length > 0) {
      const reason = `${error}: ${errorInfo(error).message}`;
      this.#emit({ type: "lost", partitions: this.owned, reason });
    }
    this.#held.clear();
  }

  /** The coordinator is away: look for it; the membership lives on until its session ends. */
  #lookAgain(context: MemberContext): void {
    if (this.#calls.has("state") || this.#calls.has("search")) return;
    this.#coordinator = null;
    this.#nextHeartbeatMs = context.nowMs + RETRY_MS;
    this.#call("search", findCall(this.#settings), CALL_MS, null);
  }

  #retry(context: MemberContext, what: "find" | "join"): void {
    if (what === "find") this.#coordinator = null;
    this.#state = what === "find" ? "finding" : "joining";
    this.#deadlineMs = context.nowMs + RETRY_MS;
  }

  #onTick(context: MemberContext): void {
    const { nowMs } = context;
    const { maxPollIntervalMs } = this.#settings;
    if (nowMs - this.#lastPollMs >= maxPollIntervalMs) {
      const seconds = Math.round(maxPollIntervalMs / 1_000);
      this.#leave(`nobody polled for it for ${seconds} s (max_poll_interval_ms)`);
      return;
    }
    if (this.#deadlineMs !== null && nowMs >= this.#deadlineMs) {
      this.#deadlineMs = null;
      if (this.#state === "revoking") this.#giveUp();
      else if (this.#coordinator === null) this.#find(context);
      else this.#join();
    }
    if (this.#beats() && !this.#calls.has("heartbeat") && nowMs >= this.#nextHeartbeatMs) this.#beat(context);
  }

  #beat(context: MemberContext): void {
    if (this.#coordinator === null) {
      this.#lookAgain(context);
      return;
    }
    const { heartbeatIntervalMs } = this.#settings;
    this.#nextHeartbeatMs = context.nowMs + heartbeatIntervalMs;
    const call = heartbeatCall(this.#settings, { memberId: this.#memberId, generation: this.#generation });
    this.#call("heartbeat", call, heartbeatIntervalMs * 2, this.#coordinator);
  }

  #leave(reason: string): void {
    const known = this.#memberId !== "" || this.#settings.instanceId !== null;
    if (known) this.#call(null, leaveCall(this.#settings, this.#memberId, reason), CALL_MS, this.#coordinator);
    this.#end(null, reason);
  }

  #end(error: ErrorName | null, reason: string): void {
    this.#state = "ended";
    this.#held.clear();
    this.#calls.forget("state");
    this.#emit({ type: "ended", error, reason });
  }

  #beats(): boolean {
    return this.#state === "stable" || this.#state === "revoking" || this.#state === "syncing";
  }

  #isCooperative(): boolean {
    return this.#settings.assignors.every((name) => name === "cooperative-sticky");
  }

  #await(message: MemberCall, timeoutMs: number, held = false): void {
    this.#call("state", message, timeoutMs, this.#coordinator, held);
  }

  #call(purpose: CallPurpose | null, message: MemberCall, timeoutMs: number, to: NodeId | null, held = false): void {
    this.#emit({ type: "call", call: this.#calls.open(purpose), to, timeoutMs, held, message });
  }

  #emit(effect: MemberEffect): void {
    this.#effects.push(effect);
  }
}

function nameOf(code: number): ErrorName {
  return errorFromCode(code).name;
}
