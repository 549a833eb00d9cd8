/**
 * A REST caller that is a member of a group: this process joins for it and keeps the membership alive while it polls. It holds positions and no
 * records: what a poll gives is read for that poll. Partitions are given up when the next poll shows that the records before were dealt with.
 */
import { httpProblem, type JoinGroupBody, type MemberReply, type OffsetsByTopic, type Position } from "@vitrine/api";
import { errorInfo, type ErrorName } from "@vitrine/core";
import type { Engine } from "@vitrine/engine";
import { type AssignorName, partitionId, type TopicPartition } from "@vitrine/group-member";
import { refuse } from "../error-reply.ts";
import { asOffsets, type OffsetToCommit } from "./commit-offsets.ts";
import { groupProblem } from "./coordinator-call.ts";
import { byTopic } from "./group-reads.ts";
import { MemberDriver } from "./member-driver.ts";
import { type MemberPosition, startOf } from "./member-positions.ts";
import { type MemberReadResult, readForMember } from "./member-read.ts";
import { WakeUp } from "./wake-up.ts";

export interface SessionNames {
  readonly group: string;
  /** Its name in paths. */
  readonly member: string;
  /** The caller chose the name: it is the `group.instance.id`. */
  readonly isStatic: boolean;
  readonly servedBy: string;
}

export interface PollOptions {
  readonly limit: number;
  readonly bytes: number;
  readonly waitMs: number;
  readonly isolation: "committed" | "uncommitted";
  /** The caller is gone, or the server closes. */
  readonly signal: AbortSignal;
}

export interface PollResult extends MemberReadResult {
  readonly rebalanced: boolean;
}

const SESSION_MS = 45_000;
const HEARTBEAT_MS_MAX = 3_000;
const MAX_POLL_INTERVAL_MS = 300_000;
/** While a poll is open the caller lives; it is said so often. */
const ALIVE_MS = 500;

export class MemberSession {
  readonly names: SessionNames;
  readonly #engine: Engine;
  readonly #driver: MemberDriver;
  readonly #commitDelivered: boolean;
  readonly #from: "earliest" | "latest";
  #topics: readonly string[];
  /** Something changed: state, assignment, or a poll took over. */
  readonly #changed = new WakeUp();
  /** Where each assigned partition is read on. The one that gave records longest ago comes first. */
  #positions = new Map<string, MemberPosition>();
  /** Assigned, and not yet known where to begin. */
  #unplaced: readonly TopicPartition[] = [];
  /** To be given up when the next poll shows that what was delivered of them was dealt with. */
  #going: readonly TopicPartition[] = [];
  /** After what was delivered: what `commit {}` commits. */
  #delivered = new Map<string, MemberPosition>();
  #assignmentSeen = "";
  #interrupt: AbortController | null = null;
  #ended: { readonly error: ErrorName | null; readonly reason: string } | null = null;
  #polls = 0;

  constructor(
    engine: Engine,
    names: SessionNames,
    body: JoinGroupBody,
    onEnded: (session: MemberSession, reason: string) => void,
  ) {
    this.names = names;
    this.#engine = engine;
    this.#topics = body.topics;
    this.#commitDelivered = body.commit === "delivered";
    this.#from = body.from ?? "earliest";
    const sessionTimeoutMs = body.session_timeout_ms ?? SESSION_MS;
    const assignors: readonly AssignorName[] =
      body.assignor === undefined ? ["range", "cooperative-sticky"] : [body.assignor];
    const settings = {
      groupId: names.group,
      instanceId: names.isStatic ? names.member : null,
      topics: body.topics,
      assignors,
      sessionTimeoutMs,
      heartbeatIntervalMs: Math.min(HEARTBEAT_MS_MAX, Math.floor(sessionTimeoutMs / 3)),
      maxPollIntervalMs: body.max_poll_interval_ms ?? MAX_POLL_INTERVAL_MS,
    };
    this.#driver = new MemberDriver(engine, settings, {
      assigned: (partitions, added) => this.#onAssigned(partitions, added),
      revoke: (partitions) => {
        this.#going = partitions;
        this.#wake();
      },
      lost: (partitions) => this.#drop(partitions),
      ended: (error, reason) => {
        this.#ended = { error, reason };
        this.#wake();
        onEnded(this, reason);
      },
    });
    this.#driver.start();
  }

  get ended(): boolean {
    return this.#ended !== null;
  }

  get isStable(): boolean {
    return this.#driver.member.state === "stable";
  }

  /** Joins again with other topics; the same ones change nothing. */
  subscribe(topics: readonly string[]): void {
    this.#driver.poll();
    if ([...topics].sort().join() === [...this.#topics].sort().join()) return;
    this.#topics = topics;
    this.#driver.subscribe(topics);
  }

  /** Resolves when it has its assignment, when it is over, or at the end of the wait. */
  async untilStable(waitMs: number, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + waitMs;
    while (!this.isStable && this.#ended === null && !signal.aborted && performance.now() < deadline) {
      this.#giveUp();
      await this.#changed.wait(Math.min(ALIVE_MS, Math.max(1, deadline - performance.now())));
    }
    this.#refuseEnded();
  }

  /** Its caller lives, whatever becomes of what it asked. */
  keepAlive(): void {
    this.#driver.poll();
  }

  /** The next records. One poll at a time: a new one ends the one before. Fails with a problem where the member is no more. */
  async poll(options: PollOptions): Promise<PollResult> {
    const turn = ++this.#polls;
    this.#wake();
    this.#driver.poll();
    const alive = setInterval(() => this.#driver.poll(), ALIVE_MS);
    try {
      if (this.#commitDelivered) await this.#driver.commit(this.#toCommit());
      return await this.#pollUntil(performance.now() + options.waitMs, options, turn);
    } finally {
      clearInterval(alive);
      this.#driver.poll();
    }
  }

  async #pollUntil(deadline: number, options: PollOptions, turn: number): Promise<PollResult> {
    for (;;) {
      this.#refuseEnded();
      const leftMs = Math.max(0, deadline - performance.now());
      const over = leftMs === 0 || options.signal.aborted || turn !== this.#polls;
      this.#giveUp();
      if (this.isStable) {
        const result = await this.#read({ ...options, waitMs: over ? 0 : leftMs }, turn);
        if (result !== null && (result.records.length > 0 || over || performance.now() >= deadline)) return result;
      }
      if (over) return { records: [], positions: [], lag: 0, rebalanced: this.#seeAssignment() };
      if (!this.isStable) await this.#changed.wait(Math.min(ALIVE_MS, leftMs));
    }
  }

  /** null: it was interrupted by a rebalance. */
  async #read(options: PollOptions, turn: number): Promise<PollResult | null> {
    await this.#place(options.isolation);
    const interrupt = new AbortController();
    this.#interrupt = interrupt;
    const signal = AbortSignal.any([interrupt.signal, options.signal]);
    const { generation } = this.#driver.member;
    const before = [...this.#positions.values()];
    const result = await readForMember(this.#engine, before, { ...options, from: this.#from, signal });
    this.#interrupt = null;
    if (this.#driver.member.generation !== generation || turn !== this.#polls) return null;
    // Nobody is there to take them: they are given again.
    if (options.signal.aborted) return { ...result, records: [], rebalanced: false };
    this.#advance(result);
    return { ...result, rebalanced: this.#seeAssignment() };
  }

  #advance(result: MemberReadResult): void {
    const gave = new Set(result.records.map(partitionId));
    for (const position of result.positions) {
      const id = partitionId(position);
      if (!this.#positions.has(id)) continue;
      if (gave.has(id)) this.#positions.delete(id);
      this.#positions.set(id, position);
      if (gave.has(id) || this.#delivered.has(id)) this.#delivered.set(id, position);
    }
  }

  /** Commits offsets of the caller's, or all that was delivered. Fails with a problem. */
  async commit(named: readonly OffsetToCommit[] | null): Promise<OffsetsByTopic> {
    this.#refuseEnded();
    this.#driver.poll();
    const offsets = named ?? this.#toCommit();
    const result = await this.#driver.commit(offsets);
    this.#refuseEnded();
    if (result.ok) return asOffsets(offsets);
    const { group, member } = this.names;
    const detail = `${result.topic}-${result.partition} was not committed for member ${member} of group ${group}: ${errorInfo(result.error).message}`;
    return refuse({
      ...groupProblem(result.error, group, detail),
      hint: "GET .../records shows the assignment it has now; what was not committed is delivered again to whoever has it",
    });
  }

  /** Leaves the group; what was delivered is committed before, where that was asked for. */
  async leave(reason: string): Promise<void> {
    if (this.#commitDelivered && this.#ended === null) await this.#driver.commit(this.#toCommit());
    await this.#driver.leave(reason);
  }

  get assigned(): Record<string, number[]> {
    return byTopic([...this.#positions.values(), ...this.#unplaced]);
  }

  reply(): MemberReply {
    const { group, member, servedBy } = this.names;
    const machine = this.#driver.member;
    return {
      group,
      member,
      member_id: machine.memberId,
      state: this.isStable ? "stable" : "joining",
      generation: machine.generation,
      protocol: machine.protocol,
      assignment: this.assigned,
      served_by: servedBy,
      records: `/v1/groups/${encodeURIComponent(group)}/members/${encodeURIComponent(member)}/records`,
    };
  }

  #giveUp(): void {
    if (this.#driver.member.state !== "revoking") return;
    this.#drop(this.#going);
    this.#going = [];
    this.#driver.revoked();
  }

  /** Finds out where the partitions begin that were added. */
  async #place(isolation: "committed" | "uncommitted"): Promise<void> {
    const wanted = this.#unplaced;
    if (wanted.length === 0) return;
    const placed = await startOf(this.#engine, this.names.group, wanted, { from: this.#from, isolation });
    // A rebalance meanwhile has its own list.
    if (wanted !== this.#unplaced) return;
    this.#unplaced = [];
    for (const position of placed) this.#positions.set(partitionId(position), position);
  }

  #onAssigned(partitions: readonly TopicPartition[], added: readonly TopicPartition[]): void {
    // What it owns and is not assigned any more is given up at the next poll, and can be committed until then.
    const owned = new Set(this.#driver.member.owned.map(partitionId));
    this.#drop([...this.#positions.values(), ...this.#unplaced].filter((at) => !owned.has(partitionId(at))));
    this.#drop(added);
    this.#going = [];
    const known = new Set([...this.#positions.keys(), ...this.#unplaced.map(partitionId)]);
    this.#unplaced = [...this.#unplaced, ...partitions.filter((at) => !known.has(partitionId(at)))];
    this.#wake();
  }

  #drop(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(partitionId));
    for (const id of gone) {
      this.#positions.delete(id);
      this.#delivered.delete(id);
    }
    this.#unplaced = this.#unplaced.filter((at) => !gone.has(partitionId(at)));
    this.#wake();
  }

  #toCommit(): OffsetToCommit[] {
    return Array.from(this.#delivered.values(), ({ topic, partition, next }: { next: Position } & TopicPartition) => ({
      topic,
      partition,
      offset: next.offset,
      leaderEpoch: next.epoch,
      metadata: "",
    }));
  }

  /** Whether the assignment is another than at the reply before. */
  #seeAssignment(): boolean {
    const now = `${this.#driver.member.generation} ${JSON.stringify(this.assigned)}`;
    const changed = now !== this.#assignmentSeen;
    this.#assignmentSeen = now;
    return changed;
  }

  #wake(): void {
    this.#interrupt?.abort();
    this.#changed.all();
  }

  #refuseEnded(): void {
    if (this.#ended === null) return;
    const { group, member } = this.names;
    const { error, reason } = this.#ended;
    if (error !== null) refuse(groupProblem(error, group, `member ${member} cannot be in group ${group}: ${reason}`));
    refuse(memberGone(group, member, `it left: ${reason}`));
  }
}

/** 404 for a member that this process does not hold, with what to do. */
export function memberGone(group: string, member: string, why: string) {
  return httpProblem({
    status: 404,
    slug: "unknown-member-id",
    title: "Unknown member id",
    detail: `member ${member} of group ${group} is not here: ${why}`,
    hint: `join again: curl --json '{"topics":["..."],"member":${JSON.stringify(member)}}' .../groups/${encodeURIComponent(group)}/members ; reading goes on at the committed offsets`,
    extra: { kafka_code: 25, kafka_error: "UNKNOWN_MEMBER_ID", group, member },
  });
}
