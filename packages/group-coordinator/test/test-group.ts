/** A coordinator with a log, for tests: every record is kept, and after every step a second coordinator that replays them must know the same. */
import { errorFromCode, invariant, Offset, seededRandom, ZERO_UUID, type ErrorName } from "@vitrine/core";
import {
  newHeartbeatRequest,
  newJoinGroupRequest,
  newOffsetCommitRequest,
  newOffsetCommitRequestOffsetCommitRequestPartition as newCommit,
  newOffsetDeleteRequest,
  newOffsetFetchRequestOffsetFetchRequestGroup as newAskedGroup,
  newSyncGroupRequest,
  type GroupRecord,
  type HeartbeatResponse,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type LeaveGroupRequestMemberIdentity,
  type LeaveGroupResponse,
  type OffsetCommitResponse,
  type OffsetDeleteResponse,
  type SyncGroupRequest,
  type SyncGroupResponse,
} from "@vitrine/protocol/types";
import type {
  Answer,
  At,
  Client,
  Command,
  CommandType,
  Decision,
  DeletedTopic,
  GroupEvent,
  ReplyOf,
  Token,
} from "../src/coordinator-types.ts";
import { GroupCoordinator } from "../src/coordinator.ts";
import type { CoordinatedGroup } from "../src/group-view.ts";
import { DEFAULT_GROUP_SETTINGS, type GroupCoordinatorSettings } from "../src/settings.ts";

export const WALL_MS = 1_700_000_000_000;
export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (data: Uint8Array) => new TextDecoder().decode(data);
export const errorOf = ({ errorCode }: { readonly errorCode: number }): ErrorName => errorFromCode(errorCode).name;

/** ConsumerProtocolSubscription, version 0. */
export function subscription(...topics: string[]): Uint8Array {
  const parts: number[] = [0, 0, 0, 0, 0, topics.length];
  for (const topic of topics) parts.push(0, topic.length, ...bytes(topic));
  return Uint8Array.from([...parts, 255, 255, 255, 255]);
}

export class TestGroup {
  settings: GroupCoordinatorSettings;
  readonly groupId = "g";
  readonly log: GroupRecord[] = [];
  readonly answers: Answer[] = [];
  readonly events: GroupEvent[] = [];
  coordinator: GroupCoordinator;
  nowMs = 0;
  writeError: ErrorName | null = null;
  /** Whether the high watermark follows the log at once. */
  commitsAtOnce = true;
  #highWatermark = 0;
  #lastToken = 0;
  /** Tokens given out and not answered. */
  readonly open = new Set<Token>();

  constructor(settings: Partial<GroupCoordinatorSettings> = {}) {
    this.settings = { ...DEFAULT_GROUP_SETTINGS, ...settings };
    this.coordinator = this.#newCoordinator();
    this.#take(this.coordinator.start(this.#at()));
  }

  // ---- time and log

  /** Lets time pass, deadline by deadline. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (
      let next = this.coordinator.nextDeadlineMs();
      next !== null && next <= endMs;
      next = this.coordinator.nextDeadlineMs()
    ) {
      this.nowMs = Math.max(this.nowMs, next);
      this.#take(this.coordinator.tick(this.#at()));
    }
    this.nowMs = endMs;
  }

  /** The high watermark reaches the end of the log. */
  commitAll(): void {
    while (this.#highWatermark < this.log.length) {
      this.#highWatermark = this.log.length;
      this.#take(this.coordinator.advance(Offset(this.#highWatermark), this.#at()), false);
    }
  }

  /** The partition is led elsewhere, by a coordinator that replays what was committed. */
  failOver(): void {
    this.#take(this.coordinator.stop("NOT_COORDINATOR", this.#at()));
    this.log.length = this.#highWatermark;
    this.coordinator = this.#newCoordinator();
    for (const record of this.log) this.coordinator.replay(record);
    this.#take(this.coordinator.start(this.#at()));
  }

  forget(...topics: DeletedTopic[]): void {
    this.#take(this.coordinator.forgetTopics(topics, this.#at()));
  }

  /** Settings of coordinators made from now on. */
  limit(settings: Partial<GroupCoordinatorSettings>): void {
    this.settings = { ...this.settings, ...settings };
  }

  // ---- requests

  send<T extends CommandType>(command: Omit<Extract<Command, { type: T }>, "token"> & { readonly type: T }): Token {
    const token = ++this.#lastToken;
    this.open.add(token);
    this.#take(this.coordinator.decide({ ...command, token } as never, this.#at()));
    return token;
  }

  /** The answer, or null while it waits. */
  answer<Body>(token: Token): Body | null {
    const found = this.answers.filter((answer) => answer.token === token);
    invariant(found.length <= 1, `request ${token} was answered ${found.length} times`);
    return (found[0]?.body as Body | undefined) ?? null;
  }

  ask<T extends CommandType>(command: Omit<Extract<Command, { type: T }>, "token"> & { readonly type: T }): ReplyOf<T> {
    const reply = this.answer<ReplyOf<T>>(this.send<T>(command));
    invariant(reply, `${command.type} is parked`);
    return reply;
  }

  join(memberId: string, said: Partial<JoinGroupRequest> = {}, client: Partial<Client> = {}): Token {
    const request = newJoinGroupRequest({
      groupId: this.groupId,
      memberId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: subscription("t") }],
      ...said,
    });
    return this.send<"joinGroup">({
      type: "joinGroup",
      request,
      client: { clientId: "c", clientHost: "/h", apiVersion: 9, ...client },
    });
  }

  joined(token: Token): JoinGroupResponse | null {
    return this.answer<JoinGroupResponse>(token);
  }

  /** An id from the coordinator, and a join with it. */
  newMember(said: Partial<JoinGroupRequest> = {}): { memberId: string; token: Token } {
    const { memberId } = this.joined(this.join("", said))!;
    return { memberId, token: this.join(memberId, said) };
  }

  sync(
    memberId: string,
    generationId: number,
    assignments: Record<string, string> = {},
    said: Partial<SyncGroupRequest> = {},
  ): Token {
    const request = newSyncGroupRequest({
      groupId: this.groupId,
      memberId,
      generationId,
      protocolType: "consumer",
      protocolName: "range",
      assignments: Object.entries(assignments).map(([id, assignment]) => ({
        memberId: id,
        assignment: bytes(assignment),
      })),
      ...said,
    });
    return this.send<"syncGroup">({ type: "syncGroup", request });
  }

  synced(token: Token): SyncGroupResponse | null {
    return this.answer<SyncGroupResponse>(token);
  }

  heartbeat(memberId: string, generationId: number, groupInstanceId: string | null = null): ErrorName {
    const request = newHeartbeatRequest({ groupId: this.groupId, memberId, generationId, groupInstanceId });
    return errorOf(this.ask<"heartbeat">({ type: "heartbeat", request }) as HeartbeatResponse);
  }

  leave(...members: Partial<LeaveGroupRequestMemberIdentity>[]): Token {
    const leaving = members.map((member) => ({ memberId: "", groupInstanceId: null, reason: null, ...member }));
    return this.send<"leaveGroup">({ type: "leaveGroup", groupId: this.groupId, members: leaving });
  }

  left(token: Token): LeaveGroupResponse | null {
    return this.answer<LeaveGroupResponse>(token);
  }

  sendCommit(
    offset: number,
    by: { memberId?: string; generation?: number; groupInstanceId?: string | null } = {},
    said: { topic?: string; metadata?: string | null; retentionMs?: number; apiVersion?: number } = {},
  ): Token {
    const partitions = [
      newCommit({
        partitionIndex: 0,
        committedOffset: offset,
        committedLeaderEpoch: 3,
        committedMetadata: said.metadata ?? "",
      }),
    ];
    const request = newOffsetCommitRequest({
      groupId: this.groupId,
      memberId: by.memberId ?? "",
      generationIdOrMemberEpoch: by.generation ?? -1,
      groupInstanceId: by.groupInstanceId ?? null,
      retentionTimeMs: said.retentionMs ?? -1,
      topics: [{ name: said.topic ?? "t", topicId: ZERO_UUID, partitions }],
    });
    const client = { clientId: "c", clientHost: "/h", apiVersion: said.apiVersion ?? 9 };
    return this.send<"commitOffsets">({ type: "commitOffsets", request, client });
  }

  committed(token: Token): ErrorName | null {
    const reply = this.answer<OffsetCommitResponse>(token);
    return reply && errorOf(reply.topics[0]!.partitions[0]!);
  }

  commit(...args: Parameters<TestGroup["sendCommit"]>): ErrorName {
    const error = this.committed(this.sendCommit(...args));
    invariant(error, "the commit is parked");
    return error;
  }

  sendFetch(topic = "t", requireStable = false): Token {
    const group = newAskedGroup({
      groupId: this.groupId,
      topics: [{ name: topic, topicId: ZERO_UUID, partitionIndexes: [0] }],
    });
    return this.send<"fetchOffsets">({ type: "fetchOffsets", group, requireStable });
  }

  fetched(token: Token): number | null {
    const reply = this.answer<ReplyOf<"fetchOffsets">>(token);
    return reply && reply.topics[0]!.partitions[0]!.committedOffset;
  }

  fetch(topic = "t"): number {
    return this.fetched(this.sendFetch(topic))!;
  }

  deleteOffsets(topic: string): ErrorName {
    const request = newOffsetDeleteRequest({
      groupId: this.groupId,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0 }] }],
    });
    const reply = this.ask<"deleteOffsets">({ type: "deleteOffsets", request }) as OffsetDeleteResponse;
    return reply.errorCode !== 0 ? errorOf(reply) : errorOf(reply.topics[0]!.partitions[0]!);
  }

  deleteGroup(): Token {
    return this.send<"deleteGroups">({ type: "deleteGroups", groupIds: [this.groupId] });
  }

  // ---- what it has become

  get group(): CoordinatedGroup {
    const group = this.coordinator.describe(this.groupId);
    invariant(group, "there is no such group");
    return group;
  }

  /** State, generation and number of members in one line: `Stable 2 (3)`. */
  get line(): string {
    const group = this.coordinator.describe(this.groupId);
    return group ? `${group.state} ${group.generation} (${group.members.length})` : "none";
  }

  /** A stable group with so many members; the first leads. Ids in the order of joining. */
  static stable(
    count: number,
    settings: Partial<GroupCoordinatorSettings> = {},
    said: Partial<JoinGroupRequest> = {},
  ): { test: TestGroup; ids: string[] } {
    const test = new TestGroup(settings);
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push(test.newMember(said).memberId);
    test.pass(test.settings.initialRebalanceDelayMs * 2);
    test.syncAll(ids);
    invariant(test.line === `Stable 1 (${count})`, `not stable but ${test.line}`);
    return { test, ids };
  }

  /** Every member asks for its assignment, the leader last. */
  syncAll(ids: readonly string[]): void {
    const { leaderId, generation } = this.group;
    const assignments = Object.fromEntries(ids.map((id, at) => [id, `part ${at}`]));
    for (const id of ids) if (id !== leaderId) this.sync(id, generation);
    this.sync(leaderId!, generation, assignments);
  }

  #newCoordinator(): GroupCoordinator {
    return new GroupCoordinator({ settings: this.settings, random: seededRandom(7) });
  }

  #at(): At {
    return {
      nowMs: this.nowMs,
      wallMs: WALL_MS + this.nowMs,
      nextOffset: Offset(this.log.length),
      writeError: this.writeError,
    };
  }

  #take({ records, answers, events }: Decision, mayCommit = true): void {
    invariant(this.writeError === null || records.length === 0, "a partition that takes no writes was written to");
    this.log.push(...records);
    this.events.push(...events);
    for (const answer of answers) {
      invariant(this.open.delete(answer.token), `request ${answer.token} was answered twice, or never asked`);
      this.answers.push(answer);
    }
    if (mayCommit && this.commitsAtOnce) this.commitAll();
    invariant(
      sameRecords(this.coordinator.records(), replayed(this.log)),
      "replay gives another state than living through it",
    );
  }
}

function* replayed(log: readonly GroupRecord[]): Iterable<GroupRecord> {
  const follower = new GroupCoordinator({ settings: DEFAULT_GROUP_SETTINGS, random: seededRandom(1) });
  for (const record of log) follower.replay(record);
  yield* follower.records();
}

function sameRecords(a: Iterable<GroupRecord>, b: Iterable<GroupRecord>): boolean {
  const sorted = (records: Iterable<GroupRecord>) =>
    [...records]
      .map((record) => JSON.stringify(record))
      .toSorted()
      .join("\n");
  return sorted(a) === sorted(b);
}
