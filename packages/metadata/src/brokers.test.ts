import { errorCode } from "@vitrine/core";
import { newBrokerHeartbeatRequest, newBrokerRegistrationRequest } from "@vitrine/protocol/types";
import { expect, test } from "vitest";
import { brokerRegistrationChangeRecord, partitionChangeRecord } from "./records.ts";
import { CLUSTER_ID, TestCluster } from "./test-cluster.ts";

const T = "t";

test("M10 a broker's epoch is the offset of its registration record, and it starts fenced", () => {
  const cluster = new TestCluster();
  const offset = cluster.log.length;
  const { reply } = cluster.register(1);
  expect(reply).toEqual({ throttleTimeMs: 0, errorCode: 0, brokerEpoch: offset });
  expect(cluster.image.brokers.get(1)).toMatchObject({ epoch: offset, fenced: true });
  expect(cluster.log[offset]).toMatchObject({
    type: "RegisterBrokerRecord",
    brokerId: 1,
    brokerEpoch: offset,
    fenced: true,
  });
});

test("M11 the same incarnation keeps its epoch and its state when it registers again", () => {
  const cluster = TestCluster.of(1);
  const broker = cluster.image.brokers.get(1)!;
  const { reply } = cluster.run({
    type: "registerBroker",
    request: newBrokerRegistrationRequest({
      brokerId: 1,
      clusterId: CLUSTER_ID,
      incarnationId: broker.incarnationId,
      listeners: [{ name: "CLIENT", host: "127.0.0.1", port: 9_092, securityProtocol: 0 }],
      rack: "",
    }),
  });
  expect(reply).toMatchObject({ errorCode: 0, brokerEpoch: broker.epoch });
  expect(cluster.image.brokers.get(1)).toEqual(broker);
});

test("M12 after a restart of the whole cluster new incarnations are taken at once: nobody was left to fence the old ones", () => {
  const cluster = TestCluster.of(3);
  cluster.failOver();
  expect(cluster.register(1).reply.errorCode).toBe(0);
  cluster.heartbeat(2);
  expect(cluster.register(2).reply.errorCode).toBe(errorCode("DUPLICATE_BROKER_REGISTRATION"));
});

test("M12 another incarnation is refused while the first is heard of, and taken once it is fenced, silent or shutting down", () => {
  const cluster = TestCluster.of(3);
  expect(cluster.register(1).reply.errorCode).toBe(errorCode("DUPLICATE_BROKER_REGISTRATION"));
  cluster.kill(1);
  expect(cluster.register(1).reply.errorCode).toBe(0);
  cluster.nowMs += 9_000;
  expect(cluster.register(2).reply.errorCode).toBe(0);
  cluster.createWith(T, [[3]]);
  cluster.heartbeat(3, { shutDown: true });
  expect(cluster.register(3).reply.errorCode).toBe(0);
});

test("M12 a broker of another cluster, without listeners or too old for the features is refused", () => {
  const cluster = new TestCluster();
  const request = newBrokerRegistrationRequest({
    brokerId: 1,
    clusterId: CLUSTER_ID,
    listeners: [{ name: "CLIENT", host: "h", port: 1, securityProtocol: 0 }],
  });
  const errorOf = (change: Partial<typeof request>) =>
    cluster.run({ type: "registerBroker", request: { ...request, ...change } }).reply.errorCode;
  expect(errorOf({ clusterId: "other" })).toBe(errorCode("INCONSISTENT_CLUSTER_ID"));
  expect(errorOf({ listeners: [] })).toBe(errorCode("INVALID_REGISTRATION"));
  const old = { name: "eligible.leader.replicas.version", minSupportedVersion: 0, maxSupportedVersion: 0 };
  expect(errorOf({ features: [old] })).toBe(errorCode("UNSUPPORTED_VERSION"));
});

test("M13 fencing a leader elects from the ISR, takes it out and grows both epochs, in one decision", () => {
  const cluster = TestCluster.of(3);
  cluster.createWith(T, [[1, 2, 3]]);
  const topicId = cluster.image.topicsByName.get(T)!.id;
  const broker = cluster.image.brokers.get(1)!;
  const { records, events } = cluster.kill(1);
  expect(records).toEqual([
    partitionChangeRecord({ topicId, partitionId: 0 }, { leader: 2, isr: [2, 3] }),
    brokerRegistrationChangeRecord(broker, { fenced: true }),
  ]);
  expect(events).toEqual([{ type: "broker-fenced", brokerId: 1, reason: "connection refused" }]);
  expect(cluster.partition(T)).toMatchObject({ leader: 2, leaderEpoch: 1, partitionEpoch: 1, isr: [2, 3] });
});

test("M13 a follower that is fenced leaves the ISR without an election", () => {
  const cluster = TestCluster.of(3);
  cluster.createWith(T, [[1, 2, 3]]);
  cluster.kill(3);
  expect(cluster.partition(T)).toMatchObject({ leader: 1, leaderEpoch: 0, partitionEpoch: 1, isr: [1, 2] });
});

test("M14 sessions that end together are fenced in one decision, and no leader is chosen among the dead", () => {
  const cluster = TestCluster.of(4);
  cluster.createWith(T, [[1, 2, 3]]);
  cluster.nowMs += 8_000;
  cluster.heartbeat(3);
  cluster.heartbeat(4);
  cluster.nowMs += 1_500;
  const { records } = cluster.run({ type: "tick" });
  expect(records.map((record) => record.type)).toEqual([
    "PartitionChangeRecord",
    "BrokerRegistrationChangeRecord",
    "BrokerRegistrationChangeRecord",
  ]);
  expect(cluster.line(T)).toBe("3@1 isr 3 elr - last -");
});

test("M14 a session lasts to its end: not a millisecond less, and the deadline says when", () => {
  const cluster = TestCluster.of(1, { autoLeaderRebalance: false });
  expect(cluster.controller.nextDeadlineMs()).toBe(cluster.nowMs + 9_000);
  cluster.nowMs += 8_999;
  expect(cluster.run({ type: "tick" }).records).toEqual([]);
  cluster.nowMs += 1;
  expect(cluster.run({ type: "tick" }).records).toHaveLength(1);
  expect(cluster.controller.nextDeadlineMs()).toBeNull();
});

test("M15 a broker is unfenced once it has applied its own registration, however far the log has grown since", () => {
  const cluster = TestCluster.of(1);
  cluster.register(2);
  const { epoch } = cluster.image.brokers.get(2)!;
  cluster.create("busy");
  expect(cluster.heartbeat(2, { metadataOffset: epoch - 1 }).reply).toMatchObject({
    isCaughtUp: false,
    isFenced: true,
  });
  expect(cluster.heartbeat(2, { fence: true }).reply).toMatchObject({ isCaughtUp: true, isFenced: true });
  expect(cluster.heartbeat(2, { metadataOffset: epoch }).reply).toMatchObject({ isCaughtUp: true, isFenced: false });
  expect(cluster.heartbeat(2).records).toEqual([]);
});

test("M15 partitions without a leader look again when a broker comes back", () => {
  const cluster = TestCluster.of(2);
  cluster.createWith(T, [[1]]);
  cluster.kill(1);
  expect(cluster.line(T)).toBe("-1@1 isr - elr 1 last 1");
  cluster.heartbeat(1);
  expect(cluster.line(T)).toBe("1@2 isr 1 elr - last -");
});

test("M16 a refused reconnect says nothing about a later incarnation, and nothing twice", () => {
  const cluster = TestCluster.of(2);
  const { epoch } = cluster.image.brokers.get(1)!;
  cluster.kill(1);
  cluster.join(1);
  const old = cluster.run({ type: "fenceBroker", brokerId: 1, brokerEpoch: epoch, reason: "refused" });
  expect(old).toMatchObject({ records: [], reply: { fenced: false } });
  cluster.kill(1);
  expect(cluster.kill(1).records).toEqual([]);
  expect(cluster.kill(9).reply).toEqual({ fenced: false });
});

test("M17 a new incarnation that vouches for its data stays eligible; one that does not leaves the ELR", () => {
  for (const vouches of [true, false]) {
    const cluster = TestCluster.of(3, { minInsyncReplicas: 2 });
    cluster.createWith(T, [[1, 2]]);
    const { epoch } = cluster.image.brokers.get(2)!;
    cluster.kill(2);
    expect(cluster.line(T)).toBe("1@0 isr 1 elr 2 last -");
    cluster.register(2, { previousBrokerEpoch: vouches ? epoch : -1 });
    expect(cluster.line(T)).toBe(vouches ? "1@0 isr 1 elr 2 last -" : "1@0 isr 1 elr - last -");
  }
});

test("M17 a restart that nobody noticed takes the old incarnation out of every ISR", () => {
  const cluster = TestCluster.of(2, { sessionTimeoutMs: 100 });
  cluster.createWith(T, [[1, 2]]);
  cluster.nowMs += 100;
  cluster.register(1);
  expect(cluster.partition(T)).toMatchObject({ leader: 2, isr: [2] });
});

test("M18 a stale broker epoch is refused: heartbeat, AlterPartition, producer ids", () => {
  const cluster = TestCluster.of(1);
  const request = newBrokerHeartbeatRequest({ brokerId: 1, brokerEpoch: 0, currentMetadataOffset: 99 });
  const { reply, records } = cluster.run({ type: "brokerHeartbeat", request });
  expect(records).toEqual([]);
  expect(reply.errorCode).toBe(errorCode("STALE_BROKER_EPOCH"));
  const ids = cluster.run({ type: "allocateProducerIds", request: { brokerId: 7, brokerEpoch: 0 } });
  expect(ids.reply.errorCode).toBe(errorCode("STALE_BROKER_EPOCH"));
});

test("M19 a controlled shutdown hands over, waits for every active broker, and its offset stands still", () => {
  const cluster = TestCluster.of(3);
  cluster.createWith(T, [[1, 2, 3]]);
  expect(cluster.heartbeat(1, { shutDown: true }).reply).toMatchObject({ isFenced: false, shouldShutDown: false });
  expect(cluster.line(T)).toBe("2@1 isr 2,3 elr - last -");
  expect(cluster.image.brokers.get(1)).toMatchObject({ inControlledShutdown: true, fenced: false });
  const handedOver = cluster.log.length - 1;
  cluster.heartbeat(2, { metadataOffset: handedOver });
  cluster.heartbeat(3, { metadataOffset: handedOver - 1 });
  expect(cluster.heartbeat(1, { shutDown: true }).reply.shouldShutDown).toBe(false);
  cluster.create("other", { replicationFactor: 1 }); // the log grows, what is waited for does not (KAFKA-14292)
  cluster.heartbeat(3, { metadataOffset: handedOver });
  expect(cluster.heartbeat(1, { shutDown: true }).reply).toMatchObject({ isFenced: true, shouldShutDown: true });
  expect(cluster.image.brokers.get(1)).toMatchObject({ fenced: true });
});

test("M19 a broker that is in no ISR, and one that is fenced, may stop at once", () => {
  const cluster = TestCluster.of(2);
  expect(cluster.heartbeat(1, { shutDown: true }).reply.shouldShutDown).toBe(true);
  expect(cluster.heartbeat(1, { shutDown: true })).toMatchObject({ records: [], reply: { shouldShutDown: true } });
});

test("M19 the last broker may stop; its partitions keep it as eligible leader", () => {
  const cluster = TestCluster.of(1);
  cluster.createWith(T, [[1]]);
  cluster.heartbeat(1, { shutDown: true });
  expect(cluster.line(T)).toBe("-1@1 isr - elr 1 last 1");
  expect(cluster.heartbeat(1, { shutDown: true }).reply.shouldShutDown).toBe(true);
  const { epoch } = cluster.image.brokers.get(1)!;
  cluster.join(1, { previousBrokerEpoch: epoch });
  expect(cluster.line(T)).toBe("1@2 isr 1 elr - last -");
});

test("M19 a broker that is shutting down when the controller changes is still let go", () => {
  const cluster = TestCluster.of(2);
  cluster.createWith(T, [[1, 2]]);
  cluster.heartbeat(1, { shutDown: true });
  cluster.failOver();
  expect(cluster.heartbeat(1, { shutDown: true }).reply.shouldShutDown).toBe(false);
  cluster.heartbeat(2);
  expect(cluster.heartbeat(1, { shutDown: true }).reply.shouldShutDown).toBe(true);
});

test("M19 a broker that is fenced on its way out is told to stop, and comes back as a new incarnation only", () => {
  const cluster = TestCluster.of(2);
  cluster.createWith(T, [[1]]);
  cluster.heartbeat(1, { shutDown: true });
  cluster.kill(1);
  expect(cluster.heartbeat(1).reply).toMatchObject({ isFenced: true, shouldShutDown: true });
  expect(cluster.line(T)).toBe("-1@1 isr - elr 1 last 1");
});

test("M20 a new controller knows what the log holds, gives full sessions and names the brokers to probe", () => {
  const cluster = TestCluster.of(3);
  cluster.kill(3);
  cluster.nowMs += 8_000;
  const before = cluster.image;
  expect(cluster.failOver()).toEqual([1, 2]);
  expect(cluster.image).toMatchObject({ brokers: before.brokers });
  cluster.nowMs += 8_999;
  expect(cluster.run({ type: "tick" }).records).toEqual([]);
});

test("M21 a broker that is unregistered leaves every ISR and is forgotten", () => {
  const cluster = TestCluster.of(2);
  cluster.createWith(T, [[1, 2]]);
  expect(cluster.run({ type: "unregisterBroker", request: { brokerId: 1 } }).reply.errorCode).toBe(0);
  expect(cluster.image.brokers.has(1)).toBe(false);
  expect(cluster.partition(T)).toMatchObject({ leader: 2, isr: [2] });
  const again = cluster.run({ type: "unregisterBroker", request: { brokerId: 1 } });
  expect(again.reply.errorCode).toBe(errorCode("BROKER_ID_NOT_REGISTERED"));
});
