/** A group as the live views show it. */
import type { PartitionIndex } from "@vitrine/core";
import type { ClassicGroupState } from "./classic-group-state.ts";
import type { ClassicGroup } from "./classic-group.ts";
import { metadataFor } from "./classic-member.ts";
import type { OffsetEntry } from "./durable-state.ts";

export interface CoordinatedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** Names, in the member's order of preference. */
  readonly protocols: readonly string[];
  /** Opaque bytes of the embedded protocol. */
  readonly subscription: Uint8Array;
  readonly assignment: Uint8Array;
}

export interface CoordinatedOffset {
  readonly topic: string;
  readonly partition: PartitionIndex;
  readonly offset: number;
  /** -1: the client did not say. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  /** Wall clock. */
  readonly commitTimestampMs: number;
}

export interface CoordinatedGroup {
  readonly groupId: string;
  /** "" = no member ever: offsets only. */
  readonly protocolType: string;
  readonly protocolName: string | null;
  readonly state: ClassicGroupState;
  /** Wall clock; null = not known. */
  readonly stateSinceMs: number | null;
  readonly generation: number;
  readonly leaderId: string | null;
  readonly members: readonly CoordinatedMember[];
  /** Committed ones. */
  readonly offsets: readonly CoordinatedOffset[];
}

export function coordinatedGroup(group: ClassicGroup, entries: Iterable<OffsetEntry>): CoordinatedGroup {
  const offsets: CoordinatedOffset[] = [];
  for (const { topic, partition, committed } of entries) {
    if (!committed) continue;
    const { offset, leaderEpoch, metadata, commitTimestamp: commitTimestampMs } = committed;
    offsets.push({ topic, partition, offset, leaderEpoch, metadata, commitTimestampMs });
  }
  return {
    groupId: group.groupId,
    protocolType: group.protocolType ?? "",
    protocolName: group.protocolName,
    state: group.state,
    stateSinceMs: group.stateSinceMs,
    generation: group.generation,
    leaderId: group.leaderId,
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      sessionTimeoutMs: member.sessionTimeoutMs,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      protocols: member.protocols.map(({ name }) => name),
      subscription: metadataFor(member, group.protocolName),
      assignment: member.assignment,
    })),
    offsets,
  };
}
