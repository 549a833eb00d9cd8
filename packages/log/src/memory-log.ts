import type { Uuid } from "@vitrine/core";
import { emptyDisk, MemoryDisk, type DurableState, type MemoryDiskOptions } from "./memory-disk.ts";
import { QueuedStore, type QueuedStoreOptions } from "./queued-store.ts";

/** A LogStore in memory, with its disk at hand: for tests, for the simulator, and with `auto` for a node that keeps nothing (the gateway). */
export class MemoryLogStore extends QueuedStore {
  readonly disk: MemoryDisk;

  constructor(from: Uuid | DurableState, options: MemoryDiskOptions & QueuedStoreOptions = {}) {
    const disk = new MemoryDisk(typeof from === "string" ? emptyDisk(from) : from, options);
    super(disk, options);
    this.disk = disk;
  }
}
