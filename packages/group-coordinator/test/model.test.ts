import * as fc from "fast-check";
import { expect, test } from "vitest";
import { errorOf, TestGroup } from "./test-group.ts";

/**
 * Members as their library behaves: join, sync, heartbeat, commit, leave, fall silent; the log stands still or moves, the coordinator
 * changes, time passes. The test group itself checks after each step that replay gives the live state and no request is answered twice.
 */
interface Member {
  memberId: string;
  generation: number;
  join: number | null;
  sync: number | null;
  /** The newest offset whose commit was acknowledged to it. */
  acknowledged: number;
}

type Step =
  | { readonly do: "act" | "commit" | "leave"; readonly who: number }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "hold"; readonly holds: boolean }
  | { readonly do: "failOver" | "settle" }
  | { readonly do: "refuse"; readonly refuses: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("act" as const), who: fc.nat(4) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("commit" as const), who: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), who: fc.nat(4) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(10, 1_000, 3_000, 9_000, 30_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("hold" as const), holds: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("failOver" as const, "settle" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("refuse" as const), refuses: fc.boolean() }) },
);

/** GC1: from where each state is entered. */
const ENTERED_FROM: Readonly<Record<string, readonly string[]>> = {
  Empty: ["PreparingRebalance"],
  PreparingRebalance: ["Stable", "CompletingRebalance", "Empty"],
  CompletingRebalance: ["PreparingRebalance"],
  Stable: ["CompletingRebalance"],
  Dead: ["Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead"],
};

test("GC1 GC2 GC61 one generation at a time, a leader who is a member, one answer for each request, no acknowledged commit lost", () => {
  let acknowledged = 0;
  let changes = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 120 }), (steps) => {
      const run = new Run();
      run.step({ do: "settle" });
      for (const each of steps) run.step(each);
      run.end();
      acknowledged += run.acknowledgedCount;
      changes += run.changes;
    }),
    { numRuns: 300, seed: 20 },
  );
  // Else the model says little about commits and states.
  expect(acknowledged).toBeGreaterThan(300);
  expect(changes).toBeGreaterThan(1_000);
});

class Run {
  readonly group = new TestGroup();
  readonly members: Member[] = Array.from({ length: 5 }, () => ({
    memberId: "",
    generation: -1,
    join: null,
    sync: null,
    acknowledged: -1,
  }));
  /** The newest offset that was acknowledged, in the order of acknowledgement. */
  acknowledged = -1;
  acknowledgedCount = 0;
  /** Of the group's state. */
  changes = 0;
  #generation = 0;
  #offset = 0;
  readonly #commits = new Map<number, number>();

  step(each: Step): void {
    switch (each.do) {
      case "act":
        this.#act(this.members[each.who]!);
        break;
      case "commit":
        this.#commit(this.members[each.who]!);
        break;
      case "leave":
        this.#leave(this.members[each.who]!);
        break;
      case "pass":
        this.group.pass(each.ms);
        break;
      case "hold":
        this.group.commitsAtOnce = !each.holds;
        if (!each.holds) this.group.commitAll();
        break;
      case "failOver":
        this.#take();
        this.group.failOver();
        // A generation that was not committed is not known to the next coordinator.
        this.group.events.length = 0;
        this.#generation = this.group.coordinator.describe("g")?.generation ?? 0;
        expect(this.group.fetch()).toBeGreaterThanOrEqual(this.acknowledged);
        break;
      case "settle":
        this.#settle();
        break;
      case "refuse":
        this.group.writeError = each.refuses ? "NOT_ENOUGH_REPLICAS" : null;
        break;
    }
    this.#take();
    this.#check();
  }

  /** When everything works again every request gets its answer, and no acknowledged commit is missing. */
  end(): void {
    this.group.writeError = null;
    this.group.commitsAtOnce = true;
    this.group.commitAll();
    // Whoever is told a generation asks for its assignment: so there are requests after the last answers.
    for (let round = 0; round < 3; round++) {
      this.group.pass(400_000);
      this.#take();
    }
    expect([...this.group.open]).toEqual([]);
    expect(this.group.fetch()).toBeGreaterThanOrEqual(this.acknowledged);
  }

  /** Everything works for a while, and everybody does what is next. */
  #settle(): void {
    this.group.writeError = null;
    this.group.commitsAtOnce = true;
    this.group.commitAll();
    for (let round = 0; round < 4; round++) {
      this.#take();
      for (const member of this.members) this.#act(member);
      this.#take();
      this.group.pass(3_000);
    }
    this.#take();
  }

  /** What a client does next: join, sync when joined, else heartbeat. */
  #act(member: Member): void {
    const { group } = this;
    if (member.join !== null || member.sync !== null) return;
    if (member.generation < 0) member.join = group.join(member.memberId);
    else {
      const error = group.heartbeat(member.memberId, member.generation);
      if (error === "REBALANCE_IN_PROGRESS") member.join = group.join(member.memberId);
      else if (error !== "NONE") this.#forget(member, error);
    }
  }

  #commit(member: Member): void {
    if (member.generation < 0 || member.join !== null || member.sync !== null) return;
    const offset = this.#offset++;
    const by = { memberId: member.memberId, generation: member.generation };
    this.#commits.set(this.group.sendCommit(offset, by), offset);
  }

  #leave(member: Member): void {
    if (member.memberId !== "") this.group.leave({ memberId: member.memberId });
    this.#forget(member, "left");
  }

  /** Takes the answers that have come. */
  #take(): void {
    for (const member of this.members) {
      if (member.join !== null) this.#joined(member);
      if (member.sync !== null) this.#synced(member);
    }
    for (const [token, offset] of this.#commits) {
      const error = this.group.committed(token);
      if (error === null) continue;
      this.#commits.delete(token);
      if (error !== "NONE") continue;
      this.acknowledged = Math.max(this.acknowledged, offset);
      this.acknowledgedCount += 1;
    }
  }

  #joined(member: Member): void {
    const reply = this.group.joined(member.join!);
    if (!reply) return;
    member.join = null;
    const error = errorOf(reply);
    if (error === "MEMBER_ID_REQUIRED") member.memberId = reply.memberId;
    else if (error !== "NONE") this.#forget(member, error);
    else {
      expect(reply.members.length > 0).toBe(reply.leader === reply.memberId);
      if (reply.members.length > 0) expect(reply.members.map(({ memberId }) => memberId)).toContain(reply.memberId);
      member.generation = reply.generationId;
      const parts = Object.fromEntries(reply.members.map(({ memberId }) => [memberId, `of ${memberId}`]));
      member.sync = this.group.sync(member.memberId, member.generation, parts);
    }
  }

  #synced(member: Member): void {
    const reply = this.group.synced(member.sync!);
    if (!reply) return;
    member.sync = null;
    if (errorOf(reply) === "NONE") expect(new TextDecoder().decode(reply.assignment)).toBe(`of ${member.memberId}`);
    else this.#forget(member, errorOf(reply));
  }

  #forget(member: Member, error: string): void {
    member.generation = -1;
    if (error === "UNKNOWN_MEMBER_ID" || error === "left") member.memberId = "";
  }

  #checkStates(): void {
    for (const event of this.group.events.splice(0)) {
      if (event.type !== "stateChanged") continue;
      this.changes += 1;
      expect(ENTERED_FROM[event.to]).toContain(event.from);
      expect(event.generation).toBeGreaterThanOrEqual(this.#generation);
      this.#generation = event.to === "Dead" ? 0 : event.generation;
    }
  }

  #check(): void {
    this.#checkStates();
    const known = this.group.coordinator.describe("g");
    if (!known) return;
    const ids = known.members.map(({ memberId }) => memberId);
    if (ids.length > 0) expect(ids).toContain(known.leaderId);
    else expect(known.leaderId).toBeNull();
    expect(new Set(ids).size).toBe(ids.length);
    if (known.state === "Empty") expect(ids).toEqual([]);
    if (known.state === "Stable" || known.state === "CompletingRebalance") expect(known.protocolName).toBe("range");
    expect(this.group.open.size).toBeLessThanOrEqual(this.members.length * 3 + this.#commits.size);
  }
}
