import { invariant } from "@vitrine/core";
import type { HandOver } from "@vitrine/log";
import type { PostedHandOver, PostedOp, SharedBytes } from "./messages.ts";
import type { Slabs } from "./slabs.ts";

/** A hand-over as it crosses to the storage thread: each slab once, each payload as a place in one. */
export function postedFrom(handOver: HandOver, memory: Slabs): PostedHandOver {
  const slabs: SharedArrayBuffer[] = [];
  const placeOf = (bytes: Uint8Array): SharedBytes => {
    let shared = bytes;
    if (!(shared.buffer instanceof SharedArrayBuffer)) {
      shared = memory.allocate(bytes.byteLength);
      shared.set(bytes);
    }
    const { buffer } = shared;
    invariant(buffer instanceof SharedArrayBuffer, "slabs are shared memory");
    // Mostly the slab used last.
    let slab = slabs.lastIndexOf(buffer);
    if (slab === -1) slab = slabs.push(buffer) - 1;
    return { slab, at: shared.byteOffset, length: shared.byteLength };
  };
  const ops = handOver.ops.map((op): PostedOp => {
    if (op.type === "append")
      return { type: "append", key: op.key, facts: op.batch.facts, bytes: placeOf(op.batch.bytes) };
    if (op.type === "snapshot") {
      const { endOffset, epoch, bytes } = op.snapshot;
      return { type: "snapshot", endOffset, epoch, bytes: placeOf(bytes) };
    }
    return op;
  });
  return { type: "hand-over", ticket: handOver.ticket, bytes: handOver.bytes, slabs, ops };
}
