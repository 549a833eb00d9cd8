/** Kafka's settings that this package obeys; all in milliseconds. */
export interface ReplicationSettings {
  /** `replica.lag.time.max.ms`: how long a replica may stay behind before it leaves the ISR. */
  readonly replicaLagTimeMaxMs: number;
  /** `replica.fetch.wait.max.ms`: how long a leader may hold a fetch that has nothing to give. */
  readonly replicaFetchWaitMaxMs: number;
  /** `replica.fetch.backoff.ms`: pause after an error, per partition and per leader. */
  readonly replicaFetchBackoffMs: number;
  /** `replica.fetch.max.bytes`: per partition. */
  readonly replicaFetchMaxBytes: number;
  /** `replica.fetch.response.max.bytes`: per request. */
  readonly replicaFetchResponseMaxBytes: number;
  /** How long to wait before an AlterPartition without an answer is sent again. */
  readonly alterPartitionRetryMs: number;
}

/** Kafka's defaults. */
export const DEFAULT_REPLICATION_SETTINGS: ReplicationSettings = {
  replicaLagTimeMaxMs: 30_000,
  replicaFetchWaitMaxMs: 500,
  replicaFetchBackoffMs: 1_000,
  replicaFetchMaxBytes: 1_048_576,
  replicaFetchResponseMaxBytes: 10_485_760,
  alterPartitionRetryMs: 50,
};
