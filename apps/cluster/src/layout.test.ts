import { expect, test } from "vitest";
import { newClusterFile } from "./cluster-file.ts";
import { planLayout, upProfile } from "./layout.ts";
import { portBlock } from "./ports.ts";

function planned(brokers: number, controllers: number, rackPrefix: string | null = null) {
  const cluster = newClusterFile({ brokers, controllers }, { clusterId: "abc", secret: "s" });
  return planLayout({
    cluster,
    ports: portBlock(8080, brokers, controllers),
    dataDir: "/d",
    host: "127.0.0.1",
    rackPrefix,
  });
}

test("three brokers are the quorum by default, each with its three listeners", () => {
  const { nodes, gateway } = planned(3, 0);
  expect(nodes.map(({ kind, id, roles }) => [kind, id, roles.join()])).toEqual([
    ["broker", 1, "broker,controller"],
    ["broker", 2, "broker,controller"],
    ["broker", 3, "broker,controller"],
  ]);
  expect(nodes[1]!.properties).toMatchObject({
    "node.id": "2",
    "controller.quorum.voters": "1@127.0.0.1:9192,2@127.0.0.1:9193,3@127.0.0.1:9194",
    listeners: "CLIENT://127.0.0.1:9093,PEER://127.0.0.1:9193,HTTP://127.0.0.1:8093",
    "log.dirs": "/d/broker-2",
  });
  expect(gateway).toMatchObject({ host: "127.0.0.1", port: 8080, clusterId: "abc", minInsyncReplicas: 2 });
  expect(gateway.voters.map(({ nodeId, port }) => [nodeId, port])).toEqual([
    [1, 9192],
    [2, 9193],
    [3, 9194],
  ]);
});

test("controllers of their own take the quorum, and brokers do not vote", () => {
  const { nodes } = planned(2, 3);
  expect(nodes.map(({ id, roles }) => [id, roles.join()])).toEqual([
    [101, "controller"],
    [102, "controller"],
    [103, "controller"],
    [1, "broker"],
    [2, "broker"],
  ]);
  expect(nodes[0]!.properties["listeners"]).toBe("PEER://127.0.0.1:9292");
  expect(nodes[3]!.properties["controller.quorum.voters"]).toBe(
    "101@127.0.0.1:9292,102@127.0.0.1:9293,103@127.0.0.1:9294",
  );
});

test("racks are given only when asked for", () => {
  expect(planned(1, 0).nodes[0]!.properties["broker.rack"]).toBeUndefined();
  expect(planned(2, 0, "rack-").nodes[1]!.properties["broker.rack"]).toBe("rack-2");
});

test.each([
  [1, "1", "1"],
  [2, "2", "1"],
  [3, "3", "2"],
  [5, "3", "2"],
])("%i brokers: replication factor %s, min.insync.replicas %s", (brokers, factor, minIsr) => {
  expect(upProfile(brokers)).toMatchObject({ "default.replication.factor": factor, "min.insync.replicas": minIsr });
});
