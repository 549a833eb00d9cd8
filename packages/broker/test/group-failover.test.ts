/** What becomes of groups when their coordinator changes, and of the partition that they live in. */
import { ZERO_UUID, type NodeId } from "@vitrine/core";
import { groupPartition } from "@vitrine/group-coordinator";
import {
  ApiKey,
  newDeleteTopicsRequest,
  newListGroupsRequest,
  newOffsetCommitRequest,
  newOffsetCommitRequestOffsetCommitRequestPartition as newCommit,
  type JoinGroupResponse,
  type ListGroupsResponse,
  type OffsetCommitResponse,
} from "@vitrine/protocol/types";
import { beforeEach, describe, expect, test } from "vitest";
import { commitError, createTopic, errorName, GroupClient } from "./group-client.ts";
import { SmallCluster } from "./small-cluster.ts";

let cluster: SmallCluster;
let group: GroupClient;
beforeEach(() => {
  cluster = new SmallCluster();
  group = new GroupClient(cluster, "my-group");
});

const NODES: readonly NodeId[] = [1, 2, 3];

function offsetsLog(node: NodeId) {
  const index = groupPartition("my-group", 50);
  return [...cluster.nodes.get(node)!.store.logs.values()].find(
    ({ descriptor }) => descriptor.topicName === "__consumer_offsets" && descriptor.partition === index,
  )!;
}

describe("B41 B42 another coordinator", () => {
  test("knows the group and every acknowledged commit", () => {
    createTopic(cluster, "t");
    const { memberId, generation } = group.alone();
    const before = group.coordinator();
    for (let offset = 1; offset <= 20; offset++)
      expect(group.commit("t", offset, { memberId, generation })).toBe("NONE");
    cluster.kill(before);
    const after = group.coordinator();
    expect(after).not.toBe(before);
    expect(group.fetch("t").offset).toBe(20);
    expect(group.heartbeat(memberId, generation)).toBe("NONE");
    expect(group.commit("t", 21, { memberId, generation })).toBe("NONE");
    expect(group.fetch("t").offset).toBe(21);
  });

  test("requests that are parked when leadership moves are told NOT_COORDINATOR, once each", () => {
    createTopic(cluster, "t");
    const { memberId, generation } = group.alone();
    const before = group.coordinator();
    const newcomer = group.await(group.join("", {}, before));
    const join = group.join(newcomer.memberId, {}, before);
    cluster.pass(50);
    expect(join.done).toBe(false);
    expect(group.heartbeat(memberId, generation, before)).toBe("REBALANCE_IN_PROGRESS");
    // Leadership moves in good order: the broker stays there.
    let stopped = false;
    cluster.broker(before).stop(60_000, () => (stopped = true));
    cluster.until(() => join.done, "the parked join to be told");
    expect(errorName((join.body as JoinGroupResponse).errorCode)).toBe("NOT_COORDINATOR");
    cluster.until(() => stopped, "an orderly stop");
    expect(join.count).toBe(1);
  });

  test("while it loads, requests are COORDINATOR_LOAD_IN_PROGRESS and heartbeats are NONE", () => {
    cluster = new SmallCluster({}, { tailBytesMax: 1 });
    group = new GroupClient(cluster, "my-group");
    createTopic(cluster, "t");
    const { memberId, generation } = group.alone();
    const before = group.coordinator();
    for (let offset = 1; offset <= 5; offset++) group.commit("t", offset, { memberId, generation });
    cluster.kill(before);
    const leads = (id: NodeId) =>
      id !== before &&
      cluster.broker(id).image.topicsByName.get("__consumer_offsets")!.partitions.get(12)!.leader === id;
    cluster.until(() => NODES.some(leads), "another leader");
    const after = NODES.find(leads)!;
    // The leader is known and its groups are not: nothing of the partition is in memory.
    const seen = new Set<string>();
    cluster.until(() => {
      const fetched = group.fetch("t", false, after);
      seen.add(fetched.error);
      if (fetched.error === "COORDINATOR_LOAD_IN_PROGRESS") {
        expect(group.heartbeat(memberId, generation, after)).toBe("NONE");
        const listed = cluster.call<ListGroupsResponse>(
          after,
          ApiKey.ListGroups,
          newListGroupsRequest(),
          5,
        ) as ListGroupsResponse;
        expect(["COORDINATOR_LOAD_IN_PROGRESS", "NONE"]).toContain(errorName(listed.errorCode));
      }
      return fetched.error === "NONE";
    }, "the groups to be loaded");
    expect([...seen]).toContain("COORDINATOR_LOAD_IN_PROGRESS");
    expect(group.fetch("t", false, after).offset).toBe(5);
  });

  test("a commit that cannot be replicated is not acknowledged and not read; below min.insync.replicas it is refused", () => {
    createTopic(cluster, "t");
    group.commit("t", 1);
    const at = group.coordinator();
    for (const id of NODES) if (id !== at) cluster.kill(id);
    const answer = group.sendCommit("t", 2, undefined, at);
    expect(group.fetch("t", false, at).offset).toBe(1);
    cluster.until(() => answer.done, "the answer");
    expect(commitError(answer.body as OffsetCommitResponse)).toBe("COORDINATOR_NOT_AVAILABLE");
    expect(group.fetch("t", false, at).offset).toBe(1);
  });
});

test("GC47 the offsets of a topic that was deleted while nobody coordinated go when somebody does", () => {
  cluster = new SmallCluster({ "offsets.topic.replication.factor": "1" });
  group = new GroupClient(cluster, "my-group");
  createTopic(cluster, "t");
  createTopic(cluster, "u");
  group.commit("t", 1);
  group.commit("u", 2);
  // Its partition has one replica, so while that is away there is no coordinator.
  const at = group.coordinator();
  const other = NODES.find((id) => id !== at)!;
  cluster.kill(at);
  cluster.until(() => cluster.broker(other).image.brokers.get(at)!.fenced, "the broker to be fenced");
  const topics = [{ name: "t", topicId: ZERO_UUID }];
  cluster.call(other, ApiKey.DeleteTopics, newDeleteTopicsRequest({ topics, timeoutMs: 5_000 }), 6);
  cluster.until(() => !cluster.broker(other).image.topicsByName.has("t"), "the topic to be gone");
  cluster.restart(at);
  cluster.until(() => group.fetch("t").offset === -1, "the offset of the deleted topic to go");
  expect(group.fetch("u").offset).toBe(2);
});

describe("B44 the log of a partition", () => {
  test("is written anew and shortened when nearly all of it is out of date, on every replica, and nothing is lost", () => {
    createTopic(cluster, "t", 40);
    const at = group.coordinator();
    const commitAll = (offset: number) => {
      const partitions = Array.from({ length: 40 }, (_, partitionIndex) =>
        newCommit({ partitionIndex, committedOffset: offset }),
      );
      const request = newOffsetCommitRequest({
        groupId: "my-group",
        topics: [{ name: "t", topicId: ZERO_UUID, partitions }],
      });
      const reply = cluster.call<OffsetCommitResponse>(at, ApiKey.OffsetCommit, request, 9) as OffsetCommitResponse;
      expect(reply.topics[0]!.partitions.every(({ errorCode }) => errorCode === 0)).toBe(true);
    };
    for (let round = 0; round < 124; round++) commitAll(round);
    expect(offsetsLog(at).logStartOffset).toBe(0);
    for (let round = 124; round < 140; round++) commitAll(round);
    cluster.until(
      () => NODES.every((id) => offsetsLog(id).logStartOffset >= 5_000),
      "every replica's log to begin later",
    );
    const { logStartOffset, logEndOffset } = offsetsLog(at);
    expect(logEndOffset - logStartOffset).toBeLessThan(1_000);
    cluster.kill(at);
    expect(group.coordinator()).not.toBe(at);
    expect(group.fetch("t").offset).toBe(139);
  });
});
