/**
 * The state of the cluster at one position of the metadata log. Immutable: `applyRecords` makes a new one that shares what did not change,
 * so that a reader may keep an image for as long as it likes.
 */
import type { NodeId, Offset, PartitionIndex, Uuid } from "@vitrine/core";
import { Offset as offset } from "@vitrine/core";

/** A place where a broker listens. Ours are named CLIENT, PEER and HTTP. */
export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Kafka's number: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number;
}

export interface FeatureRange {
  readonly min: number;
  readonly max: number;
}

export interface BrokerRegistration {
  readonly id: NodeId;
  /** Offset of the registration record; grows with each new incarnation. */
  readonly epoch: number;
  readonly incarnationId: Uuid;
  readonly endpoints: readonly Endpoint[];
  readonly features: ReadonlyMap<string, FeatureRange>;
  readonly rack: string | null;
  /** A fenced broker is in no ISR and leads nothing. */
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  readonly logDirs: readonly Uuid[];
}

export type LeaderRecoveryState = "RECOVERED" | "RECOVERING";

export interface PartitionImage {
  /** The first is the preferred leader. */
  readonly replicas: readonly NodeId[];
  /** Log directory of each replica, in the order of `replicas`; the zero UUID where not known. */
  readonly directories: readonly Uuid[];
  /** Invariant: a subset of `replicas` without fenced brokers. Empty only with eligible leader replicas on. */
  readonly isr: readonly NodeId[];
  /** Eligible leader replicas (KIP-966): not in the ISR, but holding all that was committed. Invariant: disjoint from `isr`; empty while the ISR has min.insync.replicas members. */
  readonly elr: readonly NodeId[];
  /** The last leader, kept while ISR and ELR are both empty. */
  readonly lastKnownElr: readonly NodeId[];
  /** -1: none. */
  readonly leader: NodeId;
  /** Grows with each election. */
  readonly leaderEpoch: number;
  /** Grows with each change of the partition. */
  readonly partitionEpoch: number;
  readonly leaderRecoveryState: LeaderRecoveryState;
  readonly addingReplicas: readonly NodeId[];
  readonly removingReplicas: readonly NodeId[];
}

export interface TopicImage {
  readonly id: Uuid;
  readonly name: string;
  /** In order of partition number, which run from 0 without gaps. */
  readonly partitions: ReadonlyMap<PartitionIndex, PartitionImage>;
}

export type ResourceType = "topic" | "broker" | "group";

/** Key into `MetadataImage.configs`: `topic:orders`, `broker:1`; `broker:` holds the defaults of all brokers. */
export type ResourceKey = `${ResourceType}:${string}`;

/** Whom a quota is about: one or both of user and client id, or an address; each by name or (null) as the default of its kind. */
export type QuotaEntity = ReadonlyMap<QuotaEntityType, string | null>;
export type QuotaEntityType = "user" | "client-id" | "ip";

export interface ClientQuota {
  readonly entity: QuotaEntity;
  /** By Kafka's key, `producer_byte_rate` and the like; never empty. */
  readonly values: ReadonlyMap<string, number>;
}

/** What a broker keeps of a password (RFC 5802): enough to check a proof, not enough to make one. */
export interface ScramCredential {
  readonly user: string;
  /** Kafka's number: 1 SCRAM-SHA-256, 2 SCRAM-SHA-512. */
  readonly mechanism: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly iterations: number;
}

export interface MetadataImage {
  /** End of what is applied, exclusive: the offset the next record will have. */
  readonly offset: Offset;
  /** Controller epoch of the last record applied. */
  readonly epoch: number;
  readonly clusterId: string;
  readonly brokers: ReadonlyMap<NodeId, BrokerRegistration>;
  readonly topicsById: ReadonlyMap<Uuid, TopicImage>;
  readonly topicsByName: ReadonlyMap<string, TopicImage>;
  /** What was set at run time, and nothing else. A resource without settings has no entry. */
  readonly configs: ReadonlyMap<ResourceKey, ReadonlyMap<string, string>>;
  /** Finalized feature levels; level 0 has no entry. */
  readonly features: ReadonlyMap<string, number>;
  /** By `quotaKey` of their entity. */
  readonly clientQuotas: ReadonlyMap<string, ClientQuota>;
  /** By `scramKey`. */
  readonly scramCredentials: ReadonlyMap<string, ScramCredential>;
  /** First producer id not yet given out. */
  readonly nextProducerId: number;
}

/** What a key stands for. */
export function resourceOf(key: ResourceKey): { readonly resourceType: ResourceType; readonly resourceName: string } {
  const at = key.indexOf(":");
  return { resourceType: key.slice(0, at) as ResourceType, resourceName: key.slice(at + 1) };
}

/** The image before the first record. */
export function emptyImage(clusterId: string): MetadataImage {
  return {
    offset: offset(0),
    epoch: 0,
    clusterId,
    brokers: new Map(),
    topicsById: new Map(),
    topicsByName: new Map(),
    configs: new Map(),
    features: new Map(),
    clientQuotas: new Map(),
    scramCredentials: new Map(),
    nextProducerId: 0,
  };
}

/** The partition, or undefined where topic or partition do not exist. */
export function partitionOf(
  image: MetadataImage,
  topicId: Uuid,
  partition: PartitionIndex,
): PartitionImage | undefined {
  return image.topicsById.get(topicId)?.partitions.get(partition);
}

/** One word for an entity, the same whatever the order of its parts. */
export function quotaKey(entity: QuotaEntity): string {
  const part = (type: QuotaEntityType) => (entity.has(type) ? [type, entity.get(type) ?? null] : []);
  return JSON.stringify([part("user"), part("client-id"), part("ip")]);
}

/** Under which a SCRAM credential stands in the image. */
export function scramKey(user: string, mechanism: number): string {
  return `${mechanism}:${user}`;
}

/** What was set on a resource at run time. */
export function configOf(image: MetadataImage, type: ResourceType, name: string): ReadonlyMap<string, string> {
  return image.configs.get(`${type}:${name}`) ?? NOTHING_SET;
}

const NOTHING_SET: ReadonlyMap<string, string> = new Map();

/** The endpoint of a listener (CLIENT, PEER or HTTP), or undefined where the broker has none. */
export function endpointOf(broker: BrokerRegistration, listener: string): Endpoint | undefined {
  return broker.endpoints.find((endpoint) => endpoint.name === listener);
}

/** May lead and be in an ISR. */
export function isActive(image: MetadataImage, id: NodeId): boolean {
  const broker = image.brokers.get(id);
  return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
}

/** Whether eligible leader replicas (KIP-966) are on in this cluster. */
export function elrEnabled(image: MetadataImage): boolean {
  return (image.features.get("eligible.leader.replicas.version") ?? 0) >= 1;
}
