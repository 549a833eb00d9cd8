import { ZERO_UUID, type NodeId } from "@vitrine/core";
import { groupPartition } from "@vitrine/group-coordinator";
import {
  ApiKey,
  CLIENT_ADVERTISED,
  newDeleteGroupsRequest,
  newDeleteTopicsRequest,
  newDescribeGroupsRequest,
  newFindCoordinatorRequest,
  newHeartbeatRequest,
  newJoinGroupRequest,
  newLeaveGroupRequest,
  newListGroupsRequest,
  newOffsetCommitRequest,
  newOffsetCommitRequestOffsetCommitRequestPartition as newCommit,
  newOffsetDeleteRequest,
  newOffsetFetchRequest,
  newSyncGroupRequest,
  type DescribeGroupsResponse,
  type FindCoordinatorResponse,
  type LeaveGroupResponse,
  type ListGroupsResponse,
  type OffsetCommitResponse,
  type OffsetDeleteResponse,
  type OffsetFetchResponse,
  type SyncGroupResponse,
} from "@vitrine/protocol/types";
import { beforeEach, describe, expect, test } from "vitest";
import { createTopic, errorName, GroupClient } from "./group-client.ts";
import { SmallCluster } from "./small-cluster.ts";
import { TestClient } from "./test-client.ts";

let cluster: SmallCluster;
let group: GroupClient;
beforeEach(() => {
  cluster = new SmallCluster();
  group = new GroupClient(cluster, "my-group");
});

const NODES: readonly NodeId[] = [1, 2, 3];

describe("B40 the coordinator", () => {
  test("G5 FindCoordinator makes __consumer_offsets and names the leader of the group's partition", () => {
    const request = newFindCoordinatorRequest({ keyType: 0, coordinatorKeys: ["my-group"] });
    const reply = cluster.call<FindCoordinatorResponse>(2, ApiKey.FindCoordinator, request, 4);
    const topic = cluster.broker(2).image.topicsByName.get("__consumer_offsets")!;
    expect(topic.partitions.size).toBe(50);
    expect(groupPartition("my-group", 50)).toBe(12);
    const { leader, replicas } = topic.partitions.get(12)!;
    expect((reply as FindCoordinatorResponse).coordinators).toEqual([
      { key: "my-group", nodeId: leader, host: "node", port: 9090 + leader, errorCode: 0, errorMessage: "" },
    ]);
    expect(replicas).toHaveLength(3);
    expect(Object.fromEntries(cluster.broker(2).image.configs.get("topic:__consumer_offsets")!)).toEqual({
      "cleanup.policy": "compact",
      "compression.type": "producer",
      "segment.bytes": "104857600",
    });
  });

  test("before version 4 FindCoordinator takes one key; transactions have no coordinator, other kinds are refused", () => {
    const ask = (key: string, keyType: number, version: number) =>
      cluster.call<FindCoordinatorResponse>(
        1,
        ApiKey.FindCoordinator,
        newFindCoordinatorRequest({ key, keyType }),
        version,
      );
    group.coordinator();
    expect(ask("my-group", 0, 2)).toMatchObject({
      errorCode: 0,
      errorMessage: null,
      nodeId: group.coordinator(),
      host: "node",
    });
    const later = ask("tx", 1, 2) as FindCoordinatorResponse;
    expect([errorName(later.errorCode), later.nodeId, later.port]).toEqual([
      "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
      -1,
      -1,
    ]);
    expect(errorName((ask("g:t:0", 2, 3) as FindCoordinatorResponse).errorCode)).toBe("INVALID_REQUEST");
  });

  test("a cluster that is coming up waits for enough brokers, so that the topic does not keep too few replicas", () => {
    cluster = new SmallCluster({ "offsets.topic.replication.factor": "2", "offsets.topic.num.partitions": "4" });
    new GroupClient(cluster, "g").coordinator();
    const topic = cluster.broker(1).image.topicsByName.get("__consumer_offsets")!;
    expect([...topic.partitions.values()].map(({ replicas }) => replicas.length)).toEqual([2, 2, 2, 2]);
  });

  test("other brokers are not the coordinator and say so, in every request", () => {
    createTopic(cluster, "t");
    const coordinator = group.coordinator();
    const other = NODES.find((id) => id !== coordinator)!;
    const groupId = "my-group";
    const error = (reply: unknown) => errorName((reply as { errorCode: number }).errorCode);
    expect(group.heartbeat("m", 1, other)).toBe("NOT_COORDINATOR");
    expect(error(group.await(group.join("", {}, other)))).toBe("NOT_COORDINATOR");
    expect(error(group.await(group.sync("m", 1, {}, other)))).toBe("NOT_COORDINATOR");
    expect(group.leave("m", other)).toBe("NOT_COORDINATOR");
    expect(group.commit("t", 1, undefined, other)).toBe("NOT_COORDINATOR");
    expect(group.fetch("t", false, other).error).toBe("NOT_COORDINATOR");
    const described = cluster.call<DescribeGroupsResponse>(
      other,
      ApiKey.DescribeGroups,
      newDescribeGroupsRequest({ groups: [groupId] }),
      5,
    );
    expect(error((described as DescribeGroupsResponse).groups[0])).toBe("NOT_COORDINATOR");
    const deleted = cluster.call<{ results: unknown[] }>(
      other,
      ApiKey.DeleteGroups,
      newDeleteGroupsRequest({ groupsNames: [groupId] }),
      2,
    );
    expect(error((deleted as { results: unknown[] }).results[0])).toBe("NOT_COORDINATOR");
    const topics = [{ name: "t", partitions: [{ partitionIndex: 0 }] }];
    expect(error(cluster.call(other, ApiKey.OffsetDelete, newOffsetDeleteRequest({ groupId, topics }), 0))).toBe(
      "NOT_COORDINATOR",
    );
  });
});

describe("a group", () => {
  test("G2 of one member forms after group.initial.rebalance.delay.ms; a session of one second is refused", () => {
    const short = group.await(group.join("", { sessionTimeoutMs: 1_000 }));
    expect(errorName(short.errorCode)).toBe("INVALID_SESSION_TIMEOUT");
    const { memberId } = group.await(group.join(""));
    const beganMs = cluster.nowMs;
    expect(group.await(group.join(memberId)).errorCode).toBe(0);
    expect(cluster.nowMs - beganMs).toBeGreaterThanOrEqual(3_000);
    expect(cluster.nowMs - beganMs).toBeLessThan(3_100);
  });

  test("commits, and its offsets are read back", () => {
    createTopic(cluster, "t");
    const { memberId, generation } = group.alone();
    expect(generation).toBe(1);
    expect(group.heartbeat(memberId, generation)).toBe("NONE");
    expect(group.commit("t", 42, { memberId, generation }, undefined, "note")).toBe("NONE");
    expect(group.fetch("t")).toEqual({ offset: 42, error: "NONE", metadata: "note" });
    expect(group.fetch("t", true)).toEqual({ offset: 42, error: "NONE", metadata: "note" });
  });

  test("G7 a member that was silent past its session cannot commit any more", () => {
    createTopic(cluster, "t");
    const { memberId, generation } = group.alone();
    expect(group.commit("t", 1, { memberId, generation: generation - 1 })).toBe("ILLEGAL_GENERATION");
    cluster.pass(10_100);
    expect(group.commit("t", 2, { memberId, generation })).toBe("UNKNOWN_MEMBER_ID");
    expect(group.fetch("t").offset).toBe(-1);
  });

  test("G6 4,097 characters of metadata are too many", () => {
    createTopic(cluster, "t");
    expect(group.commit("t", 1, undefined, undefined, "x".repeat(4_097))).toBe("OFFSET_METADATA_TOO_LARGE");
    expect(group.commit("t", 1, undefined, undefined, "x".repeat(4_096))).toBe("NONE");
  });

  test("is listed, described, emptied and deleted; with its topic its offsets go", () => {
    createTopic(cluster, "t");
    createTopic(cluster, "u");
    const { memberId, generation } = group.alone();
    const at = group.coordinator();
    group.commit("t", 1, { memberId, generation });
    group.commit("u", 2, { memberId, generation });
    const list = (statesFilter: string[]) =>
      (
        cluster.call<ListGroupsResponse>(
          at,
          ApiKey.ListGroups,
          newListGroupsRequest({ statesFilter }),
          5,
        ) as ListGroupsResponse
      ).groups;
    expect(list([])).toEqual([
      { groupId: "my-group", protocolType: "consumer", groupState: "Stable", groupType: "Classic" },
    ]);
    expect(list(["Empty"])).toEqual([]);
    const describe_ = (version: number, includeAuthorizedOperations = false) =>
      (
        cluster.call<DescribeGroupsResponse>(
          at,
          ApiKey.DescribeGroups,
          newDescribeGroupsRequest({ groups: ["my-group"], includeAuthorizedOperations }),
          version,
        ) as DescribeGroupsResponse
      ).groups[0]!;
    expect(describe_(5)).toMatchObject({
      groupState: "Stable",
      protocolData: "range",
      members: [{ memberId, clientId: "test", clientHost: "/test" }],
    });
    // READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS
    expect(describe_(5, true).authorizedOperations).toBe(0b1101_0100_1000);
    const remove = () => {
      const reply = cluster.call<{ results: { errorCode: number }[] }>(
        at,
        ApiKey.DeleteGroups,
        newDeleteGroupsRequest({ groupsNames: ["my-group", "my-group"] }),
        2,
      );
      const { results } = reply as { results: { errorCode: number }[] };
      expect(results).toHaveLength(1);
      return errorName(results[0]!.errorCode);
    };
    expect(remove()).toBe("NON_EMPTY_GROUP");
    expect(group.leave(memberId)).toBe("NONE");
    cluster.call(
      1,
      ApiKey.DeleteTopics,
      newDeleteTopicsRequest({ topics: [{ name: "t", topicId: ZERO_UUID }], timeoutMs: 5_000 }),
      6,
    );
    cluster.until(() => group.fetch("t").offset === -1, "the offset of the deleted topic to go");
    expect(group.fetch("u").offset).toBe(2);
    expect(remove()).toBe("NONE");
    expect(describe_(6)).toMatchObject({ groupState: "Dead", errorCode: 69 });
    expect(group.fetch("u").offset).toBe(-1);
    expect(remove()).toBe("GROUP_ID_NOT_FOUND");
  });
});

describe("delivery", () => {
  /** Four records; a consumer takes two, does these two things with them and dies; what was worked on, by it and by the one in its place. */
  function workedOn(...steps: readonly ("work" | "commit")[]): string[] {
    const client = new TestClient(cluster);
    createTopic(cluster, "t");
    const values = ["a", "b", "c", "d"];
    const toRecord = (value: string) => ({
      key: null,
      value: new TextEncoder().encode(value),
      timestampMs: 1_700_000_000_000,
    });
    expect(client.produce("t", values.map(toRecord)).error).toBe("NONE");
    const first = group.alone();
    const done: string[] = [];
    for (const step of steps) {
      if (step === "work") done.push(...client.values("t").slice(0, 2));
      else expect(group.commit("t", 2, first)).toBe("NONE");
    }
    cluster.pass(10_100);
    expect(group.commit("t", 4, first), "it is dead to the group").toBe("UNKNOWN_MEMBER_ID");
    group.alone();
    return [...done, ...client.values("t", Math.max(0, group.fetch("t").offset))];
  }

  test("X1 at most once: who commits before it works and dies between has lost what it had in hand, and doubles nothing", () => {
    expect(workedOn("commit")).toEqual(["c", "d"]);
  });

  test("X2 C4 at least once: who works and dies before it commits has its records given again, and none is skipped", () => {
    expect(workedOn("work")).toEqual(["a", "b", "a", "b", "c", "d"]);
    cluster = new SmallCluster();
    group = new GroupClient(cluster, "my-group");
    expect(workedOn("work", "commit")).toEqual(["a", "b", "c", "d"]);
  });

  test("C6 offsets of a group with a member are not set from outside; once it has left they are", () => {
    createTopic(cluster, "t");
    const { memberId } = group.alone();
    expect(group.commit("t", 1)).toBe("UNKNOWN_MEMBER_ID");
    expect(group.leave(memberId)).toBe("NONE");
    expect(group.commit("t", 1)).toBe("NONE");
    expect(group.fetch("t").offset).toBe(1);
  });
});

describe("the forms of older and newer versions", () => {
  test("G4 the newer group protocol is not offered: a client that asks for it is told so at once", () => {
    const keys = [ApiKey.ConsumerGroupHeartbeat, ApiKey.ConsumerGroupDescribe, ApiKey.ShareGroupHeartbeat];
    expect(keys.filter((key) => CLIENT_ADVERTISED.has(key))).toEqual([]);
  });

  test("JoinGroup before version 7 has no null protocol name, LeaveGroup before 3 one member", () => {
    const at = group.coordinator();
    expect(group.await(group.join("?", {}, at, 5))).toMatchObject({ errorCode: 25, protocolName: "" });
    const { memberId } = group.alone();
    const leave = (id: string) =>
      cluster.call<LeaveGroupResponse>(
        at,
        ApiKey.LeaveGroup,
        newLeaveGroupRequest({ groupId: "my-group", memberId: id }),
        1,
      ) as LeaveGroupResponse;
    expect(leave("?")).toMatchObject({ errorCode: 25, members: [] });
    expect(leave(memberId)).toMatchObject({ errorCode: 0, members: [] });
  });

  test("SyncGroup version 5 must name the protocol", () => {
    const at = group.coordinator();
    const request = newSyncGroupRequest({ groupId: "my-group", memberId: "m", generationId: 1 });
    expect(cluster.call<SyncGroupResponse>(at, ApiKey.SyncGroup, request, 5)).toMatchObject({ errorCode: 23 });
    expect(cluster.call<SyncGroupResponse>(at, ApiKey.SyncGroup, request, 4)).toMatchObject({ errorCode: 25 });
  });

  test("an empty group id is INVALID_GROUP_ID, at any broker", () => {
    group.coordinator();
    for (const id of NODES) {
      const heartbeat = newHeartbeatRequest({ groupId: "", memberId: "m", generationId: 1 });
      expect(cluster.call(id, ApiKey.Heartbeat, heartbeat, 4)).toMatchObject({ errorCode: 24 });
      expect(cluster.call(id, ApiKey.JoinGroup, newJoinGroupRequest({ groupId: "" }), 9)).toMatchObject({
        errorCode: 24,
      });
    }
  });

  test("OffsetCommit names what does not exist, and stores the rest; OffsetDelete likewise", () => {
    createTopic(cluster, "t", 2);
    const at = group.coordinator();
    const partitions = [0, 7].map((partitionIndex) => newCommit({ partitionIndex, committedOffset: 3 }));
    const topics = ["?", "t"].map((name) => ({ name, topicId: ZERO_UUID, partitions }));
    const request = newOffsetCommitRequest({ groupId: "my-group", topics });
    const reply = cluster.call<OffsetCommitResponse>(at, ApiKey.OffsetCommit, request, 8) as OffsetCommitResponse;
    const codes = (answered: { topics: readonly { name: string; partitions: readonly { errorCode: number }[] }[] }) =>
      answered.topics.map(({ name, partitions: all }) => [name, ...all.map(({ errorCode }) => errorCode)]);
    expect(codes(reply)).toEqual([
      ["?", 3, 3],
      ["t", 0, 3],
    ]);
    const asked = ["?", "t"].map((name) => ({ name, partitions: [{ partitionIndex: 0 }, { partitionIndex: 7 }] }));
    const remove = newOffsetDeleteRequest({ groupId: "my-group", topics: asked });
    const removed = cluster.call<OffsetDeleteResponse>(at, ApiKey.OffsetDelete, remove, 0) as OffsetDeleteResponse;
    expect(codes(removed)).toEqual([
      ["?", 3, 3],
      ["t", 0, 3],
    ]);
  });

  test("OffsetFetch: one group before version 8, all topics by null, several groups after, topic ids between our nodes", () => {
    createTopic(cluster, "t");
    group.commit("t", 5);
    const at = group.coordinator();
    const ask = (
      body: Parameters<typeof newOffsetFetchRequest>[0],
      version: number,
      listener: "client" | "peer" = "client",
    ) =>
      cluster.call<OffsetFetchResponse>(
        at,
        ApiKey.OffsetFetch,
        newOffsetFetchRequest(body),
        version,
        listener,
      ) as OffsetFetchResponse;
    const five = { partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: -1, metadata: "", errorCode: 0 };
    const groupId = "my-group";
    expect(ask({ groupId, topics: [{ name: "t", partitionIndexes: [0] }] }, 5).topics).toEqual([
      { name: "t", partitions: [five] },
    ]);
    expect(ask({ groupId, topics: null }, 2).topics).toEqual([{ name: "t", partitions: [five] }]);
    const everything = { groupId, memberId: null, memberEpoch: -1, topics: null };
    const other = NODES.find((id) => id !== at)!;
    const foreign = Array.from({ length: 50 }, (_, i) => `g${i}`).find(
      (id) => cluster.broker(other).groups && new GroupClient(cluster, id).coordinator() === other,
    )!;
    const both = ask({ groups: [everything, { ...everything, groupId: foreign }] }, 9).groups;
    expect(both.map(({ errorCode }) => errorName(errorCode))).toEqual(["NONE", "NOT_COORDINATOR"]);
    expect(both[0]!.topics).toEqual([{ name: "t", topicId: ZERO_UUID, partitions: [five] }]);
    const topicId = cluster.broker(at).image.topicsByName.get("t")!.id;
    const unknown = "BBBBBBBBBBBBBBBBBBBBBB" as typeof topicId;
    const byId = {
      ...everything,
      topics: [topicId, unknown].map((id) => ({ name: "", topicId: id, partitionIndexes: [0] })),
    };
    const named = ask({ groups: [everything, byId] }, 10, "peer").groups;
    expect(named[0]!.topics).toMatchObject([{ topicId, partitions: [five] }]);
    expect(named[1]!.topics.map(({ partitions }) => errorName(partitions[0]!.errorCode))).toEqual([
      "NONE",
      "UNKNOWN_TOPIC_ID",
    ]);
    expect(
      ask({ groupId: foreign, topics: [{ name: "t", partitionIndexes: [0] }] }, 1).topics[0]!.partitions[0],
    ).toMatchObject({ errorCode: 16, committedOffset: -1 });
  });
});

describe("what the views see", () => {
  test("groups that changed, with committed offsets, the epoch of their coordinator and what happened", () => {
    createTopic(cluster, "t");
    const at = group.coordinator();
    const { groups } = cluster.broker(at);
    const notices: string[] = [];
    groups.onEvent((event) => notices.push(event.type === "stateChanged" ? `${event.from} > ${event.to}` : event.type));
    groups.takeChanged();
    const { memberId, generation } = group.alone();
    expect([...groups.takeChanged()]).toEqual(["my-group"]);
    expect([...groups.takeChanged()]).toEqual([]);
    group.commit("t", 7, { memberId, generation });
    expect([...groups.takeChanged()]).toEqual(["my-group"]);
    expect(groups.describe("my-group")).toMatchObject({
      state: "Stable",
      generation: 1,
      leaderId: memberId,
      coordinatorPartition: 12,
      coordinatorEpoch: 0,
      members: [{ memberId, clientId: "test", protocols: ["range"] }],
      offsets: [{ topic: "t", partition: 0, offset: 7 }],
    });
    expect([...groups.ids()]).toEqual(["my-group"]);
    expect([...groups.loaded()]).toContainEqual({ partition: 12, epoch: 0 });
    expect(notices).toEqual([
      "memberJoined",
      "Empty > PreparingRebalance",
      "PreparingRebalance > CompletingRebalance",
      "CompletingRebalance > Stable",
    ]);
    const other = cluster.broker(NODES.find((id) => id !== at)!).groups;
    expect(other.describe("my-group")).toBeNull();
    cluster.broker(at).stop(60_000, () => {});
    cluster.until(() => groups.describe("my-group") === null, "the group to move away");
    expect([...groups.takeChanged()]).toEqual(["my-group"]);
    expect(notices.filter((notice) => notice === "unloaded").length).toBeGreaterThan(0);
  });
});
