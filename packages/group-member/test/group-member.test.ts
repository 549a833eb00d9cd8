import { describe, expect, test } from "vitest";
import { readAssignment, readSubscription } from "../src/index.ts";
import { names, Script } from "./script.ts";

describe("joining", () => {
  test("M1 finds the coordinator, takes the id it is given, joins with it, and has its assignment after the sync", () => {
    const script = new Script();
    script.step({ type: "start" });
    script.found(2);
    script.joined({ error: "MEMBER_ID_REQUIRED" });
    const join = script.effects[0];
    expect(join).toMatchObject({ to: 2, message: { request: { memberId: "me", protocolType: "consumer" } } });
    script.joined({ generation: 5 });
    script.synced(1, 3);
    expect(script.take("assigned")).toMatchObject({ generation: 5 });
    expect(script.member.state).toBe("stable");
    expect(names(script.member.owned)).toEqual(["orders/1", "orders/3"]);
  });

  test("M2 the leader assigns by the protocol that the coordinator chose", () => {
    const script = new Script();
    script.step({ type: "start" });
    script.found();
    script.joined({ leader: "me", members: ["me", "you"] });
    const { message } = script.call("sync");
    const given = message.request.assignments.map((row) => [row.memberId, names(readAssignment(row.assignment)!)]);
    expect(given).toEqual([
      ["me", ["orders/0", "orders/1"]],
      ["you", ["orders/2", "orders/3"]],
    ]);
  });

  test("M3 a coordinator that loads is asked again, one that moved is looked for", () => {
    const script = new Script();
    script.step({ type: "start" });
    script.found(2);
    script.joined({ error: "COORDINATOR_LOAD_IN_PROGRESS" });
    expect(script.effects).toEqual([]);
    script.pass(100);
    script.joined({ error: "NOT_COORDINATOR" });
    script.pass(100);
    script.found(3);
    expect(script.call("join").to).toBe(3);
  });

  test("M4 a group that went on while it synced is joined again", () => {
    const script = new Script();
    script.step({ type: "start" });
    script.found();
    script.joined({});
    script.syncFails("REBALANCE_IN_PROGRESS");
    expect(script.call("join").message.request.memberId).toBe("me");
  });

  test.each(["FENCED_INSTANCE_ID", "INCONSISTENT_GROUP_PROTOCOL", "INVALID_SESSION_TIMEOUT"] as const)(
    "M5 %s is the end",
    (error) => {
      const script = new Script();
      script.step({ type: "start" });
      script.found();
      script.joined({ error });
      expect(script.take("ended").error).toBe(error);
      expect(script.member.wakeAtMs).toBeNull();
    },
  );
});

describe("rebalance", () => {
  test("M6 an eager member gives everything up, and joins only when that is done", () => {
    const script = Script.stable({}, 0, 1);
    script.pass(3_000);
    script.heartbeat("REBALANCE_IN_PROGRESS");
    expect(names(script.take("revoke").partitions)).toEqual(["orders/0", "orders/1"]);
    expect(script.effects).toEqual([]);
    expect(script.member.canCommit).toBe(true);
    script.step({ type: "revoked" });
    const { message } = script.call("join");
    expect(readSubscription(message.request.protocols[0]!.metadata)!.owned).toEqual([]);
  });

  test("M7 who does not say that it is done is not waited for longer than half of the group's patience", () => {
    const script = Script.stable({ maxPollIntervalMs: 20_000 }, 0);
    script.pass(3_000);
    script.heartbeat("REBALANCE_IN_PROGRESS");
    script.take("revoke");
    script.step({ type: "poll" });
    script.pass(3_000);
    script.heartbeat("REBALANCE_IN_PROGRESS");
    script.pass(3_000);
    script.heartbeat("REBALANCE_IN_PROGRESS");
    script.pass(3_000);
    script.heartbeat("REBALANCE_IN_PROGRESS");
    script.pass(1_000);
    expect(script.call("join").message.request.memberId).toBe("me");
  });

  test("M8 a cooperative member keeps reading, gives up only what it loses, and joins once more for it", () => {
    const script = Script.stable({ assignors: ["cooperative-sticky"] }, 0, 1);
    script.pass(3_000);
    script.heartbeat("REBALANCE_IN_PROGRESS");
    const owned = readSubscription(script.effects[0]!.type === "call" ? joinBytes(script) : new Uint8Array())!.owned;
    expect(names(owned)).toEqual(["orders/0", "orders/1"]);
    script.joined({ generation: 2, protocol: "cooperative-sticky" });
    script.synced(0);
    expect(script.take("assigned")).toMatchObject({ partitions: [{ partition: 0 }], added: [], generation: 2 });
    expect(names(script.take("revoke").partitions)).toEqual(["orders/1"]);
    script.step({ type: "revoked" });
    expect(names(readSubscription(joinBytes(script))!.owned)).toEqual(["orders/0"]);
  });

  test("M9 the leader lets the group join again when a topic grows, others do not", () => {
    const script = new Script();
    script.step({ type: "start" });
    script.found();
    script.joined({ leader: "me", members: ["me"] });
    script.synced(0, 1, 2, 3);
    script.take("assigned");
    script.step({ type: "metadata" });
    expect(script.effects).toEqual([]);
    script.counts.set("orders", 5);
    script.step({ type: "metadata" });
    expect(script.take("revoke").partitions).toHaveLength(4);

    const follower = Script.stable({}, 0);
    follower.counts.set("orders", 5);
    follower.step({ type: "metadata" });
    expect(follower.effects).toEqual([]);
  });
});

describe("losing", () => {
  test.each([
    ["UNKNOWN_MEMBER_ID", ""],
    ["ILLEGAL_GENERATION", "me"],
  ] as const)("M10 %s: what it had is lost, it joins again as %j", (error, memberId) => {
    const script = Script.stable({}, 0, 1);
    script.pass(3_000);
    script.heartbeat(error);
    expect(names(script.take("lost").partitions)).toEqual(["orders/0", "orders/1"]);
    expect(script.call("join").message.request.memberId).toBe(memberId);
  });

  test("M11 a lost coordinator costs no partition: it is looked for, and the heartbeats go on there", () => {
    const script = Script.stable({}, 0);
    script.pass(3_000);
    const { call } = script.call("heartbeat");
    script.step({ type: "failed", call });
    script.found(3);
    script.pass(3_000);
    expect(script.call("heartbeat").to).toBe(3);
    expect(names(script.member.owned)).toEqual(["orders/0"]);
  });

  test("M12 without a poll for max.poll.interval it leaves and says why", () => {
    const script = Script.stable({ maxPollIntervalMs: 10_000 }, 0);
    for (let i = 0; i < 3; i++) {
      script.pass(3_000);
      script.heartbeat();
    }
    script.pass(1_000);
    const leave = script.call("leave").message.request.members[0]!;
    expect(leave).toMatchObject({ memberId: "me", reason: expect.stringContaining("nobody polled for it for 10 s") });
    expect(script.take("ended")).toMatchObject({ error: null });
  });

  test("M13 an answer to a call that nobody waits for any more changes nothing", () => {
    const script = new Script();
    script.step({ type: "start" });
    const { call } = script.call("find");
    script.step({ type: "failed", call });
    script.pass(100);
    const second = script.effects.length;
    script.step({ type: "failed", call });
    expect(script.effects).toHaveLength(second);
    expect(script.member.state).toBe("finding");
  });
});

/** The subscription in the join that is the oldest effect, which stays. */
function joinBytes(script: Script): Uint8Array {
  const effect = script.effects[0]!;
  if (effect.type !== "call" || effect.message.kind !== "join") throw new Error(`no join but ${effect.type}`);
  return effect.message.request.protocols[0]!.metadata;
}
