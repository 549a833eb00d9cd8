/** Share groups (KIP-932) and streams groups (KIP-1071). */
import type { ConfigDef } from "@vitrine/core";
import { INT_MAX, int, list, short } from "./notation.ts";

export const SHARE_AND_STREAMS: readonly ConfigDef[] = [
  int("group.share.session.timeout.ms", 45_000, "Session of members of share groups, in milliseconds.", {
    min: 1,
    idle: true,
  }),
  int("group.share.min.session.timeout.ms", 45_000, "Shortest session of members of share groups, in milliseconds.", {
    min: 1,
    idle: true,
  }),
  int("group.share.max.session.timeout.ms", 60_000, "Longest session of members of share groups, in milliseconds.", {
    min: 1,
    idle: true,
  }),
  int("group.share.heartbeat.interval.ms", 5_000, "Time between heartbeats in share groups, in milliseconds.", {
    min: 1,
    idle: true,
  }),
  int(
    "group.share.min.heartbeat.interval.ms",
    5_000,
    "Shortest time between heartbeats in share groups, in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "group.share.max.heartbeat.interval.ms",
    15_000,
    "Longest time between heartbeats in share groups, in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "group.share.assignment.interval.ms",
    1_000,
    "Shortest time between assignments of a share group, in milliseconds.",
    { min: 0, dynamic: true, idle: true },
  ),
  int(
    "group.share.min.assignment.interval.ms",
    0,
    "Lower bound of a group's own share.assignment.interval.ms, in milliseconds.",
    { min: 0, idle: true },
  ),
  int(
    "group.share.max.assignment.interval.ms",
    15_000,
    "Upper bound of a group's own share.assignment.interval.ms, in milliseconds.",
    { min: 0, idle: true },
  ),
  int("group.share.max.size", 200, "Members that a share group may have.", { min: 1, max: 1_000, idle: true }),
  list("group.share.assignors", "simple", "Assignors of share groups.", { idle: true }),
  int("group.share.max.share.sessions", 2_000, "Share sessions of a broker.", { min: 1, idle: true }),
  int("group.share.delivery.count.limit", 5, "How often a record is delivered before it is given up.", {
    min: 2,
    max: 10,
    idle: true,
  }),
  int("group.share.min.delivery.count.limit", 2, "Lower bound of a group's own share.delivery.count.limit.", {
    min: 2,
    max: 5,
    idle: true,
  }),
  int("group.share.max.delivery.count.limit", 10, "Upper bound of a group's own share.delivery.count.limit.", {
    min: 5,
    max: 25,
    idle: true,
  }),
  int("group.share.record.lock.duration.ms", 30_000, "Time that a member has for a record, in milliseconds.", {
    min: 1_000,
    max: 3_600_000,
    idle: true,
  }),
  int(
    "group.share.min.record.lock.duration.ms",
    15_000,
    "Lower bound of a group's own share.record.lock.duration.ms, in milliseconds.",
    { min: 1_000, max: 30_000, idle: true },
  ),
  int(
    "group.share.max.record.lock.duration.ms",
    60_000,
    "Upper bound of a group's own share.record.lock.duration.ms, in milliseconds.",
    { min: 30_000, max: 3_600_000, idle: true },
  ),
  int(
    "group.share.partition.max.record.locks",
    2_000,
    "Records of a partition that may be with members at the same time.",
    { min: 100, max: 10_000, idle: true },
  ),
  int(
    "group.share.min.partition.max.record.locks",
    100,
    "Lower bound of a group's own share.partition.max.record.locks.",
    { min: 100, max: 2_000, idle: true },
  ),
  int(
    "group.share.max.partition.max.record.locks",
    4_000,
    "Upper bound of a group's own share.partition.max.record.locks.",
    { min: 2_000, max: 10_000, idle: true },
  ),
  int("share.coordinator.state.topic.num.partitions", 50, "Partitions of __share_group_state.", { min: 1, idle: true }),
  short("share.coordinator.state.topic.replication.factor", 3, "Replicas of __share_group_state.", {
    min: 1,
    idle: true,
  }),
  short("share.coordinator.state.topic.min.isr", 2, "min.insync.replicas of __share_group_state.", {
    min: 1,
    idle: true,
  }),
  int("share.coordinator.state.topic.segment.bytes", 104_857_600, "segment.bytes of __share_group_state.", {
    min: 1,
    idle: true,
  }),
  int(
    "share.coordinator.state.topic.compression.codec",
    0,
    "Codec of __share_group_state: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.",
    { idle: true },
  ),
  int(
    "share.coordinator.snapshot.update.records.per.snapshot",
    500,
    "Updates between snapshots of a share partition's state.",
    { min: 0, max: 500, idle: true },
  ),
  int("share.coordinator.threads", 1, "Threads of the share coordinator.", { min: 1, idle: true }),
  int("share.coordinator.load.buffer.size", 5_242_880, "Bytes that are read at once when a share coordinator loads.", {
    min: 1,
    idle: true,
  }),
  int(
    "share.coordinator.append.linger.ms",
    -1,
    "Time that records of the share coordinator wait for company, in milliseconds; -1 adapts it.",
    { min: -1, idle: true },
  ),
  int(
    "share.coordinator.cached.buffer.max.bytes",
    1_048_588,
    "Memory that the share coordinator keeps for its next write, in bytes.",
    { min: 524_288, dynamic: true, idle: true },
  ),
  int(
    "share.coordinator.write.timeout.ms",
    5_000,
    "Longest wait of a write for the replicas of __share_group_state, in milliseconds.",
    { min: 1, idle: true },
  ),
  int("group.streams.session.timeout.ms", 45_000, "Session of members of streams groups, in milliseconds.", {
    min: 1,
    idle: true,
  }),
  int(
    "group.streams.min.session.timeout.ms",
    45_000,
    "Shortest session of members of streams groups, in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "group.streams.max.session.timeout.ms",
    60_000,
    "Longest session of members of streams groups, in milliseconds.",
    { min: 1, idle: true },
  ),
  int("group.streams.heartbeat.interval.ms", 5_000, "Time between heartbeats in streams groups, in milliseconds.", {
    min: 1,
    idle: true,
  }),
  int(
    "group.streams.min.heartbeat.interval.ms",
    5_000,
    "Shortest time between heartbeats in streams groups, in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "group.streams.max.heartbeat.interval.ms",
    15_000,
    "Longest time between heartbeats in streams groups, in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "group.streams.assignment.interval.ms",
    1_000,
    "Shortest time between assignments of a streams group, in milliseconds.",
    { min: 0, dynamic: true, idle: true },
  ),
  int(
    "group.streams.min.assignment.interval.ms",
    0,
    "Lower bound of a group's own streams.assignment.interval.ms, in milliseconds.",
    { min: 0, idle: true },
  ),
  int(
    "group.streams.max.assignment.interval.ms",
    15_000,
    "Upper bound of a group's own streams.assignment.interval.ms, in milliseconds.",
    { min: 0, idle: true },
  ),
  int(
    "group.streams.initial.rebalance.delay.ms",
    3_000,
    "Wait for more members before the first assignment of a streams group, in milliseconds.",
    { min: 0, idle: true },
  ),
  int("group.streams.max.size", INT_MAX, "Members that a streams group may have.", { min: 1, idle: true }),
  int("group.streams.num.standby.replicas", 0, "Standby copies of each task of a streams group.", {
    min: 0,
    idle: true,
  }),
  int("group.streams.max.standby.replicas", 2, "Upper bound of a group's own streams.num.standby.replicas.", {
    min: 0,
    idle: true,
  }),
];
