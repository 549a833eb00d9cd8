/** Groups and their offsets. */
import type { ConfigDef } from "@vitrine/core";
import { INT_MAX, int, list, long, short, text } from "./notation.ts";

export const COORDINATORS: readonly ConfigDef[] = [
  int("offsets.topic.num.partitions", 50, "Partitions of __consumer_offsets.", { min: 1 }),
  short("offsets.topic.replication.factor", 3, "Replicas of __consumer_offsets.", { min: 1 }),
  int("offsets.topic.segment.bytes", 104_857_600, "segment.bytes of __consumer_offsets.", { min: 1 }),
  int("offsets.topic.compression.codec", 0, "Codec of __consumer_offsets: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.", {
    idle: true,
  }),
  int("offsets.retention.minutes", 10_080, "How long the offsets of an empty group are kept, in minutes.", { min: 1 }),
  long("offsets.retention.check.interval.ms", 600_000, "Time between looks for offsets to forget, in milliseconds.", {
    min: 1,
  }),
  int(
    "offsets.commit.timeout.ms",
    5_000,
    "Longest wait of a commit for the replicas of __consumer_offsets, in milliseconds.",
    { min: 1 },
  ),
  int("offsets.load.buffer.size", 5_242_880, "Bytes that are read at once when a coordinator loads.", {
    min: 1,
    idle: true,
  }),
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
  int("group.max.size", INT_MAX, "Members that a classic group may have.", { min: 1 }),
  list("group.coordinator.rebalance.protocols", "classic,consumer,streams", "Kinds of groups that are served.", {
    oneOf: ["consumer", "classic", "share", "streams"],
    idle: true,
  }),
  int("group.coordinator.threads", 4, "Threads of the group coordinator; there is one event loop here.", {
    min: 1,
    idle: true,
  }),
  int("group.coordinator.background.threads", 2, "Threads for background work of the group coordinator.", {
    min: 1,
    idle: true,
  }),
  int(
    "group.coordinator.append.linger.ms",
    -1,
    "Time that records of the coordinator wait for company, in milliseconds; -1 adapts it.",
    { min: -1, idle: true },
  ),
  int(
    "group.coordinator.cached.buffer.max.bytes",
    1_048_588,
    "Memory that the coordinator keeps for its next write, in bytes.",
    { min: 524_288, dynamic: true, idle: true },
  ),
  int(
    "group.consumer.session.timeout.ms",
    45_000,
    "Session of members of consumer groups (KIP-848), in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "group.consumer.min.session.timeout.ms",
    45_000,
    "Shortest session of members of consumer groups, in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "group.consumer.max.session.timeout.ms",
    60_000,
    "Longest session of members of consumer groups, in milliseconds.",
    { min: 1, idle: true },
  ),
  int("group.consumer.heartbeat.interval.ms", 5_000, "Time between heartbeats in consumer groups, in milliseconds.", {
    min: 1,
    idle: true,
  }),
  int(
    "group.consumer.min.heartbeat.interval.ms",
    5_000,
    "Shortest time between heartbeats in consumer groups, in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "group.consumer.max.heartbeat.interval.ms",
    15_000,
    "Longest time between heartbeats in consumer groups, in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "group.consumer.assignment.interval.ms",
    1_000,
    "Shortest time between assignments of a consumer group, in milliseconds.",
    { min: 0, dynamic: true, idle: true },
  ),
  int(
    "group.consumer.min.assignment.interval.ms",
    0,
    "Lower bound of a group's own consumer.assignment.interval.ms, in milliseconds.",
    { min: 0, idle: true },
  ),
  int(
    "group.consumer.max.assignment.interval.ms",
    15_000,
    "Upper bound of a group's own consumer.assignment.interval.ms, in milliseconds.",
    { min: 0, idle: true },
  ),
  int("group.consumer.max.size", INT_MAX, "Members that a consumer group may have.", { min: 1, idle: true }),
  list("group.consumer.assignors", "uniform,range", "Assignors of the server; the first is the default.", {
    idle: true,
  }),
  text(
    "group.consumer.migration.policy",
    "bidirectional",
    "Which way groups may change between the classic and the consumer protocol.",
    { oneOf: ["disabled", "downgrade", "upgrade", "bidirectional"], idle: true },
  ),
];
