/** R10: consumers read from the replica in their rack (KIP-392), over real sockets, and go back to the leader when that replica dies. */
import { errorFromCode, ZERO_UUID } from "@vitrine/core";
import { ClientConnection } from "@vitrine/kafka-listener";
import { ApiKey, newFetchRequest, newFetchRequestFetchPartition, readRecords } from "@vitrine/protocol";
import { splitBatches } from "@vitrine/protocol/batch";
import { afterEach, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { createTopic, describeTopic, produce } from "../fixtures/topics.ts";

let cluster: RunningCluster | null = null;
const open: ClientConnection[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await cluster?.stop();
  cluster = null;
});

async function connect(brokerId: number): Promise<ClientConnection> {
  const { kafka } = cluster!.ready.brokers.find(({ id }) => id === brokerId)!;
  const at = kafka.lastIndexOf(":");
  const connection = await ClientConnection.open({ host: kafka.slice(0, at), port: Number(kafka.slice(at + 1)) });
  open.push(connection);
  return connection;
}

async function fetchFrom(connection: ClientConnection, rackId: string, fetchOffset = 0) {
  const partitions = [newFetchRequestFetchPartition({ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 })];
  const topics = [{ topic: "near", topicId: ZERO_UUID, partitions }];
  const { responses } = await connection.request(ApiKey.Fetch, 11, newFetchRequest({ maxWaitMs: 100, rackId, topics }));
  const { errorCode, preferredReadReplica, records } = responses[0]!.partitions[0]!;
  const values = splitBatches(records ?? new Uint8Array()).batches.flatMap(({ bytes }) =>
    readRecords(bytes).map(({ value }) => Buffer.from(value!).toString()),
  );
  return { error: errorFromCode(errorCode).name, preferredReadReplica, values };
}

test("R10 a consumer is sent to the replica in its rack, reads there what is committed, and is served by the leader again once that replica is gone", async () => {
  cluster = await startCluster({
    args: ["--rack-per-broker"],
    env: { VITRINE_SET_REPLICA_SELECTOR_CLASS: "org.apache.kafka.common.replica.RackAwareReplicaSelector" },
  });
  await createTopic(cluster, "near");
  await produce(cluster, "near", "one");
  const { leader } = (await describeTopic(cluster, "near")).partitions[0]!;
  const nearest = cluster.ready.brokers.find(({ id }) => id !== leader)!.id;
  const { rack } = await cluster.json<{ rack: string }>(`/brokers/${nearest}`);
  const atLeader = await connect(leader);
  const sent = await waitFor(
    async () => {
      const answer = await fetchFrom(atLeader, rack);
      return answer.preferredReadReplica === nearest ? answer : null;
    },
    { what: "the leader to name the replica in the consumer's rack" },
  );
  expect(sent).toEqual({ error: "NONE", preferredReadReplica: nearest, values: [] });
  const atNearest = await connect(nearest);
  await waitFor(async () => (await fetchFrom(atNearest, rack)).values.length === 1, {
    what: "the record at the replica",
  });
  await produce(cluster, "near", "two");
  await waitFor(async () => (await fetchFrom(atNearest, rack, 1)).values[0] === "two", { what: "the second record" });
  // A consumer without a rack, and one of the leader's rack, stay with the leader.
  const own = await cluster.json<{ rack: string }>(`/brokers/${leader}`);
  for (const here of ["", own.rack]) expect((await fetchFrom(atLeader, here)).values).toEqual(["one", "two"]);
  expect((await cluster.control(`/brokers/${nearest}/kill`)).status).toBe(200);
  await waitFor(async () => (await fetchFrom(atLeader, rack)).values.length === 2, {
    what: "the leader to serve again",
  });
});
