import { Offset } from "@vitrine/core";
import type { Batch } from "@vitrine/log";

/** A batch whose payload is one text; only its facts matter here. */
export function makeBatch(options: {
  baseOffset: number;
  epoch: number;
  text: string;
  isControl?: boolean;
  records?: number;
}): Batch {
  const bytes = new TextEncoder().encode(options.text);
  const count = options.records ?? 1;
  return {
    bytes,
    facts: {
      baseOffset: Offset(options.baseOffset),
      lastOffset: Offset(options.baseOffset + count - 1),
      leaderEpoch: options.epoch,
      sizeBytes: bytes.length,
      crc: 0,
      attributes: options.isControl ? 0x20 : 0,
      baseTimestampMs: 0,
      maxTimestampMs: 0,
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
      recordCount: count,
      isControl: options.isControl ?? false,
      isTransactional: false,
    },
  };
}

export function textOf(batch: Batch): string {
  return new TextDecoder().decode(batch.bytes);
}
