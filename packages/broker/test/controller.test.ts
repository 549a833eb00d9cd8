import { ZERO_UUID } from "@vitrine/core";
import {
  ApiKey,
  newCreateTopicsRequest,
  newOffsetCommitRequest,
  newOffsetCommitRequestOffsetCommitRequestPartition as newCommit,
} from "@vitrine/protocol/types";
import { beforeEach, describe, expect, test } from "vitest";
import { GroupClient } from "./group-client.ts";
import { SmallCluster } from "./small-cluster.ts";
import { TestClient } from "./test-client.ts";

let cluster: SmallCluster;
let client: TestClient;
beforeEach(() => {
  cluster = new SmallCluster();
  client = new TestClient(cluster);
});

const text = (value: string) => [{ key: null, value: new TextEncoder().encode(value), timestampMs: 1_700_000_000_000 }];

describe("the controller", () => {
  test("B7 any broker takes a client's request for the controller to it", () => {
    for (const id of [1, 2, 3]) {
      const topic = { name: `t${id}`, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] };
      const reply = cluster.call(
        id,
        ApiKey.CreateTopics,
        newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 }),
        7,
      );
      expect(reply).toMatchObject({ topics: [{ errorCode: 0 }] });
    }
  });

  test("B25 a number that Kafka's field cannot hold is refused, to this process's own broker and to the controller, and stops nothing", () => {
    client.createTopic("t");
    const partition = newCommit({ partitionIndex: 0, committedOffset: 0, committedLeaderEpoch: 9_999_999_999 });
    const commit = newOffsetCommitRequest({
      groupId: "g",
      topics: [{ name: "t", topicId: ZERO_UUID, partitions: [partition] }],
    });
    const coordinator = new GroupClient(cluster, "g").coordinator();
    expect(cluster.call(coordinator, ApiKey.OffsetCommit, commit, 9, "local")).toBe("close");

    const { controllerId } = cluster;
    const topic = { name: "u", numPartitions: 9_999_999_999, replicationFactor: 1, assignments: [], configs: [] };
    const results: unknown[] = [];
    for (const id of [controllerId, ...[1, 2, 3].filter((other) => other !== controllerId)])
      cluster
        .broker(id)
        .callController(
          ApiKey.CreateTopics,
          newCreateTopicsRequest({ topics: [topic], timeoutMs: 1_000 }),
          1_000,
          (result) => results.push(result),
        );
    cluster.until(() => results.length === 3, "the answers");
    expect(results).toEqual(results.map(() => ({ ok: false, reason: "not-sent" })));
    expect(client.produce("t", text("a")).error).toBe("NONE");
  });

  test("B7 a client's request waits while there is no controller, and is carried out by the next one; one of this process is refused", () => {
    cluster.kill(cluster.controllerId);
    const survivors = [1, 2, 3].filter((id) => cluster.nodes.get(id)!.alive);
    const request = (name: string) => {
      const topic = { name, numPartitions: 1, replicationFactor: 2, assignments: [], configs: [] };
      return newCreateTopicsRequest({ topics: [topic], timeoutMs: 20_000 });
    };
    const local = cluster.send(survivors[0]!, ApiKey.CreateTopics, request("local"), 7, "local");
    const answers = survivors.map((id) => cluster.send(id, ApiKey.CreateTopics, request(`t${id}`), 7));
    cluster.until(() => local.done && answers.every((answer) => answer.done), "the answers");
    expect(local.body).toMatchObject({ topics: [{ errorCode: 41 }] });
    for (const answer of answers) expect(answer.body).toMatchObject({ topics: [{ errorCode: 0 }] });
  });

  test("B7 a client is told NOT_CONTROLLER when its time is up", () => {
    for (const id of [2, 3]) cluster.kill(id);
    const topic = { name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    const request = newCreateTopicsRequest({ topics: [topic], timeoutMs: 3_000 });
    cluster.pass(10_000);
    const answer = cluster.send(1, ApiKey.CreateTopics, request, 7);
    cluster.pass(2_500);
    expect(answer.done).toBe(false);
    cluster.pass(1_000);
    expect(answer.body).toMatchObject({ topics: [{ errorCode: 41 }] });
  });

  test("B9 B10 when the active controller dies, the next one finds its broker dead at once", () => {
    client.createTopic("t");
    const controller = cluster.controllerId;
    cluster.kill(controller);
    const beforeMs = cluster.nowMs;
    cluster.until(
      () =>
        cluster.controllerId > 0 && cluster.broker(cluster.controllerId).image.brokers.get(controller)?.fenced === true,
      "the fence",
    );
    expect(cluster.nowMs - beforeMs).toBeLessThan(500);
    cluster.until(() => client.produce("t", text("a")).error === "NONE", "a write");
  });
});

describe("nodes that go and come back", () => {
  test("B11 B12 a broker that comes back gets a new epoch, catches up and joins the ISR; logs of topics deleted meanwhile go", () => {
    client.createTopic("kept");
    client.createTopic("gone");
    client.produce("gone", text("x"));
    const victim = [1, 2, 3].find((id) => id !== cluster.controllerId && id !== client.leaderOf("kept"))!;
    const epoch = cluster.broker(victim).brokerEpoch;
    cluster.kill(victim);
    cluster.until(() => client.produce("kept", text("while away")).error === "NONE", "a write");
    const topics = [{ name: "gone", topicId: ZERO_UUID }];
    cluster.call(cluster.controllerId, ApiKey.DeleteTopics, { topics, topicNames: [], timeoutMs: 5_000 }, 6);
    cluster.restart(victim);
    cluster.until(
      () => cluster.broker(cluster.controllerId).image.topicsByName.get("kept")!.partitions.get(0)!.isr.length === 3,
      "a full ISR",
    );
    expect(cluster.broker(victim).brokerEpoch).toBeGreaterThan(epoch);
    // The refusal of its earlier life fences it once, not again.
    expect(cluster.journal.filter((line) => line.includes(`broker ${victim} is fenced`))).toHaveLength(1);
    const names = [...cluster.nodes.get(victim)!.store.logs.values()].map((log) => log.descriptor.topicName);
    expect(names).not.toContain("gone");
    expect(names).toContain("kept");
  });

  test("B11 a broker that comes back with an empty disk leads nothing that others hold", () => {
    client.createTopic("t", { replicas: [2, 3] });
    expect(client.produce("t", text("a")).error).toBe("NONE");
    cluster.kill(3);
    cluster.until(
      () => cluster.broker(1).image.topicsByName.get("t")!.partitions.get(0)!.isr.length === 1,
      "the ISR to shrink",
    );
    cluster.kill(2);
    cluster.pass(4_000);
    cluster.restart(2, { wiped: true });
    cluster.pass(2_000);
    cluster.restart(3);
    cluster.until(() => client.leaderOf("t") === 3, "the replica that has the record to lead");
    cluster.until(() => client.produce("t", text("b")).error === "NONE", "a write");
    expect(client.values("t")).toEqual(["a", "b"]);
  });

  test("B17 after an unclean election a replica that was away follows the new leader, and the ISR is full again", () => {
    const configs = { "unclean.leader.election.enable": "true", "min.insync.replicas": "1" };
    client.createTopic("t", { replicas: [2, 3], configs });
    const isr = () => cluster.broker(1).image.topicsByName.get("t")!.partitions.get(0)!.isr;
    cluster.until(() => client.produce("t", text("both")).error === "NONE", "a record on both");
    cluster.kill(3);
    cluster.until(() => isr().length === 1, "the ISR to shrink");
    for (const value of ["only", "on", "two"]) expect(client.produce("t", text(value)).error).toBe("NONE");
    cluster.kill(2);
    cluster.restart(3);
    cluster.until(() => client.leaderOf("t") === 3, "the unclean leader");
    cluster.until(() => client.produce("t", text("after")).error === "NONE", "a write");
    cluster.restart(2);
    cluster.until(() => isr().length === 2, "a full ISR");
  });

  test("B14 the last of the brokers stops in its time, though there is no controller to ask", () => {
    cluster.kill(1);
    cluster.kill(2);
    cluster.pass(6_000);
    let stopped = false;
    cluster.broker(3).stop(2_000, () => (stopped = true));
    cluster.until(() => stopped, "the stop");
  });

  test("B14 an orderly stop gives leaders away before it ends", () => {
    client.createTopic("t");
    const leader = client.leaderOf("t");
    let stopped = false;
    cluster.broker(leader).stop(5_000, () => (stopped = true));
    cluster.until(() => stopped, "the stop");
    const other = [1, 2, 3].find((id) => id !== leader)!;
    expect(cluster.broker(other).image.topicsByName.get("t")!.partitions.get(0)!.leader).not.toBe(leader);
  });
});
