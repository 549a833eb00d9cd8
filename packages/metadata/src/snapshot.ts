/** Image to records and back. Replaying a snapshot on nothing gives an equal image. */
import type { AppliedTo } from "./apply.ts";
import { applyRecords } from "./apply.ts";
import type { BrokerRegistration, MetadataImage, TopicImage } from "./image.ts";
import { wireEntity } from "./client-quotas.ts";
import { emptyImage, resourceOf } from "./image.ts";
import type { MetadataRecord } from "./records.ts";
import {
  clientQuotaRecord,
  configRecord,
  featureLevelRecord,
  partitionRecord,
  producerIdsRecord,
  registerBrokerRecord,
  resourceCode,
  topicRecord,
  userScramCredentialRecord,
} from "./records.ts";

/** Everything the image holds, in an order that can be replayed: features, brokers, topics, settings, quotas, credentials, producer ids. */
export function snapshotRecords(image: MetadataImage): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const [name, featureLevel] of image.features) records.push(featureLevelRecord({ name, featureLevel }));
  for (const broker of image.brokers.values()) records.push(brokerRecord(broker));
  for (const topic of image.topicsById.values()) records.push(...topicRecords(topic));
  for (const [key, configs] of image.configs) {
    const { resourceType: type, resourceName } = resourceOf(key);
    const resource = { resourceType: resourceCode(type), resourceName };
    for (const [name, value] of configs) records.push(configRecord({ ...resource, name, value }));
  }
  for (const { entity, values } of image.clientQuotas.values())
    for (const [key, value] of values)
      records.push(clientQuotaRecord({ entity: wireEntity(entity), key, value, remove: false }));
  for (const { user, ...credential } of image.scramCredentials.values())
    records.push(userScramCredentialRecord({ name: user, ...credential }));
  if (image.nextProducerId > 0)
    records.push(producerIdsRecord({ brokerId: -1, brokerEpoch: -1, nextProducerId: image.nextProducerId }));
  return records;
}

/** The image a snapshot stands for. */
export function imageFromSnapshot(
  clusterId: string,
  records: readonly MetadataRecord[],
  position: AppliedTo,
): MetadataImage {
  return applyRecords(emptyImage(clusterId), records, position).image;
}

function brokerRecord(broker: BrokerRegistration): MetadataRecord {
  return registerBrokerRecord({
    brokerId: broker.id,
    isMigratingZkBroker: false,
    incarnationId: broker.incarnationId,
    brokerEpoch: broker.epoch,
    endPoints: broker.endpoints.map((endpoint) => ({ ...endpoint })),
    features: [...broker.features].map(([name, range]) => ({
      name,
      minSupportedVersion: range.min,
      maxSupportedVersion: range.max,
    })),
    rack: broker.rack,
    fenced: broker.fenced,
    inControlledShutdown: broker.inControlledShutdown,
    logDirs: [...broker.logDirs],
    cordonedLogDirs: null,
  });
}

function topicRecords(topic: TopicImage): MetadataRecord[] {
  const records: MetadataRecord[] = [topicRecord({ name: topic.name, topicId: topic.id })];
  for (const [partitionId, partition] of topic.partitions)
    records.push(
      partitionRecord({
        partitionId,
        topicId: topic.id,
        replicas: [...partition.replicas],
        isr: [...partition.isr],
        removingReplicas: [...partition.removingReplicas],
        addingReplicas: [...partition.addingReplicas],
        leader: partition.leader,
        leaderRecoveryState: partition.leaderRecoveryState === "RECOVERING" ? 1 : 0,
        leaderEpoch: partition.leaderEpoch,
        partitionEpoch: partition.partitionEpoch,
        directories: [...partition.directories],
        eligibleLeaderReplicas: partition.elr.length === 0 ? null : [...partition.elr],
        lastKnownElr: partition.lastKnownElr.length === 0 ? null : [...partition.lastKnownElr],
      }),
    );
  return records;
}
