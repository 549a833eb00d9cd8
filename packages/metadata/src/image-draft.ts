/** A copy of an image that is being changed: each map is copied once, when first touched, and what was touched is remembered for the delta. */
import type { NodeId, PartitionIndex, Uuid } from "@vitrine/core";
import { invariant } from "@vitrine/core";
import type {
  BrokerRegistration,
  ClientQuota,
  MetadataImage,
  PartitionImage,
  QuotaEntity,
  ResourceKey,
  ResourceType,
  ScramCredential,
  TopicImage,
} from "./image.ts";
import { quotaKey, scramKey } from "./image.ts";

interface TopicDraft extends TopicImage {
  readonly partitions: Map<PartitionIndex, PartitionImage>;
}

/** What a list of records touched; whether it really differs is found by comparing. */
export interface Touched {
  readonly brokers: ReadonlySet<NodeId>;
  readonly partitions: ReadonlyMap<Uuid, ReadonlySet<PartitionIndex>>;
  readonly configs: ReadonlySet<ResourceKey>;
}

export class ImageDraft {
  readonly #base: MetadataImage;
  #brokers: Map<NodeId, BrokerRegistration> | null = null;
  #topicsById: Map<Uuid, TopicImage> | null = null;
  #topicsByName: Map<string, TopicImage> | null = null;
  #configs: Map<ResourceKey, ReadonlyMap<string, string>> | null = null;
  #features: Map<string, number> | null = null;
  #clientQuotas: Map<string, ClientQuota> | null = null;
  #scramCredentials: Map<string, ScramCredential> | null = null;
  #nextProducerId: number;
  readonly #topicDrafts = new Map<Uuid, TopicDraft>();
  readonly #touchedBrokers = new Set<NodeId>();
  readonly #touchedPartitions = new Map<Uuid, Set<PartitionIndex>>();
  readonly #touchedConfigs = new Set<ResourceKey>();

  constructor(base: MetadataImage) {
    this.#base = base;
    this.#nextProducerId = base.nextProducerId;
  }

  get touched(): Touched {
    return { brokers: this.#touchedBrokers, partitions: this.#touchedPartitions, configs: this.#touchedConfigs };
  }

  finish(position: Pick<MetadataImage, "offset" | "epoch">): MetadataImage {
    return {
      offset: position.offset,
      epoch: position.epoch,
      clusterId: this.#base.clusterId,
      brokers: this.#brokers ?? this.#base.brokers,
      topicsById: this.#topicsById ?? this.#base.topicsById,
      topicsByName: this.#topicsByName ?? this.#base.topicsByName,
      configs: this.#configs ?? this.#base.configs,
      features: this.#features ?? this.#base.features,
      clientQuotas: this.#clientQuotas ?? this.#base.clientQuotas,
      scramCredentials: this.#scramCredentials ?? this.#base.scramCredentials,
      nextProducerId: this.#nextProducerId,
    };
  }

  broker(id: NodeId): BrokerRegistration | undefined {
    return (this.#brokers ?? this.#base.brokers).get(id);
  }

  setBroker(broker: BrokerRegistration): void {
    this.#touchedBrokers.add(broker.id);
    this.#brokers ??= new Map(this.#base.brokers);
    this.#brokers.set(broker.id, broker);
  }

  removeBroker(id: NodeId): void {
    this.#touchedBrokers.add(id);
    this.#brokers ??= new Map(this.#base.brokers);
    this.#brokers.delete(id);
  }

  addTopic(id: Uuid, name: string): void {
    invariant(!this.#topics().has(id), `topic id ${id} exists already`);
    invariant(!(this.#topicsByName ?? this.#base.topicsByName).has(name), `topic ${name} exists already`);
    this.#touch(id);
    this.#putTopic({ id, name, partitions: new Map() });
  }

  removeTopic(id: Uuid): void {
    const topic = this.#topics().get(id);
    invariant(topic, `topic id ${id} is unknown, it cannot be removed`);
    const touched = this.#touch(id);
    for (const partition of topic.partitions.keys()) touched.add(partition);
    this.#topicDrafts.delete(id);
    this.#topicsById ??= new Map(this.#base.topicsById);
    this.#topicsByName ??= new Map(this.#base.topicsByName);
    this.#topicsById.delete(id);
    this.#topicsByName.delete(topic.name);
    this.setConfigs("topic", topic.name, null);
  }

  topicByName(name: string): TopicImage | undefined {
    return (this.#topicsByName ?? this.#base.topicsByName).get(name);
  }

  partition(topicId: Uuid, partition: PartitionIndex): PartitionImage | undefined {
    return this.#topics().get(topicId)?.partitions.get(partition);
  }

  setPartition(topicId: Uuid, index: PartitionIndex, partition: PartitionImage): void {
    this.#touch(topicId).add(index);
    this.#topicDraft(topicId).partitions.set(index, partition);
  }

  setConfig(type: ResourceType, resourceName: string, name: string, value: string | null): void {
    const key: ResourceKey = `${type}:${resourceName}`;
    const configs = new Map((this.#configs ?? this.#base.configs).get(key));
    if (value === null) configs.delete(name);
    else configs.set(name, value);
    this.setConfigs(type, resourceName, configs.size === 0 ? null : configs);
  }

  setConfigs(type: ResourceType, resourceName: string, configs: ReadonlyMap<string, string> | null): void {
    const key: ResourceKey = `${type}:${resourceName}`;
    if (configs === null && !(this.#configs ?? this.#base.configs).has(key)) return;
    this.#touchedConfigs.add(key);
    this.#configs ??= new Map(this.#base.configs);
    if (configs === null) this.#configs.delete(key);
    else this.#configs.set(key, configs);
  }

  setFeature(name: string, level: number): void {
    this.#features ??= new Map(this.#base.features);
    if (level === 0) this.#features.delete(name);
    else this.#features.set(name, level);
  }

  /** null takes the value away, and the entity with its last one. */
  setClientQuota(entity: QuotaEntity, key: string, value: number | null): void {
    this.#clientQuotas ??= new Map(this.#base.clientQuotas);
    const at = quotaKey(entity);
    const values = new Map(this.#clientQuotas.get(at)?.values);
    if (value === null) values.delete(key);
    else values.set(key, value);
    if (values.size === 0) this.#clientQuotas.delete(at);
    else this.#clientQuotas.set(at, { entity, values });
  }

  setScramCredential(credential: ScramCredential): void {
    this.#scramCredentials ??= new Map(this.#base.scramCredentials);
    this.#scramCredentials.set(scramKey(credential.user, credential.mechanism), credential);
  }

  removeScramCredential(user: string, mechanism: number): void {
    this.#scramCredentials ??= new Map(this.#base.scramCredentials);
    this.#scramCredentials.delete(scramKey(user, mechanism));
  }

  setNextProducerId(next: number): void {
    this.#nextProducerId = next;
  }

  #topics(): ReadonlyMap<Uuid, TopicImage> {
    return this.#topicsById ?? this.#base.topicsById;
  }

  #touch(topicId: Uuid): Set<PartitionIndex> {
    let touched = this.#touchedPartitions.get(topicId);
    if (!touched) this.#touchedPartitions.set(topicId, (touched = new Set()));
    return touched;
  }

  #topicDraft(id: Uuid): TopicDraft {
    const known = this.#topicDrafts.get(id);
    if (known) return known;
    const topic = this.#topics().get(id);
    invariant(topic, `topic id ${id} is unknown, its partitions cannot change`);
    return this.#putTopic({ id, name: topic.name, partitions: new Map(topic.partitions) });
  }

  #putTopic(topic: TopicDraft): TopicDraft {
    this.#topicDrafts.set(topic.id, topic);
    this.#topicsById ??= new Map(this.#base.topicsById);
    this.#topicsByName ??= new Map(this.#base.topicsByName);
    this.#topicsById.set(topic.id, topic);
    this.#topicsByName.set(topic.name, topic);
    return topic;
  }
}
