import type { Offset } from "./offset.ts";

/** What the 61-byte header of a record batch (format v2) says; enough to store, index and replicate it without decoding a record. */
export interface BatchFacts {
  readonly baseOffset: Offset;
  /** Inclusive. */
  readonly lastOffset: Offset;
  readonly leaderEpoch: number;
  /** Whole batch with its header, in bytes. */
  readonly sizeBytes: number;
  readonly crc: number;
  readonly attributes: number;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  /** -1 when the producer is not idempotent. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
  readonly isControl: boolean;
  readonly isTransactional: boolean;
}
