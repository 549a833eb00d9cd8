import { describe, expect, test } from "vitest";
import { bytes, errorOf, subscription, TestGroup, WALL_MS } from "./test-group.ts";

const DELAY_MS = 3_000;

describe("who may join", () => {
  test("GC10 empty group id, session out of bounds, a member id in a group that does not exist", () => {
    const group = new TestGroup();
    const joining = (memberId: string, said: object) => errorOf(group.joined(group.join(memberId, said))!);
    expect(joining("", { groupId: "" })).toBe("INVALID_GROUP_ID");
    expect(joining("", { sessionTimeoutMs: 5_999 })).toBe("INVALID_SESSION_TIMEOUT");
    expect(joining("", { sessionTimeoutMs: 1_800_001 })).toBe("INVALID_SESSION_TIMEOUT");
    expect(joining("somebody", {})).toBe("UNKNOWN_MEMBER_ID");
    expect(group.line).toBe("none");
    expect(group.log).toEqual([]);
  });

  test("GC3 no protocol type, no protocols, another protocol type, no protocol in common", () => {
    const group = new TestGroup();
    const refused = (said: object) => errorOf(group.joined(group.join("", said))!);
    expect(refused({ protocolType: "" })).toBe("INCONSISTENT_GROUP_PROTOCOL");
    expect(refused({ protocols: [] })).toBe("INCONSISTENT_GROUP_PROTOCOL");
    group.newMember();
    expect(refused({ protocolType: "connect" })).toBe("INCONSISTENT_GROUP_PROTOCOL");
    expect(refused({ protocols: [{ name: "sticky", metadata: bytes("") }] })).toBe("INCONSISTENT_GROUP_PROTOCOL");
  });

  test("GC11 version 4 and later must come back with the id they are given, in time; before, the join is taken at once", () => {
    const group = new TestGroup();
    const reply = group.joined(group.join(""))!;
    expect(reply).toEqual({
      throttleTimeMs: 0,
      errorCode: 79,
      generationId: -1,
      protocolType: null,
      protocolName: null,
      leader: "",
      skipAssignment: false,
      memberId: expect.stringMatching(/^c-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      members: [],
    });
    group.pass(10_000);
    expect(errorOf(group.joined(group.join(reply.memberId))!)).toBe("UNKNOWN_MEMBER_ID");
    const old = group.join("", {}, { apiVersion: 3 });
    expect(group.joined(old)).toBeNull();
    group.pass(DELAY_MS);
    expect(errorOf(group.joined(old)!)).toBe("NONE");
  });

  test("GC11 a newcomer that was given an id holds a rebalance up until it joins or its time is over", () => {
    const { test: group, ids } = TestGroup.stable(1);
    const given = group.joined(group.join(""))!.memberId;
    const again = group.join(ids[0]!);
    expect(group.joined(again)).toBeNull();
    group.pass(9_999);
    expect(group.joined(again)).toBeNull();
    const late = group.join(given);
    expect(errorOf(group.joined(late)!)).toBe("NONE");
    expect(errorOf(group.joined(again)!)).toBe("NONE");
    expect(group.line).toBe("CompletingRebalance 2 (2)");
  });

  test("GC15 group.max.size refuses newcomers and lets members come again", () => {
    const { test: group, ids } = TestGroup.stable(2, { maxSize: 2 });
    expect(errorOf(group.joined(group.join(""))!)).toBe("GROUP_MAX_SIZE_REACHED");
    const leader = group.join(ids[0]!);
    expect(group.joined(leader)).toBeNull();
    group.join(ids[1]!);
    expect(errorOf(group.joined(leader)!)).toBe("NONE");
    expect(group.line).toBe("CompletingRebalance 2 (2)");
  });

  test("GC15 while members join again the first ones are in, whoever they are", () => {
    const { test: group, ids } = TestGroup.stable(1, { maxSize: 2 });
    const second = group.newMember();
    const third = group.join("");
    const thirdId = group.joined(third)!.memberId;
    group.join(ids[0]!);
    expect(errorOf(group.joined(group.join(thirdId))!)).toBe("GROUP_MAX_SIZE_REACHED");
    expect(group.joined(second.token)).not.toBeNull();
  });
});

describe("the first generation", () => {
  test("GC12 waits group.initial.rebalance.delay.ms, then answers everybody, the leader with the members", () => {
    const group = new TestGroup();
    const a = group.newMember();
    const b = group.newMember();
    group.pass(DELAY_MS - 1);
    expect(group.line).toBe("PreparingRebalance 0 (2)");
    expect([group.joined(a.token), group.joined(b.token)]).toEqual([null, null]);
    // A second member came within the delay, so it is waited for once more.
    group.pass(DELAY_MS + 1);
    const common = {
      throttleTimeMs: 0,
      errorCode: 0,
      generationId: 1,
      protocolType: "consumer",
      protocolName: "range",
      leader: a.memberId,
      skipAssignment: false,
    };
    const member = (memberId: string) => ({ memberId, groupInstanceId: null, metadata: subscription("t") });
    expect(group.joined(a.token)).toEqual({
      ...common,
      memberId: a.memberId,
      members: [member(a.memberId), member(b.memberId)],
    });
    expect(group.joined(b.token)).toEqual({ ...common, memberId: b.memberId, members: [] });
    expect(group.line).toBe("CompletingRebalance 1 (2)");
  });

  test("GC12 a lone member waits the delay once; without delay it does not wait", () => {
    const group = new TestGroup();
    const a = group.newMember();
    group.pass(DELAY_MS);
    expect(group.joined(a.token)).not.toBeNull();
    const hasty = new TestGroup({ initialRebalanceDelayMs: 0 });
    const b = hasty.newMember();
    hasty.pass(0);
    expect(hasty.joined(b.token)).not.toBeNull();
  });

  test("GC12 members that keep coming put it off, but not beyond the rebalance timeout", () => {
    const group = new TestGroup();
    const first = group.newMember({ rebalanceTimeoutMs: 7_000 });
    for (let i = 0; i < 3; i++) {
      group.pass(2_000);
      group.newMember({ rebalanceTimeoutMs: 7_000 });
    }
    group.pass(999);
    expect(group.joined(first.token)).toBeNull();
    group.pass(1);
    expect(group.joined(first.token)).not.toBeNull();
    expect(group.line).toBe("CompletingRebalance 1 (4)");
  });

  test("GC5 an empty group is written when it is made, so that its end can be", () => {
    const group = new TestGroup();
    group.join("");
    const value = {
      protocolType: "",
      generation: 0,
      protocol: null,
      leader: null,
      currentStateTimestamp: WALL_MS,
      members: [],
    };
    expect(group.log).toEqual([{ type: "GroupMetadata", key: { group: "g" }, value, version: 3 }]);
  });
});

describe("joining again", () => {
  test("GC3 G3 the protocol (the assignor) with most votes that all know is chosen", () => {
    const group = new TestGroup();
    const protocols = (...names: string[]) => ({ protocols: names.map((name) => ({ name, metadata: bytes(name) })) });
    const a = group.newMember(protocols("sticky", "range", "only-a"));
    group.newMember(protocols("range", "sticky"));
    group.newMember(protocols("range", "sticky"));
    group.pass(2 * DELAY_MS);
    expect(group.joined(a.token)).toMatchObject({ protocolName: "range" });
    expect(group.joined(a.token)!.members.map(({ metadata }) => metadata)).toEqual(Array(3).fill(bytes("range")));
  });

  test("GC14 a follower that says nothing new is told the generation; one with other topics makes all rebalance", () => {
    const { test: group, ids } = TestGroup.stable(2);
    const same = group.joined(group.join(ids[1]!))!;
    expect(same).toMatchObject({ errorCode: 0, generationId: 1, memberId: ids[1], leader: ids[0], members: [] });
    expect(group.line).toBe("Stable 1 (2)");
    const changed = group.join(ids[1]!, { protocols: [{ name: "range", metadata: subscription("t", "u") }] });
    expect(group.joined(changed)).toBeNull();
    expect(group.line).toBe("PreparingRebalance 1 (2)");
    expect(group.heartbeat(ids[0]!, 1)).toBe("REBALANCE_IN_PROGRESS");
  });

  test("GC14 a leader that joins again makes all rebalance, also with nothing new", () => {
    const { test: group, ids } = TestGroup.stable(2);
    expect(group.joined(group.join(ids[0]!))).toBeNull();
    expect(group.line).toBe("PreparingRebalance 1 (2)");
  });

  test("GC14 between join and assignment, the lost answer is given again", () => {
    const group = new TestGroup();
    const { memberId } = group.newMember();
    group.pass(DELAY_MS);
    const again = group.joined(group.join(memberId))!;
    expect(again).toMatchObject({ errorCode: 0, generationId: 1, leader: memberId });
    expect(again.members).toHaveLength(1);
    expect(group.line).toBe("CompletingRebalance 1 (1)");
  });

  test("GC13 after the longest rebalance timeout whoever did not join again is out, and a member that did leads", () => {
    const { test: group, ids } = TestGroup.stable(3, {}, { rebalanceTimeoutMs: 20_000, sessionTimeoutMs: 60_000 });
    const second = group.join(ids[1]!, {
      rebalanceTimeoutMs: 5_000,
      protocols: [{ name: "range", metadata: subscription("new") }],
    });
    group.pass(19_999);
    expect(group.joined(second)).toBeNull();
    group.pass(1);
    expect(group.joined(second)).toMatchObject({ errorCode: 0, generationId: 2, leader: ids[1] });
    expect(group.line).toBe("CompletingRebalance 2 (1)");
    expect(group.events.filter(({ type }) => type === "memberLeft")).toHaveLength(2);
  });

  test("GC4 a member that asks twice gets an answer to both", () => {
    const { test: group, ids } = TestGroup.stable(2);
    const first = group.join(ids[0]!);
    const second = group.join(ids[0]!);
    expect(errorOf(group.joined(first)!)).toBe("REBALANCE_IN_PROGRESS");
    expect(group.joined(second)).toBeNull();
    group.join(ids[1]!);
    expect(errorOf(group.joined(second)!)).toBe("NONE");
  });

  test("GC16 a first join that is parked for five minutes is given up", () => {
    const { test: group, ids } = TestGroup.stable(1, {}, { rebalanceTimeoutMs: 900_000, sessionTimeoutMs: 1_000_000 });
    const newcomer = group.newMember({ rebalanceTimeoutMs: 900_000, sessionTimeoutMs: 1_000_000 });
    group.pass(299_999);
    expect(group.joined(newcomer.token)).toBeNull();
    group.pass(1);
    expect(errorOf(group.joined(newcomer.token)!)).toBe("UNKNOWN_MEMBER_ID");
    expect(group.group.members.map(({ memberId }) => memberId)).toEqual(ids);
  });
});

describe("static members", () => {
  const STATIC = { groupInstanceId: "i1" };

  test("GC17 need no second join for an id, and keep their place when they come back under another", () => {
    const group = new TestGroup();
    const first = group.join("", STATIC);
    expect(group.joined(first)).toBeNull();
    group.pass(DELAY_MS);
    const { memberId } = group.joined(first)!;
    expect(memberId).toMatch(/^i1-/);
    group.sync(memberId, 1, { [memberId]: "mine" }, {});
    const back = group.joined(group.join("", STATIC))!;
    expect(back).toMatchObject({ errorCode: 0, generationId: 1, skipAssignment: true, leader: back.memberId });
    expect(back.memberId).not.toBe(memberId);
    expect(back.members.map((member) => member.memberId)).toEqual([back.memberId]);
    expect(group.line).toBe("Stable 1 (1)");
    expect(new TextDecoder().decode(group.group.members[0]!.assignment)).toBe("mine");
    expect(group.heartbeat(memberId, 1, "i1")).toBe("FENCED_INSTANCE_ID");
    expect(group.heartbeat(memberId, 1)).toBe("UNKNOWN_MEMBER_ID");
    expect(group.heartbeat(back.memberId, 1, "i1")).toBe("NONE");
    expect(group.commit(5, { memberId, generation: 1, groupInstanceId: "i1" })).toBe("FENCED_INSTANCE_ID");
  });

  test("GC17 before version 9 a leader that comes back is told that its old self leads, so that it assigns nothing", () => {
    const group = new TestGroup();
    const first = group.join("", STATIC);
    group.pass(DELAY_MS);
    const { memberId } = group.joined(first)!;
    group.sync(memberId, 1, { [memberId]: "mine" });
    const back = group.joined(group.join("", STATIC, { apiVersion: 8 }))!;
    expect(back).toMatchObject({ errorCode: 0, skipAssignment: false, leader: memberId, members: [] });
  });

  test("GC17 the answer waits until the new id is committed; a partition without writes refuses before anything changes", () => {
    const group = new TestGroup();
    const first = group.join("", STATIC);
    group.pass(DELAY_MS);
    const { memberId } = group.joined(first)!;
    group.sync(memberId, 1, { [memberId]: "mine" });
    group.writeError = "NOT_ENOUGH_REPLICAS";
    expect(errorOf(group.joined(group.join("", STATIC))!)).toBe("COORDINATOR_NOT_AVAILABLE");
    expect(group.group.members[0]!.memberId).toBe(memberId);
    group.writeError = null;
    group.commitsAtOnce = false;
    const back = group.join("", STATIC);
    expect(group.joined(back)).toBeNull();
    group.commitAll();
    expect(errorOf(group.joined(back)!)).toBe("NONE");
  });

  test("GC17 one that comes back while the leader assigns makes all rebalance, and its old request is fenced", () => {
    const group = new TestGroup();
    const first = group.join("", STATIC);
    const other = group.newMember();
    group.pass(2 * DELAY_MS);
    const { memberId } = group.joined(first)!;
    const parked = group.sync(other.memberId, 1);
    const back = group.join("", STATIC);
    expect(errorOf(group.synced(parked)!)).toBe("REBALANCE_IN_PROGRESS");
    expect(group.line).toBe("PreparingRebalance 1 (2)");
    group.join(other.memberId);
    expect(group.joined(back)).toMatchObject({ errorCode: 0, generationId: 2 });
    expect(group.group.members.some((member) => member.memberId === memberId)).toBe(false);
  });

  test("GC13 one that is away stays a member through a rebalance, until its session is over", () => {
    const { test: group } = TestGroup.stable(1, {}, { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 5_000 });
    const joined = group.join("", { ...STATIC, sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 5_000 });
    group.join(group.group.leaderId!, { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 5_000 });
    const { memberId } = group.joined(joined)!;
    group.syncAll(group.group.members.map((member) => member.memberId));
    const leader = group.group.members.find((member) => member.groupInstanceId === null)!.memberId;
    const again = group.join(leader, { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 5_000 });
    group.pass(5_000);
    expect(group.joined(again)).toMatchObject({ errorCode: 0, generationId: 3 });
    expect(group.group.members.map((member) => member.memberId)).toContain(memberId);
  });
});
