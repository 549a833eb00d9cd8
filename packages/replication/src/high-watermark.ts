/** The high watermark rule (reliability P10, KAFKA-15583), apart from everything else so that it can be read and tested alone. */
export interface HighWatermarkInput {
  readonly highWatermark: number;
  readonly logEndOffset: number;
  /** The leader's own disk. */
  readonly ownDurableEndOffset: number;
  /** The committed ISR: while it is smaller than minIsr nothing moves, whatever the acks. */
  readonly isrSize: number;
  readonly minIsr: number;
  /** Durable ends of everybody else who counts: the maximal ISR, and replicas about to join. 0 = not heard of in this epoch. */
  readonly followerDurableEndOffsets: Iterable<number>;
}

/** The new high watermark; never below the old one, never past the leader's own disk. */
export function highWatermark(input: HighWatermarkInput): number {
  if (input.isrSize < input.minIsr) return input.highWatermark;
  let lowest = Math.min(input.ownDurableEndOffset, input.logEndOffset);
  for (const end of input.followerDurableEndOffsets) if (end < lowest) lowest = end;
  return Math.max(input.highWatermark, lowest);
}
