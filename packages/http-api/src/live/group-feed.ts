/**
 * Fills a broker's rows of the groups it coordinates: what the coordinator marked as changed is described once per tick; what happens to groups
 * becomes events at once.
 */
import {
  commitColumns,
  commitKey,
  coordinatedColumns,
  coordinatorColumns,
  type GroupEvent,
  type GroupMemberInfo,
  type GroupState,
  type LiveTables,
  type Row,
} from "@vitrine/api";
import { type NodeId, unreachable } from "@vitrine/core";
import { readAssignment, readSubscription } from "@vitrine/group-member";
import { byTopic } from "../groups/group-reads.ts";
import type { GroupBoard } from "./group-board.ts";
import type { CoordinatedGroup, GroupNotice, NodeGroups } from "./source.ts";

/** Events of one coordinator that takes over or hands on: beyond these groups the rows tell it alone. */
const MOVES_TOLD_MAX = 50;

export class GroupFeed {
  readonly #tables: LiveTables;
  readonly #board: GroupBoard;
  readonly #groups: NodeGroups;
  readonly #selfId: NodeId;
  /** Topics with a commit row, by group. */
  readonly #topics = new Map<string, ReadonlySet<string>>();
  readonly #stop: () => void;

  constructor(parts: {
    readonly tables: LiveTables;
    readonly board: GroupBoard;
    readonly groups: NodeGroups;
    readonly selfId: NodeId;
    readonly onEvents: (events: readonly GroupEvent[]) => void;
  }) {
    this.#tables = parts.tables;
    this.#board = parts.board;
    this.#groups = parts.groups;
    this.#selfId = parts.selfId;
    // Inside the broker's turn nothing is read of the group yet: it is described after it.
    this.#stop = parts.groups.onEvent((notice) => queueMicrotask(() => parts.onEvents(this.#eventsOf(notice))));
    for (const id of parts.groups.ids()) this.#show(id);
  }

  stop(): void {
    this.#stop();
  }

  refresh(): void {
    this.#showCoordinators();
    for (const id of this.#groups.takeChanged()) this.#show(id);
  }

  #showCoordinators(): void {
    const now = new Set<string>();
    for (const { partition, epoch } of this.#groups.loaded()) {
      now.add(String(partition));
      this.#put("coordinators", String(partition), coordinatorColumns.row({ partition, epoch }));
    }
    for (const row of this.#tables.snapshot("coordinators")) {
      const key = String(row[0]);
      if (!now.has(key)) this.#take("coordinators", key);
    }
  }

  #show(id: string): void {
    const group = this.#groups.describe(id);
    if (group === null) {
      for (const topic of this.#topics.get(id) ?? []) this.#take("commits", commitKey(id, topic));
      this.#topics.delete(id);
      this.#take("coordinated", id);
      return;
    }
    this.#put("coordinated", id, coordinatedRow(group));
    const topics = Map.groupBy(group.offsets, (row) => row.topic);
    for (const [topic, rows] of topics) {
      const ordered = rows.toSorted((a, b) => a.partition - b.partition);
      const row = commitColumns.row({
        group: id,
        topic,
        coordinator_epoch: group.coordinatorEpoch,
        partitions: ordered.map((at) => at.partition),
        offsets: ordered.map((at) => at.offset),
        commit_ts: ordered.map((at) => at.commitTimestampMs),
        metadata: ordered.map((at) => at.metadata),
      });
      this.#put("commits", commitKey(id, topic), row);
    }
    for (const topic of this.#topics.get(id) ?? []) if (!topics.has(topic)) this.#take("commits", commitKey(id, topic));
    this.#topics.set(id, new Set(topics.keys()));
  }

  #put(table: "coordinators" | "coordinated" | "commits", key: string, row: Row): void {
    if (this.#tables.set(table, key, row)) this.#board.take(this.#selfId, table, row);
  }

  #take(table: "coordinators" | "coordinated" | "commits", key: string): void {
    if (this.#tables.remove(table, key)) this.#board.gone(this.#selfId, table, key);
  }

  #eventsOf(notice: GroupNotice): GroupEvent[] {
    switch (notice.type) {
      case "stateChanged": {
        const { from, to, generation, memberCount, reason } = notice;
        return [this.#event(notice.groupId, { state: to, from, generation, members: memberCount, reason })];
      }
      case "memberJoined": {
        const { groupId, memberId, clientId, reason } = notice;
        return [this.#event(groupId, { change: "member-joined", member: memberId, client_id: clientId, reason })];
      }
      case "memberLeft":
        return [this.#event(notice.groupId, { change: "member-left", member: notice.memberId, reason: notice.reason })];
      case "groupDeleted":
        return [this.#event(notice.groupId, { change: "deleted", state: "Dead", members: 0, reason: notice.reason })];
      case "loaded":
        return notice.groupIds.slice(0, MOVES_TOLD_MAX).map((id) => this.#event(id, { change: "coordinator" }));
      case "unloaded":
        return [];
      default:
        return unreachable(notice);
    }
  }

  #event(group: string, fields: Partial<GroupEvent>): GroupEvent {
    const now = this.#groups.describe(group);
    return {
      type: "group",
      group,
      change: "state",
      state: now?.state ?? "Dead",
      from: null,
      generation: now?.generation ?? 0,
      members: now?.members.length ?? 0,
      coordinator: this.#selfId,
      member: null,
      client_id: null,
      reason: null,
      ...fields,
    };
  }
}

function coordinatedRow(group: CoordinatedGroup): Row {
  return coordinatedColumns.row({
    group: group.groupId,
    coordinator_partition: group.coordinatorPartition,
    coordinator_epoch: group.coordinatorEpoch,
    state: group.state satisfies GroupState,
    state_since: group.stateSinceMs ?? null,
    type: "classic",
    protocol_type: group.protocolType,
    protocol: group.protocolName,
    generation: group.generation,
    members: JSON.stringify(group.members.map((member) => memberInfo(member, group.leaderId))),
  });
}

function memberInfo(member: CoordinatedGroup["members"][number], leaderId: string | null): GroupMemberInfo {
  return {
    member_id: member.memberId,
    instance_id: member.groupInstanceId,
    client_id: member.clientId,
    host: member.clientHost,
    session_timeout_ms: member.sessionTimeoutMs,
    rebalance_timeout_ms: member.rebalanceTimeoutMs,
    protocols: member.protocols,
    topics: readSubscription(member.subscription)?.topics ?? [],
    assigned: byTopic(readAssignment(member.assignment) ?? []),
    leader: member.memberId === leaderId,
  };
}
