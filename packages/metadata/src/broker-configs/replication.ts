/** How followers follow, and who leads. */
import type { ConfigDef } from "@vitrine/core";
import { LONG_MAX, flag, int, long, text } from "./notation.ts";

export const REPLICATION: readonly ConfigDef[] = [
  long(
    "replica.lag.time.max.ms",
    30_000,
    "Time without reaching the leader's end after which a follower leaves the ISR, in milliseconds.",
    { min: 1 },
  ),
  int("replica.fetch.wait.max.ms", 500, "Longest wait of a follower's fetch, in milliseconds.", { min: 0 }),
  int("replica.fetch.min.bytes", 1, "Bytes a follower's fetch waits for; it is 1 here.", { min: 0, idle: true }),
  int("replica.fetch.max.bytes", 1_048_576, "Bytes a follower fetches per partition; the first batch always comes.", {
    min: 0,
  }),
  int(
    "replica.fetch.response.max.bytes",
    10_485_760,
    "Bytes a follower fetches in all; the first batch always comes.",
    { min: 0 },
  ),
  int("replica.fetch.backoff.ms", 1_000, "Longest pause of a follower after an error, in milliseconds.", { min: 0 }),
  int("replica.socket.timeout.ms", 30_000, "Network timeout of followers, in milliseconds.", { idle: true }),
  int("replica.socket.receive.buffer.bytes", 65_536, "Receive buffer of followers' sockets, in bytes.", { idle: true }),
  long(
    "replica.high.watermark.checkpoint.interval.ms",
    5_000,
    "Time between writing down high watermarks, in milliseconds; they go with the batches here.",
    { idle: true },
  ),
  text("replica.selector.class", null, "Class that chooses from which replica a consumer should read (KIP-392)."),
  int("num.replica.fetchers", 1, "Threads that fetch from one leader.", { min: 1, dynamic: true, idle: true }),
  int("num.replica.alter.log.dirs.threads", null, "Threads that move replicas between log directories.", {
    idle: true,
  }),
  flag(
    "follower.fetch.last.tiered.offset.enable",
    false,
    "Whether a new follower begins behind what is in remote storage.",
    { dynamic: true, idle: true },
  ),
  long(
    "leader.replication.throttled.rate",
    LONG_MAX,
    "Bytes per second that this broker gives to throttled replicas that are not in the ISR.",
    { min: 0, dynamic: true },
  ),
  long(
    "follower.replication.throttled.rate",
    LONG_MAX,
    "Bytes per second that this broker fetches for its throttled replicas that are not in the ISR.",
    { min: 0, dynamic: true },
  ),
  long(
    "replica.alter.log.dirs.io.max.bytes.per.second",
    LONG_MAX,
    "Bytes per second for moving replicas between log directories.",
    { min: 0, dynamic: true, idle: true },
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
