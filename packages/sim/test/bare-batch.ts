import { Offset } from "@vitrine/core";
import type { Batch } from "@vitrine/log";

/** A batch of one record that only its offset and epoch tell from others; no bytes of Kafka's format. */
export function bareBatch(offset: number, leaderEpoch = 1): Batch {
  const facts = {
    baseOffset: Offset(offset),
    lastOffset: Offset(offset),
    leaderEpoch,
    sizeBytes: 1,
    crc: offset,
    attributes: 0,
    baseTimestampMs: 0,
    maxTimestampMs: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 1,
    isControl: false,
    isTransactional: false,
  };
  return { facts, bytes: new Uint8Array([offset]) };
}
