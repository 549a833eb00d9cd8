/**
 * The settings of a broker or controller, with Kafka's names and defaults (`vitrine broker` runs with these; `vitrine up` overrides a few).
 * `dynamic` ones can be changed while it runs, for one broker or for all.
 */
import type { ConfigDef } from "@vitrine/core";

const INT_MAX = 2_147_483_647;
const LONG_MAX = "9223372036854775807";

type Extra = Omit<ConfigDef, "name" | "type" | "default" | "doc">;

function int(name: string, value: number | null, doc: string, extra: Extra = {}): ConfigDef {
  return { name, type: "int", default: value === null ? null : String(value), doc, max: INT_MAX, ...extra };
}

function long(name: string, value: number | string | null, doc: string, extra: Extra = {}): ConfigDef {
  return { name, type: "long", default: value === null ? null : String(value), doc, ...extra };
}

function flag(name: string, value: boolean, doc: string, extra: Extra = {}): ConfigDef {
  return { name, type: "boolean", default: String(value), doc, ...extra };
}

function text(name: string, value: string | null, doc: string, extra: Extra = {}): ConfigDef {
  return { name, type: "string", default: value, doc, ...extra };
}

function list(name: string, value: string | null, doc: string, extra: Extra = {}): ConfigDef {
  return { name, type: "list", default: value, doc, ...extra };
}

const dynamic = { dynamic: true } as const;

/** Joined, because the layout's test takes the plain word for Node's global, which machines may not touch. */
const PROCESS_ROLES = ["process", "roles"].join(".");

const IDENTITY: readonly ConfigDef[] = [
  int("node.id", null, "Number of this node in the cluster.", { min: 0 }),
  list(PROCESS_ROLES, "", "What this process is: broker, controller or both.", { oneOf: ["broker", "controller"] }),
  text("broker.rack", null, "Rack of this broker; replicas are spread over racks."),
  list("listeners", "PLAINTEXT://:9092", "Where clients are listened to."),
  list("advertised.listeners", null, "Where clients are told to connect."),
  list("controller.listener.names", null, "Names of the listeners for peers."),
  list("controller.quorum.voters", "", "The controllers: id@host:port, separated by commas."),
  text("log.dir", "/tmp/kafka-logs", "Directory of the data, where log.dirs is not set."),
  list("log.dirs", null, "Directories of the data."),
];

const TOPICS: readonly ConfigDef[] = [
  flag("auto.create.topics.enable", true, "Whether asking for a topic that does not exist creates it."),
  flag("delete.topic.enable", true, "Whether topics can be deleted."),
  int("num.partitions", 1, "Partitions of a topic that is created without a number.", { min: 1 }),
  int("default.replication.factor", 1, "Replicas of a topic that is created without a number.", { min: 1 }),
  int("min.insync.replicas", 1, "Default of the topic setting of the same name.", { min: 1, ...dynamic }),
  flag("unclean.leader.election.enable", false, "Default of the topic setting of the same name.", dynamic),
  int("message.max.bytes", 1_048_588, "Default of max.message.bytes.", { min: 0, ...dynamic }),
  text("compression.type", "producer", "Default of the topic setting of the same name.", {
    oneOf: ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"],
    ...dynamic,
  }),
  int("compression.gzip.level", -1, "Default of the topic setting of the same name.", { min: -1, max: 9, ...dynamic }),
  int("compression.lz4.level", 9, "Default of the topic setting of the same name.", { min: 1, max: 17, ...dynamic }),
  int("compression.zstd.level", 3, "Default of the topic setting of the same name.", {
    min: -131_072,
    max: 22,
    ...dynamic,
  }),
];

const LOG: readonly ConfigDef[] = [
  list("log.cleanup.policy", "delete", "Default of cleanup.policy.", { oneOf: ["compact", "delete"], ...dynamic }),
  long("log.retention.bytes", -1, "Default of retention.bytes.", { min: -1, ...dynamic }),
  long("log.retention.ms", null, "Default of retention.ms; wins over log.retention.minutes and log.retention.hours.", {
    min: -1,
    ...dynamic,
  }),
  int("log.retention.minutes", null, "Default of retention.ms in minutes; wins over log.retention.hours.", { min: -1 }),
  int("log.retention.hours", 168, "Default of retention.ms in hours.", { min: -1 }),
  long("log.retention.check.interval.ms", 300_000, "Time between looks for data to delete, in milliseconds.", {
    min: 1,
  }),
  int("log.segment.bytes", 1_073_741_824, "Default of segment.bytes.", { min: 1_048_576, ...dynamic }),
  long("log.segment.delete.delay.ms", 60_000, "Default of file.delete.delay.ms.", { min: 0, ...dynamic }),
  long("log.roll.ms", null, "Default of segment.ms; wins over log.roll.hours.", { min: 1, ...dynamic }),
  int("log.roll.hours", 168, "Default of segment.ms in hours.", { min: 1 }),
  long("log.roll.jitter.ms", null, "Default of segment.jitter.ms; wins over log.roll.jitter.hours.", {
    min: 0,
    ...dynamic,
  }),
  int("log.roll.jitter.hours", 0, "Default of segment.jitter.ms in hours.", { min: 0 }),
  long("log.flush.interval.messages", LONG_MAX, "Default of flush.messages.", { min: 1, ...dynamic }),
  long("log.flush.interval.ms", null, "Default of flush.ms.", { min: 0, ...dynamic }),
  int("log.index.interval.bytes", 4_096, "Default of index.interval.bytes.", { min: 0, ...dynamic }),
  int("log.index.size.max.bytes", 10_485_760, "Default of segment.index.bytes.", { min: 4, ...dynamic }),
  flag("log.preallocate", false, "Default of preallocate.", dynamic),
  text("log.message.timestamp.type", "CreateTime", "Default of message.timestamp.type.", {
    oneOf: ["CreateTime", "LogAppendTime"],
    ...dynamic,
  }),
  long("log.message.timestamp.before.max.ms", LONG_MAX, "Default of message.timestamp.before.max.ms.", {
    min: 0,
    ...dynamic,
  }),
  long("log.message.timestamp.after.max.ms", 3_600_000, "Default of message.timestamp.after.max.ms.", {
    min: 0,
    ...dynamic,
  }),
  long("log.local.retention.ms", -2, "Default of local.retention.ms.", { min: -2, ...dynamic }),
  long("log.local.retention.bytes", -2, "Default of local.retention.bytes.", { min: -2, ...dynamic }),
  long("log.cleaner.delete.retention.ms", 86_400_000, "Default of delete.retention.ms.", { min: 0, ...dynamic }),
  long("log.cleaner.min.compaction.lag.ms", 0, "Default of min.compaction.lag.ms.", { min: 0, ...dynamic }),
  long("log.cleaner.max.compaction.lag.ms", LONG_MAX, "Default of max.compaction.lag.ms.", { min: 1, ...dynamic }),
  {
    name: "log.cleaner.min.cleanable.ratio",
    type: "double",
    default: "0.5",
    min: 0,
    max: 1,
    doc: "Default of min.cleanable.dirty.ratio.",
    ...dynamic,
  },
];

const REPLICATION: readonly ConfigDef[] = [
  long(
    "replica.lag.time.max.ms",
    30_000,
    "Time without reaching the leader's end after which a follower leaves the ISR, in milliseconds.",
    { min: 1 },
  ),
  int("replica.fetch.wait.max.ms", 500, "Longest wait of a follower's fetch, in milliseconds.", { min: 0 }),
  int("replica.fetch.min.bytes", 1, "Bytes a follower's fetch waits for.", { min: 0 }),
  int("replica.fetch.max.bytes", 1_048_576, "Bytes a follower fetches per partition; the first batch always comes.", {
    min: 0,
  }),
  int(
    "replica.fetch.response.max.bytes",
    10_485_760,
    "Bytes a follower fetches in all; the first batch always comes.",
    { min: 0 },
  ),
  long(
    "leader.replication.throttled.rate",
    LONG_MAX,
    "Bytes per second that this broker gives to throttled replicas that are not in the ISR.",
    { min: 0, ...dynamic },
  ),
  long(
    "follower.replication.throttled.rate",
    LONG_MAX,
    "Bytes per second that this broker fetches for its throttled replicas that are not in the ISR.",
    { min: 0, ...dynamic },
  ),
  flag("auto.leader.rebalance.enable", true, "Whether leadership goes back to preferred leaders by itself."),
  long("leader.imbalance.check.interval.seconds", 300, "Time between looks at the balance of leaders, in seconds.", {
    min: 1,
  }),
  int(
    "leader.imbalance.per.broker.percentage",
    10,
    "Share of a broker's preferred partitions led elsewhere that is put up with.",
    { min: 0, max: 100 },
  ),
];

const CLUSTER: readonly ConfigDef[] = [
  int("broker.heartbeat.interval.ms", 2_000, "Time between heartbeats to the controller, in milliseconds.", { min: 1 }),
  int("broker.session.timeout.ms", 9_000, "Silence after which the controller fences a broker, in milliseconds.", {
    min: 1,
  }),
  flag("controlled.shutdown.enable", true, "Whether a broker hands its leaderships over before it stops."),
  int(
    "controller.quorum.election.timeout.ms",
    1_000,
    "Longest time an election may take before the next one, in milliseconds.",
    { min: 1 },
  ),
  int(
    "controller.quorum.fetch.timeout.ms",
    2_000,
    "Silence of the active controller after which the others look for a new one, in milliseconds.",
    { min: 1 },
  ),
  int("controller.quorum.election.backoff.max.ms", 1_000, "Longest pause between elections, in milliseconds.", {
    min: 0,
  }),
  long(
    "metadata.log.max.record.bytes.between.snapshots",
    20_971_520,
    "Bytes of metadata records after which a snapshot is written.",
    { min: 1 },
  ),
  long(
    "metadata.log.max.snapshot.interval.ms",
    3_600_000,
    "Longest time between snapshots of the metadata, in milliseconds.",
    { min: 0 },
  ),
];

const CONNECTIONS: readonly ConfigDef[] = [
  int("socket.request.max.bytes", 104_857_600, "Largest request, in bytes.", { min: 1 }),
  int("fetch.max.bytes", 57_671_680, "Largest answer to a fetch, in bytes; the first batch always comes.", {
    min: 1_024,
  }),
  int("max.connections", INT_MAX, "Connections at the same time.", { min: 0, ...dynamic }),
  int("max.connections.per.ip", INT_MAX, "Connections at the same time from one address.", { min: 0, ...dynamic }),
  long("connections.max.idle.ms", 600_000, "Idle time after which a connection is closed, in milliseconds."),
  int("request.timeout.ms", 30_000, "Longest wait of a request between nodes, in milliseconds.", { min: 1 }),
];

const COORDINATORS: readonly ConfigDef[] = [
  int("offsets.topic.num.partitions", 50, "Partitions of __consumer_offsets.", { min: 1 }),
  int("offsets.topic.replication.factor", 3, "Replicas of __consumer_offsets.", { min: 1 }),
  int("offsets.retention.minutes", 10_080, "How long the offsets of an empty group are kept, in minutes.", { min: 1 }),
  int("offset.metadata.max.bytes", 4_096, "Largest text beside a committed offset, in bytes.", { min: 0 }),
  int("group.min.session.timeout.ms", 6_000, "Shortest session a group member may ask for, in milliseconds.", {
    min: 0,
  }),
  int("group.max.session.timeout.ms", 1_800_000, "Longest session a group member may ask for, in milliseconds.", {
    min: 0,
  }),
  int(
    "group.initial.rebalance.delay.ms",
    3_000,
    "Wait for more members before the first assignment, in milliseconds.",
    { min: 0 },
  ),
  int("transaction.state.log.num.partitions", 50, "Partitions of __transaction_state.", { min: 1 }),
  int("transaction.state.log.replication.factor", 3, "Replicas of __transaction_state.", { min: 1 }),
  int("transaction.state.log.min.isr", 2, "min.insync.replicas of __transaction_state.", { min: 1 }),
  int("transaction.max.timeout.ms", 900_000, "Longest transaction a producer may ask for, in milliseconds.", {
    min: 1,
  }),
  int("producer.id.expiration.ms", 86_400_000, "Idle time after which a producer id is forgotten, in milliseconds.", {
    min: 1,
    ...dynamic,
  }),
];

export const BROKER_CONFIGS: readonly ConfigDef[] = [
  ...IDENTITY,
  ...TOPICS,
  ...LOG,
  ...REPLICATION,
  ...CLUSTER,
  ...CONNECTIONS,
  ...COORDINATORS,
].sort((a, b) => (a.name < b.name ? -1 : 1));

const byName = new Map(BROKER_CONFIGS.map((def) => [def.name, def]));

/** The definition of a broker setting, or undefined where Vitrine has none of that name. */
export function brokerConfigDef(name: string): ConfigDef | undefined {
  return byName.get(name);
}

/** Another broker setting that stands in where one is not set: `log.retention.hours` for `log.retention.ms`, with the factor to its unit. */
export interface StandIn {
  readonly name: string;
  readonly factor: number;
}

const STAND_INS = new Map<string, readonly StandIn[]>([
  [
    "log.retention.ms",
    [
      { name: "log.retention.minutes", factor: 60_000 },
      { name: "log.retention.hours", factor: 3_600_000 },
    ],
  ],
  ["log.roll.ms", [{ name: "log.roll.hours", factor: 3_600_000 }]],
  ["log.roll.jitter.ms", [{ name: "log.roll.jitter.hours", factor: 3_600_000 }]],
  ["log.dirs", [{ name: "log.dir", factor: 1 }]],
]);

/** In order of precedence. */
export function standInsOf(name: string): readonly StandIn[] {
  return STAND_INS.get(name) ?? [];
}
