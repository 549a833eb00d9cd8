/**
 * Deliberate mistakes, for measuring the simulator: each must be caught within its seed budget (reliability 3.4, 4.6). Only a test can hand
 * them in; no setting, file or environment reaches them.
 */
export type RaftBug =
  /** Any fetch response of the leader is taken, late and duplicated ones too. */
  | "no-request-correlation"
  /** Epoch and vote are kept in memory only. */
  | "vote-not-persisted"
  /** Vote requests and answers leave before the vote is on disk. */
  | "vote-before-commit"
  /** The leader counts its memory, not its disk (KAFKA-10533). */
  | "leader-counts-before-commit"
  /** A voter fetches on before its commit event (KAFKA-13884). */
  | "voter-fetches-before-commit"
  /** Log comparison in votes looks at the length only. */
  | "vote-compares-length-only"
  /** Fetch offsets count before the divergence check (KAFKA-13141). */
  | "progress-before-divergence-check"
  /** Votes of an older election are counted. */
  | "stale-votes-counted"
  /** Commits records of older epochs by counting (Raft figure 8). */
  | "no-own-epoch-rule"
  /** Commits at the epoch start instead of past it (KAFKA-12619). */
  | "own-epoch-rule-off-by-one"
  /** A restarted leader goes on in its epoch (KAFKA-10527). */
  | "resume-leadership"
  /** Takes the high watermark of an answer that says "diverged" (KAFKA-14704). */
  | "high-watermark-from-diverging-answer"
  /** The leader does not compare epochs at all. */
  | "no-divergence-check";
