import { ZERO_UUID, type Uuid } from "@vitrine/core";
import { newOffsetFetchRequestOffsetFetchRequestGroup as newAskedGroup } from "@vitrine/protocol/types";
import { describe, expect, test } from "vitest";
import type { ReplyOf } from "../src/coordinator-types.ts";
import { errorOf, subscription, TestGroup, WALL_MS } from "./test-group.ts";

const DAY_MS = 86_400_000;

describe("committing", () => {
  test("GC60 a commit is one record for each partition", () => {
    const { test: group, ids } = TestGroup.stable(1);
    const before = group.log.length;
    expect(group.commit(42, { memberId: ids[0]!, generation: 1 }, { metadata: "note" })).toBe("NONE");
    expect(group.log.slice(before)).toEqual([
      {
        type: "OffsetCommit",
        key: { group: "g", topic: "t", partition: 0 },
        version: 3,
        value: {
          offset: 42,
          leaderEpoch: 3,
          metadata: "note",
          commitTimestamp: WALL_MS + group.nowMs,
          expireTimestamp: -1,
          topicId: ZERO_UUID,
        },
      },
    ]);
    expect(group.fetch()).toBe(42);
  });

  test.each([
    ["the member in its generation", (id: string) => ({ memberId: id, generation: 1 }), "NONE"],
    ["another generation", (id: string) => ({ memberId: id, generation: 0 }), "ILLEGAL_GENERATION"],
    ["an unknown member", () => ({ memberId: "?", generation: 1 }), "UNKNOWN_MEMBER_ID"],
    ["somebody outside while the group has members", () => ({}), "UNKNOWN_MEMBER_ID"],
    [
      "an unknown instance",
      (id: string) => ({ memberId: id, generation: 1, groupInstanceId: "i" }),
      "UNKNOWN_MEMBER_ID",
    ],
  ])("GC40 GC41 G7 by %s", (_who, by, error) => {
    const { test: group, ids } = TestGroup.stable(1);
    expect(group.commit(5, by(ids[0]!))).toBe(error);
    expect(group.fetch()).toBe(error === "NONE" ? 5 : -1);
  });

  test("GC40 while members join again the last generation still commits; between join and assignment nobody does", () => {
    const { test: group, ids } = TestGroup.stable(2);
    group.join(ids[0]!);
    expect(group.commit(5, { memberId: ids[1]!, generation: 1 })).toBe("NONE");
    group.join(ids[1]!);
    expect(group.line).toBe("CompletingRebalance 2 (2)");
    expect(group.commit(6, { memberId: ids[1]!, generation: 2 })).toBe("REBALANCE_IN_PROGRESS");
    expect(group.fetch()).toBe(5);
  });

  test("GC41 a simple consumer makes a group without protocol; with a generation there must be one", () => {
    const group = new TestGroup();
    expect(group.commit(1, { memberId: "m", generation: 3 })).toBe("GROUP_ID_NOT_FOUND");
    expect(group.commit(1, { memberId: "m", generation: 3 }, { apiVersion: 8 })).toBe("ILLEGAL_GENERATION");
    expect(group.line).toBe("none");
    expect(group.commit(1)).toBe("NONE");
    expect(group.line).toBe("Empty 0 (0)");
    expect(group.group.protocolType).toBe("");
  });

  test("GC42 G6 metadata of 4,096 characters is stored, of 4,097 refused", () => {
    const group = new TestGroup();
    expect(group.commit(1, {}, { metadata: "x".repeat(4_097) })).toBe("OFFSET_METADATA_TOO_LARGE");
    expect(group.line).toBe("none");
    expect(group.commit(2, {}, { metadata: "x".repeat(4_096) })).toBe("NONE");
    expect(group.commit(3, {}, { metadata: "x".repeat(4_097) })).toBe("OFFSET_METADATA_TOO_LARGE");
    expect(group.fetch()).toBe(2);
  });

  test("GC43 GC44 neither the answer nor readers run ahead of the high watermark", () => {
    const group = new TestGroup();
    group.commit(1);
    group.commitsAtOnce = false;
    const token = group.sendCommit(2);
    expect(group.committed(token)).toBeNull();
    expect(group.fetch()).toBe(1);
    const stable = group.sendFetch("t", true);
    expect(group.fetched(stable)).toBeNull();
    expect(group.group.offsets.map(({ offset }) => offset)).toEqual([1]);
    group.commitAll();
    expect(group.committed(token)).toBe("NONE");
    expect(group.fetched(stable)).toBe(2);
    expect(group.fetch()).toBe(2);
  });

  test("GC43 after offsets.commit.timeout.ms the answer says so; the offset may still be committed", () => {
    const group = new TestGroup();
    group.commitsAtOnce = false;
    const token = group.sendCommit(2);
    const stable = group.sendFetch("t", true);
    group.pass(5_000);
    expect(group.committed(token)).toBe("COORDINATOR_NOT_AVAILABLE");
    expect(group.answer<ReplyOf<"fetchOffsets">>(stable)).toMatchObject({ errorCode: 16 });
    expect(group.line).toBe("none");
    group.commitAll();
    expect(group.fetch()).toBe(2);
    expect(group.line).toBe("Empty 0 (0)");
  });

  test("GC43 a partition that takes no writes refuses, and nothing is left behind", () => {
    const group = new TestGroup();
    group.writeError = "NOT_ENOUGH_REPLICAS";
    expect(group.commit(2)).toBe("COORDINATOR_NOT_AVAILABLE");
    expect(errorOf(group.joined(group.join(""))!)).toBe("MEMBER_ID_REQUIRED");
    expect(group.line).toBe("none");
  });

  test("GC31 a commit is a sign of life", () => {
    const { test: group, ids } = TestGroup.stable(1);
    for (let i = 0; i < 4; i++) {
      group.pass(9_000);
      expect(group.commit(i, { memberId: ids[0]!, generation: 1 })).toBe("NONE");
    }
    expect(group.line).toBe("Stable 1 (1)");
  });
});

describe("reading", () => {
  const all = (group: TestGroup) =>
    group.ask<"fetchOffsets">({
      type: "fetchOffsets",
      group: newAskedGroup({ groupId: "g", topics: null }),
      requireStable: false,
    });

  test("GC44 what is not there is -1, no error; all topics at once", () => {
    const group = new TestGroup();
    expect(group.fetch()).toBe(-1);
    expect(all(group)).toMatchObject({ errorCode: 0, topics: [] });
    group.commit(5, {}, { topic: "a" });
    group.commit(6, {}, { topic: "b" });
    expect(all(group).topics).toEqual([
      {
        name: "a",
        topicId: ZERO_UUID,
        partitions: [{ partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: 3, metadata: "", errorCode: 0 }],
      },
      {
        name: "b",
        topicId: ZERO_UUID,
        partitions: [{ partitionIndex: 0, committedOffset: 6, committedLeaderEpoch: 3, metadata: "", errorCode: 0 }],
      },
    ]);
  });
});

describe("deleting", () => {
  test("GC45 single offsets, but not of topics that a member reads", () => {
    const group = new TestGroup();
    expect(group.deleteOffsets("t")).toBe("GROUP_ID_NOT_FOUND");
    const { test: busy, ids } = TestGroup.stable(1);
    busy.commit(5, { memberId: ids[0]!, generation: 1 });
    busy.commit(6, { memberId: ids[0]!, generation: 1 }, { topic: "old" });
    expect(busy.deleteOffsets("t")).toBe("GROUP_SUBSCRIBED_TO_TOPIC");
    expect(busy.deleteOffsets("old")).toBe("NONE");
    expect([busy.fetch("t"), busy.fetch("old")]).toEqual([5, -1]);
    expect(busy.log.at(-1)).toEqual({
      type: "OffsetCommit",
      key: { group: "g", topic: "old", partition: 0 },
      value: null,
      version: 3,
    });
  });

  test("GC45 of members that are no consumers nobody knows what they read", () => {
    const said = { protocolType: "connect", protocols: [{ name: "range", metadata: subscription("t") }] };
    const { test: group } = (() => {
      const made = new TestGroup();
      made.newMember(said);
      made.pass(6_000);
      return { test: made };
    })();
    expect(group.deleteOffsets("t")).toBe("NON_EMPTY_GROUP");
  });

  test("GC48 groups without members, with their offsets; readers see them until that is committed", () => {
    const { test: busy } = TestGroup.stable(1);
    expect(errorOf(busy.answer<ReplyOf<"deleteGroups">>(busy.deleteGroup())![0]!)).toBe("NON_EMPTY_GROUP");
    const group = new TestGroup();
    expect(errorOf(group.answer<ReplyOf<"deleteGroups">>(group.deleteGroup())![0]!)).toBe("GROUP_ID_NOT_FOUND");
    group.commit(5);
    group.commitsAtOnce = false;
    const token = group.deleteGroup();
    expect(group.answer(token)).toBeNull();
    expect(group.line).toBe("Empty 0 (0)");
    expect(group.fetch()).toBe(5);
    group.commitAll();
    expect(errorOf(group.answer<ReplyOf<"deleteGroups">>(token)![0]!)).toBe("NONE");
    expect(group.line).toBe("none");
    expect(group.fetch()).toBe(-1);
    expect([...group.coordinator.records()]).toEqual([]);
  });

  test("GC48 a group that is made anew while the old one goes is another group", () => {
    const group = new TestGroup();
    group.commit(5);
    group.commitsAtOnce = false;
    group.deleteGroup();
    const again = group.sendCommit(6);
    group.commitAll();
    expect(group.committed(again)).toBe("NONE");
    expect(group.fetch()).toBe(6);
    expect(group.line).toBe("Empty 0 (0)");
  });

  test("GC47 the offsets of a topic that is deleted go; those of a topic of the same name with another id stay", () => {
    const group = new TestGroup();
    group.commit(5);
    group.forget({ id: "BBBBBBBBBBBBBBBBBBBBBB" as Uuid, name: "u" });
    expect(group.fetch()).toBe(5);
    group.forget({ id: "BBBBBBBBBBBBBBBBBBBBBB" as Uuid, name: "t" });
    expect(group.fetch()).toBe(-1);
    group.commit(6);
    expect([...group.coordinator.topics()]).toEqual(["t"]);
    group.forget({ id: null, name: "t" });
    expect(group.fetch()).toBe(-1);
  });
});

describe("expiry", () => {
  test("GC46 counts from the moment the group is empty, and takes the group with it", () => {
    const { test: group, ids } = TestGroup.stable(1, {}, { sessionTimeoutMs: 1_800_000 });
    group.commit(5, { memberId: ids[0]!, generation: 1 });
    for (let i = 0; i < 20; i++) {
      group.pass(DAY_MS / 96);
      group.heartbeat(ids[0]!, 1);
    }
    group.leave({ memberId: ids[0]! });
    const emptySinceMs = group.nowMs;
    group.pass(7 * DAY_MS - 600_000);
    expect(group.fetch()).toBe(5);
    group.pass(emptySinceMs + 7 * DAY_MS + 600_000 - group.nowMs);
    expect(group.fetch()).toBe(-1);
    expect(group.line).toBe("none");
    expect([...group.coordinator.records()]).toEqual([]);
  });

  test("GC46 in a stable group only those of topics that nobody reads, after their own commit", () => {
    const { test: group, ids } = TestGroup.stable(
      1,
      { offsetsRetentionMs: 3_600_000 },
      { sessionTimeoutMs: 1_800_000 },
    );
    group.commit(5, { memberId: ids[0]!, generation: 1 });
    group.commit(6, { memberId: ids[0]!, generation: 1 }, { topic: "old" });
    for (let i = 0; i < 5; i++) {
      group.pass(900_000);
      group.heartbeat(ids[0]!, 1);
    }
    expect([group.fetch("t"), group.fetch("old")]).toEqual([5, -1]);
  });

  test("GC46 never while the group rebalances (KAFKA-13636)", () => {
    const said = { sessionTimeoutMs: 1_800_000, rebalanceTimeoutMs: 1_800_000 };
    const { test: group, ids } = TestGroup.stable(2, { offsetsRetentionMs: 60_000 }, said);
    group.commit(6, { memberId: ids[0]!, generation: 1 }, { topic: "old" });
    group.join(ids[0]!, said);
    group.pass(1_300_000);
    expect(group.line).toBe("PreparingRebalance 1 (2)");
    expect(group.fetch("old")).toBe(6);
  });

  test("GC46 of simple groups after each commit, or at a time of their own", () => {
    const group = new TestGroup();
    group.commit(1, {}, { topic: "a" });
    group.commit(2, {}, { topic: "b", retentionMs: 1_000, apiVersion: 4 });
    expect(group.log.at(-1)).toMatchObject({ version: 1, value: { expireTimestamp: WALL_MS + 1_000 } });
    group.pass(600_000);
    expect([group.fetch("a"), group.fetch("b")]).toEqual([1, -1]);
    group.pass(7 * DAY_MS - 1_200_000);
    group.commit(3, {}, { topic: "c" });
    group.pass(600_000);
    expect([group.fetch("a"), group.fetch("c")]).toEqual([-1, 3]);
  });

  test("GC46 not right after loading: the wall clock in the records counts (KAFKA-8069)", () => {
    const { test: group, ids } = TestGroup.stable(1);
    group.commit(5, { memberId: ids[0]!, generation: 1 });
    group.leave({ memberId: ids[0]! });
    group.pass(DAY_MS);
    group.failOver();
    group.pass(600_000);
    expect(group.fetch()).toBe(5);
  });
});

describe("another coordinator", () => {
  test("GC5 knows generation, members, assignments and offsets; members have a full session", () => {
    const { test: group, ids } = TestGroup.stable(2);
    group.commit(5, { memberId: ids[0]!, generation: 1 });
    const before = group.group;
    group.pass(9_000);
    group.failOver();
    expect(group.group).toEqual(before);
    group.pass(9_999);
    expect(group.heartbeat(ids[0]!, 1)).toBe("NONE");
    group.pass(1);
    expect(group.line).toBe("PreparingRebalance 1 (1)");
  });

  test("GC4 everything parked is answered NOT_COORDINATOR", () => {
    const { test: group, ids } = TestGroup.stable(2);
    const join = group.join(ids[0]!);
    group.commitsAtOnce = false;
    const commit = group.sendCommit(9, { memberId: ids[1]!, generation: 1 });
    group.failOver();
    expect(errorOf(group.joined(join)!)).toBe("NOT_COORDINATOR");
    expect(group.committed(commit)).toBe("NOT_COORDINATOR");
    expect(group.open.size).toBe(0);
    expect(group.fetch()).toBe(-1);
    expect(group.line).toBe("Stable 1 (2)");
  });

  test("GC4 so are parked syncs, and a leader's whose assignment is not committed", () => {
    const group = new TestGroup();
    const a = group.newMember();
    const b = group.newMember();
    group.pass(6_000);
    group.commitsAtOnce = false;
    const second = group.sync(b.memberId, 1);
    const first = group.sync(a.memberId, 1, {});
    group.failOver();
    expect([first, second].map((token) => errorOf(group.synced(token)!))).toEqual([
      "NOT_COORDINATOR",
      "NOT_COORDINATOR",
    ]);
  });

  test("GC15 a group that is larger than the limit when it is loaded rebalances", () => {
    const { test: group } = TestGroup.stable(2);
    group.limit({ maxSize: 1 });
    group.failOver();
    expect(group.line).toBe("PreparingRebalance 1 (2)");
  });
});

describe("asking", () => {
  const client = (apiVersion: number) => ({ clientId: "c", clientHost: "/h", apiVersion });

  test("GC50 of a stable group everything is told, of another what is sure, of none that it is dead", () => {
    const { test: group, ids } = TestGroup.stable(1);
    const describe_ = (groupId: string, version = 6) =>
      group.ask<"describeGroups">({ type: "describeGroups", groupIds: [groupId], client: client(version) })[0];
    expect(describe_("g")).toEqual({
      errorCode: 0,
      errorMessage: null,
      groupId: "g",
      groupState: "Stable",
      protocolType: "consumer",
      protocolData: "range",
      members: [
        {
          memberId: ids[0],
          groupInstanceId: null,
          clientId: "c",
          clientHost: "/h",
          memberMetadata: subscription("t"),
          memberAssignment: new TextEncoder().encode("part 0"),
        },
      ],
      authorizedOperations: -2_147_483_648,
    });
    group.newMember();
    expect(describe_("g")).toMatchObject({ groupState: "PreparingRebalance", protocolData: "" });
    expect(describe_("g")!.members.every(({ memberMetadata }) => memberMetadata.length === 0)).toBe(true);
    expect(describe_("none")).toMatchObject({
      groupState: "Dead",
      errorCode: 69,
      errorMessage: "Group none not found.",
    });
    expect(describe_("none", 5)).toMatchObject({ groupState: "Dead", errorCode: 0, errorMessage: null });
  });

  test("GC51 groups are listed by state and type, whatever the case", () => {
    const { test: group } = TestGroup.stable(1);
    const list = (statesFilter: string[], typesFilter: string[]) =>
      group.ask<"listGroups">({ type: "listGroups", statesFilter, typesFilter });
    const listed = [{ groupId: "g", protocolType: "consumer", groupState: "Stable", groupType: "Classic" }];
    expect(list([], [])).toEqual(listed);
    expect(list(["STABLE", "empty"], ["classic"])).toEqual(listed);
    expect(list(["Empty"], [])).toEqual([]);
    expect(list([], ["Consumer"])).toEqual([]);
  });

  test("GC50 a group is seen once something of it is committed", () => {
    const group = new TestGroup();
    group.commitsAtOnce = false;
    group.join("");
    expect(group.line).toBe("none");
    group.commitAll();
    expect(group.line).toBe("Empty 0 (0)");
  });
});
