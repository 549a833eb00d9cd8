/** How logs are kept and cut. */
import type { ConfigDef } from "@vitrine/core";
import { LONG_MAX, double, flag, int, list, long, text } from "./notation.ts";

export const LOG: readonly ConfigDef[] = [
  list("log.cleanup.policy", "delete", "Default of cleanup.policy.", { oneOf: ["compact", "delete"], dynamic: true }),
  long("log.retention.bytes", -1, "Default of retention.bytes.", { min: -1, dynamic: true }),
  long("log.retention.ms", null, "Default of retention.ms; wins over log.retention.minutes and log.retention.hours.", {
    min: -1,
    dynamic: true,
  }),
  int("log.retention.minutes", null, "Default of retention.ms in minutes; wins over log.retention.hours.", { min: -1 }),
  int("log.retention.hours", 168, "Default of retention.ms in hours.", { min: -1 }),
  long("log.retention.check.interval.ms", 300_000, "Time between looks for data to delete, in milliseconds.", {
    min: 1,
  }),
  int("log.segment.bytes", 1_073_741_824, "Default of segment.bytes.", { min: 1_048_576, dynamic: true }),
  long("log.segment.delete.delay.ms", 60_000, "Default of file.delete.delay.ms.", { min: 0, dynamic: true }),
  long("log.roll.ms", null, "Default of segment.ms; wins over log.roll.hours.", { min: 1, dynamic: true }),
  int("log.roll.hours", 168, "Default of segment.ms in hours.", { min: 1 }),
  long("log.roll.jitter.ms", null, "Default of segment.jitter.ms; wins over log.roll.jitter.hours.", {
    min: 0,
    dynamic: true,
  }),
  int("log.roll.jitter.hours", 0, "Default of segment.jitter.ms in hours.", { min: 0 }),
  long("log.flush.interval.messages", LONG_MAX, "Default of flush.messages.", { min: 1, dynamic: true }),
  long("log.flush.interval.ms", null, "Default of flush.ms.", { min: 0, dynamic: true }),
  long(
    "log.flush.scheduler.interval.ms",
    LONG_MAX,
    "Time between looks for logs to flush, in milliseconds; every write is flushed before it is acknowledged here.",
    { idle: true },
  ),
  int(
    "log.flush.offset.checkpoint.interval.ms",
    60_000,
    "Time between writing down where recovery would begin, in milliseconds.",
    { min: 0, idle: true },
  ),
  int(
    "log.flush.start.offset.checkpoint.interval.ms",
    60_000,
    "Time between writing down log starts, in milliseconds.",
    { min: 0, idle: true },
  ),
  int("log.index.interval.bytes", 4_096, "Default of index.interval.bytes.", { min: 0, dynamic: true }),
  int("log.index.size.max.bytes", 10_485_760, "Default of segment.index.bytes.", { min: 4, dynamic: true }),
  flag("log.preallocate", false, "Default of preallocate.", { dynamic: true }),
  text("log.message.timestamp.type", "CreateTime", "Default of message.timestamp.type.", {
    oneOf: ["CreateTime", "LogAppendTime"],
    dynamic: true,
  }),
  long("log.message.timestamp.before.max.ms", LONG_MAX, "Default of message.timestamp.before.max.ms.", {
    min: 0,
    dynamic: true,
  }),
  long("log.message.timestamp.after.max.ms", 3_600_000, "Default of message.timestamp.after.max.ms.", {
    min: 0,
    dynamic: true,
  }),
  long("log.local.retention.ms", -2, "Default of local.retention.ms.", { min: -2, dynamic: true }),
  long("log.local.retention.bytes", -2, "Default of local.retention.bytes.", { min: -2, dynamic: true }),
  long(
    "log.dir.failure.timeout.ms",
    30_000,
    "Time after which a broker that cannot tell of a failed log directory stops, in milliseconds; it stops at once here.",
    { min: 1, idle: true },
  ),
  flag("log.cleaner.enable", true, "Whether compaction runs."),
  int("log.cleaner.threads", 1, "Threads that compact: 0 stops compaction; more than one count as one here.", {
    min: 0,
    dynamic: true,
  }),
  long("log.cleaner.backoff.ms", 15_000, "Pause of the cleaner when there is nothing to compact, in milliseconds.", {
    min: 0,
    dynamic: true,
  }),
  long(
    "log.cleaner.dedupe.buffer.size",
    134_217_728,
    "Memory for the keys of a compaction, in bytes: 24 for each key. What does not fit waits for the next compaction.",
    { dynamic: true },
  ),
  int("log.cleaner.io.buffer.size", 524_288, "Memory for reading and writing of a compaction, in bytes; 1 MB here.", {
    min: 0,
    dynamic: true,
    idle: true,
  }),
  double("log.cleaner.io.buffer.load.factor", "0.9", "How full the key buffer may become.", { dynamic: true }),
  double(
    "log.cleaner.io.max.bytes.per.second",
    "1.7976931348623157E308",
    "Bytes per second that compaction may read and write.",
    { dynamic: true },
  ),
  long("log.cleaner.delete.retention.ms", 86_400_000, "Default of delete.retention.ms.", { min: 0, dynamic: true }),
  long("log.cleaner.min.compaction.lag.ms", 0, "Default of min.compaction.lag.ms.", { min: 0, dynamic: true }),
  long("log.cleaner.max.compaction.lag.ms", LONG_MAX, "Default of max.compaction.lag.ms.", { min: 1, dynamic: true }),
  double("log.cleaner.min.cleanable.ratio", "0.5", "Default of min.cleanable.dirty.ratio.", {
    min: 0,
    max: 1,
    dynamic: true,
  }),
  int(
    "num.recovery.threads.per.data.dir",
    2,
    "Threads that recover and flush logs, per directory; there is nothing to recover here.",
    { min: 1, dynamic: true, idle: true },
  ),
  int("background.threads", 10, "Threads for background work.", { min: 1, dynamic: true, idle: true }),
];
