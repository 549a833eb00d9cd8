/** Drives a member by hand: what the coordinator would answer is said line by line. */
import { errorCode, type ErrorName } from "@vitrine/core";
import {
  newFindCoordinatorResponse,
  newFindCoordinatorResponseCoordinator,
  newHeartbeatResponse,
  newJoinGroupResponse,
  newSyncGroupResponse,
} from "@vitrine/protocol/types";
import {
  GroupMember,
  type MemberCall,
  type MemberEffect,
  type MemberEvent,
  type MemberSettings,
  partitionId,
  type TopicPartition,
  writeAssignment,
  writeSubscription,
} from "../src/index.ts";

export const SETTINGS: MemberSettings = {
  groupId: "billing",
  instanceId: null,
  topics: ["orders"],
  assignors: ["range"],
  sessionTimeoutMs: 45_000,
  heartbeatIntervalMs: 3_000,
  maxPollIntervalMs: 300_000,
};

export class Script {
  readonly member: GroupMember;
  readonly counts = new Map([["orders", 4]]);
  nowMs = 0;
  effects: MemberEffect[] = [];

  constructor(settings: Partial<MemberSettings> = {}) {
    this.member = new GroupMember({ ...SETTINGS, ...settings });
  }

  step(event: MemberEvent): void {
    const context = { nowMs: this.nowMs, partitionsOf: (topic: string) => this.counts.get(topic) ?? 0 };
    this.effects.push(...this.member.step(event, context));
  }

  /** Lets time pass to the next moment that the member wants, at most so far. */
  pass(ms: number): void {
    const end = this.nowMs + ms;
    for (let wake = this.member.wakeAtMs; wake !== null && wake <= end; wake = this.member.wakeAtMs) {
      this.nowMs = Math.max(this.nowMs, wake);
      this.step({ type: "tick" });
    }
    this.nowMs = end;
  }

  /** Takes the oldest effect, which must be a call of this kind; returns it. */
  call<Kind extends MemberCall["kind"]>(
    kind: Kind,
  ): { call: number; to: number | null; message: MemberCall & { kind: Kind } } {
    const effect = this.effects.shift();
    if (effect?.type !== "call" || effect.message.kind !== kind)
      throw new Error(`${kind} was expected, not ${JSON.stringify(effect)}`);
    return effect as never;
  }

  /** Takes the oldest effect, which must be of this type. */
  take<Type extends MemberEffect["type"]>(type: Type): MemberEffect & { type: Type } {
    const effect = this.effects.shift();
    if (effect?.type !== type) throw new Error(`${type} was expected, not ${JSON.stringify(effect)}`);
    return effect as never;
  }

  found(nodeId = 2): void {
    const { call } = this.call("find");
    const coordinators = [newFindCoordinatorResponseCoordinator({ key: "billing", nodeId })];
    this.step({ type: "answer", call, answer: { kind: "find", body: newFindCoordinatorResponse({ coordinators }) } });
  }

  joined(fields: {
    error?: ErrorName;
    generation?: number;
    leader?: string;
    protocol?: string;
    members?: readonly string[];
  }): void {
    const { call } = this.call("join");
    const body = newJoinGroupResponse({
      errorCode: errorCode(fields.error ?? "NONE"),
      generationId: fields.generation ?? 1,
      protocolName: fields.protocol ?? "range",
      leader: fields.leader ?? "other",
      memberId: "me",
      members: (fields.members ?? []).map((memberId) => ({
        memberId,
        groupInstanceId: null,
        metadata: writeSubscription({ topics: ["orders"], owned: [], generation: -1 }, "range"),
      })),
    });
    this.step({ type: "answer", call, answer: { kind: "join", body } });
  }

  synced(...partitions: readonly number[]): void {
    const { call } = this.call("sync");
    const assignment = writeAssignment(partitions.map((partition) => ({ topic: "orders", partition })));
    this.step({ type: "answer", call, answer: { kind: "sync", body: newSyncGroupResponse({ assignment }) } });
  }

  syncFails(error: ErrorName): void {
    const { call } = this.call("sync");
    const body = newSyncGroupResponse({ errorCode: errorCode(error) });
    this.step({ type: "answer", call, answer: { kind: "sync", body } });
  }

  heartbeat(error: ErrorName = "NONE"): void {
    const { call } = this.call("heartbeat");
    const body = newHeartbeatResponse({ errorCode: errorCode(error) });
    this.step({ type: "answer", call, answer: { kind: "heartbeat", body } });
  }

  /** A member that has what is named, in generation 1. */
  static stable(settings: Partial<MemberSettings>, ...partitions: readonly number[]): Script {
    const script = new Script(settings);
    script.step({ type: "start" });
    script.found();
    script.joined({});
    script.synced(...partitions);
    script.take("assigned");
    return script;
  }
}

export function names(partitions: readonly TopicPartition[]): string[] {
  return partitions.map(partitionId);
}
