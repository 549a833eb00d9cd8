/** Windows of quotas; metrics and telemetry. */
import type { ConfigDef } from "@vitrine/core";
import { className, int, list, long, text } from "./notation.ts";

export const QUOTAS_AND_METRICS: readonly ConfigDef[] = [
  int("quota.window.num", 11, "Windows over which client quotas are counted.", { min: 1 }),
  int("quota.window.size.seconds", 1, "Length of a window of client quotas, in seconds.", { min: 1 }),
  int("controller.quota.window.num", 11, "Windows whose worth of controller mutations may come at once.", { min: 1 }),
  int("controller.quota.window.size.seconds", 1, "Length of a window of the controller mutation quota, in seconds.", {
    min: 1,
  }),
  int("replication.quota.window.num", 11, "Windows over which replication throttles are counted.", { min: 1 }),
  int("replication.quota.window.size.seconds", 1, "Length of a window of replication throttles, in seconds.", {
    min: 1,
  }),
  int(
    "alter.log.dirs.replication.quota.window.num",
    11,
    "Windows over which moves between log directories are counted.",
    { min: 1, idle: true },
  ),
  int(
    "alter.log.dirs.replication.quota.window.size.seconds",
    1,
    "Length of a window of moves between log directories, in seconds.",
    { min: 1, idle: true },
  ),
  className("client.quota.callback.class", null, "Class that decides quotas in the place of the settings.", {
    idle: true,
  }),
  list(
    "metric.reporters",
    "org.apache.kafka.common.metrics.JmxReporter",
    "Classes that carry metrics elsewhere; they are at /metrics here.",
    { dynamic: true, idle: true },
  ),
  int("metrics.num.samples", 2, "Samples that a metric is computed from.", { min: 1, idle: true }),
  long("metrics.sample.window.ms", 30_000, "Length of a sample of a metric, in milliseconds.", { min: 1, idle: true }),
  text("metrics.recording.level", "INFO", "How much is measured: INFO, DEBUG or TRACE.", { idle: true }),
  list("kafka.metrics.reporters", "", "Classes that carry the older metrics elsewhere.", { idle: true }),
  int("kafka.metrics.polling.interval.secs", 10, "Time between reports of the older metrics, in seconds.", {
    min: 1,
    idle: true,
  }),
  int("telemetry.max.bytes", 1_048_576, "Largest report of a client's metrics, in bytes.", { min: 1, idle: true }),
];
