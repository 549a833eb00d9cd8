/** The REST members that this process holds: found by group and name, bounded, and all gone when it closes. */
import { randomBytes } from "node:crypto";
import { httpProblem, type JoinGroupBody } from "@vitrine/api";
import type { TopicPartition } from "@vitrine/group-member";
import { refuse } from "../error-reply.ts";
import type { HttpContext } from "../options.ts";
import { findGroup } from "./group-reads.ts";
import { memberGone, MemberSession } from "./member-session.ts";

/** Members of REST and WebSocket callers in one process; each costs a heartbeat every three seconds. Beyond it 503. */
export const MEMBERS_MAX = 1_000;
/** Names of members that are gone and why, to be told; the oldest is forgotten first. */
const GONE_MAX = 1_000;

/** Counts what all callers of this process hold together. */
export class MemberRoom {
  #held = 0;

  take(): void {
    if (this.#held >= MEMBERS_MAX)
      refuse(
        httpProblem({
          status: 503,
          slug: "too-many-members",
          title: "Too many members",
          detail: `this process is ${MEMBERS_MAX} group members already, the most it can be: let some leave, or ask another broker`,
          retriable: true,
        }),
      );
    this.#held++;
  }

  give(): void {
    this.#held--;
  }

  get held(): number {
    return this.#held;
  }
}

/** One per process. Names of members that are gone are kept a while, so that their callers are told why. */
export class MemberSessions {
  readonly #context: HttpContext;
  readonly #room: MemberRoom;
  readonly #sessions = new Map<string, MemberSession>();
  readonly #gone = new Map<string, string>();

  constructor(context: HttpContext, room: MemberRoom) {
    this.#context = context;
    this.#room = room;
  }

  /** The member of that name, joined anew where it is not here; `created` says which. */
  join(group: string, body: JoinGroupBody): { readonly session: MemberSession; readonly created: boolean } {
    const member = body.member ?? `${this.#prefix()}${randomBytes(5).toString("hex")}`;
    const key = keyOf(group, member);
    const known = this.#sessions.get(key);
    if (known !== undefined) {
      known.subscribe(body.topics);
      return { session: known, created: false };
    }
    this.#room.take();
    const names = { group, member, isStatic: body.member !== undefined, servedBy: this.servedBy };
    const session = new MemberSession(this.#context.engine, names, body, (ended, reason) =>
      this.#forget(ended, reason),
    );
    this.#sessions.set(key, session);
    return { session, created: true };
  }

  /** The member; 404 with words where it is not here. */
  async find(group: string, member: string): Promise<MemberSession> {
    const known = this.#sessions.get(keyOf(group, member));
    return known ?? refuse(memberGone(group, member, await this.#why(group, member)));
  }

  /** The member of this process that has the partition; null: another process's, or nobody. */
  ownerOf(group: string, { topic, partition }: TopicPartition): MemberSession | null {
    for (const session of this.#sessions.values()) {
      if (session.names.group === group && session.assigned[topic]?.includes(partition) === true) return session;
    }
    return null;
  }

  /** All leave, so that others get their partitions at once and not after a session timeout. */
  async closeAll(): Promise<void> {
    const all = [...this.#sessions.values()];
    const left = Promise.all(all.map((session) => session.leave(`${this.servedBy} is stopping`)));
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_MS);
    await Promise.race([left, promise]);
    clearTimeout(timer);
  }

  /** What this process is called in answers. */
  get servedBy(): string {
    const { selfId } = this.#context.engine;
    return selfId === null ? "gateway" : `broker ${selfId}`;
  }

  #prefix(): string {
    const { selfId } = this.#context.engine;
    return selfId === null ? "gateway-" : `broker${selfId}-`;
  }

  #forget(session: MemberSession, reason: string): void {
    const { group, member } = session.names;
    const key = keyOf(group, member);
    // One that is over before it was put there is put there all the same, and found to be over.
    this.#sessions.delete(key);
    this.#room.give();
    this.#gone.delete(key);
    this.#gone.set(key, reason);
    if (this.#gone.size > GONE_MAX) for (const oldest of this.#gone.keys()) if (this.#gone.delete(oldest)) break;
  }

  async #why(group: string, member: string): Promise<string> {
    const reason = this.#gone.get(keyOf(group, member));
    if (reason !== undefined) return `it left the group: ${reason}`;
    const home = /^(gateway|broker(\d+))-[0-9a-f]{10}$/.exec(member);
    if (home !== null && !member.startsWith(this.#prefix())) {
      const where = home[2] === undefined ? "the gateway" : `broker ${home[2]}`;
      return `${where} holds it, if it still runs: poll there`;
    }
    const there = await findGroup(this.#context.engine, group).catch(() => null);
    const other = there?.members.find((row) => row.instance_id === member);
    if (other !== undefined)
      return `the group has a member of that name (client ${other.client_id} at ${other.host}), held by another process, which may be gone: poll where you joined, or join here, which takes its place`;
    return `${this.servedBy} knows no such member; it may have been restarted, which ends the members it holds`;
  }
}

const CLOSE_MS = 2_000;

function keyOf(group: string, member: string): string {
  return `${group}\n${member}`;
}
