import { errorFromCode, ZERO_UUID } from "@vitrine/core";
import { buildBatch, sealBatch } from "@vitrine/protocol";
import { ApiKey, newListOffsetsRequest, newProduceRequest, type ResponseOf } from "@vitrine/protocol/types";
import { beforeEach, describe, expect, test } from "vitest";
import { SmallCluster } from "./small-cluster.ts";
import { TestClient } from "./test-client.ts";

let cluster: SmallCluster;
let client: TestClient;
beforeEach(() => {
  cluster = new SmallCluster();
  client = new TestClient(cluster);
});

const text = (value: string) => [{ key: null, value: new TextEncoder().encode(value), timestampMs: 1_700_000_000_000 }];

function produceBody(value: string, acks: number, timeoutMs = 2_000) {
  return newProduceRequest({
    acks,
    timeoutMs,
    topicData: [{ name: "t", topicId: ZERO_UUID, partitionData: [{ index: 0, records: buildBatch(text(value)) }] }],
  });
}

describe("writing", () => {
  test("B2 acks=all is answered when the high watermark has passed the record, and every follower can lead it on", () => {
    client.createTopic("t");
    expect(client.produce("t", text("a"))).toMatchObject({ error: "NONE", offset: 0 });
    const first = client.leaderOf("t");
    cluster.kill(first);
    cluster.until(() => client.leaderOf("t") !== first, "another leader");
    cluster.until(() => client.produce("t", text("b")).error === "NONE", "a write to the new leader");
    expect(client.values("t")).toEqual(["a", "b"]);
  });

  test("B2 acks=0 has no response", () => {
    client.createTopic("t");
    expect(cluster.call(client.leaderOf("t"), ApiKey.Produce, produceBody("a", 0), 9)).toBeNull();
    cluster.until(() => client.values("t").length === 1, "the record");
  });

  test("B3 acks=all below min.insync.replicas is refused and nothing is appended", () => {
    client.createTopic("t", { configs: { "min.insync.replicas": "3" } });
    cluster.kill([1, 2, 3].find((id) => id !== client.leaderOf("t") && id !== cluster.controllerId)!);
    const isrAtLeader = () =>
      cluster.broker(client.leaderOf("t")).image.topicsByName.get("t")!.partitions.get(0)!.isr.length;
    cluster.until(() => isrAtLeader() === 2, "the ISR to shrink");
    expect(client.produce("t", text("a")).error).toBe("NOT_ENOUGH_REPLICAS");
    expect(client.logOf("t").logEndOffset).toBe(0);
    expect(client.produce("t", text("weak"), { acks: 1 }).error).toBe("NONE");
    expect(client.values("t")).toEqual([]);
  });

  test("B4 a write that cannot be committed in time says so, and why", () => {
    client.createTopic("t");
    const leader = client.leaderOf("t");
    const answer = cluster.send<ResponseOf<typeof ApiKey.Produce>>(
      leader,
      ApiKey.Produce,
      produceBody("a", -1, 500),
      9,
    );
    for (const id of [1, 2, 3]) if (id !== leader) cluster.kill(id);
    cluster.until(() => answer.done, "the answer");
    const reply = answer.body as ResponseOf<typeof ApiKey.Produce>;
    const data = reply.responses[0]!.partitionResponses[0]!;
    expect(["REQUEST_TIMED_OUT", "NOT_ENOUGH_REPLICAS_AFTER_APPEND"]).toContain(errorFromCode(data.errorCode).name);
    expect(data.errorMessage).toMatch(/not committed|below min\.insync\.replicas/);
    cluster.pass(5_000);
    expect(answer.count).toBe(1);
  });

  test("clients cannot write with other acks than 0, 1 and -1", () => {
    client.createTopic("t");
    expect(client.produce("t", text("a"), { acks: 2 }).error).toBe("INVALID_REQUIRED_ACKS");
  });

  test("a batch whose payload is not what it says is kept, answered as damaged, and kills nobody", () => {
    client.createTopic("t");
    const records = buildBatch(text("x".repeat(100)));
    new DataView(records.buffer, records.byteOffset).setInt16(21, 1);
    sealBatch(records);
    expect(client.produce("t", records).error).toBe("NONE");
    const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: 5 }];
    const request = newListOffsetsRequest({ replicaId: -1, topics: [{ name: "t", partitions }] });
    const reply = client.ask(client.leaderOf("t"), ApiKey.ListOffsets, 7, request);
    expect(errorFromCode(reply.topics[0]!.partitions[0]!.errorCode).name).toBe("CORRUPT_MESSAGE");
    expect(client.produce("t", text("after")).error).toBe("NONE");
  });
});
