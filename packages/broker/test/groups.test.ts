import { groupPartition } from "@vitrine/group-coordinator";
import {
  ApiKey,
  newCreateTopicsRequest,
  newFindCoordinatorRequest,
  type FindCoordinatorResponse,
  type ResponseOf,
} from "@vitrine/protocol/types";
import { beforeEach, describe, expect, test } from "vitest";
import { errorName, GroupClient } from "./group-client.ts";
import { SmallCluster } from "./small-cluster.ts";

let cluster: SmallCluster;
let group: GroupClient;
beforeEach(() => {
  cluster = new SmallCluster();
  group = new GroupClient(cluster, "my-group");
});

function createTopic(name: string): void {
  const topic = { name, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] };
  cluster.call<ResponseOf<typeof ApiKey.CreateTopics>>(
    1,
    ApiKey.CreateTopics,
    newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 }),
    7,
  );
  cluster.until(
    () => [1, 2, 3].every((id) => cluster.broker(id).image.topicsByName.has(name)),
    `everybody to know ${name}`,
  );
}

describe("the coordinator", () => {
  test("G5 FindCoordinator makes __consumer_offsets and names the leader of the group's partition", () => {
    const request = newFindCoordinatorRequest({ keyType: 0, coordinatorKeys: ["my-group"] });
    const reply = cluster.call<FindCoordinatorResponse>(
      2,
      ApiKey.FindCoordinator,
      request,
      4,
    ) as FindCoordinatorResponse;
    const topic = cluster.broker(2).image.topicsByName.get("__consumer_offsets")!;
    expect(topic.partitions.size).toBe(50);
    expect(groupPartition("my-group", 50)).toBe(12);
    const partition = topic.partitions.get(12)!;
    expect(reply.coordinators).toEqual([
      {
        key: "my-group",
        nodeId: partition.leader,
        host: "node",
        port: 9090 + partition.leader,
        errorCode: 0,
        errorMessage: "",
      },
    ]);
    expect(partition.replicas).toHaveLength(3);
    expect(Object.fromEntries(cluster.broker(2).image.configs.get("topic:__consumer_offsets")!)).toEqual({
      "cleanup.policy": "compact",
      "compression.type": "producer",
      "segment.bytes": "104857600",
    });
  });

  test("a group of one forms, commits, and its offsets are read back", () => {
    createTopic("t");
    const { memberId, generation } = group.alone();
    expect(generation).toBe(1);
    expect(group.heartbeat(memberId, generation)).toBe("NONE");
    expect(group.commit("t", 42, { memberId, generation }, undefined, "note")).toBe("NONE");
    expect(group.fetch("t")).toEqual({ offset: 42, error: "NONE", metadata: "note" });
    expect(group.fetch("t", true)).toEqual({ offset: 42, error: "NONE", metadata: "note" });
  });

  test("another broker is not the coordinator and says so", () => {
    const coordinator = group.coordinator();
    const other = [1, 2, 3].find((id) => id !== coordinator)!;
    expect(group.heartbeat("m", 1, other)).toBe("NOT_COORDINATOR");
    expect(errorName(group.await(group.join("", {}, other)).errorCode)).toBe("NOT_COORDINATOR");
  });

  test("an acknowledged commit and the group survive the coordinator; parked requests are told", () => {
    createTopic("t");
    const { memberId, generation } = group.alone();
    expect(group.commit("t", 7, { memberId, generation })).toBe("NONE");
    const before = group.coordinator();
    cluster.kill(before);
    cluster.until(() => group.coordinator() !== before, "another coordinator");
    cluster.until(() => group.heartbeat(memberId, generation) === "NONE", "the member to be known");
    cluster.until(() => group.commit("t", 8, { memberId, generation }) === "NONE", "a commit to the new coordinator");
    expect(group.fetch("t").offset).toBe(8);
  });
});
