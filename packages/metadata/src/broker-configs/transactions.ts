/** Transactions and producer ids. */
import type { ConfigDef } from "@vitrine/core";
import { flag, int, short } from "./notation.ts";

export const TRANSACTIONS: readonly ConfigDef[] = [
  int("transaction.state.log.num.partitions", 50, "Partitions of __transaction_state.", { min: 1 }),
  short("transaction.state.log.replication.factor", 3, "Replicas of __transaction_state.", { min: 1 }),
  int("transaction.state.log.min.isr", 2, "min.insync.replicas of __transaction_state.", { min: 1 }),
  int("transaction.state.log.segment.bytes", 104_857_600, "segment.bytes of __transaction_state.", {
    min: 1,
    idle: true,
  }),
  int(
    "transaction.state.log.load.buffer.size",
    5_242_880,
    "Bytes that are read at once when a transaction coordinator loads.",
    { min: 1, idle: true },
  ),
  int("transaction.max.timeout.ms", 900_000, "Longest transaction a producer may ask for, in milliseconds.", {
    min: 1,
  }),
  int(
    "transaction.abort.timed.out.transaction.cleanup.interval.ms",
    10_000,
    "Time between looks for transactions to abort, in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "transaction.remove.expired.transaction.cleanup.interval.ms",
    3_600_000,
    "Time between looks for transactional ids to forget, in milliseconds.",
    { min: 1, idle: true },
  ),
  flag(
    "transaction.partition.verification.enable",
    true,
    "Whether a leader asks the coordinator before it takes a transaction's records.",
    { dynamic: true, idle: true },
  ),
  flag(
    "transaction.two.phase.commit.enable",
    false,
    "Whether transactions may be prepared and left to an outside coordinator.",
    { idle: true },
  ),
  int(
    "transactional.id.expiration.ms",
    604_800_000,
    "Idle time after which a transactional id is forgotten, in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "add.partitions.to.txn.retry.backoff.ms",
    20,
    "Pause before a partition is added to a transaction again, in milliseconds.",
    { min: 1, idle: true },
  ),
  int(
    "add.partitions.to.txn.retry.backoff.max.ms",
    100,
    "Longest pause before a partition is added to a transaction again, in milliseconds.",
    { min: 0, idle: true },
  ),
  int("producer.id.expiration.ms", 86_400_000, "Idle time after which a producer id is forgotten, in milliseconds.", {
    min: 1,
    dynamic: true,
  }),
];
