import { errorFromCode } from "@vitrine/core";
import {
  ApiKey,
  type ApiKeyNumber,
  decodeResponse,
  encodeRequest,
  newCreateTopicsRequestCreatableReplicaAssignment,
  newCreateTopicsRequestCreatableTopic,
  newCreateTopicsRequest,
  newFindCoordinatorRequest,
  newMetadataRequest,
  newMetadataRequestMetadataRequestTopic as newMetadataRequestTopic,
  type RequestOf,
  type ResponseOf,
} from "@vitrine/protocol";
import { waitFor } from "../fixtures/cluster.ts";
import { RawSocket } from "../fixtures/raw-http.ts";

/** One request to one broker, on a connection of its own. */
async function ask<K extends ApiKeyNumber>(
  address: string,
  apiKey: K,
  apiVersion: number,
  body: RequestOf<K>,
): Promise<ResponseOf<K>> {
  const socket = await RawSocket.open(address);
  try {
    socket.write(encodeRequest({ apiKey, apiVersion, correlationId: 1, clientId: "e2e" }, body));
    const whole = (bytes: Buffer) => bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0);
    const answer = await socket.until(whole, `the answer to request ${apiKey}`);
    return decodeResponse(apiKey, apiVersion, answer.subarray(4)).body;
  } finally {
    socket.destroy();
  }
}

/** A topic whose partitions have exactly these replicas; the first leads. */
export async function createAssignedTopic(address: string, topic: string, replicas: readonly number[][]) {
  const assignments = replicas.map((brokerIds, partitionIndex) =>
    newCreateTopicsRequestCreatableReplicaAssignment({ partitionIndex, brokerIds }),
  );
  const topics = [
    newCreateTopicsRequestCreatableTopic({ name: topic, numPartitions: -1, replicationFactor: -1, assignments }),
  ];
  const reply = await ask(address, ApiKey.CreateTopics, 7, newCreateTopicsRequest({ topics, timeoutMs: 10_000 }));
  const { errorCode, errorMessage } = reply.topics[0]!;
  if (errorCode !== 0) throw new Error(`${topic} was not created: ${errorFromCode(errorCode).name} ${errorMessage}`);
}

/** Waits until every one of these brokers tells clients of the topic with so many partitions, each with a leader. */
export async function untilKnown(addresses: readonly string[], topic: string, partitions: number): Promise<void> {
  const asked = newMetadataRequest({
    topics: [newMetadataRequestTopic({ name: topic })],
    allowAutoTopicCreation: false,
  });
  const isKnownAt = async (address: string) => {
    const found = (await ask(address, ApiKey.Metadata, 9, asked)).topics[0]!.partitions;
    return found.length === partitions && found.every((partition) => partition.leaderId >= 0);
  };
  await waitFor(async () => (await Promise.all(addresses.map(isKnownAt))).every(Boolean), {
    what: `every broker to know ${topic}`,
  });
}

/** The broker that coordinates a group; asks again while there is none yet. */
async function coordinatorOf(address: string, group: string): Promise<number> {
  const asked = newFindCoordinatorRequest({ keyType: 0, coordinatorKeys: [group] });
  const found = await waitFor(
    async () => {
      const [answer] = (await ask(address, ApiKey.FindCoordinator, 4, asked)).coordinators;
      return answer!.errorCode === 0 ? answer! : null;
    },
    { what: `a broker to coordinate the group ${group}`, timeoutMs: 40_000 },
  );
  return found.nodeId;
}

/** A group id with that beginning whose coordinator is this broker. */
export async function groupCoordinatedBy(address: string, brokerId: number, prefix: string): Promise<string> {
  for (let i = 0; i < 200; i++) {
    const group = `${prefix}-${i}`;
    if ((await coordinatorOf(address, group)) === brokerId) return group;
  }
  throw new Error(`broker ${brokerId} coordinates none of 200 groups`);
}
