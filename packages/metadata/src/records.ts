/**
 * The records of the metadata log (Kafka's `__cluster_metadata` schemas). Types come from the wire tables; turning them into bytes is
 * the codec's job. The constructors here fill what a record needs, so that whole record lists can be compared in tests.
 */
import type { NodeId, PartitionIndex, Uuid } from "@vitrine/core";
import type {
  BrokerRegistrationChangeRecord,
  ClientQuotaRecord,
  ConfigRecord,
  FeatureLevelRecord,
  MetadataRecord,
  PartitionChangeRecord,
  PartitionRecord,
  ProducerIdsRecord,
  RegisterBrokerRecord,
  RemoveTopicRecord,
  RemoveUserScramCredentialRecord,
  TopicRecord,
  UnregisterBrokerRecord,
  UserScramCredentialRecord,
} from "@vitrine/protocol/types";

import type { ResourceType } from "./image.ts";

export type { MetadataRecord } from "@vitrine/protocol/types";

/** A record of one kind. */
export type RecordOf<Type extends MetadataRecord["type"]> = Extract<MetadataRecord, { type: Type }>;

/** `leader` of a PartitionChangeRecord that leaves the leader alone. */
export const NO_LEADER_CHANGE = -2;
/** `leader` of a partition that nobody leads. */
export const NO_LEADER = -1;

/** Resource types as ConfigRecord and the config requests carry them (`ConfigResource.Type`). */
export const TOPIC_RESOURCE = 2;
export const BROKER_RESOURCE = 4;
export const BROKER_LOGGER_RESOURCE = 8;
export const CLIENT_METRICS_RESOURCE = 16;
const GROUP_RESOURCE = 32;

const RESOURCE_CODES: Readonly<Record<ResourceType, number>> = {
  topic: TOPIC_RESOURCE,
  broker: BROKER_RESOURCE,
  group: GROUP_RESOURCE,
};

/** The code of a resource type in records and requests. */
export function resourceCode(type: ResourceType): number {
  return RESOURCE_CODES[type];
}

/** null: a resource whose settings are not in the metadata log. */
export function resourceTypeOf(code: number): ResourceType | null {
  return code === TOPIC_RESOURCE
    ? "topic"
    : code === BROKER_RESOURCE
      ? "broker"
      : code === GROUP_RESOURCE
        ? "group"
        : null;
}

export function registerBrokerRecord(fields: RegisterBrokerRecord): RecordOf<"RegisterBrokerRecord"> {
  return { type: "RegisterBrokerRecord", version: 3, ...fields };
}

export function unregisterBrokerRecord(fields: UnregisterBrokerRecord): RecordOf<"UnregisterBrokerRecord"> {
  return { type: "UnregisterBrokerRecord", version: 0, ...fields };
}

/** What changes of a registration; absent fields stay as they are. */
export interface RegistrationChange {
  readonly fenced?: boolean;
  readonly inControlledShutdown?: true;
}

export function brokerRegistrationChangeRecord(
  broker: { readonly id: NodeId; readonly epoch: number },
  change: RegistrationChange,
): RecordOf<"BrokerRegistrationChangeRecord"> {
  const fields: BrokerRegistrationChangeRecord = {
    brokerId: broker.id,
    brokerEpoch: broker.epoch,
    fenced: change.fenced === undefined ? 0 : change.fenced ? 1 : -1,
    inControlledShutdown: change.inControlledShutdown ? 1 : 0,
    logDirs: [],
    cordonedLogDirs: null,
  };
  return { type: "BrokerRegistrationChangeRecord", version: 1, ...fields };
}

export function topicRecord(fields: TopicRecord): RecordOf<"TopicRecord"> {
  return { type: "TopicRecord", version: 0, ...fields };
}

export function removeTopicRecord(fields: RemoveTopicRecord): RecordOf<"RemoveTopicRecord"> {
  return { type: "RemoveTopicRecord", version: 0, ...fields };
}

export function partitionRecord(fields: PartitionRecord): RecordOf<"PartitionRecord"> {
  return { type: "PartitionRecord", version: 2, ...fields };
}

/** A change of one partition; fields not given stay as they are. */
export function partitionChangeRecord(
  at: { readonly topicId: Uuid; readonly partitionId: PartitionIndex },
  change: Partial<Omit<PartitionChangeRecord, "topicId" | "partitionId">>,
): RecordOf<"PartitionChangeRecord"> {
  const fields: PartitionChangeRecord = {
    partitionId: at.partitionId,
    topicId: at.topicId,
    isr: null,
    leader: NO_LEADER_CHANGE,
    replicas: null,
    removingReplicas: null,
    addingReplicas: null,
    leaderRecoveryState: -1,
    directories: null,
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
    ...change,
  };
  return { type: "PartitionChangeRecord", version: 2, ...fields };
}

export function configRecord(fields: ConfigRecord): RecordOf<"ConfigRecord"> {
  return { type: "ConfigRecord", version: 0, ...fields };
}

export function featureLevelRecord(fields: FeatureLevelRecord): RecordOf<"FeatureLevelRecord"> {
  return { type: "FeatureLevelRecord", version: 0, ...fields };
}

export function producerIdsRecord(fields: ProducerIdsRecord): RecordOf<"ProducerIdsRecord"> {
  return { type: "ProducerIdsRecord", version: 0, ...fields };
}

export function clientQuotaRecord(fields: ClientQuotaRecord): RecordOf<"ClientQuotaRecord"> {
  return { type: "ClientQuotaRecord", version: 0, ...fields };
}

export function userScramCredentialRecord(fields: UserScramCredentialRecord): RecordOf<"UserScramCredentialRecord"> {
  return { type: "UserScramCredentialRecord", version: 0, ...fields };
}

export function removeUserScramCredentialRecord(
  fields: RemoveUserScramCredentialRecord,
): RecordOf<"RemoveUserScramCredentialRecord"> {
  return { type: "RemoveUserScramCredentialRecord", version: 0, ...fields };
}
