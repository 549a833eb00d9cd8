/** A group member's requests to a small cluster, as a client would send them: it looks the coordinator up and sends there. */
import type { Broker } from "@vitrine/broker";
import { errorFromCode, ZERO_UUID, type NodeId } from "@vitrine/core";
import {
  ApiKey,
  newCreateTopicsRequest,
  newFindCoordinatorRequest,
  newHeartbeatRequest,
  newJoinGroupRequest,
  newLeaveGroupRequest,
  newOffsetCommitRequest,
  newOffsetCommitRequestOffsetCommitRequestPartition as newCommit,
  newOffsetFetchRequest,
  newOffsetFetchRequestOffsetFetchRequestGroup as newAskedGroup,
  newSyncGroupRequest,
  type FindCoordinatorResponse,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type OffsetCommitResponse,
  type OffsetFetchResponse,
  type SyncGroupResponse,
} from "@vitrine/protocol/types";
import type { SmallCluster } from "./small-cluster.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
export const errorName = (code: number) => errorFromCode(code).name;

export class GroupClient {
  readonly groupId: string;
  readonly #cluster: SmallCluster;

  constructor(cluster: SmallCluster, groupId: string) {
    this.#cluster = cluster;
    this.groupId = groupId;
  }

  /** Asks until there is one that knows of it, as clients do. */
  coordinator(): NodeId {
    let nodeId = -1;
    this.#cluster.until(() => {
      const alive = [...this.#cluster.nodes].find(([, node]) => node.alive)![0];
      const request = newFindCoordinatorRequest({ keyType: 0, coordinatorKeys: [this.groupId] });
      const reply = this.#cluster.call<FindCoordinatorResponse>(alive, ApiKey.FindCoordinator, request, 4);
      nodeId = (reply as FindCoordinatorResponse).coordinators[0]!.nodeId;
      if (nodeId < 0 || !this.#cluster.nodes.get(nodeId)!.alive) return false;
      return !["NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS"].includes(this.fetch("?", false, nodeId).error);
    }, `a coordinator of ${this.groupId}`);
    return nodeId;
  }

  join(memberId: string, said: Partial<JoinGroupRequest> = {}, to = this.coordinator(), version = 9) {
    const request = newJoinGroupRequest({
      groupId: this.groupId,
      memberId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: bytes(`member ${memberId}`) }],
      ...said,
    });
    return this.#cluster.send<JoinGroupResponse>(to, ApiKey.JoinGroup, request, version);
  }

  sync(memberId: string, generationId: number, assignments: Record<string, string> = {}, to = this.coordinator()) {
    const request = newSyncGroupRequest({
      groupId: this.groupId,
      memberId,
      generationId,
      protocolType: "consumer",
      protocolName: "range",
      assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: bytes(text) })),
    });
    return this.#cluster.send<SyncGroupResponse>(to, ApiKey.SyncGroup, request, 5);
  }

  /** A group of one member, stable; returns its id. */
  alone(): { memberId: string; generation: number } {
    const first = this.await(this.join(""));
    const joined = this.await(this.join(first.memberId));
    this.await(this.sync(first.memberId, joined.generationId, { [first.memberId]: "everything" }));
    return { memberId: first.memberId, generation: joined.generationId };
  }

  await<Body>(answer: { done: boolean; body: Body | "close" | null }): Body {
    this.#cluster.until(() => answer.done, "an answer");
    return answer.body as Body;
  }

  heartbeat(memberId: string, generationId: number, to = this.coordinator()): string {
    const request = newHeartbeatRequest({ groupId: this.groupId, memberId, generationId });
    const reply = this.#cluster.call<{ errorCode: number }>(to, ApiKey.Heartbeat, request, 4);
    return errorName((reply as { errorCode: number }).errorCode);
  }

  leave(memberId: string, to = this.coordinator()): string {
    const request = newLeaveGroupRequest({
      groupId: this.groupId,
      members: [{ memberId, groupInstanceId: null, reason: null }],
    });
    const reply = this.#cluster.call<{ errorCode: number; members: { errorCode: number }[] }>(
      to,
      ApiKey.LeaveGroup,
      request,
      5,
    );
    const { errorCode, members } = reply as { errorCode: number; members: { errorCode: number }[] };
    return errorName(errorCode || (members[0]?.errorCode ?? 0));
  }

  sendCommit(
    topic: string,
    offset: number,
    by = { memberId: "", generation: -1 },
    to = this.coordinator(),
    metadata = "",
  ) {
    const partitions = [newCommit({ partitionIndex: 0, committedOffset: offset, committedMetadata: metadata })];
    const request = newOffsetCommitRequest({
      groupId: this.groupId,
      memberId: by.memberId,
      generationIdOrMemberEpoch: by.generation,
      topics: [{ name: topic, topicId: ZERO_UUID, partitions }],
    });
    return this.#cluster.send<OffsetCommitResponse>(to, ApiKey.OffsetCommit, request, 9);
  }

  commit(
    topic: string,
    offset: number,
    by = { memberId: "", generation: -1 },
    to = this.coordinator(),
    metadata = "",
  ): string {
    return commitError(this.await(this.sendCommit(topic, offset, by, to, metadata)));
  }

  fetch(
    topic: string,
    requireStable = false,
    to = this.coordinator(),
  ): { offset: number; error: string; metadata: string | null } {
    const group = newAskedGroup({
      groupId: this.groupId,
      topics: [{ name: topic, topicId: ZERO_UUID, partitionIndexes: [0] }],
    });
    const reply = this.#cluster.call<OffsetFetchResponse>(
      to,
      ApiKey.OffsetFetch,
      newOffsetFetchRequest({ groups: [group], requireStable }),
      9,
    ) as OffsetFetchResponse;
    const [answered] = reply.groups;
    const partition = answered!.topics[0]?.partitions[0];
    const error = errorName(answered!.errorCode || (partition?.errorCode ?? 0));
    return { offset: partition?.committedOffset ?? -1, error, metadata: partition?.metadata ?? null };
  }
}

export function commitError(reply: OffsetCommitResponse): string {
  return errorName(reply.topics[0]!.partitions[0]!.errorCode);
}

export function createTopic(cluster: SmallCluster, name: string, numPartitions = 1): void {
  const topic = { name, numPartitions, replicationFactor: -1, assignments: [], configs: [] };
  cluster.call(1, ApiKey.CreateTopics, newCreateTopicsRequest({ topics: [topic], timeoutMs: 5_000 }), 7);
  const knows = ({ broker }: { broker: Broker }) => broker.image.topicsByName.has(name);
  cluster.until(
    () => [...cluster.nodes.values()].every((node) => !node.alive || knows(node)),
    `everybody to know ${name}`,
  );
}
