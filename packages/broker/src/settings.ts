/** The static settings a broker reads while it runs, typed. Names and defaults are Kafka's (`behaviours.md`); Vitrine's own begin with `vitrine.`. */
import { DEFAULT_GROUP_SETTINGS, type GroupCoordinatorSettings } from "@vitrine/group-coordinator";
import type { BrokerConfig } from "./config.ts";
import { RACK_AWARE_SELECTOR } from "./replica-selector.ts";
import type { QuotaSettings } from "./quotas/client-quotas.ts";
import type { RateWindows } from "./quotas/sampled-rate.ts";

export interface BrokerSettings {
  /** `broker.heartbeat.interval.ms` */
  readonly heartbeatIntervalMs: number;
  /** `broker.session.timeout.ms` */
  readonly sessionTimeoutMs: number;
  /** `controller.quorum.election.timeout.ms` */
  readonly quorumElectionTimeoutMs: number;
  /** `controller.quorum.fetch.timeout.ms` */
  readonly quorumFetchTimeoutMs: number;
  /** `controller.quorum.election.backoff.max.ms` */
  readonly quorumElectionBackoffMaxMs: number;
  /** `controller.quorum.request.timeout.ms` */
  readonly quorumRequestTimeoutMs: number;
  /** `metadata.log.max.record.bytes.between.snapshots` */
  readonly metadataSnapshotBytes: number;
  /** `replica.lag.time.max.ms` */
  readonly replicaLagTimeMaxMs: number;
  /** `replica.fetch.wait.max.ms` */
  readonly replicaFetchWaitMaxMs: number;
  /** `replica.fetch.backoff.ms` */
  readonly replicaFetchBackoffMs: number;
  /** `replica.fetch.max.bytes` */
  readonly replicaFetchMaxBytes: number;
  /** `replica.fetch.response.max.bytes` */
  readonly replicaFetchResponseMaxBytes: number;
  /** `fetch.max.bytes` */
  readonly fetchMaxBytes: number;
  /** `message.max.bytes` */
  readonly messageMaxBytes: number;
  /** `num.partitions` */
  readonly numPartitions: number;
  /** `default.replication.factor` */
  readonly defaultReplicationFactor: number;
  /** `min.insync.replicas` */
  readonly minInsyncReplicas: number;
  /** `auto.create.topics.enable` */
  readonly autoCreateTopics: boolean;
  /** `controlled.shutdown.enable` */
  readonly controlledShutdown: boolean;
  /** `log.retention.check.interval.ms` */
  readonly retentionCheckIntervalMs: number;
  /** `log.cleaner.enable` */
  readonly cleanerEnabled: boolean;
  /** `log.dirs`: where the data of this node is, for people. */
  readonly logDir: string;
  /** `max.request.partition.size.limit` */
  readonly requestPartitionsMax: number;
  /** `offsets.topic.num.partitions` */
  readonly offsetsTopicPartitions: number;
  /** `offsets.topic.replication.factor` */
  readonly offsetsTopicReplicationFactor: number;
  /** `offsets.topic.segment.bytes` */
  readonly offsetsTopicSegmentBytes: number;
  readonly groups: GroupCoordinatorSettings;
  /** `replica.selector.class`: consumers read from a replica in their rack. */
  readonly readsFromNearest: boolean;
  /** `quota.window.*`, `controller.quota.window.*` */
  readonly quotas: QuotaSettings;
  /** `replication.quota.window.*` */
  readonly replicationQuotaWindows: RateWindows;
  /** `request.timeout.ms` of requests between nodes. */
  readonly peerRequestTimeoutMs: number;
}

/** Reads the settings out of the static properties; a value that is not a number is refused at the edge, before this. */
export function readSettings(config: BrokerConfig): BrokerSettings {
  const text = (name: string) => config.properties.get(name);
  const number = (name: string, fallback: number) => Number(text(name) ?? fallback);
  const flag = (name: string, fallback: boolean) => (text(name) ?? String(fallback)) === "true";
  const windows = (prefix: string): RateWindows => ({
    count: number(`${prefix}.num`, 11),
    lengthMs: number(`${prefix}.size.seconds`, 1) * 1_000,
  });
  return {
    heartbeatIntervalMs: number("broker.heartbeat.interval.ms", 2_000),
    sessionTimeoutMs: number("broker.session.timeout.ms", 9_000),
    quorumElectionTimeoutMs: number("controller.quorum.election.timeout.ms", 1_000),
    quorumFetchTimeoutMs: number("controller.quorum.fetch.timeout.ms", 2_000),
    quorumElectionBackoffMaxMs: number("controller.quorum.election.backoff.max.ms", 1_000),
    quorumRequestTimeoutMs: number("controller.quorum.request.timeout.ms", 2_000),
    metadataSnapshotBytes: number("metadata.log.max.record.bytes.between.snapshots", 20 << 20),
    replicaLagTimeMaxMs: number("replica.lag.time.max.ms", 30_000),
    replicaFetchWaitMaxMs: number("replica.fetch.wait.max.ms", 500),
    replicaFetchBackoffMs: number("replica.fetch.backoff.ms", 1_000),
    replicaFetchMaxBytes: number("replica.fetch.max.bytes", 1_048_576),
    replicaFetchResponseMaxBytes: number("replica.fetch.response.max.bytes", 10_485_760),
    fetchMaxBytes: number("fetch.max.bytes", 57_671_680),
    messageMaxBytes: number("message.max.bytes", 1_048_588),
    numPartitions: number("num.partitions", 1),
    defaultReplicationFactor: number("default.replication.factor", 1),
    minInsyncReplicas: number("min.insync.replicas", 1),
    autoCreateTopics: flag("auto.create.topics.enable", true),
    controlledShutdown: flag("controlled.shutdown.enable", true),
    retentionCheckIntervalMs: number("log.retention.check.interval.ms", 300_000),
    cleanerEnabled: flag("log.cleaner.enable", true),
    logDir: text("log.dirs") ?? text("log.dir") ?? "/tmp/kafka-logs",
    requestPartitionsMax: number("max.request.partition.size.limit", 2_000),
    offsetsTopicPartitions: number("offsets.topic.num.partitions", 50),
    offsetsTopicReplicationFactor: number("offsets.topic.replication.factor", 3),
    offsetsTopicSegmentBytes: number("offsets.topic.segment.bytes", 104_857_600),
    groups: {
      ...DEFAULT_GROUP_SETTINGS,
      minSessionTimeoutMs: number("group.min.session.timeout.ms", DEFAULT_GROUP_SETTINGS.minSessionTimeoutMs),
      maxSessionTimeoutMs: number("group.max.session.timeout.ms", DEFAULT_GROUP_SETTINGS.maxSessionTimeoutMs),
      initialRebalanceDelayMs: number(
        "group.initial.rebalance.delay.ms",
        DEFAULT_GROUP_SETTINGS.initialRebalanceDelayMs,
      ),
      maxSize: number("group.max.size", DEFAULT_GROUP_SETTINGS.maxSize),
      offsetMetadataMaxLength: number("offset.metadata.max.bytes", DEFAULT_GROUP_SETTINGS.offsetMetadataMaxLength),
      offsetsRetentionMs: number("offsets.retention.minutes", 10_080) * 60_000,
      offsetsRetentionCheckIntervalMs: number("offsets.retention.check.interval.ms", 600_000),
      commitTimeoutMs: number("offsets.commit.timeout.ms", 5_000),
    },
    readsFromNearest: text("replica.selector.class") === RACK_AWARE_SELECTOR,
    quotas: { windows: windows("quota.window"), mutationWindows: windows("controller.quota.window") },
    replicationQuotaWindows: windows("replication.quota.window"),
    peerRequestTimeoutMs: number("request.timeout.ms", 30_000),
  };
}
