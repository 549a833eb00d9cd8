/** The memberships of the WebSocket subscriptions of this process: who comes back in time finds its own. */
import type { SubGroupFrame } from "@vitrine/api";
import type { Engine } from "@vitrine/engine";
import type { MemberRoom } from "../groups/member-sessions.ts";
import { GroupMembership } from "./group-membership.ts";

export class GroupMemberships {
  readonly #engine: Engine;
  readonly #room: MemberRoom;
  /** With the session that made it. */
  readonly #held = new Map<GroupMembership, string>();

  constructor(engine: Engine, room: MemberRoom) {
    this.#engine = engine;
    this.#room = room;
  }

  /**
   * The membership for a subscription: that of its member name, or one that the session `resumed` left behind, or a new one.
   * Fails with a ProblemError where there is no room.
   */
  take(frame: SubGroupFrame, session: string, resumed: string | undefined): GroupMembership {
    const known = this.#find(frame, resumed);
    if (known !== undefined) {
      this.#held.set(known, session);
      return known;
    }
    this.#room.take();
    const made = new GroupMembership(this.#engine, frame, () => {
      this.#held.delete(made);
      this.#room.give();
    });
    this.#held.set(made, session);
    return made;
  }

  /** All leave; those that the coordinator does not answer are not waited for long. */
  async closeAll(reason: string): Promise<void> {
    const left = Promise.all(Array.from(this.#held.keys(), (membership) => membership.leave(reason)));
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_MS);
    await Promise.race([left, promise]);
    clearTimeout(timer);
  }

  #find(frame: SubGroupFrame, resumed: string | undefined): GroupMembership | undefined {
    for (const [membership, session] of this.#held) {
      if (!isSame(membership.frame, frame)) continue;
      if (frame.member !== undefined || (session === resumed && membership.isParked)) return membership;
    }
    return undefined;
  }
}

const CLOSE_MS = 2_000;

/** The same group, member and settings, so that the one can go on as the other. */
function isSame(a: SubGroupFrame, b: SubGroupFrame): boolean {
  const settings = (frame: SubGroupFrame) =>
    JSON.stringify([
      frame.group,
      frame.member,
      frame.assignor,
      frame.commit,
      frame.from,
      frame.isolation,
      [...frame.topics].sort(),
    ]);
  return settings(a) === settings(b);
}
