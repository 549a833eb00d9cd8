/**
 * What the live faces (WebSocket, SSE) need of whoever knows the cluster, and what a broker has to tell for it. `LiveCluster` implements
 * `LiveSource` on brokers and on the gateway; a broker fills it from `NodePositions`, the gateway from the `node` views of all brokers.
 */
import type { GroupState, LiveTables, QuorumRole, ViewSpec } from "@vitrine/api";
import type { NodeId } from "@vitrine/core";
import type { EventRing } from "./event-ring.ts";

export interface LiveSource {
  readonly tables: LiveTables;
  readonly events: EventRing;
  /** Milliseconds since each node was last heard of: what a page shows as the age of its data. */
  ages(): ReadonlyMap<NodeId, number>;
  /** Brings the tables up to date with what was marked since the last call; called before rows are read, at most 20 times a second. */
  refresh(): void;
  /** Somebody looks at a view, for what is worth its work only then; returns the way to stop. */
  watch?(view: ViewSpec): () => void;
  /** Called after events were added to the ring, so that they go out at once. */
  onEvents(listener: () => void): () => void;
  /** The broker this process is; null in the gateway. The `node` view holds its rows. */
  readonly selfId: NodeId | null;
  readonly clusterId: string;
}

/** Where one replica stands, as the leader knows it; -1: not known yet. */
export interface ReplicaPositions {
  readonly node: NodeId;
  readonly logEnd: number;
  /** End of what is on its disk (DESIGN 10.4). */
  readonly durableEnd: number;
}

/** A partition that this node leads. */
export interface PartitionPositions {
  readonly topic: string;
  readonly partition: number;
  /** The epoch it leads in. */
  readonly leaderEpoch: number;
  readonly logStart: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  /** All replicas, the leader's own log included. */
  readonly replicas: readonly ReplicaPositions[];
  readonly sizeBytes: number;
  /** Bytes appended here since the process began; rates are made of its growth. */
  readonly bytesIn: number;
}

/** How the process is. Counters run since its start; null where it cannot be known. */
export interface NodeMetrics {
  readonly pid: number;
  /** Wall clock of its start. */
  readonly upSinceMs: number;
  readonly rss: number;
  /** Percent of one core over the last second. */
  readonly cpuPercent: number;
  readonly connections: number;
  readonly diskUsed: number | null;
  readonly diskFree: number | null;
  /** Bytes appended and not yet committed to disk. */
  readonly uncommittedBytes: number;
  /** "fsync", or what was chosen instead. */
  readonly durability: string;
  readonly commitMs: number | null;
  /** Records and bytes served to readers since the start; replication between brokers not counted. */
  readonly recordsOut: number;
  readonly bytesOut: number;
}

/** A connection to the client listener, or one that was refused and is gone. Counters run since it began; times are wall clock. */
export interface ClientReport {
  /** Unique within the process. */
  readonly connectionId: string;
  readonly remote: string;
  readonly clientId: string | null;
  readonly softwareName: string | null;
  readonly softwareVersion: string | null;
  readonly connectedSinceMs: number;
  readonly lastRequestMs: number | null;
  readonly lastApi: string | null;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly principal: string;
  readonly refusal: string | null;
  /** null while it is connected. */
  readonly closedMs: number | null;
}

/** An idempotent producer as a partition's log remembers it; -1 where only a marker of a transaction is known. */
export interface ProducerReport {
  readonly producerId: number;
  readonly epoch: number;
  readonly lastSequence: number;
  readonly lastOffset: number;
  readonly lastTimestampMs: number;
}

/** What the active controller knows of another voter or observer. */
export interface QuorumPeer {
  readonly node: NodeId;
  readonly voter: boolean;
  readonly logEnd: number;
  /** Milliseconds since its last fetch. */
  readonly fetchAgeMs: number | null;
}

/** This node's part in the metadata quorum. */
export interface QuorumReport {
  readonly node: NodeId;
  readonly role: QuorumRole;
  readonly voter: boolean;
  readonly epoch: number;
  /** -1: nobody. */
  readonly votedFor: NodeId;
  readonly leader: NodeId;
  readonly logEnd: number;
  readonly durableEnd: number;
  readonly highWatermark: number;
  /** -1: none. */
  readonly snapshotEnd: number;
  /** Empty unless it leads. */
  readonly peers: readonly QuorumPeer[];
}

/** A group that this node coordinates. */
export interface CoordinatedGroup {
  readonly groupId: string;
  /** Of `__consumer_offsets`, and its leader epoch. */
  readonly coordinatorPartition: number;
  readonly coordinatorEpoch: number;
  readonly protocolType: string;
  readonly protocolName: string | null;
  readonly state: GroupState;
  /** Wall clock. */
  readonly stateSinceMs: number | null;
  readonly generation: number;
  readonly leaderId: string | null;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly clientId: string;
    readonly clientHost: string;
    readonly sessionTimeoutMs: number;
    readonly rebalanceTimeoutMs: number;
    readonly protocols: readonly string[];
    /** Bytes of the embedded consumer protocol. */
    readonly subscription: Uint8Array;
    readonly assignment: Uint8Array;
  }[];
  readonly offsets: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly metadata: string;
    readonly commitTimestampMs: number;
  }[];
}

/** What happened to a group that this node coordinates. */
export type GroupNotice =
  | {
      readonly type: "stateChanged";
      readonly groupId: string;
      readonly from: GroupState;
      readonly to: GroupState;
      readonly generation: number;
      readonly memberCount: number;
      readonly reason: string;
    }
  | {
      readonly type: "memberJoined";
      readonly groupId: string;
      readonly memberId: string;
      readonly clientId: string;
      readonly reason: string;
    }
  | { readonly type: "memberLeft"; readonly groupId: string; readonly memberId: string; readonly reason: string }
  | { readonly type: "groupDeleted"; readonly groupId: string; readonly reason: string }
  | { readonly type: "loaded" | "unloaded"; readonly groupIds: readonly string[] };

/** The groups that a node coordinates; `broker.groups` is one. */
export interface NodeGroups {
  /** Ids that changed since the last call, those of groups gone included. */
  takeChanged(): ReadonlySet<string>;
  /** null when it is not coordinated here (any more), or does not exist. */
  describe(groupId: string): CoordinatedGroup | null;
  ids(): Iterable<string>;
  /** Partitions of `__consumer_offsets` that it coordinates and has loaded. */
  loaded(): Iterable<{ readonly partition: number; readonly epoch: number }>;
  onEvent(listener: (event: GroupNotice) => void): () => void;
}

/** What a broker knows of itself. Every method is called on a tick, so it reads what is at hand and waits for nothing. */
export interface NodePositions {
  /** Every partition that this node leads. */
  partitions(): Iterable<PartitionPositions>;
  /** Those whose positions changed since the last call. */
  drainDirty(): Iterable<PartitionPositions>;
  node(): NodeMetrics;
  /** null where this process takes no part in the quorum. */
  quorum(): QuorumReport | null;
  /** Whoever is connected to Kafka's port, and who was refused lately. */
  clients(): readonly ClientReport[];
  /** Producers of a partition that this node leads, the newest batch first, at most `limit`; null where it leads it no more. */
  producers(topic: string, partition: number, limit: number): readonly ProducerReport[] | null;
  /** Absent where the node is no broker. */
  readonly groups?: NodeGroups;
}
