import { describe, expect, test } from "vitest";
import { errorOf, subscription, TestGroup, text, WALL_MS } from "./test-group.ts";

/** Two members that have joined and not yet synced. */
function joined() {
  const group = new TestGroup({});
  const a = group.newMember({ rebalanceTimeoutMs: 20_000 });
  const b = group.newMember({ rebalanceTimeoutMs: 20_000 });
  group.pass(6_000);
  return { group, leader: a.memberId, other: b.memberId };
}

describe("the assignment", () => {
  test("GC20 is written with the generation, and given out when that is committed", () => {
    const { group, leader, other } = joined();
    group.commitsAtOnce = false;
    const before = group.log.length;
    const second = group.sync(other, 1);
    const first = group.sync(leader, 1, { [leader]: "left", [other]: "right" });
    expect([group.synced(first), group.synced(second)]).toEqual([null, null]);
    const member = (memberId: string, assignment: string) => ({
      memberId,
      groupInstanceId: null,
      clientId: "c",
      clientHost: "/h",
      rebalanceTimeout: 20_000,
      sessionTimeout: 10_000,
      subscription: subscription("t"),
      assignment: new TextEncoder().encode(assignment),
    });
    expect(group.log.slice(before)).toEqual([
      {
        type: "GroupMetadata",
        key: { group: "g" },
        version: 3,
        value: {
          protocolType: "consumer",
          generation: 1,
          protocol: "range",
          leader,
          currentStateTimestamp: WALL_MS + 6_000,
          members: [member(leader, "left"), member(other, "right")],
        },
      },
    ]);
    group.commitAll();
    expect(group.synced(first)).toEqual({
      throttleTimeMs: 0,
      errorCode: 0,
      protocolType: "consumer",
      protocolName: "range",
      assignment: new TextEncoder().encode("left"),
    });
    expect(text(group.synced(second)!.assignment)).toBe("right");
    expect(group.line).toBe("Stable 1 (2)");
  });

  test("GC20 members that the leader forgot get an empty one", () => {
    const { group, leader, other } = joined();
    const second = group.sync(other, 1);
    group.sync(leader, 1, { [leader]: "everything" });
    expect(group.synced(second)).toMatchObject({ errorCode: 0, assignment: new Uint8Array(0) });
  });

  test("GC20 if it cannot be written, everybody is told and joins again", () => {
    const { group, leader, other } = joined();
    const second = group.sync(other, 1);
    group.writeError = "NOT_ENOUGH_REPLICAS";
    const first = group.sync(leader, 1, {});
    expect(errorOf(group.synced(first)!)).toBe("COORDINATOR_NOT_AVAILABLE");
    expect(errorOf(group.synced(second)!)).toBe("COORDINATOR_NOT_AVAILABLE");
    expect(group.line).toBe("PreparingRebalance 1 (2)");
  });

  test("GC20 GC43 if it is not committed in time, likewise", () => {
    const { group, leader } = joined();
    group.commitsAtOnce = false;
    const first = group.sync(leader, 1, {});
    group.pass(4_999);
    expect(group.synced(first)).toBeNull();
    group.pass(1);
    expect(errorOf(group.synced(first)!)).toBe("COORDINATOR_NOT_AVAILABLE");
    expect(group.line).toBe("PreparingRebalance 1 (2)");
    group.commitAll();
    expect(group.line).toBe("PreparingRebalance 1 (2)");
  });

  test("GC20 an assignment of a generation that is over meanwhile changes nothing", () => {
    const { group, leader, other } = joined();
    group.commitsAtOnce = false;
    const first = group.sync(leader, 1, { [leader]: "x" });
    group.leave({ memberId: other });
    expect(errorOf(group.synced(first)!)).toBe("REBALANCE_IN_PROGRESS");
    group.commitAll();
    expect(group.line).toBe("PreparingRebalance 1 (1)");
  });

  test("GC21 members that never ask for it are removed (KAFKA-12890)", () => {
    const { group, leader, other } = joined();
    const first = group.sync(leader, 1, {});
    expect(errorOf(group.synced(first)!)).toBe("NONE");
    group.pass(9_000);
    group.heartbeat(other, 1);
    group.heartbeat(leader, 1);
    group.pass(9_000);
    group.heartbeat(other, 1);
    group.heartbeat(leader, 1);
    group.pass(1_999);
    expect(group.line).toBe("Stable 1 (2)");
    group.pass(1);
    expect(group.line).toBe("PreparingRebalance 1 (1)");
    expect(group.heartbeat(other, 1)).toBe("UNKNOWN_MEMBER_ID");
    expect(group.heartbeat(leader, 1)).toBe("REBALANCE_IN_PROGRESS");
  });

  test("GC21 a leader that never assigns is removed, and the others go on without it", () => {
    const { group, leader, other } = joined();
    const second = group.sync(other, 1);
    for (let ms = 0; ms < 18_000; ms += 6_000) {
      group.pass(6_000);
      group.heartbeat(leader, 1);
    }
    group.pass(2_000);
    expect(errorOf(group.synced(second)!)).toBe("REBALANCE_IN_PROGRESS");
    expect(group.group.leaderId).toBe(other);
    const again = group.join(other);
    expect(group.joined(again)).toMatchObject({ errorCode: 0, generationId: 2, leader: other });
  });

  test.each([
    ["an unknown member", { memberId: "?" }, "UNKNOWN_MEMBER_ID"],
    ["another generation", { generationId: 7 }, "ILLEGAL_GENERATION"],
    ["another protocol", { protocolName: "sticky" }, "INCONSISTENT_GROUP_PROTOCOL"],
    ["another protocol type", { protocolType: "connect" }, "INCONSISTENT_GROUP_PROTOCOL"],
    ["an unknown instance", { groupInstanceId: "nobody" }, "UNKNOWN_MEMBER_ID"],
    ["no group", { groupId: "" }, "INVALID_GROUP_ID"],
    ["a group that does not exist", { groupId: "other" }, "UNKNOWN_MEMBER_ID"],
    ["no word about the protocol (before version 5)", { protocolName: null, protocolType: null }, "NONE"],
  ])("GC22 SyncGroup with %s", (_what, said, error) => {
    const { test: group, ids } = TestGroup.stable(1);
    const reply = group.synced(group.sync(ids[0]!, 1, {}, said))!;
    expect(errorOf(reply)).toBe(error);
    if (error === "NONE") expect(text(reply.assignment)).toBe("part 0");
  });

  test("GC22 GC30 while members join again", () => {
    const { test: group, ids } = TestGroup.stable(2);
    group.join(ids[0]!);
    expect(errorOf(group.synced(group.sync(ids[1]!, 1))!)).toBe("REBALANCE_IN_PROGRESS");
    expect(group.heartbeat(ids[1]!, 1)).toBe("REBALANCE_IN_PROGRESS");
  });

  test("GC4 a member that syncs twice gets an answer to both", () => {
    const { group, leader, other } = joined();
    const first = group.sync(other, 1);
    const second = group.sync(other, 1);
    expect(errorOf(group.synced(first)!)).toBe("REBALANCE_IN_PROGRESS");
    group.sync(leader, 1, { [other]: "right" });
    expect(text(group.synced(second)!.assignment)).toBe("right");
  });
});

describe("staying and leaving", () => {
  test("GC30 heartbeats keep a session, wrong ones do not", () => {
    const { test: group, ids } = TestGroup.stable(1);
    for (let i = 0; i < 5; i++) {
      group.pass(9_000);
      expect(group.heartbeat(ids[0]!, 1)).toBe("NONE");
    }
    expect(group.heartbeat(ids[0]!, 2)).toBe("ILLEGAL_GENERATION");
    expect(group.heartbeat("?", 1)).toBe("UNKNOWN_MEMBER_ID");
    expect(group.line).toBe("Stable 1 (1)");
  });

  test("GC31 GC32 without a sign of life the session ends; the last member leaves an empty generation, which is written", () => {
    const { test: group, ids } = TestGroup.stable(1);
    const before = group.log.length;
    group.pass(9_999);
    expect(group.line).toBe("Stable 1 (1)");
    group.pass(1);
    expect(group.line).toBe("Empty 2 (0)");
    expect(group.heartbeat(ids[0]!, 1)).toBe("UNKNOWN_MEMBER_ID");
    expect(group.log.slice(before)).toEqual([
      {
        type: "GroupMetadata",
        key: { group: "g" },
        version: 3,
        value: {
          protocolType: "consumer",
          generation: 2,
          protocol: null,
          leader: null,
          currentStateTimestamp: WALL_MS + group.nowMs,
          members: [],
        },
      },
    ]);
  });

  test("GC31 whoever waits in a parked request has no session running", () => {
    const { test: group, ids } = TestGroup.stable(2, {}, { sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 60_000 });
    const waiting = group.join(ids[0]!, { sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 60_000 });
    for (let i = 0; i < 4; i++) {
      group.pass(5_000);
      expect(group.heartbeat(ids[1]!, 1)).toBe("REBALANCE_IN_PROGRESS");
    }
    expect(group.joined(waiting)).toBeNull();
    group.join(ids[1]!, { sessionTimeoutMs: 6_000 });
    expect(errorOf(group.joined(waiting)!)).toBe("NONE");
    group.pass(6_000);
    expect(group.line).toBe("Empty 3 (0)");
  });

  test("GC31 a member whose session ends makes the others rebalance, without waiting for it", () => {
    const { test: group, ids } = TestGroup.stable(2);
    group.pass(5_000);
    group.heartbeat(ids[0]!, 1);
    group.pass(5_000);
    expect(group.heartbeat(ids[0]!, 1)).toBe("REBALANCE_IN_PROGRESS");
    expect(group.joined(group.join(ids[0]!))).toMatchObject({ errorCode: 0, generationId: 2 });
  });

  test("GC32 members leave each with its own error, also newcomers with only an id, and static ones by instance id", () => {
    const { test: group, ids } = TestGroup.stable(2);
    const given = group.joined(group.join(""))!.memberId;
    group.join("", { groupInstanceId: "i1" });
    const reply = group.left(
      group.leave(
        { memberId: ids[1]! },
        { memberId: given },
        { memberId: "?" },
        { groupInstanceId: "i1" },
        { groupInstanceId: "i2" },
      ),
    )!;
    expect(reply).toEqual({
      throttleTimeMs: 0,
      errorCode: 0,
      members: [
        { memberId: ids[1], groupInstanceId: null, errorCode: 0 },
        { memberId: given, groupInstanceId: null, errorCode: 0 },
        { memberId: "?", groupInstanceId: null, errorCode: 25 },
        { memberId: "", groupInstanceId: "i1", errorCode: 0 },
        { memberId: "", groupInstanceId: "i2", errorCode: 25 },
      ],
    });
    expect(group.group.members.map((member) => member.memberId)).toEqual([ids[0]]);
  });

  test("GC32 a group that does not exist has no members to leave it", () => {
    const group = new TestGroup();
    expect(group.left(group.leave({ memberId: "m" }))).toMatchObject({ errorCode: 0, members: [{ errorCode: 25 }] });
  });

  test("GC32 the answer of the last one waits until the empty generation is committed; who joined meanwhile is told", () => {
    const { test: group, ids } = TestGroup.stable(1);
    group.commitsAtOnce = false;
    const leaving = group.leave({ memberId: ids[0]! });
    expect(group.left(leaving)).toBeNull();
    group.commitAll();
    expect(group.left(leaving)).toMatchObject({ errorCode: 0 });
    expect(group.line).toBe("Empty 2 (0)");
  });

  test("GC4 a parked join of a member that is removed is answered", () => {
    const { test: group, ids } = TestGroup.stable(2);
    const parked = group.join(ids[0]!);
    group.leave({ memberId: ids[0]! });
    expect(errorOf(group.joined(parked)!)).toBe("UNKNOWN_MEMBER_ID");
  });
});
