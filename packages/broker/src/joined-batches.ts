import type { Batch } from "@vitrine/log";

/** Whole batches one after another, as a Fetch response carries them; null: none. */
export function joinBatches(batches: readonly Batch[]): Uint8Array | null {
  if (batches.length === 0) return null;
  if (batches.length === 1) return batches[0]!.bytes;
  const { buffer, byteOffset } = batches[0]!.bytes;
  let sizeBytes = 0;
  let isOnePiece = true;
  for (const { bytes } of batches) {
    isOnePiece &&= bytes.buffer === buffer && bytes.byteOffset === byteOffset + sizeBytes;
    sizeBytes += bytes.byteLength;
  }
  // What was read from disk together lies together already.
  if (isOnePiece) return new Uint8Array(buffer, byteOffset, sizeBytes);
  const joined = new Uint8Array(sizeBytes);
  let at = 0;
  for (const batch of batches) {
    joined.set(batch.bytes, at);
    at += batch.bytes.byteLength;
  }
  return joined;
}
