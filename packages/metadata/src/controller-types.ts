/** The words between the active controller and its driver. */
import type { NodeId, Offset, PartitionIndex, Uuid } from "@vitrine/core";
import type { MetadataRecord } from "./records.ts";
import type * as wire from "@vitrine/protocol/types";

/** Settings of a controller; names of Kafka's settings in the comments, defaults in `controller-settings.ts`. */
export interface ControllerSettings {
  /** `broker.session.timeout.ms`: silence after which a broker is fenced. */
  readonly sessionTimeoutMs: number;
  /** `default.replication.factor`. */
  readonly defaultReplicationFactor: number;
  /** `num.partitions`. */
  readonly numPartitions: number;
  /** `min.insync.replicas` of the cluster; written into the metadata log when the cluster is born, from then on the log decides. */
  readonly minInsyncReplicas: number;
  /** `auto.leader.rebalance.enable`. */
  readonly autoLeaderRebalance: boolean;
  /** `leader.imbalance.check.interval.seconds`, in milliseconds. */
  readonly leaderImbalanceCheckIntervalMs: number;
  /** `leader.imbalance.per.broker.percentage`. */
  readonly leaderImbalancePerBrokerPercentage: number;
  /** `delete.topic.enable`. */
  readonly deleteTopicEnable: boolean;
  /** Broker settings given at start, by Kafka's name: defaults of topic settings. */
  readonly staticConfigs: ReadonlyMap<string, string>;
}

/** When and where a decision is made. */
export interface At {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** The offset the first record of this decision will get: the log end of the metadata log. Becomes the epoch of a broker that registers. */
  readonly nextOffset: Offset;
}

/** Things only the active controller knows the reason of; for logs and the event timeline. */
export type ControllerEvent =
  | {
      readonly type: "broker-registered";
      readonly brokerId: NodeId;
      readonly brokerEpoch: number;
      readonly cleanShutdown: boolean;
    }
  | { readonly type: "broker-fenced"; readonly brokerId: NodeId; readonly reason: string }
  | { readonly type: "broker-unfenced"; readonly brokerId: NodeId }
  | { readonly type: "broker-shutting-down"; readonly brokerId: NodeId }
  | {
      readonly type: "unclean-election";
      readonly topicName: string;
      readonly topicId: Uuid;
      readonly partition: PartitionIndex;
      readonly leader: NodeId;
    }
  | { readonly type: "leaders-rebalanced"; readonly partitions: number };

/**
 * What the controller decided. The records are already applied to its working image; the driver appends them to the metadata log as one
 * batch beginning at `At.nextOffset`, and gives the reply out once the high watermark has reached `endOffset`, also where there are no records:
 * the reply may have seen what is not committed yet.
 */
export interface Decision<Reply> {
  readonly records: readonly MetadataRecord[];
  readonly reply: Reply;
  /** The high watermark must reach this before the reply leaves. */
  readonly endOffset: Offset;
  readonly events: readonly ControllerEvent[];
}

/**
 * StoredKey and ServerKey of a salted password (RFC 5802); `mechanism` is Kafka's number. Comes from outside because a machine has no hash
 * functions; null where a node has none, which then takes no new credentials.
 */
export type ScramKeys = (
  mechanism: number,
  saltedPassword: Uint8Array,
) => { readonly storedKey: Uint8Array; readonly serverKey: Uint8Array };

/**
 * A mutation quota (KIP-599), asked with the number of partitions that would be made or deleted, after everything else was found to be in
 * order: false refuses with THROTTLING_QUOTA_EXCEEDED. Absent: no quota.
 */
interface Spending {
  readonly spend?: (partitions: number) => boolean;
}

/** Every command with its question and its answer: Kafka's own requests where Kafka has one. */
export interface CommandTable {
  registerBroker: { ask: { request: wire.BrokerRegistrationRequest }; reply: wire.BrokerRegistrationResponse };
  brokerHeartbeat: { ask: { request: wire.BrokerHeartbeatRequest }; reply: wire.BrokerHeartbeatResponse };
  unregisterBroker: { ask: { request: wire.UnregisterBrokerRequest }; reply: wire.UnregisterBrokerResponse };
  /** A refused reconnect: the process is gone. Ignored where the broker has registered again since (`brokerEpoch` differs; -1 = any). */
  fenceBroker: { ask: { brokerId: NodeId; brokerEpoch: number; reason: string }; reply: { fenced: boolean } };
  alterPartition: { ask: { request: wire.AlterPartitionRequest }; reply: wire.AlterPartitionResponse };
  createTopics: { ask: { request: wire.CreateTopicsRequest } & Spending; reply: wire.CreateTopicsResponse };
  deleteTopics: { ask: { request: wire.DeleteTopicsRequest } & Spending; reply: wire.DeleteTopicsResponse };
  createPartitions: {
    ask: { request: wire.CreatePartitionsRequest } & Spending;
    reply: wire.CreatePartitionsResponse;
  };
  alterPartitionReassignments: {
    ask: { request: wire.AlterPartitionReassignmentsRequest };
    reply: wire.AlterPartitionReassignmentsResponse;
  };
  listPartitionReassignments: {
    ask: { request: wire.ListPartitionReassignmentsRequest };
    reply: wire.ListPartitionReassignmentsResponse;
  };
  alterConfigs: { ask: { request: wire.AlterConfigsRequest }; reply: wire.AlterConfigsResponse };
  incrementalAlterConfigs: {
    ask: { request: wire.IncrementalAlterConfigsRequest };
    reply: wire.IncrementalAlterConfigsResponse;
  };
  electLeaders: { ask: { request: wire.ElectLeadersRequest }; reply: wire.ElectLeadersResponse };
  alterClientQuotas: { ask: { request: wire.AlterClientQuotasRequest }; reply: wire.AlterClientQuotasResponse };
  alterUserScramCredentials: {
    ask: { request: wire.AlterUserScramCredentialsRequest; scramKeys: ScramKeys | null };
    reply: wire.AlterUserScramCredentialsResponse;
  };
  updateFeatures: { ask: { request: wire.UpdateFeaturesRequest }; reply: wire.UpdateFeaturesResponse };
  allocateProducerIds: { ask: { request: wire.AllocateProducerIdsRequest }; reply: wire.AllocateProducerIdsResponse };
  /** Leadership of the metadata quorum begins and the log is replayed: sessions start afresh, a new cluster gets its first records. */
  becameActive: { ask: object; reply: { probe: readonly NodeId[] } };
  /** Time has passed: sessions, preferred leaders. */
  tick: { ask: object; reply: null };
}

export type CommandType = keyof CommandTable;
/** A command: `{ type: "createTopics", request }`. */
export type Command<Type extends CommandType = CommandType> = {
  [T in CommandType]: { readonly type: T } & Readonly<CommandTable[T]["ask"]>;
}[Type];
export type ReplyOf<Type extends CommandType> = CommandTable[Type]["reply"];
