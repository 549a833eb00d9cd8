/**
 * Records to image. Loading, following and deciding all use this one function; a record that cannot be applied is a bug or damage and
 * ends the process (a standby that swallowed it would become active with a hole, KAFKA-14275).
 */
import type { Offset } from "@vitrine/core";
import { InvariantViolation, invariant } from "@vitrine/core";
import type { MetadataDelta } from "./delta.ts";
import { deltaOf } from "./diff.ts";
import { ImageDraft } from "./image-draft.ts";
import type {
  BrokerRegistration,
  LeaderRecoveryState,
  MetadataImage,
  PartitionImage,
  QuotaEntity,
  QuotaEntityType,
  ResourceType,
} from "./image.ts";
import type { MetadataRecord, RecordOf } from "./records.ts";
import { NO_LEADER_CHANGE, resourceTypeOf } from "./records.ts";

/** Where a list of records ends. */
export interface AppliedTo {
  /** Exclusive: offset of the last record + 1. */
  readonly offset: Offset;
  readonly epoch: number;
}

/** Applies records in order. The image given stays as it is. */
export function applyRecords(
  image: MetadataImage,
  records: readonly MetadataRecord[],
  position: AppliedTo,
): { readonly image: MetadataImage; readonly delta: MetadataDelta } {
  invariant(
    position.offset >= image.offset,
    `records end at ${position.offset}, the image is at ${image.offset} already`,
  );
  const draft = new ImageDraft(image);
  for (const record of records) applyRecord(draft, record);
  const after = draft.finish(position);
  return { image: after, delta: deltaOf(image, after, draft.touched) };
}

function applyRecord(draft: ImageDraft, record: MetadataRecord): void {
  switch (record.type) {
    case "RegisterBrokerRecord":
      return draft.setBroker(brokerOf(record));
    case "UnregisterBrokerRecord":
      registered(draft, record.brokerId, record.brokerEpoch);
      return draft.removeBroker(record.brokerId);
    case "BrokerRegistrationChangeRecord":
      return changeRegistration(draft, record);
    case "FenceBrokerRecord":
      return draft.setBroker({ ...registered(draft, record.id, record.epoch), fenced: true });
    case "UnfenceBrokerRecord":
      return draft.setBroker({ ...registered(draft, record.id, record.epoch), fenced: false });
    case "TopicRecord":
      return draft.addTopic(record.topicId, record.name);
    case "RemoveTopicRecord":
      return draft.removeTopic(record.topicId);
    case "PartitionRecord":
      return draft.setPartition(record.topicId, record.partitionId, newPartition(record));
    case "PartitionChangeRecord":
      return changePartition(draft, record);
    case "ClearElrRecord":
      return clearElr(draft, record.topicName);
    case "ConfigRecord":
      return draft.setConfig(resourceType(record.resourceType), record.resourceName, record.name, record.value);
    case "FeatureLevelRecord":
      return draft.setFeature(record.name, record.featureLevel);
    case "ClientQuotaRecord":
      return draft.setClientQuota(quotaEntity(record), record.key, record.remove ? null : record.value);
    case "UserScramCredentialRecord": {
      const { name: user, mechanism, iterations } = record;
      // Copied: bytes of a record that was read are views on the batch it came in.
      const [salt, storedKey, serverKey] = [record.salt, record.storedKey, record.serverKey].map((view) =>
        Uint8Array.from(view),
      ) as [Uint8Array, Uint8Array, Uint8Array];
      return draft.setScramCredential({ user, mechanism, salt, storedKey, serverKey, iterations });
    }
    case "RemoveUserScramCredentialRecord":
      return draft.removeScramCredential(record.name, record.mechanism);
    case "ProducerIdsRecord":
      return draft.setNextProducerId(record.nextProducerId);
    case "NoOpRecord":
    case "BeginTransactionRecord":
    case "EndTransactionRecord":
    case "AbortTransactionRecord":
      return; // MetadataLoader has taken the markers apart already
    default:
      throw new InvariantViolation(
        `the metadata log holds a ${record.type}, which this version does not know: it was written by a newer version, start that one`,
      );
  }
}

function brokerOf(record: RecordOf<"RegisterBrokerRecord">): BrokerRegistration {
  return {
    id: record.brokerId,
    epoch: record.brokerEpoch,
    incarnationId: record.incarnationId,
    endpoints: record.endPoints.map(({ name, host, port, securityProtocol }) => ({
      name,
      host,
      port,
      securityProtocol,
    })),
    features: new Map(record.features.map((f) => [f.name, { min: f.minSupportedVersion, max: f.maxSupportedVersion }])),
    rack: record.rack,
    fenced: record.fenced,
    inControlledShutdown: record.inControlledShutdown,
    logDirs: [...record.logDirs],
  };
}

function registered(draft: ImageDraft, id: number, epoch: number): BrokerRegistration {
  const broker = draft.broker(id);
  invariant(broker, `broker ${id} is not registered`);
  invariant(broker.epoch === epoch, `broker ${id} has epoch ${broker.epoch}, the record says ${epoch}`);
  return broker;
}

function changeRegistration(draft: ImageDraft, record: RecordOf<"BrokerRegistrationChangeRecord">): void {
  const broker = registered(draft, record.brokerId, record.brokerEpoch);
  draft.setBroker({
    ...broker,
    fenced: record.fenced === 0 ? broker.fenced : record.fenced === 1,
    inControlledShutdown:
      record.inControlledShutdown === 0 ? broker.inControlledShutdown : record.inControlledShutdown === 1,
    logDirs: record.logDirs.length === 0 ? broker.logDirs : [...record.logDirs],
  });
}

function newPartition(record: RecordOf<"PartitionRecord">): PartitionImage {
  return {
    replicas: record.replicas,
    directories: record.directories,
    isr: record.isr,
    elr: record.eligibleLeaderReplicas ?? [],
    lastKnownElr: record.lastKnownElr ?? [],
    leader: record.leader,
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
    leaderRecoveryState: recoveryState(record.leaderRecoveryState),
    addingReplicas: record.addingReplicas,
    removingReplicas: record.removingReplicas,
  };
}

/** Any change grows the partition epoch, naming a leader (also the same one) the leader epoch. */
export function changedPartition(old: PartitionImage, record: RecordOf<"PartitionChangeRecord">): PartitionImage {
  const electing = record.leader !== NO_LEADER_CHANGE;
  return {
    replicas: record.replicas ?? old.replicas,
    directories: record.directories ?? old.directories,
    isr: record.isr ?? old.isr,
    elr: record.eligibleLeaderReplicas ?? old.elr,
    lastKnownElr: record.lastKnownElr ?? old.lastKnownElr,
    leader: electing ? record.leader : old.leader,
    leaderEpoch: electing ? old.leaderEpoch + 1 : old.leaderEpoch,
    partitionEpoch: old.partitionEpoch + 1,
    leaderRecoveryState:
      record.leaderRecoveryState === -1 ? old.leaderRecoveryState : recoveryState(record.leaderRecoveryState),
    addingReplicas: record.addingReplicas ?? old.addingReplicas,
    removingReplicas: record.removingReplicas ?? old.removingReplicas,
  };
}

function changePartition(draft: ImageDraft, record: RecordOf<"PartitionChangeRecord">): void {
  const old = draft.partition(record.topicId, record.partitionId);
  invariant(old, `partition ${record.partitionId} of topic id ${record.topicId} is unknown, it cannot change`);
  draft.setPartition(record.topicId, record.partitionId, changedPartition(old, record));
}

function clearElr(draft: ImageDraft, topicName: string): void {
  const topic = draft.topicByName(topicName);
  invariant(topic, `topic ${topicName} is unknown, its eligible leaders cannot be cleared`);
  for (const [index, partition] of topic.partitions)
    if (partition.elr.length > 0 || partition.lastKnownElr.length > 0)
      draft.setPartition(topic.id, index, {
        ...partition,
        elr: [],
        lastKnownElr: [],
        partitionEpoch: partition.partitionEpoch + 1,
      });
}

function recoveryState(code: number): LeaderRecoveryState {
  return code === 1 ? "RECOVERING" : "RECOVERED";
}

function quotaEntity(record: RecordOf<"ClientQuotaRecord">): QuotaEntity {
  const entity = new Map<QuotaEntityType, string | null>();
  for (const { entityType, entityName } of record.entity) {
    if (entityType !== "user" && entityType !== "client-id" && entityType !== "ip")
      throw new InvariantViolation(
        `the metadata log holds a quota of a ${entityType}, which this version does not know: it was written by a newer version, start that one`,
      );
    entity.set(entityType, entityName);
  }
  return entity;
}

function resourceType(code: number): ResourceType {
  const type = resourceTypeOf(code);
  if (type !== null) return type;
  throw new InvariantViolation(`the metadata log sets a resource of type ${code}, which this version does not know`);
}
