import { API_ROWS, ApiKey, type RequestMap, type ResponseMap } from "./gen/api-map.ts";

/** An API key that has a valid version. */
export type ApiKeyNumber = keyof RequestMap;
export type ApiName = keyof typeof ApiKey;
/** Request type of a key: `RequestOf<typeof ApiKey.Fetch>`. */
export type RequestOf<K extends ApiKeyNumber> = RequestMap[K];
/** Response type of a key. */
export type ResponseOf<K extends ApiKeyNumber> = ResponseMap[K];

export interface ApiRow {
  readonly key: ApiKeyNumber;
  readonly name: ApiName;
  /** Versions the codec reads and writes, both inclusive. */
  readonly min: number;
  readonly max: number;
  /** First version with compact encodings and tags; Infinity when none has them. */
  readonly flexibleSince: number;
  /** The newest version may still change in Kafka: decoded, never advertised. */
  readonly unstable: boolean;
  /** On which listeners Kafka serves it. */
  readonly on: readonly ("broker" | "controller")[];
}

/** Every key, ascending. */
export const API_TABLE: readonly ApiRow[] = API_ROWS;

const byKey: (ApiRow | undefined)[] = [];
for (const row of API_TABLE) byKey[row.key] = row;

/** The row of a key from the wire; undefined for numbers nobody uses. */
export function apiRow(key: number): ApiRow | undefined {
  return byKey[key];
}

/** Name for logs: `Fetch`, or `key 99` for numbers nobody uses. */
export function apiName(key: number): string {
  return byKey[key]?.name ?? `key ${key}`;
}

export interface VersionSpan {
  readonly min: number;
  readonly max: number;
}

/** What a listener tells in its ApiVersions answer, by key. */
export type Advertised = ReadonlyMap<number, VersionSpan>;

/**
 * What clients are told. A key stands here only when it works. Produce begins at 0 although 0 to 2 are refused: librdkafka before 2.11.1
 * switches compression off when it does not see them (KAFKA-18659). The oldest versions that old librdkafka tests for are included.
 */
export const CLIENT_ADVERTISED: Advertised = new Map([
  [ApiKey.Produce, { min: 0, max: 11 }],
  [ApiKey.Fetch, { min: 4, max: 12 }],
  [ApiKey.ListOffsets, { min: 1, max: 7 }],
  [ApiKey.Metadata, { min: 0, max: 12 }],
  [ApiKey.SaslHandshake, { min: 0, max: 1 }],
  [ApiKey.OffsetCommit, { min: 2, max: 9 }],
  [ApiKey.OffsetFetch, { min: 1, max: 9 }],
  [ApiKey.FindCoordinator, { min: 0, max: 5 }],
  [ApiKey.JoinGroup, { min: 0, max: 9 }],
  [ApiKey.Heartbeat, { min: 0, max: 4 }],
  [ApiKey.LeaveGroup, { min: 0, max: 5 }],
  [ApiKey.SyncGroup, { min: 0, max: 5 }],
  [ApiKey.DescribeGroups, { min: 0, max: 6 }],
  [ApiKey.ListGroups, { min: 0, max: 5 }],
  [ApiKey.ApiVersions, { min: 0, max: 4 }],
  [ApiKey.CreateTopics, { min: 2, max: 7 }],
  [ApiKey.DeleteTopics, { min: 1, max: 6 }],
  [ApiKey.DeleteRecords, { min: 0, max: 2 }],
  [ApiKey.InitProducerId, { min: 0, max: 5 }],
  [ApiKey.OffsetForLeaderEpoch, { min: 2, max: 4 }],
  [ApiKey.DescribeAcls, { min: 1, max: 3 }],
  [ApiKey.CreateAcls, { min: 1, max: 3 }],
  [ApiKey.DeleteAcls, { min: 1, max: 3 }],
  [ApiKey.DescribeConfigs, { min: 1, max: 4 }],
  [ApiKey.AlterConfigs, { min: 0, max: 2 }],
  [ApiKey.DescribeLogDirs, { min: 1, max: 5 }],
  [ApiKey.SaslAuthenticate, { min: 0, max: 2 }],
  [ApiKey.CreatePartitions, { min: 0, max: 3 }],
  [ApiKey.ElectLeaders, { min: 0, max: 2 }],
  [ApiKey.IncrementalAlterConfigs, { min: 0, max: 1 }],
  [ApiKey.AlterPartitionReassignments, { min: 0, max: 1 }],
  [ApiKey.ListPartitionReassignments, { min: 0, max: 0 }],
  [ApiKey.DescribeClientQuotas, { min: 0, max: 1 }],
  [ApiKey.AlterClientQuotas, { min: 0, max: 1 }],
  [ApiKey.DescribeUserScramCredentials, { min: 0, max: 0 }],
  [ApiKey.AlterUserScramCredentials, { min: 0, max: 0 }],
  [ApiKey.DescribeQuorum, { min: 0, max: 2 }],
  [ApiKey.UpdateFeatures, { min: 0, max: 2 }],
  [ApiKey.DeleteGroups, { min: 0, max: 2 }],
  [ApiKey.OffsetDelete, { min: 0, max: 0 }],
  [ApiKey.DescribeCluster, { min: 0, max: 2 }],
  [ApiKey.DescribeProducers, { min: 0, max: 0 }],
  [ApiKey.UnregisterBroker, { min: 0, max: 0 }],
  [ApiKey.ListConfigResources, { min: 0, max: 1 }],
  [ApiKey.DescribeTopicPartitions, { min: 0, max: 0 }],
]);

/** What our own nodes are told: every version of every key; both ends are the same program. */
export const PEER_ADVERTISED: Advertised = new Map<number, VersionSpan>([
  ...API_TABLE.map((row) => [row.key, { min: row.min, max: row.max }] as const),
  // From version 10 on they name topics by id alone, before by name alone. HTTP asks through this listener, the clients' or none, and names them.
  [ApiKey.OffsetCommit, { min: 2, max: 9 }],
  [ApiKey.OffsetFetch, { min: 1, max: 9 }],
]);

/** Whether a version may be decoded: advertised to this listener, and known to the codec (Produce 0 to 2 are not). */
export function isServed(advertised: Advertised, key: number, version: number): boolean {
  const span = advertised.get(key);
  const row = byKey[key];
  if (!span || !row) return false;
  return version >= Math.max(span.min, row.min) && version <= Math.min(span.max, row.max);
}

/** The newest version that a server with this table serves and the codec knows; null when there is none. */
export function newestVersion(advertised: Advertised, key: number): number | null {
  const span = advertised.get(key);
  const row = byKey[key];
  if (!span || !row) return null;
  const max = Math.min(span.max, row.max);
  return max >= Math.max(span.min, row.min) ? max : null;
}
