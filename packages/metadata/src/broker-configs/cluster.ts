/** The controllers, and the way brokers live with them. */
import type { ConfigDef } from "@vitrine/core";
import { flag, int, long } from "./notation.ts";

export const CLUSTER: readonly ConfigDef[] = [
  int("broker.heartbeat.interval.ms", 2_000, "Time between heartbeats to the controller, in milliseconds.", { min: 1 }),
  int("broker.session.timeout.ms", 9_000, "Silence after which the controller fences a broker, in milliseconds.", {
    min: 1,
  }),
  int(
    "initial.broker.registration.timeout.ms",
    60_000,
    "Time a broker has for its first registration, in milliseconds; it asks on here.",
    { idle: true },
  ),
  flag("controlled.shutdown.enable", true, "Whether a broker hands its leaderships over before it stops."),
  int(
    "controller.quorum.election.timeout.ms",
    1_000,
    "Longest time an election may take before the next one, in milliseconds.",
    { min: 0 },
  ),
  int(
    "controller.quorum.fetch.timeout.ms",
    2_000,
    "Silence of the active controller after which the others look for a new one, in milliseconds.",
    { min: 0 },
  ),
  int("controller.quorum.election.backoff.max.ms", 1_000, "Longest pause between elections, in milliseconds.", {
    min: 0,
  }),
  int(
    "controller.quorum.append.linger.ms",
    25,
    "Time that records of the metadata log wait for company, in milliseconds; they go with the turn here.",
    { min: 0, idle: true },
  ),
  int("controller.quorum.request.timeout.ms", 2_000, "Longest wait of a request of the quorum, in milliseconds.", {
    min: 0,
  }),
  int("controller.quorum.retry.backoff.ms", 20, "Pause between requests of the quorum that failed, in milliseconds.", {
    min: 0,
    idle: true,
  }),
  int("controller.quorum.fetch.max.bytes", 1_048_576, "Bytes of metadata records that one fetch brings.", {
    min: 1,
    idle: true,
  }),
  int(
    "controller.quorum.fetch.snapshot.max.bytes",
    1_048_576,
    "Bytes of a metadata snapshot that one request brings.",
    { min: 1, idle: true },
  ),
  flag("controller.quorum.auto.join.enable", false, "Whether a new controller becomes a voter by itself.", {
    idle: true,
  }),
  int("controller.socket.timeout.ms", 30_000, "Network timeout towards the controller, in milliseconds.", {
    idle: true,
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
  int("metadata.log.segment.bytes", 1_073_741_824, "Size of a segment of the metadata log, in bytes.", {
    min: 8_388_608,
    idle: true,
  }),
  long("metadata.log.segment.ms", 604_800_000, "Age of a segment of the metadata log, in milliseconds.", {
    idle: true,
  }),
  int("metadata.max.idle.interval.ms", 500, "Time after which the idle controller writes a record, in milliseconds.", {
    min: 0,
    idle: true,
  }),
  long("metadata.max.retention.bytes", 104_857_600, "Bytes of metadata log and snapshots that are kept.", {
    idle: true,
  }),
  long("metadata.max.retention.ms", 604_800_000, "Time that metadata log and snapshots are kept, in milliseconds.", {
    idle: true,
  }),
];
