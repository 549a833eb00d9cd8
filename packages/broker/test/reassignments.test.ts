import {
  ApiKey,
  newDescribeQuorumRequest,
  newElectLeadersRequest,
  newApiVersionsRequest,
  newUnregisterBrokerRequest,
} from "@vitrine/protocol/types";
import { beforeEach, expect, test } from "vitest";
import { AdminClient, ask } from "./admin-client.ts";
import { SmallCluster } from "./small-cluster.ts";

let cluster: SmallCluster;
let admin: AdminClient;
beforeEach(() => {
  cluster = new SmallCluster();
  admin = new AdminClient(cluster);
});

/** Any broker but the one with the active controller. */
const bystander = () => [1, 2, 3].find((id) => id !== cluster.controllerId)!;

test("B20 a partition that moves keeps every record, is written to all the while, and leaves nothing where it was", () => {
  admin.createTopic("t", [[1, 2]], { "min.insync.replicas": "1" });
  expect([admin.produce("t", "a"), admin.produce("t", "b")]).toEqual([0, 1]);
  expect(admin.holders("t")).toEqual([1, 2]);
  expect(admin.reassign("t", [3], bystander())).toBe("NONE");
  expect(admin.produce("t", "c")).toBe(2);
  cluster.until(() => admin.partition("t").replicas.join() === "3", "the move to end");
  cluster.until(() => typeof admin.produce("t", "d") === "number", "a write at the new leader");
  expect(admin.partition("t")).toMatchObject({ leader: 3, isr: [3], addingReplicas: [], removingReplicas: [] });
  expect(admin.read("t")).toEqual(["a", "b", "c", "d"]);
  cluster.until(() => admin.holders("t").join() === "3", "the old replicas to be gone");
  expect(admin.moving(bystander())).toEqual([]);
});

test("B20 a move to a broker that is away is seen, can be cancelled, and leaves no stray data there", () => {
  admin.createTopic("t", [[cluster.controllerId]], { "min.insync.replicas": "1" });
  const [away, other] = [1, 2, 3].filter((id) => id !== cluster.controllerId) as [number, number];
  admin.produce("t", "a");
  cluster.kill(away);
  expect(admin.reassign("t", null, cluster.controllerId)).toBe("NO_REASSIGNMENT_IN_PROGRESS");
  expect(admin.reassign("t", [away, other], cluster.controllerId)).toBe("NONE");
  cluster.until(() => admin.partition("t").isr.includes(other), "the one that is there to catch up");
  expect(admin.moving(other)).toEqual([
    {
      name: "t",
      partitions: [
        {
          partitionIndex: 0,
          replicas: [away, other, cluster.controllerId],
          addingReplicas: [away, other].toSorted((a, b) => a - b),
          removingReplicas: [cluster.controllerId],
        },
      ],
    },
  ]);
  expect(admin.reassign("t", null, other)).toBe("NONE");
  cluster.until(() => admin.holders("t").join() === String(cluster.controllerId), "the new replica to be gone again");
  cluster.restart(away);
  cluster.until(() => cluster.broker(away).isReady, "the broker to be back");
  cluster.pass(1_000);
  expect(admin.holders("t")).toEqual([cluster.controllerId]);
  expect(admin.read("t")).toEqual(["a"]);
});

test("B21 R2 a restarted preferred leader leads again after an election on request, with the next leader epoch", () => {
  const preferred = bystander();
  const others = [1, 2, 3].filter((id) => id !== preferred);
  admin.createTopic("t", [[preferred, ...others]]);
  cluster.kill(preferred);
  cluster.until(() => admin.partition("t").leader !== preferred, "another leader");
  cluster.restart(preferred);
  cluster.until(() => admin.partition("t").isr.length === 3, "the replica to be in the ISR again");
  const { leaderEpoch } = admin.partition("t");
  const reply = ask(
    cluster,
    preferred,
    ApiKey.ElectLeaders,
    newElectLeadersRequest({ electionType: 0, topicPartitions: [{ topic: "t", partitions: [0] }] }),
    2,
  );
  expect(reply).toMatchObject({
    errorCode: 0,
    replicaElectionResults: [{ topic: "t", partitionResult: [{ partitionId: 0, errorCode: 0 }] }],
  });
  cluster.until(() => admin.partition("t").leader === preferred, "the preferred leader");
  expect(admin.partition("t").leaderEpoch).toBe(leaderEpoch + 1);
});

test("B7 DescribeQuorum is answered as the leader of the quorum sees it, whoever is asked", () => {
  const request = newDescribeQuorumRequest({
    topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }],
  });
  for (const id of [1, 2, 3]) {
    const reply = ask(cluster, id, ApiKey.DescribeQuorum, request, 2);
    expect(reply.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, leaderId: cluster.controllerId });
    expect(reply.topics[0]!.partitions[0]!.currentVoters.map((voter) => voter.replicaId)).toEqual([1, 2, 3]);
    expect(reply.nodes.map(({ nodeId, listeners }) => [nodeId, listeners[0]!.port])).toEqual([
      [1, 9191],
      [2, 9192],
      [3, 9193],
    ]);
  }
  const wrong = newDescribeQuorumRequest({ topics: [{ topicName: "t", partitions: [{ partitionIndex: 0 }] }] });
  expect(ask(cluster, 1, ApiKey.DescribeQuorum, wrong, 2).topics[0]!.partitions[0]!.errorCode).toBe(3);
});

test("B22 a broker that is unregistered while it runs registers anew; one that is gone is forgotten", () => {
  const gone = bystander();
  cluster.kill(gone);
  const asked = ask(
    cluster,
    cluster.controllerId,
    ApiKey.UnregisterBroker,
    newUnregisterBrokerRequest({ brokerId: gone }),
    0,
  );
  expect(asked.errorCode).toBe(0);
  cluster.until(() => !cluster.broker(cluster.controllerId).image.brokers.has(gone), "the broker to be forgotten");
  const again = ask(
    cluster,
    cluster.controllerId,
    ApiKey.UnregisterBroker,
    newUnregisterBrokerRequest({ brokerId: gone }),
    0,
  );
  expect(again).toMatchObject({ errorCode: 102, errorMessage: expect.stringContaining(String(gone)) });
  const running = [1, 2, 3].find((id) => id !== gone && id !== cluster.controllerId)!;
  const epoch = cluster.broker(running).brokerEpoch;
  ask(cluster, running, ApiKey.UnregisterBroker, newUnregisterBrokerRequest({ brokerId: running }), 0);
  cluster.until(
    () => cluster.broker(running).isReady && cluster.broker(running).brokerEpoch > epoch,
    "a new registration",
  );
});

test("K5 ApiVersions tells the features of the cluster; older versions do not hear of ranges that begin at 0", () => {
  const request = newApiVersionsRequest({ clientSoftwareName: "test", clientSoftwareVersion: "1" });
  const feature = "eligible.leader.replicas.version";
  const now = ask(cluster, 1, ApiKey.ApiVersions, request, 4);
  expect(now.supportedFeatures).toEqual([{ name: feature, minVersion: 0, maxVersion: 1 }]);
  expect(now.finalizedFeatures).toEqual([{ name: feature, minVersionLevel: 1, maxVersionLevel: 1 }]);
  expect(Number(now.finalizedFeaturesEpoch)).toBeGreaterThan(0);
  expect(ask(cluster, 1, ApiKey.ApiVersions, request, 3)).toMatchObject({
    supportedFeatures: [],
    finalizedFeatures: [{ name: feature }],
  });
});

for (const side of ["leader", "follower"] as const)
  test(`Q11 Q12 a move that the ${side} throttles keeps to its rate, shows its progress, and ends at once when the throttle is lifted`, () => {
    admin.createTopic("t", [[1]], { "min.insync.replicas": "1" });
    const value = "x".repeat(100_000);
    for (let n = 0; n < 30; n++) expect(admin.produce("t", value)).toBe(n);
    const rate = `${side}.replication.throttled.rate`;
    expect(admin.setOnBroker("", { [rate]: "200000" })).toBe("NONE");
    expect(admin.setOnTopic("t", { [`${side}.replication.throttled.replicas`]: "*" })).toBe("NONE");
    expect(admin.reassign("t", [2])).toBe("NONE");
    const logEnd = () =>
      [...cluster.nodes.get(2)!.store.logs.values()].find((log) => log.descriptor.topicName === "t")?.logEndOffset ?? 0;
    cluster.until(() => logEnd() > 0, "the new replica to begin");
    cluster.pass(5_000);
    const halfWay = logEnd();
    // Five seconds at 200 kB/s, and one answer of up to a megabyte beyond it: not the three megabytes there are.
    expect(halfWay).toBeGreaterThan(5);
    expect(halfWay).toBeLessThan(25);
    expect(admin.moving()).toHaveLength(1);
    // What is not named is not throttled, and whoever is in the ISR neither: clients notice nothing.
    expect(admin.produce("t", "small")).toBe(30);
    expect(admin.setOnBroker("", { [rate]: "1000000000" })).toBe("NONE");
    const liftedMs = cluster.nowMs;
    cluster.until(() => admin.partition("t").replicas.join() === "2", "the move to end");
    expect(cluster.nowMs - liftedMs).toBeLessThan(2_000);
    cluster.until(() => admin.read("t").length === 31, "every record at the new place");
  });

test("B20 a broker that starts again does not give up a partition that left it once and has come back since", () => {
  admin.createTopic("t", [[1, 2]], { "min.insync.replicas": "1" });
  const holds = (ids: string) => () =>
    admin.partition("t").replicas.join() === ids && admin.partition("t").isr.length > 0;
  admin.produce("t", "a");
  for (const replicas of [[1], [2, 1], [2]]) {
    expect(admin.reassign("t", replicas)).toBe("NONE");
    cluster.until(holds(replicas.join()), `the replicas to be ${replicas.join()}`);
  }
  cluster.until(
    () => admin.partition("t").leader === 2 && admin.produce("t", "b") === 1,
    "a write at the only replica",
  );
  cluster.kill(2);
  cluster.until(() => admin.partition("t").leader === -1, "the partition to be without leader");
  cluster.restart(2);
  cluster.until(() => admin.partition("t").leader === 2, "the only replica to lead again");
  cluster.until(() => admin.read("t").length > 0, "the records to be read");
  expect(admin.read("t")).toEqual(["a", "b"]);
});
