/**
 * Kafka's error table: code, name, whether a client may retry, the HTTP status we answer with, and a sentence for people.
 * Errors that operate are values with a name from here; nothing else decides about retries or statuses.
 */
const ERROR_ROWS = [
  [-1, "UNKNOWN_SERVER_ERROR", false, 500, "The server met an error it did not expect; its log says more."],
  [0, "NONE", false, 200, "The request succeeded."],
  [1, "OFFSET_OUT_OF_RANGE", false, 416, "The offset lies outside the partition's log."],
  [2, "CORRUPT_MESSAGE", true, 500, "The record batch does not match its checksum, or is damaged in another way."],
  [3, "UNKNOWN_TOPIC_OR_PARTITION", true, 404, "This broker has no such topic or partition."],
  [4, "INVALID_FETCH_SIZE", false, 422, "The fetch asked for an impossible number of bytes."],
  [
    5,
    "LEADER_NOT_AVAILABLE",
    true,
    503,
    "The partition has no leader at the moment; an election is under way or no in-sync replica is alive.",
  ],
  [6, "NOT_LEADER_OR_FOLLOWER", true, 503, "This broker does not lead the partition, or holds no replica of it."],
  [7, "REQUEST_TIMED_OUT", true, 504, "The request took longer than the time it was given; it may have taken effect."],
  [8, "BROKER_NOT_AVAILABLE", false, 503, "The broker is not available."],
  [9, "REPLICA_NOT_AVAILABLE", true, 503, "The replica that was asked for is not available on this broker."],
  [10, "MESSAGE_TOO_LARGE", false, 413, "The record or its batch is larger than max.message.bytes allows."],
  [11, "STALE_CONTROLLER_EPOCH", false, 409, "A newer controller has taken over since the request was made."],
  [
    12,
    "OFFSET_METADATA_TOO_LARGE",
    false,
    413,
    "The metadata committed with the offset is longer than offset.metadata.max.bytes allows.",
  ],
  [
    13,
    "NETWORK_EXCEPTION",
    true,
    502,
    "The connection broke before a response arrived; the request may have taken effect.",
  ],
  [14, "COORDINATOR_LOAD_IN_PROGRESS", true, 503, "The coordinator is still loading its state; try again shortly."],
  [15, "COORDINATOR_NOT_AVAILABLE", true, 503, "The coordinator is not available at the moment."],
  [16, "NOT_COORDINATOR", true, 503, "This broker is not the coordinator; look it up again."],
  [
    17,
    "INVALID_TOPIC_EXCEPTION",
    false,
    422,
    "The topic name is not legal, or the topic does not allow the operation.",
  ],
  [18, "RECORD_LIST_TOO_LARGE", false, 413, "The request holds a larger batch of records than the broker accepts."],
  [
    19,
    "NOT_ENOUGH_REPLICAS",
    true,
    503,
    "The record was refused because fewer replicas are in sync than min.insync.replicas asks for.",
  ],
  [
    20,
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
    true,
    503,
    "The record is in the leader's log, but fewer replicas are in sync than min.insync.replicas asks for.",
  ],
  [21, "INVALID_REQUIRED_ACKS", false, 422, "acks must be 0, 1 or all (-1)."],
  [22, "ILLEGAL_GENERATION", false, 409, "The group has moved on to another generation; the member must join again."],
  [
    23,
    "INCONSISTENT_GROUP_PROTOCOL",
    false,
    409,
    "The member supports none of the protocols that the group's other members share.",
  ],
  [24, "INVALID_GROUP_ID", false, 422, "The group id is not legal: it must not be empty."],
  [25, "UNKNOWN_MEMBER_ID", false, 409, "The coordinator does not know the member; it must join again."],
  [26, "INVALID_SESSION_TIMEOUT", false, 422, "The session timeout lies outside the bounds the broker allows."],
  [27, "REBALANCE_IN_PROGRESS", false, 409, "The group is rebalancing; the member must join again."],
  [28, "INVALID_COMMIT_OFFSET_SIZE", false, 413, "The offset commit is too large to be stored."],
  [29, "TOPIC_AUTHORIZATION_FAILED", false, 403, "You are not allowed to do this to the topic."],
  [30, "GROUP_AUTHORIZATION_FAILED", false, 403, "You are not allowed to do this to the group."],
  [31, "CLUSTER_AUTHORIZATION_FAILED", false, 403, "You are not allowed to do this to the cluster."],
  [32, "INVALID_TIMESTAMP", false, 422, "The record's timestamp lies outside the bounds the topic allows."],
  [33, "UNSUPPORTED_SASL_MECHANISM", false, 400, "The broker does not offer this SASL mechanism."],
  [34, "ILLEGAL_SASL_STATE", false, 400, "The SASL request does not fit the state of the connection."],
  [
    35,
    "UNSUPPORTED_VERSION",
    false,
    400,
    "The broker does not support this version of the request, or a feature it needs.",
  ],
  [36, "TOPIC_ALREADY_EXISTS", false, 409, "A topic of this name exists already."],
  [
    37,
    "INVALID_PARTITIONS",
    false,
    422,
    "The number of partitions is not legal here: it must be 1 or more, and can only grow.",
  ],
  [
    38,
    "INVALID_REPLICATION_FACTOR",
    false,
    422,
    "The replication factor is not legal: it must be 1 or more and no larger than the number of brokers.",
  ],
  [39, "INVALID_REPLICA_ASSIGNMENT", false, 422, "The replica assignment is not legal."],
  [40, "INVALID_CONFIG", false, 422, "A setting is unknown or its value is not legal."],
  [41, "NOT_CONTROLLER", true, 503, "This node is not the active controller."],
  [42, "INVALID_REQUEST", false, 400, "The request is malformed or contradicts itself."],
  [43, "UNSUPPORTED_FOR_MESSAGE_FORMAT", false, 422, "The record format of the topic does not support this operation."],
  [44, "POLICY_VIOLATION", false, 422, "The request breaks a policy of the cluster."],
  [
    45,
    "OUT_OF_ORDER_SEQUENCE_NUMBER",
    false,
    409,
    "The producer's sequence number does not follow the last one; a batch before it is missing.",
  ],
  [46, "DUPLICATE_SEQUENCE_NUMBER", false, 200, "The producer sent this batch before; it stands in the log once."],
  [47, "INVALID_PRODUCER_EPOCH", false, 409, "A newer instance of the producer has taken over."],
  [48, "INVALID_TXN_STATE", false, 409, "The transaction is not in a state that allows this."],
  [49, "INVALID_PRODUCER_ID_MAPPING", false, 409, "The producer id does not belong to the transactional id."],
  [
    50,
    "INVALID_TRANSACTION_TIMEOUT",
    false,
    422,
    "The transaction timeout is longer than transaction.max.timeout.ms allows.",
  ],
  [
    51,
    "CONCURRENT_TRANSACTIONS",
    true,
    409,
    "The producer's previous transaction is still being completed; try again.",
  ],
  [52, "TRANSACTION_COORDINATOR_FENCED", false, 409, "A newer transaction coordinator has taken over."],
  [53, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", false, 403, "You are not allowed to use the transactional id."],
  [54, "SECURITY_DISABLED", false, 409, "Security features are switched off on this cluster."],
  [
    55,
    "OPERATION_NOT_ATTEMPTED",
    false,
    409,
    "The operation was not attempted because another one of the same request failed.",
  ],
  [56, "KAFKA_STORAGE_ERROR", true, 503, "The disk or log directory of the broker failed."],
  [57, "LOG_DIR_NOT_FOUND", false, 404, "The broker has no such log directory."],
  [58, "SASL_AUTHENTICATION_FAILED", false, 401, "The user name or secret is wrong."],
  [
    59,
    "UNKNOWN_PRODUCER_ID",
    false,
    409,
    "The broker knows nothing about the producer id any more; its records have been deleted.",
  ],
  [
    60,
    "REASSIGNMENT_IN_PROGRESS",
    false,
    409,
    "The partition's replicas are being moved; wait until that is done or cancel it.",
  ],
  [61, "DELEGATION_TOKEN_AUTH_DISABLED", false, 409, "Delegation tokens are switched off on this cluster."],
  [62, "DELEGATION_TOKEN_NOT_FOUND", false, 404, "The server has no such delegation token."],
  [63, "DELEGATION_TOKEN_OWNER_MISMATCH", false, 403, "The delegation token belongs to somebody else."],
  [
    64,
    "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED",
    false,
    403,
    "Delegation tokens may not be asked for over this connection.",
  ],
  [65, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", false, 403, "You are not allowed to use the delegation token."],
  [66, "DELEGATION_TOKEN_EXPIRED", false, 401, "The delegation token has expired."],
  [67, "INVALID_PRINCIPAL_TYPE", false, 422, "The type of the principal is not supported."],
  [68, "NON_EMPTY_GROUP", false, 409, "The group still has members."],
  [69, "GROUP_ID_NOT_FOUND", false, 404, "There is no such group."],
  [70, "FETCH_SESSION_ID_NOT_FOUND", true, 409, "The broker has forgotten the fetch session; begin a new one."],
  [71, "INVALID_FETCH_SESSION_EPOCH", true, 409, "The fetch session is at another epoch; begin a new one."],
  [72, "LISTENER_NOT_FOUND", true, 503, "The leader has no listener of the name the client used."],
  [73, "TOPIC_DELETION_DISABLED", false, 409, "Deleting topics is switched off on this cluster."],
  [74, "FENCED_LEADER_EPOCH", true, 409, "The request names an older leader epoch than the broker's."],
  [75, "UNKNOWN_LEADER_EPOCH", true, 503, "The request names a newer leader epoch than the broker has heard of."],
  [76, "UNSUPPORTED_COMPRESSION_TYPE", false, 415, "The codec of the batch is not supported here."],
  [77, "STALE_BROKER_EPOCH", false, 409, "The broker has registered again since the request was made."],
  [78, "OFFSET_NOT_AVAILABLE", true, 503, "The new leader does not know its high watermark yet; try again shortly."],
  [79, "MEMBER_ID_REQUIRED", false, 409, "The member must join again with the id it has just been given."],
  [80, "PREFERRED_LEADER_NOT_AVAILABLE", true, 503, "The preferred leader is not alive or not in sync."],
  [81, "GROUP_MAX_SIZE_REACHED", false, 409, "The group has as many members as group.max.size allows."],
  [82, "FENCED_INSTANCE_ID", false, 409, "Another member uses the same group.instance.id now."],
  [83, "ELIGIBLE_LEADERS_NOT_AVAILABLE", true, 503, "No replica that may lead the partition is alive."],
  [84, "ELECTION_NOT_NEEDED", true, 409, "The partition has the leader that was asked for already."],
  [85, "NO_REASSIGNMENT_IN_PROGRESS", false, 409, "No reassignment of the partition is under way."],
  [
    86,
    "GROUP_SUBSCRIBED_TO_TOPIC",
    false,
    409,
    "The group still subscribes to the topic, so its offsets may not be deleted.",
  ],
  [87, "INVALID_RECORD", false, 422, "The broker refused the record: it breaks a rule of the format or of the topic."],
  [
    88,
    "UNSTABLE_OFFSET_COMMIT",
    true,
    503,
    "Offsets of the group are part of a transaction that is still open; try again.",
  ],
  [89, "THROTTLING_QUOTA_EXCEEDED", true, 429, "The quota is used up; wait as long as the response says."],
  [90, "PRODUCER_FENCED", false, 409, "A newer producer with the same transactional id has taken over."],
  [91, "RESOURCE_NOT_FOUND", false, 404, "There is no such resource."],
  [92, "DUPLICATE_RESOURCE", false, 422, "The request names the same resource twice."],
  [93, "UNACCEPTABLE_CREDENTIAL", false, 422, "The credential does not meet the rules."],
  [94, "INCONSISTENT_VOTER_SET", false, 409, "The set of voters in the request is not the set this node knows."],
  [95, "INVALID_UPDATE_VERSION", false, 422, "The feature level is not one that the cluster can move to."],
  [96, "FEATURE_UPDATE_FAILED", false, 409, "The feature level could not be changed."],
  [97, "PRINCIPAL_DESERIALIZATION_FAILURE", false, 400, "The principal of a forwarded request could not be read."],
  [98, "SNAPSHOT_NOT_FOUND", false, 404, "There is no such snapshot of the metadata log."],
  [99, "POSITION_OUT_OF_RANGE", false, 416, "The position lies outside the snapshot."],
  [100, "UNKNOWN_TOPIC_ID", true, 404, "This broker has no topic with this id."],
  [101, "DUPLICATE_BROKER_REGISTRATION", false, 409, "Another live broker has registered with the same id."],
  [102, "BROKER_ID_NOT_REGISTERED", false, 404, "No broker with this id is registered."],
  [103, "INCONSISTENT_TOPIC_ID", true, 409, "The topic has been deleted and created again: its id is another one."],
  [104, "INCONSISTENT_CLUSTER_ID", false, 409, "The request comes from another cluster: the cluster ids differ."],
  [105, "TRANSACTIONAL_ID_NOT_FOUND", false, 404, "There is no such transactional id."],
  [
    106,
    "FETCH_SESSION_TOPIC_ID_ERROR",
    true,
    409,
    "The fetch session uses topic ids in another way than the request; begin a new one.",
  ],
  [
    107,
    "INELIGIBLE_REPLICA",
    false,
    409,
    "The replica may not join the in-sync replicas: its broker is fenced or shutting down.",
  ],
  [108, "NEW_LEADER_ELECTED", false, 409, "The change of the in-sync replicas made another broker the leader."],
  [
    109,
    "OFFSET_MOVED_TO_TIERED_STORAGE",
    false,
    416,
    "The offset is no longer on the broker's disk but in tiered storage.",
  ],
  [110, "FENCED_MEMBER_EPOCH", false, 409, "The member's epoch is not the group's; the member must join again."],
  [111, "UNRELEASED_INSTANCE_ID", false, 409, "Another member still uses this group.instance.id."],
  [112, "UNSUPPORTED_ASSIGNOR", false, 422, "The group's coordinator does not offer this assignor."],
  [113, "STALE_MEMBER_EPOCH", false, 409, "The member's epoch is old; it must send a heartbeat to learn the new one."],
  [
    114,
    "MISMATCHED_ENDPOINT_TYPE",
    false,
    400,
    "The request was sent to a broker and asks about controllers, or the other way round.",
  ],
  [115, "UNSUPPORTED_ENDPOINT_TYPE", false, 400, "This node does not know endpoints of this type."],
  [116, "UNKNOWN_CONTROLLER_ID", false, 404, "No controller has this id."],
  [117, "UNKNOWN_SUBSCRIPTION_ID", false, 404, "The telemetry subscription is not the one the client was given last."],
  [118, "TELEMETRY_TOO_LARGE", false, 413, "The telemetry is larger than the broker accepts."],
  [119, "INVALID_REGISTRATION", false, 422, "The controller refused the registration."],
  [120, "TRANSACTION_ABORTABLE", false, 409, "The transaction met an error; it can only be aborted."],
  [121, "INVALID_RECORD_STATE", false, 409, "The record is not in a state that allows this acknowledgement."],
  [122, "SHARE_SESSION_NOT_FOUND", true, 409, "The broker has forgotten the share session; begin a new one."],
  [123, "INVALID_SHARE_SESSION_EPOCH", true, 409, "The share session is at another epoch; begin a new one."],
  [124, "FENCED_STATE_EPOCH", false, 409, "A newer owner of the share group's state has taken over."],
  [125, "INVALID_VOTER_KEY", false, 422, "The id or directory of the voter is not this node's."],
  [126, "DUPLICATE_VOTER", false, 409, "The node is a voter already."],
  [127, "VOTER_NOT_FOUND", false, 404, "The node is not a voter."],
  [128, "INVALID_REGULAR_EXPRESSION", false, 422, "The regular expression cannot be read."],
  [
    129,
    "REBOOTSTRAP_REQUIRED",
    false,
    409,
    "The client's knowledge of the cluster is out of date; it must begin again from its bootstrap addresses.",
  ],
  [130, "STREAMS_INVALID_TOPOLOGY", false, 422, "The topology of the streams group is not legal."],
  [131, "STREAMS_INVALID_TOPOLOGY_EPOCH", false, 422, "The topology epoch of the streams group is not legal."],
  [132, "STREAMS_TOPOLOGY_FENCED", false, 409, "The member's topology epoch is older than the group's."],
  [133, "SHARE_SESSION_LIMIT_REACHED", true, 503, "The broker has as many share sessions as it allows."],
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
