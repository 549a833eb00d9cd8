import type { ErrorName, NodeId } from "@vitrine/core";
import { errorCode, errorFromCode } from "@vitrine/core";
import { newElectLeadersRequest } from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import { partitionChangeRecord } from "./records.ts";
import { TestCluster } from "./test-cluster.ts";

const T = "t";

/** Brokers 1 to 3, one partition on all of them. */
function three(minInsyncReplicas: number, configs: Readonly<Record<string, string>> = {}): TestCluster {
  const cluster = TestCluster.of(3, { minInsyncReplicas });
  cluster.createWith(T, [[1, 2, 3]], configs);
  return cluster;
}

/** Restarts that keep the data vouch for it. */
function restart(cluster: TestCluster, id: NodeId, vouches = true): void {
  const epoch = cluster.image.brokers.get(id)!.epoch;
  cluster.join(id, { previousBrokerEpoch: vouches ? epoch : -1 });
}

test("M30 the leader is chosen in the order of the replicas, from the ISR only", () => {
  const cluster = three(1);
  cluster.alterPartition(T, [1, 3]);
  cluster.kill(1);
  expect(cluster.line(T)).toBe("3@1 isr 3 elr - last -");
  restart(cluster, 1);
  expect(cluster.line(T)).toBe("3@1 isr 3 elr - last -"); // a replica that came back does not take over
});

test("M31 who leaves a too small ISR stays eligible, leads when the ISR is empty, and is forgotten once there are enough", () => {
  const cluster = three(2);
  const steps: [() => void, string][] = [
    [() => cluster.kill(3), "1@0 isr 1,2 elr - last -"],
    [() => cluster.kill(2), "1@0 isr 1 elr 2 last -"],
    [() => cluster.kill(1), "-1@1 isr - elr 2,1 last 1"],
    [() => restart(cluster, 3), "-1@1 isr - elr 2,1 last 1"], // 3 left while there were enough without it
    [() => restart(cluster, 2), "2@2 isr 2 elr 1 last -"],
    [() => cluster.alterPartition(T, [2, 3]), "2@2 isr 2,3 elr - last -"],
  ];
  for (const [step, line] of steps) {
    step();
    expect(cluster.line(T)).toBe(line);
  }
});

test("M31 one replica is enough where only one is asked for: nobody else is eligible", () => {
  const cluster = three(1);
  cluster.kill(3);
  cluster.kill(2);
  expect(cluster.line(T)).toBe("1@0 isr 1 elr - last -");
  cluster.kill(1);
  expect(cluster.line(T)).toBe("-1@1 isr - elr 1 last 1");
  restart(cluster, 2);
  expect(cluster.line(T)).toBe("-1@1 isr - elr 1 last 1");
});

test("M31 more replicas than there are cannot be asked for", () => {
  const cluster = TestCluster.of(3, { minInsyncReplicas: 5 });
  cluster.createWith(T, [[1, 2]]);
  cluster.kill(2);
  expect(cluster.line(T)).toBe("1@0 isr 1 elr 2 last -");
  restart(cluster, 2);
  cluster.alterPartition(T, [1, 2]);
  expect(cluster.line(T)).toBe("1@0 isr 1,2 elr - last -");
});

test("M32 with ISR and ELR empty the last leader is waited for, and leads as one that may have lost data", () => {
  const cluster = three(1);
  cluster.kill(2);
  cluster.kill(3);
  cluster.kill(1);
  cluster.register(1); // does not vouch
  expect(cluster.line(T)).toBe("-1@1 isr - elr - last 1");
  restart(cluster, 2);
  expect(cluster.line(T)).toBe("-1@1 isr - elr - last 1");
  const { events } = cluster.heartbeat(1);
  expect(cluster.line(T)).toBe("1@2 isr 1 elr - last -");
  expect(cluster.partition(T).leaderRecoveryState).toBe("RECOVERING");
  expect(events).toContainEqual(
    expect.objectContaining({ type: "unclean-election", topicName: T, partition: 0, leader: 1 }),
  );
  cluster.alterPartition(T, [1]);
  expect(cluster.partition(T).leaderRecoveryState).toBe("RECOVERED");
});

test("M33 somebody outside ISR and ELR leads only where the topic says so, flagged as recovering", () => {
  for (const unclean of [false, true]) {
    const cluster = three(1, { "unclean.leader.election.enable": String(unclean) });
    cluster.alterPartition(T, [1]);
    cluster.kill(1);
    expect(cluster.line(T)).toBe(unclean ? "2@1 isr 2 elr - last -" : "-1@1 isr - elr 1 last 1");
    expect(cluster.partition(T).leaderRecoveryState).toBe(unclean ? "RECOVERING" : "RECOVERED");
  }
});

test("M34 AlterPartition checks in Kafka's order", () => {
  const cluster = three(1);
  cluster.kill(3);
  const isr: readonly NodeId[] = [1, 2];
  const { leaderEpoch, partitionEpoch } = cluster.partition(T);
  const answer = (members: readonly NodeId[], said: Parameters<TestCluster["alterPartition"]>[2]): ErrorName =>
    errorFromCode(cluster.alterPartition(T, members, said).errorCode).name;
  const rows: [Parameters<TestCluster["alterPartition"]>[2], readonly NodeId[], ErrorName][] = [
    [{ leaderEpoch: leaderEpoch + 1, sender: 2, partitionEpoch: 0 }, [9], "NOT_CONTROLLER"],
    [{ partitionEpoch: partitionEpoch + 1, leaderEpoch: -1 }, [9], "NOT_CONTROLLER"],
    [{ leaderEpoch: -1, sender: 2 }, [9], "FENCED_LEADER_EPOCH"],
    [{ sender: 2, partitionEpoch: -1 }, [9], "INVALID_REQUEST"],
    [{ partitionEpoch: -1 }, [9], "INVALID_UPDATE_VERSION"],
    [{}, [1, 9], "INVALID_REQUEST"],
    [{}, [1, 1], "INVALID_REQUEST"],
    [{}, [2], "INVALID_REQUEST"],
    [{ recoveryState: 1 }, [1, 3], "INVALID_REQUEST"],
    [{ recoveryState: 1 }, [1], "INVALID_REQUEST"],
    [{}, [1, 2, 3], "INELIGIBLE_REPLICA"],
    [{ memberEpoch: 0 }, isr, "INELIGIBLE_REPLICA"],
    [{ memberEpoch: -1 }, isr, "NONE"],
    [{}, isr, "NONE"],
  ];
  for (const [said, members, error] of rows)
    expect([said, members, answer(members, said)]).toEqual([said, members, error]);
});

test("M34 an accepted proposal grows the partition epoch only, and is answered with the new state", () => {
  const cluster = three(1);
  const topicId = cluster.image.topicsByName.get(T)!.id;
  const { records, result } = cluster.alterPartition(T, [1, 2]);
  expect(records).toEqual([partitionChangeRecord({ topicId, partitionId: 0 }, { isr: [1, 2] })]);
  expect(result).toEqual({
    partitionIndex: 0,
    errorCode: 0,
    leaderId: 1,
    leaderEpoch: 0,
    isr: [1, 2],
    leaderRecoveryState: 0,
    partitionEpoch: 1,
  });
});

test("M34 proposing what is so already changes nothing", () => {
  const cluster = three(1);
  const { records, result } = cluster.alterPartition(T, [1, 2, 3]);
  expect(records).toEqual([]);
  expect(result).toMatchObject({ errorCode: 0, partitionEpoch: 0, isr: [1, 2, 3] });
});

test("M34 unknown topics and partitions have their own answers", () => {
  const cluster = three(1);
  const { id } = cluster.image.topicsByName.get(T)!;
  const brokerEpoch = cluster.image.brokers.get(1)!.epoch;
  const ask = (topicId: typeof id, partitionIndex: number) =>
    cluster.run({
      type: "alterPartition",
      request: {
        brokerId: 1,
        brokerEpoch,
        topics: [
          {
            topicId,
            partitions: [
              {
                partitionIndex,
                leaderEpoch: 0,
                newIsr: [],
                newIsrWithEpochs: [],
                leaderRecoveryState: 0,
                partitionEpoch: 0,
              },
            ],
          },
        ],
      },
    }).reply.topics[0]?.partitions[0]?.errorCode;
  expect(ask(id, 5)).toBe(errorCode("UNKNOWN_TOPIC_OR_PARTITION"));
  cluster.run({
    type: "deleteTopics",
    request: { topics: [{ name: T, topicId: "AAAAAAAAAAAAAAAAAAAAAA" as typeof id }], topicNames: [], timeoutMs: 0 },
  });
  expect(ask(id, 0)).toBe(errorCode("UNKNOWN_TOPIC_ID"));
});

test("M35 a fenced, leaving or restarted replica does not come back into the ISR", () => {
  const cluster = three(1);
  const oldEpoch = cluster.image.brokers.get(3)!.epoch;
  cluster.kill(3);
  expect(cluster.alterPartition(T, [1, 2, 3]).errorCode).toBe(errorCode("INELIGIBLE_REPLICA"));
  restart(cluster, 3);
  expect(cluster.alterPartition(T, [1, 2, 3], { memberEpoch: oldEpoch }).errorCode).toBe(
    errorCode("INELIGIBLE_REPLICA"),
  );
  expect(cluster.alterPartition(T, [1, 2, 3]).errorCode).toBe(0);
  cluster.heartbeat(2, { shutDown: true });
  expect(cluster.alterPartition(T, [1, 2, 3]).errorCode).toBe(errorCode("INELIGIBLE_REPLICA"));
});

function elect(
  cluster: TestCluster,
  electionType: number,
  topicPartitions: { topic: string; partitions: number[] }[] | null,
) {
  const request = newElectLeadersRequest({ electionType, topicPartitions });
  const { reply } = cluster.run({ type: "electLeaders", request });
  return reply.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult.map((one) => `${topic}-${one.partitionId} ${errorFromCode(one.errorCode).name}`),
  );
}

test("M36 a preferred election gives leadership back, with the leader epoch + 1", () => {
  const cluster = three(1);
  const preferred = () => elect(cluster, 0, [{ topic: T, partitions: [0, 7] }]);
  const unknown = `${T}-7 UNKNOWN_TOPIC_OR_PARTITION`;
  expect(preferred()).toEqual([`${T}-0 ELECTION_NOT_NEEDED`, unknown]);
  cluster.kill(1);
  expect(preferred()).toEqual([`${T}-0 PREFERRED_LEADER_NOT_AVAILABLE`, unknown]);
  restart(cluster, 1);
  cluster.alterPartition(T, [1, 2, 3]);
  expect(preferred()).toEqual([`${T}-0 NONE`, unknown]);
  expect(cluster.line(T)).toBe("1@2 isr 1,2,3 elr - last -");
});

test("M36 an unclean election is for partitions without a leader; all partitions means those that need one", () => {
  const cluster = three(1);
  cluster.create("other", { replicationFactor: 3 });
  cluster.alterPartition(T, [1]);
  expect(elect(cluster, 1, [{ topic: T, partitions: [0] }])).toEqual([`${T}-0 ELECTION_NOT_NEEDED`]);
  cluster.kill(1);
  expect(elect(cluster, 1, null)).toEqual([`${T}-0 NONE`]);
  expect(cluster.line(T)).toBe("2@2 isr 2 elr - last -");
  expect(cluster.partition(T).leaderRecoveryState).toBe("RECOVERING");
});

test("M37 leadership returns by itself after five minutes, where more than 10 % of a broker's partitions are led elsewhere", () => {
  const cluster = three(1);
  cluster.kill(1);
  restart(cluster, 1);
  cluster.alterPartition(T, [1, 2, 3]);
  cluster.nowMs += 299_000;
  for (const id of [1, 2, 3]) cluster.heartbeat(id);
  expect(cluster.run({ type: "tick" }).records).toEqual([]);
  cluster.nowMs += 1_000;
  expect(cluster.controller.nextDeadlineMs()).toBe(cluster.nowMs);
  const { events } = cluster.run({ type: "tick" });
  expect(events).toEqual([{ type: "leaders-rebalanced", partitions: 1 }]);
  expect(cluster.line(T)).toBe("1@2 isr 1,2,3 elr - last -");
});

test("M37 an imbalance of 10 % is put up with, more is not, and none is mended where the setting is off", () => {
  const rows: [number, boolean, boolean][] = [
    [9, true, false],
    [8, true, true],
    [0, false, false],
  ];
  for (const [others, autoLeaderRebalance, mended] of rows) {
    const cluster = TestCluster.of(3, { autoLeaderRebalance });
    cluster.createWith(T, [[1, 2, 3]]);
    cluster.kill(1);
    restart(cluster, 1);
    cluster.alterPartition(T, [1, 2, 3]);
    for (let n = 0; n < others; n++) cluster.createWith(`balanced-${n}`, [[1, 2]]);
    cluster.nowMs += 300_000;
    for (const id of [1, 2, 3]) cluster.heartbeat(id);
    cluster.run({ type: "tick" });
    expect(cluster.partition(T).leader).toBe(mended ? 1 : 2);
  }
});
