/**
 * The partitions this broker has replicas of: made, changed and removed as metadata says, found once per request.
 */
import type { PartitionIndex, Uuid } from "@vitrine/core";
import type { LogKey } from "@vitrine/log";
import {
  effectiveBrokerValue,
  effectiveTopicConfig,
  type MetadataDelta,
  type MetadataImage,
  type NodeConfigs,
  type PartitionImage,
  type TopicConfig,
} from "@vitrine/metadata";
import {
  DEFAULT_REPLICATION_SETTINGS,
  FetchPlans,
  Partition,
  type Liveness,
  type MetadataView,
  type ReplicationEffect,
  type ReplicationSettings,
} from "@vitrine/replication";
import { ReplicationThrottle } from "./quotas/replication-throttle.ts";
import type { Runtime } from "./runtime.ts";

/** Key of a partition's log, and of what waits for the partition in the purgatory. */
export function partitionLogKey(topicId: Uuid, partition: PartitionIndex): LogKey {
  return `${topicId}-${partition}` as LogKey;
}

export class Partitions {
  readonly effects: ReplicationEffect[] = [];
  readonly plans: FetchPlans;
  /** Holds back replicas that catch up, in both directions. */
  readonly throttle: ReplicationThrottle;
  readonly #runtime: Runtime;
  readonly #nodeConfigs: NodeConfigs;
  readonly #brokerEpoch: () => number;
  readonly #settings: ReplicationSettings;
  readonly #byKey = new Map<LogKey, Partition>();
  readonly #byTopic = new Map<Uuid, Map<PartitionIndex, Partition>>();
  readonly #configs = new Map<string, TopicConfig>();
  /** Logs that are nobody's any more, and go once metadata is of the present. A partition that comes back in the meantime keeps its own. */
  readonly #doomed = new Set<LogKey>();
  #straysRemoved = false;
  #image: MetadataImage | null = null;
  #liveness: Liveness = new Map();

  /** `brokerEpoch`: of this process's own registration, -1 before it; metadata older than that is history and gives nobody a role. */
  constructor(runtime: Runtime, brokerEpoch: () => number) {
    this.#runtime = runtime;
    this.#brokerEpoch = brokerEpoch;
    const { settings, config } = runtime;
    this.#settings = {
      ...DEFAULT_REPLICATION_SETTINGS,
      replicaLagTimeMaxMs: settings.replicaLagTimeMaxMs,
      replicaFetchWaitMaxMs: settings.replicaFetchWaitMaxMs,
      replicaFetchBackoffMs: settings.replicaFetchBackoffMs,
      replicaFetchMaxBytes: settings.replicaFetchMaxBytes,
      replicaFetchResponseMaxBytes: settings.replicaFetchResponseMaxBytes,
    };
    this.#nodeConfigs = { brokerId: config.nodeId, staticConfigs: config.properties };
    this.throttle = new ReplicationThrottle(config.nodeId, settings.replicationQuotaWindows, {
      rate: (side) => effectiveBrokerValue(this.#image!, `${side}.replication.throttled.rate`, this.#nodeConfigs),
      replicas: (topicName, side) => this.topicConfig(topicName).values.get(`${side}.replication.throttled.replicas`),
    });
    this.plans = new FetchPlans(this.#settings, this.throttle);
  }

  get size(): number {
    return this.#byKey.size;
  }

  all(): Iterable<Partition> {
    return this.#byKey.values();
  }

  /** By two maps, because a key put together for each request would be hashed each time. */
  get(topicId: Uuid, partition: PartitionIndex): Partition | undefined {
    return this.#byTopic.get(topicId)?.get(partition);
  }

  byKey(key: LogKey): Partition | undefined {
    return this.#byKey.get(key);
  }

  /** Settings in effect of a topic; computed once per change. */
  topicConfig(topicName: string): TopicConfig {
    let config = this.#configs.get(topicName);
    if (!config) {
      config = effectiveTopicConfig(this.#image!, topicName, this.#nodeConfigs);
      this.#configs.set(topicName, config);
    }
    return config;
  }

  /** A broker setting in effect here and now. */
  brokerNumber(name: string): number {
    return Number(effectiveBrokerValue(this.#image!, name, this.#nodeConfigs));
  }

  /** Becomes what the new image says. */
  applyDelta(delta: MetadataDelta): void {
    const image = delta.after;
    this.#image = image;
    const { nodeId } = this.#runtime.config;
    const configsChanged = this.#forgetConfigs(delta);
    if (configsChanged || delta.topicsDeleted.length > 0) this.throttle.update();
    if (delta.brokers.length > 0) this.#liveness = livenessOf(image);
    for (const change of delta.partitions) {
      const key = partitionLogKey(change.topicId, change.partition);
      if (change.after?.replicas.includes(nodeId)) {
        const partition = this.#byKey.get(key) ?? this.#open(change.topicId, change.topicName, change.partition);
        partition.applyMetadata(assignmentOf(change.after), this.#viewFor(partition));
        this.plans.sync(partition);
      } else this.#remove(key);
    }
    this.#removeDoomed();
    if (delta.brokers.length > 0 || configsChanged) {
      for (const partition of this.#byKey.values()) partition.updateView(this.#viewFor(partition));
    }
  }

  /**
   * Removes, once, the logs that no image knows any more: replicas of topics deleted while this broker was away. Only an image that holds this
   * broker's own registration is new enough to say that a replica is nobody's.
   */
  removeStrays(image: MetadataImage): void {
    if (this.#straysRemoved || !this.#isOfThePresent(image)) return;
    this.#straysRemoved = true;
    for (const key of this.#runtime.store.logs.keys()) {
      if (this.#byKey.has(key) || !/^.{22}-\d+$/.test(key)) continue;
      const topicId = key.slice(0, 22) as Uuid;
      const assigned = image.topicsById.get(topicId)?.partitions.get(Number(key.slice(23)));
      if (assigned?.replicas.includes(this.#runtime.config.nodeId)) continue;
      this.#runtime.journal("info", `removing the stray replica ${key}: its topic was deleted or moved away`);
      this.#runtime.store.remove(key);
    }
  }

  /** The disk has confirmed writes of these logs. */
  onCommitted(keys: readonly LogKey[]): void {
    for (const key of keys) this.#byKey.get(key)?.onCommitted(this.#runtime.nowMs);
  }

  tick(): void {
    const { nowMs } = this.#runtime;
    for (const partition of this.#byKey.values()) {
      const deadline = partition.nextDeadlineMs;
      if (deadline !== null && deadline <= nowMs) partition.tick(nowMs);
    }
  }

  nextDeadlineMs(): number {
    let earliest = this.plans.nextDeadlineMs ?? Infinity;
    for (const partition of this.#byKey.values()) earliest = Math.min(earliest, partition.nextDeadlineMs ?? Infinity);
    return earliest;
  }

  #viewFor(partition: Partition): MetadataView {
    const { minInsyncReplicas: minIsr, uncleanLeaderElection } = this.topicConfig(partition.topicName);
    const { nowMs } = this.#runtime;
    return { liveness: this.#liveness, minIsr, nowMs, uncleanLeaderElection, localBrokerEpoch: this.#brokerEpoch() };
  }

  #open(topicId: Uuid, topicName: string, index: PartitionIndex): Partition {
    const key = partitionLogKey(topicId, index);
    this.#doomed.delete(key);
    const retentionClass = retentionClassOf(this.topicConfig(topicName));
    const log = this.#runtime.store.create({ key, topicId, topicName, partition: index, retentionClass });
    const localId = this.#runtime.config.nodeId;
    const partition = new Partition({
      topicId,
      topicName,
      index,
      localId,
      log,
      settings: this.#settings,
      effects: this.effects,
    });
    this.#byKey.set(key, partition);
    const ofTopic = this.#byTopic.get(topicId) ?? new Map<PartitionIndex, Partition>();
    this.#byTopic.set(topicId, ofTopic.set(index, partition));
    return partition;
  }

  #remove(key: LogKey): void {
    const partition = this.#byKey.get(key);
    if (!partition) return;
    partition.close();
    this.plans.sync(partition);
    this.#byKey.delete(key);
    const ofTopic = this.#byTopic.get(partition.topicId);
    ofTopic?.delete(partition.index);
    if (ofTopic?.size === 0) this.#byTopic.delete(partition.topicId);
    this.#doomed.add(key);
    this.#runtime.touch(key);
  }

  /**
   * A starting broker reads the metadata log from its beginning: there it may see a replica of its go that has long come back since, and holds
   * what was acknowledged. Only an image with this life's registration is of the present.
   */
  #removeDoomed(): void {
    if (this.#doomed.size === 0 || !this.#isOfThePresent(this.#image!)) return;
    for (const key of this.#doomed) this.#runtime.store.remove(key);
    this.#doomed.clear();
  }

  /** Whether it holds the registration of this life of the broker; what is older is history. */
  #isOfThePresent(image: MetadataImage): boolean {
    const epoch = this.#brokerEpoch();
    return epoch >= 0 && image.brokers.get(this.#runtime.config.nodeId)?.epoch === epoch;
  }

  /** Returns whether a setting changed that partitions obey. */
  #forgetConfigs(delta: MetadataDelta): boolean {
    for (const topic of delta.topicsDeleted) this.#configs.delete(topic.name);
    for (const change of delta.configs) {
      if (change.resourceType === "topic") this.#configs.delete(change.resourceName);
      else this.#configs.clear();
    }
    return delta.configs.length > 0;
  }
}

/** Partitions that may be dropped at the same time share files. */
export function retentionClassOf(config: TopicConfig): string {
  const policy = config.cleanupPolicy.compact ? "compact" : "delete";
  return `${policy}:${config.retentionMs}:${config.retentionBytes}`;
}

function assignmentOf(image: PartitionImage) {
  return { ...image, leaderRecoveryState: image.leaderRecoveryState === "RECOVERING" ? 1 : 0 };
}

function livenessOf(image: MetadataImage): Liveness {
  const liveness = new Map<number, { epoch: number; fenced: boolean; shuttingDown: boolean }>();
  for (const broker of image.brokers.values())
    liveness.set(broker.id, { epoch: broker.epoch, fenced: broker.fenced, shuttingDown: broker.inControlledShutdown });
  return liveness;
}
