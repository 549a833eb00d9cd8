/** Reading groups: the list from all brokers, one group with its members, committed offsets. */
import type { GroupDetail, GroupMember, GroupSummary } from "@vitrine/api";
import { errorFromCode, type NodeId } from "@vitrine/core";
import type { Engine } from "@vitrine/engine";
import { readAssignment, readSubscription, type TopicPartition } from "@vitrine/group-member";
import {
  ApiKey,
  type DescribeGroupsResponse,
  type DescribeGroupsResponseDescribedGroup,
  type ListGroupsResponse,
  newDescribeGroupsRequest,
  newListGroupsRequest,
  newOffsetFetchRequest,
  newOffsetFetchRequestOffsetFetchRequestGroup,
  newOffsetFetchRequestOffsetFetchRequestTopics,
  type OffsetFetchResponse,
} from "@vitrine/protocol/types";
import { refuse } from "../error-reply.ts";
import { coordinatorCall, groupProblem, isPassing } from "./coordinator-call.ts";

const LIST_MS = 3_000;
/** Ids asked of one broker in one request. */
const DESCRIBED_MAX = 200;

/** A group as ListGroups names it. */
export interface ListedGroup {
  readonly group: string;
  readonly state: string;
  readonly type: string;
  readonly protocolType: string;
  readonly coordinator: NodeId;
}

export interface ListedGroups {
  readonly groups: readonly ListedGroup[];
  /** Brokers that did not answer: groups that they coordinate are missing. */
  readonly unavailable: readonly NodeId[];
}

/** All groups, by asking every living broker for those that it coordinates. */
export async function listGroups(engine: Engine): Promise<ListedGroups> {
  const groups: ListedGroup[] = [];
  const unavailable: NodeId[] = [];
  await Promise.all(
    engine.brokers().map(async ({ id, fenced }) => {
      if (fenced) return;
      const result = await engine.call<ListGroupsResponse>(ApiKey.ListGroups, newListGroupsRequest(), {
        to: { node: id },
        timeoutMs: LIST_MS,
      });
      if (!result.ok || result.body.errorCode !== 0) {
        unavailable.push(id);
        return;
      }
      for (const row of result.body.groups) {
        const { groupId, groupState, groupType, protocolType } = row;
        const type = groupType === "" ? "classic" : groupType.toLowerCase();
        groups.push({ group: groupId, state: groupState, type, protocolType, coordinator: id });
      }
    }),
  );
  return { groups, unavailable: unavailable.sort((a, b) => a - b) };
}

/** The same with assignor and members, for one page of a list. */
export async function summarize(engine: Engine, page: readonly ListedGroup[]): Promise<GroupSummary[]> {
  const described = new Map<string, DescribeGroupsResponseDescribedGroup>();
  const byNode = Map.groupBy(page, (row) => row.coordinator);
  const chunks = [...byNode].flatMap(([node, rows]) => chunk(rows, DESCRIBED_MAX).map((part) => ({ node, part })));
  await Promise.all(
    chunks.map(async ({ node, part }) => {
      const body = newDescribeGroupsRequest({ groups: part.map((row) => row.group) });
      const to = { node };
      const result = await engine.call<DescribeGroupsResponse>(ApiKey.DescribeGroups, body, { to, timeoutMs: LIST_MS });
      if (result.ok) for (const row of result.body.groups) described.set(row.groupId, row);
    }),
  );
  return page.map((row) => {
    const more = described.get(row.group);
    const known = more !== undefined && more.errorCode === 0 && more.groupState !== "Dead";
    return {
      group: row.group,
      state: known ? more.groupState : row.state,
      type: row.type,
      protocol_type: row.protocolType,
      protocol: known && more.protocolData !== "" ? more.protocolData : null,
      members: known ? more.members.length : 0,
      coordinator: row.coordinator,
    };
  });
}

function chunk<Item>(items: readonly Item[], size: number): Item[][] {
  const parts: Item[][] = [];
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size));
  return parts;
}

/** One group; 404 where there is none. */
export async function describeGroup(engine: Engine, groupId: string): Promise<Omit<GroupDetail, "lag">> {
  const found = await findGroup(engine, groupId);
  return found ?? refuse(groupProblem("GROUP_ID_NOT_FOUND", groupId, `there is no group ${groupId}`));
}

/** One group; null where there is none (Kafka says Dead, or GROUP_ID_NOT_FOUND from version 6 on). */
export async function findGroup(engine: Engine, groupId: string): Promise<Omit<GroupDetail, "lag"> | null> {
  const { body, coordinator } = await coordinatorCall<DescribeGroupsResponse>(engine, groupId, {
    apiKey: ApiKey.DescribeGroups,
    body: newDescribeGroupsRequest({ groups: [groupId] }),
    errorOf: (reply) => reply.groups[0]?.errorCode ?? -1,
  });
  const row = body.groups[0]!;
  const error = errorFromCode(row.errorCode).name;
  if (error === "GROUP_ID_NOT_FOUND" || row.groupState === "Dead") return null;
  if (error !== "NONE") refuse(groupProblem(error, groupId, row.errorMessage ?? undefined));
  return {
    group: groupId,
    state: row.groupState,
    type: "classic",
    protocol_type: row.protocolType,
    protocol: row.protocolData === "" ? null : row.protocolData,
    coordinator,
    members: row.members.map((member): GroupMember => ({
      member_id: member.memberId,
      instance_id: member.groupInstanceId,
      client_id: member.clientId,
      host: member.clientHost,
      topics: [...(readSubscription(member.memberMetadata)?.topics ?? [])],
      assigned: byTopic(readAssignment(member.memberAssignment) ?? []),
    })),
  };
}

/** Partitions as an object: topic to numbers, ascending. */
export function byTopic(partitions: Iterable<TopicPartition>): Record<string, number[]> {
  const topics: Record<string, number[]> = {};
  for (const { topic, partition } of partitions) (topics[topic] ??= []).push(partition);
  for (const list of Object.values(topics)) list.sort((a, b) => a - b);
  return topics;
}

export interface Committed extends TopicPartition {
  readonly offset: number;
  /** -1: not known. */
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/** Committed offsets of a group: all, or of these partitions. Partitions without a commit are left out; a group that does not exist has none. */
export async function committedOffsets(
  engine: Engine,
  groupId: string,
  only: Readonly<Record<string, readonly number[]>> | null = null,
): Promise<Committed[]> {
  const topics =
    only === null
      ? null
      : Object.entries(only).map(([name, partitionIndexes]) =>
          newOffsetFetchRequestOffsetFetchRequestTopics({ name, partitionIndexes }),
        );
  const { body } = await coordinatorCall<OffsetFetchResponse>(engine, groupId, {
    apiKey: ApiKey.OffsetFetch,
    body: newOffsetFetchRequest({
      groups: [newOffsetFetchRequestOffsetFetchRequestGroup({ groupId, topics })],
      requireStable: false,
    }),
    errorOf: (reply) => deciding(reply),
  });
  const group = body.groups[0];
  const error = errorFromCode(group?.errorCode ?? body.errorCode).name;
  if (error === "GROUP_ID_NOT_FOUND") return [];
  if (error !== "NONE") refuse(groupProblem(error, groupId));
  const rows = (group?.topics ?? []).flatMap(({ name, partitions }) =>
    partitions
      .filter((row) => row.errorCode === 0 && row.committedOffset >= 0)
      .map((row) => ({
        topic: name,
        partition: row.partitionIndex,
        offset: row.committedOffset,
        leaderEpoch: row.committedLeaderEpoch,
        metadata: row.metadata ?? "",
      })),
  );
  return rows.sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition));
}

/** The error of the group, else the first of a partition that may pass. */
function deciding(reply: OffsetFetchResponse): number {
  const group = reply.groups[0];
  if (group === undefined) return reply.errorCode;
  if (group.errorCode !== 0) return group.errorCode;
  const rows = group.topics.flatMap((topic) => topic.partitions);
  return rows.find((row) => row.errorCode !== 0 && isPassing(errorFromCode(row.errorCode).name))?.errorCode ?? 0;
}
