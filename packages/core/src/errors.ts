/**
 * Kafka's error table: code, name, whether a client may retry, the HTTP status we answer with, and a sentence for people.
 * Errors that operate are values with a name from here; nothing else decides about retries or statuses.
 */
const ERROR_ROWS = [
  [-1, "UNKNOWN_SERVER_ERROR", false, 500, "unknown server error"],
  [0, "NONE", false, 200, "none"],
  [1, "OFFSET_OUT_OF_RANGE", false, 416, "offset out of range"],
  [2, "CORRUPT_MESSAGE", true, 500, "corrupt message"],
  [3, "UNKNOWN_TOPIC_OR_PARTITION", true, 404, "unknown topic or partition"],
  [4, "INVALID_FETCH_SIZE", false, 500, "invalid fetch size"],
  [5, "LEADER_NOT_AVAILABLE", true, 503, "leader not available"],
  [6, "NOT_LEADER_OR_FOLLOWER", true, 503, "not leader or follower"],
  [7, "REQUEST_TIMED_OUT", true, 504, "request timed out"],
  [8, "BROKER_NOT_AVAILABLE", false, 500, "broker not available"],
  [9, "REPLICA_NOT_AVAILABLE", true, 500, "replica not available"],
  [10, "MESSAGE_TOO_LARGE", false, 413, "message too large"],
  [11, "STALE_CONTROLLER_EPOCH", false, 500, "stale controller epoch"],
  [12, "OFFSET_METADATA_TOO_LARGE", false, 500, "offset metadata too large"],
  [13, "NETWORK_EXCEPTION", true, 500, "network exception"],
  [14, "COORDINATOR_LOAD_IN_PROGRESS", true, 503, "coordinator load in progress"],
  [15, "COORDINATOR_NOT_AVAILABLE", true, 503, "coordinator not available"],
  [16, "NOT_COORDINATOR", true, 503, "not coordinator"],
  [17, "INVALID_TOPIC_EXCEPTION", false, 422, "invalid topic exception"],
  [18, "RECORD_LIST_TOO_LARGE", false, 413, "record list too large"],
  [19, "NOT_ENOUGH_REPLICAS", true, 503, "not enough replicas"],
  [20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", true, 503, "not enough replicas after append"],
  [21, "INVALID_REQUIRED_ACKS", false, 500, "invalid required acks"],
  [22, "ILLEGAL_GENERATION", false, 409, "illegal generation"],
  [23, "INCONSISTENT_GROUP_PROTOCOL", false, 500, "inconsistent group protocol"],
  [24, "INVALID_GROUP_ID", false, 500, "invalid group id"],
  [25, "UNKNOWN_MEMBER_ID", false, 409, "unknown member id"],
  [26, "INVALID_SESSION_TIMEOUT", false, 500, "invalid session timeout"],
  [27, "REBALANCE_IN_PROGRESS", false, 409, "rebalance in progress"],
  [28, "INVALID_COMMIT_OFFSET_SIZE", false, 500, "invalid commit offset size"],
  [29, "TOPIC_AUTHORIZATION_FAILED", false, 403, "topic authorization failed"],
  [30, "GROUP_AUTHORIZATION_FAILED", false, 403, "group authorization failed"],
  [31, "CLUSTER_AUTHORIZATION_FAILED", false, 403, "cluster authorization failed"],
  [32, "INVALID_TIMESTAMP", false, 500, "invalid timestamp"],
  [33, "UNSUPPORTED_SASL_MECHANISM", false, 500, "unsupported sasl mechanism"],
  [34, "ILLEGAL_SASL_STATE", false, 500, "illegal sasl state"],
  [35, "UNSUPPORTED_VERSION", false, 500, "unsupported version"],
  [36, "TOPIC_ALREADY_EXISTS", false, 409, "topic already exists"],
  [37, "INVALID_PARTITIONS", false, 422, "invalid partitions"],
  [38, "INVALID_REPLICATION_FACTOR", false, 422, "invalid replication factor"],
  [39, "INVALID_REPLICA_ASSIGNMENT", false, 422, "invalid replica assignment"],
  [40, "INVALID_CONFIG", false, 422, "invalid config"],
  [41, "NOT_CONTROLLER", true, 503, "not controller"],
  [42, "INVALID_REQUEST", false, 500, "invalid request"],
  [43, "UNSUPPORTED_FOR_MESSAGE_FORMAT", false, 500, "unsupported for message format"],
  [44, "POLICY_VIOLATION", false, 422, "policy violation"],
  [45, "OUT_OF_ORDER_SEQUENCE_NUMBER", false, 409, "out of order sequence number"],
  [46, "DUPLICATE_SEQUENCE_NUMBER", false, 200, "duplicate sequence number"],
  [47, "INVALID_PRODUCER_EPOCH", false, 409, "invalid producer epoch"],
  [48, "INVALID_TXN_STATE", false, 500, "invalid txn state"],
  [49, "INVALID_PRODUCER_ID_MAPPING", false, 500, "invalid producer id mapping"],
  [50, "INVALID_TRANSACTION_TIMEOUT", false, 500, "invalid transaction timeout"],
  [51, "CONCURRENT_TRANSACTIONS", true, 409, "concurrent transactions"],
  [52, "TRANSACTION_COORDINATOR_FENCED", false, 500, "transaction coordinator fenced"],
  [53, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", false, 403, "transactional id authorization failed"],
  [54, "SECURITY_DISABLED", false, 500, "security disabled"],
  [55, "OPERATION_NOT_ATTEMPTED", false, 500, "operation not attempted"],
  [56, "KAFKA_STORAGE_ERROR", true, 503, "kafka storage error"],
  [57, "LOG_DIR_NOT_FOUND", false, 500, "log dir not found"],
  [58, "SASL_AUTHENTICATION_FAILED", false, 401, "sasl authentication failed"],
  [59, "UNKNOWN_PRODUCER_ID", false, 500, "unknown producer id"],
  [60, "REASSIGNMENT_IN_PROGRESS", false, 409, "reassignment in progress"],
  [61, "DELEGATION_TOKEN_AUTH_DISABLED", false, 500, "delegation token auth disabled"],
  [62, "DELEGATION_TOKEN_NOT_FOUND", false, 500, "delegation token not found"],
  [63, "DELEGATION_TOKEN_OWNER_MISMATCH", false, 500, "delegation token owner mismatch"],
  [64, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", false, 500, "delegation token request not allowed"],
  [65, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", false, 500, "delegation token authorization failed"],
  [66, "DELEGATION_TOKEN_EXPIRED", false, 500, "delegation token expired"],
  [67, "INVALID_PRINCIPAL_TYPE", false, 500, "invalid principal type"],
  [68, "NON_EMPTY_GROUP", false, 409, "non empty group"],
  [69, "GROUP_ID_NOT_FOUND", false, 404, "group id not found"],
  [70, "FETCH_SESSION_ID_NOT_FOUND", true, 500, "fetch session id not found"],
  [71, "INVALID_FETCH_SESSION_EPOCH", true, 500, "invalid fetch session epoch"],
  [72, "LISTENER_NOT_FOUND", true, 500, "listener not found"],
  [73, "TOPIC_DELETION_DISABLED", false, 500, "topic deletion disabled"],
  [74, "FENCED_LEADER_EPOCH", true, 500, "fenced leader epoch"],
  [75, "UNKNOWN_LEADER_EPOCH", true, 500, "unknown leader epoch"],
  [76, "UNSUPPORTED_COMPRESSION_TYPE", false, 415, "unsupported compression type"],
  [77, "STALE_BROKER_EPOCH", false, 500, "stale broker epoch"],
  [78, "OFFSET_NOT_AVAILABLE", true, 500, "offset not available"],
  [79, "MEMBER_ID_REQUIRED", false, 500, "member id required"],
  [80, "PREFERRED_LEADER_NOT_AVAILABLE", true, 500, "preferred leader not available"],
  [81, "GROUP_MAX_SIZE_REACHED", false, 500, "group max size reached"],
  [82, "FENCED_INSTANCE_ID", false, 409, "fenced instance id"],
  [83, "ELIGIBLE_LEADERS_NOT_AVAILABLE", true, 500, "eligible leaders not available"],
  [84, "ELECTION_NOT_NEEDED", true, 500, "election not needed"],
  [85, "NO_REASSIGNMENT_IN_PROGRESS", false, 500, "no reassignment in progress"],
  [86, "GROUP_SUBSCRIBED_TO_TOPIC", false, 500, "group subscribed to topic"],
  [87, "INVALID_RECORD", false, 422, "invalid record"],
  [88, "UNSTABLE_OFFSET_COMMIT", true, 500, "unstable offset commit"],
  [89, "THROTTLING_QUOTA_EXCEEDED", true, 429, "throttling quota exceeded"],
  [90, "PRODUCER_FENCED", false, 409, "producer fenced"],
  [91, "RESOURCE_NOT_FOUND", false, 500, "resource not found"],
  [92, "DUPLICATE_RESOURCE", false, 500, "duplicate resource"],
  [93, "UNACCEPTABLE_CREDENTIAL", false, 500, "unacceptable credential"],
  [94, "INCONSISTENT_VOTER_SET", false, 500, "inconsistent voter set"],
  [95, "INVALID_UPDATE_VERSION", false, 500, "invalid update version"],
  [96, "FEATURE_UPDATE_FAILED", false, 500, "feature update failed"],
  [97, "PRINCIPAL_DESERIALIZATION_FAILURE", false, 500, "principal deserialization failure"],
  [98, "SNAPSHOT_NOT_FOUND", false, 500, "snapshot not found"],
  [99, "POSITION_OUT_OF_RANGE", false, 500, "position out of range"],
  [100, "UNKNOWN_TOPIC_ID", true, 404, "unknown topic id"],
  [101, "DUPLICATE_BROKER_REGISTRATION", false, 500, "duplicate broker registration"],
  [102, "BROKER_ID_NOT_REGISTERED", false, 500, "broker id not registered"],
  [103, "INCONSISTENT_TOPIC_ID", true, 500, "inconsistent topic id"],
  [104, "INCONSISTENT_CLUSTER_ID", false, 500, "inconsistent cluster id"],
  [105, "TRANSACTIONAL_ID_NOT_FOUND", false, 500, "transactional id not found"],
  [106, "FETCH_SESSION_TOPIC_ID_ERROR", true, 500, "fetch session topic id error"],
  [107, "INELIGIBLE_REPLICA", false, 500, "ineligible replica"],
  [108, "NEW_LEADER_ELECTED", false, 500, "new leader elected"],
  [109, "OFFSET_MOVED_TO_TIERED_STORAGE", false, 500, "offset moved to tiered storage"],
  [110, "FENCED_MEMBER_EPOCH", false, 409, "fenced member epoch"],
  [111, "UNRELEASED_INSTANCE_ID", false, 500, "unreleased instance id"],
  [112, "UNSUPPORTED_ASSIGNOR", false, 500, "unsupported assignor"],
  [113, "STALE_MEMBER_EPOCH", false, 500, "stale member epoch"],
  [114, "MISMATCHED_ENDPOINT_TYPE", false, 500, "mismatched endpoint type"],
  [115, "UNSUPPORTED_ENDPOINT_TYPE", false, 500, "unsupported endpoint type"],
  [116, "UNKNOWN_CONTROLLER_ID", false, 500, "unknown controller id"],
  [117, "UNKNOWN_SUBSCRIPTION_ID", false, 500, "unknown subscription id"],
  [118, "TELEMETRY_TOO_LARGE", false, 500, "telemetry too large"],
  [119, "INVALID_REGISTRATION", false, 500, "invalid registration"],
  [120, "TRANSACTION_ABORTABLE", false, 500, "transaction abortable"],
  [121, "INVALID_RECORD_STATE", false, 500, "invalid record state"],
  [122, "SHARE_SESSION_NOT_FOUND", true, 500, "share session not found"],
  [123, "INVALID_SHARE_SESSION_EPOCH", true, 500, "invalid share session epoch"],
  [124, "FENCED_STATE_EPOCH", false, 500, "fenced state epoch"],
  [125, "INVALID_VOTER_KEY", false, 500, "invalid voter key"],
  [126, "DUPLICATE_VOTER", false, 500, "duplicate voter"],
  [127, "VOTER_NOT_FOUND", false, 500, "voter not found"],
  [128, "INVALID_REGULAR_EXPRESSION", false, 500, "invalid regular expression"],
  [129, "REBOOTSTRAP_REQUIRED", false, 500, "rebootstrap required"],
  [130, "STREAMS_INVALID_TOPOLOGY", false, 500, "streams invalid topology"],
  [131, "STREAMS_INVALID_TOPOLOGY_EPOCH", false, 500, "streams invalid topology epoch"],
  [132, "STREAMS_TOPOLOGY_FENCED", false, 500, "streams topology fenced"],
  [133, "SHARE_SESSION_LIMIT_REACHED", true, 500, "share session limit reached"],
] as const satisfies readonly (readonly [number, string, boolean, number, string])[];

/** Name of a Kafka error, as in `org.apache.kafka.common.protocol.Errors`. */
export type ErrorName = (typeof ERROR_ROWS)[number][1];

export interface ErrorInfo {
  readonly code: number;
  readonly name: ErrorName;
  /** Kafka's own flag: the same request may succeed later. */
  readonly retriable: boolean;
  /** Status of the problem document that carries it (`http.md` section 4 decides special cases such as 410). */
  readonly httpStatus: number;
  /** One sentence: what happened. */
  readonly message: string;
}

const byName = new Map<string, ErrorInfo>();
const byCode = new Map<number, ErrorInfo>();
for (const [code, name, retriable, httpStatus, message] of ERROR_ROWS) {
  const info: ErrorInfo = { code, name, retriable, httpStatus, message };
  byName.set(name, info);
  byCode.set(code, info);
}

/** Every error, ordered by code. */
export const ERRORS: readonly ErrorInfo[] = [...byCode.values()];

/** The row of an error name. */
export function errorInfo(name: ErrorName): ErrorInfo {
  return byName.get(name)!;
}

/** The number that goes over the wire. */
export function errorCode(name: ErrorName): number {
  return byName.get(name)!.code;
}

/** The row of a number from the wire; unknown numbers are UNKNOWN_SERVER_ERROR, as in Kafka. */
export function errorFromCode(code: number): ErrorInfo {
  return byCode.get(code) ?? byCode.get(-1)!;
}
