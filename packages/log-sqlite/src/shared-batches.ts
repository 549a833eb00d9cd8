import type { BatchesInMemory } from "./messages.ts";

/** Bytes go into shared memory: ordinary buffers would weigh on the garbage collector of the broker's thread, whose heap is the larger one. */
export function inSharedMemory(batches: readonly Uint8Array[]): BatchesInMemory {
  let sizeBytes = 0;
  for (const bytes of batches) sizeBytes += bytes.length;
  const memory = new SharedArrayBuffer(sizeBytes);
  const all = new Uint8Array(memory);
  const ends: number[] = [];
  let end = 0;
  for (const bytes of batches) {
    all.set(bytes, end);
    end += bytes.length;
    ends.push(end);
  }
  return { memory, ends };
}

/** The batches' bytes as views. */
export function fromSharedMemory({ memory, ends }: BatchesInMemory): Uint8Array[] {
  return ends.map((end, at) => {
    const from = at === 0 ? 0 : ends[at - 1]!;
    return new Uint8Array(memory, from, end - from);
  });
}
