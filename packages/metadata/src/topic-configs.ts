/** Every setting a topic can have: Kafka's names, types, defaults and bounds. DescribeConfigs, REST, the console's form and the manual read this table. */
import type { ConfigDef } from "@vitrine/core";

const INT_MAX = 2_147_483_647;
/** Kafka's Long.MAX_VALUE: "no limit". */
const LONG_MAX = "9223372036854775807";

function checkThrottledReplicas(value: string): string | null {
  const words = value.split(",").map((word) => word.trim());
  const isList = value.trim() === "" || words.every((word) => /^\d+:\d+$/.test(word));
  return isList || (words.length === 1 && words[0] === "*")
    ? null
    : "must be * or a list of partition:broker, such as 0:1,0:2";
}

export const TOPIC_CONFIGS: readonly ConfigDef[] = [
  {
    name: "cleanup.policy",
    type: "list",
    default: "delete",
    oneOf: ["compact", "delete"],
    brokerDefault: "log.cleanup.policy",
    doc: "How old records leave: delete drops them by age and size, compact keeps the newest value of each key; both may be given.",
  },
  {
    name: "compression.gzip.level",
    type: "int",
    default: "-1",
    min: -1,
    max: 9,
    brokerDefault: "compression.gzip.level",
    doc: "Level when compression.type is gzip; -1 is the library's default.",
  },
  {
    name: "compression.lz4.level",
    type: "int",
    default: "9",
    min: 1,
    max: 17,
    brokerDefault: "compression.lz4.level",
    doc: "Level when compression.type is lz4.",
  },
  {
    name: "compression.type",
    type: "string",
    default: "producer",
    oneOf: ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"],
    brokerDefault: "compression.type",
    doc: "How batches are kept; producer keeps them as they were sent.",
  },
  {
    name: "compression.zstd.level",
    type: "int",
    default: "3",
    min: -131_072,
    max: 22,
    brokerDefault: "compression.zstd.level",
    doc: "Level when compression.type is zstd.",
  },
  {
    name: "delete.retention.ms",
    type: "long",
    default: "86400000",
    min: 0,
    brokerDefault: "log.cleaner.delete.retention.ms",
    doc: "How long a tombstone stays readable on a compacted topic, in milliseconds.",
  },
  {
    name: "file.delete.delay.ms",
    type: "long",
    default: "60000",
    min: 0,
    brokerDefault: "log.segment.delete.delay.ms",
    doc: "Time between giving a file up and removing it, in milliseconds.",
  },
  {
    name: "flush.messages",
    type: "long",
    default: LONG_MAX,
    min: 1,
    brokerDefault: "log.flush.interval.messages",
    doc: "Records after which a flush is forced; storage here flushes before it acknowledges, so it is accepted without effect.",
  },
  {
    name: "flush.ms",
    type: "long",
    default: LONG_MAX,
    min: 0,
    brokerDefault: "log.flush.interval.ms",
    doc: "Time after which a flush is forced; storage here flushes before it acknowledges, so it is accepted without effect.",
  },
  {
    name: "follower.replication.throttled.replicas",
    type: "list",
    default: "",
    doc: "Replicas (partition:broker, or *) whose fetching is throttled.",
    check: checkThrottledReplicas,
  },
  {
    name: "index.interval.bytes",
    type: "int",
    default: "4096",
    min: 0,
    max: INT_MAX,
    brokerDefault: "log.index.interval.bytes",
    doc: "Density of Kafka's offset index; every batch is indexed here, so it is accepted without effect.",
  },
  {
    name: "leader.replication.throttled.replicas",
    type: "list",
    default: "",
    doc: "Replicas (partition:broker, or *) whose serving of followers is throttled.",
    check: checkThrottledReplicas,
  },
  {
    name: "local.retention.bytes",
    type: "long",
    default: "-2",
    min: -2,
    brokerDefault: "log.local.retention.bytes",
    doc: "Bytes kept locally when older data is in remote storage; -2 follows retention.bytes.",
  },
  {
    name: "local.retention.ms",
    type: "long",
    default: "-2",
    min: -2,
    brokerDefault: "log.local.retention.ms",
    doc: "Time kept locally when older data is in remote storage, in milliseconds; -2 follows retention.ms.",
  },
  {
    name: "max.compaction.lag.ms",
    type: "long",
    default: LONG_MAX,
    min: 1,
    brokerDefault: "log.cleaner.max.compaction.lag.ms",
    doc: "Longest time a record may stay uncompacted, in milliseconds.",
  },
  {
    name: "max.message.bytes",
    type: "int",
    default: "1048588",
    min: 0,
    max: INT_MAX,
    brokerDefault: "message.max.bytes",
    doc: "Largest record batch the topic takes, in bytes, after compression.",
  },
  {
    name: "message.timestamp.after.max.ms",
    type: "long",
    default: "3600000",
    min: 0,
    brokerDefault: "log.message.timestamp.after.max.ms",
    doc: "How far a record's timestamp may lie in the future, in milliseconds, when message.timestamp.type is CreateTime.",
  },
  {
    name: "message.timestamp.before.max.ms",
    type: "long",
    default: LONG_MAX,
    min: 0,
    brokerDefault: "log.message.timestamp.before.max.ms",
    doc: "How far a record's timestamp may lie in the past, in milliseconds, when message.timestamp.type is CreateTime.",
  },
  {
    name: "message.timestamp.type",
    type: "string",
    default: "CreateTime",
    oneOf: ["CreateTime", "LogAppendTime"],
    brokerDefault: "log.message.timestamp.type",
    doc: "Whose clock stamps a record: the producer's, or the leader's when it appends.",
  },
  {
    name: "min.cleanable.dirty.ratio",
    type: "double",
    default: "0.5",
    min: 0,
    max: 1,
    brokerDefault: "log.cleaner.min.cleanable.ratio",
    doc: "Share of the log that must be uncompacted before compaction runs.",
  },
  {
    name: "min.compaction.lag.ms",
    type: "long",
    default: "0",
    min: 0,
    brokerDefault: "log.cleaner.min.compaction.lag.ms",
    doc: "Shortest time a record stays uncompacted, in milliseconds.",
  },
  {
    name: "min.insync.replicas",
    type: "int",
    default: "1",
    min: 1,
    max: INT_MAX,
    brokerDefault: "min.insync.replicas",
    doc: "In-sync replicas, the leader among them, that must have a record before it counts as committed; with fewer, acks=all is refused.",
  },
  {
    name: "preallocate",
    type: "boolean",
    default: "false",
    brokerDefault: "log.preallocate",
    doc: "Whether Kafka reserves a segment's space at once; accepted without effect.",
  },
  {
    name: "remote.log.copy.disable",
    type: "boolean",
    default: "false",
    doc: "Stops copying to remote storage while what is there stays readable.",
  },
  {
    name: "remote.log.delete.on.disable",
    type: "boolean",
    default: "false",
    doc: "Whether turning remote storage off deletes what is there.",
  },
  {
    name: "remote.storage.enable",
    type: "boolean",
    default: "false",
    doc: "Keeps older data in remote storage. Not available here: true is refused.",
  },
  {
    name: "retention.bytes",
    type: "long",
    default: "-1",
    min: -1,
    brokerDefault: "log.retention.bytes",
    doc: "Bytes a partition keeps before the oldest leave; -1 is no limit.",
  },
  {
    name: "retention.ms",
    type: "long",
    default: "604800000",
    min: -1,
    brokerDefault: "log.retention.ms",
    doc: "How long records are kept, in milliseconds; -1 is for ever.",
  },
  {
    name: "segment.bytes",
    type: "int",
    default: "1073741824",
    min: 1_048_576,
    max: INT_MAX,
    brokerDefault: "log.segment.bytes",
    doc: "Size at which a segment ends and a new one begins, in bytes. Compaction goes by segments: it leaves the newest one alone.",
  },
  {
    name: "segment.index.bytes",
    type: "int",
    default: "10485760",
    min: 4,
    max: INT_MAX,
    brokerDefault: "log.index.size.max.bytes",
    doc: "Size of Kafka's segment index; accepted without effect.",
  },
  {
    name: "segment.jitter.ms",
    type: "long",
    default: "0",
    min: 0,
    brokerDefault: "log.roll.jitter.ms",
    doc: "Random time taken off segment.ms, so that files do not roll together, in milliseconds; accepted without effect.",
  },
  {
    name: "segment.ms",
    type: "long",
    default: "604800000",
    min: 1,
    brokerDefault: "log.roll.ms",
    doc: "Time between the first record of a segment and the one with which a new one begins, in milliseconds. Compaction goes by segments: it leaves the newest one alone.",
  },
  {
    name: "unclean.leader.election.enable",
    type: "boolean",
    default: "false",
    brokerDefault: "unclean.leader.election.enable",
    doc: "Whether a replica that may lack acknowledged records can lead when nobody else can: availability at the price of data.",
  },
];

const byName = new Map(TOPIC_CONFIGS.map((def) => [def.name, def]));

/** The definition of a topic setting, or undefined where Kafka has none of that name. */
export function topicConfigDef(name: string): ConfigDef | undefined {
  return byName.get(name);
}

/** Rules between settings, on all values the topic would have. The sentence that says what is wrong, or null. */
export function checkTopicConfigs(values: ReadonlyMap<string, string>): string | null {
  const number = (name: string) => Number(values.get(name) ?? topicConfigDef(name)?.default);
  if (values.get("remote.storage.enable") === "true")
    return "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.";
  if (number("min.compaction.lag.ms") > number("max.compaction.lag.ms"))
    return `conflict topic config setting min.compaction.lag.ms (${number("min.compaction.lag.ms")}) > max.compaction.lag.ms (${number("max.compaction.lag.ms")})`;
  return (
    checkLocal(number("local.retention.ms"), number("retention.ms"), "ms") ??
    checkLocal(number("local.retention.bytes"), number("retention.bytes"), "bytes")
  );
}

function checkLocal(local: number, total: number, unit: "ms" | "bytes"): string | null {
  if (local === -2 || total === -1) return null;
  if (local === -1)
    return `Invalid value -1 for configuration local.retention.${unit}: it has a limit, because retention.${unit} is ${total}`;
  return local <= total
    ? null
    : `Invalid value ${local} for configuration local.retention.${unit}: must not be more than retention.${unit}, which is ${total}`;
}
