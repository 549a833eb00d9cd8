import { type LogStore, QueuedStore, type QueuedStoreOptions } from "@vitrine/log";
import type { DiskStats } from "./commit-times.ts";
import type { SqliteDiskOptions } from "./options.ts";
import { openSqliteDisk } from "./sqlite-disk.ts";

export interface SqliteLogStore extends LogStore {
  stats(): DiskStats;
  /** Memory from which a batch goes to the log without a copy: for what is read from the network. */
  allocate(sizeBytes: number): Uint8Array;
}

/** The LogStore of a node, kept in SQLite. */
export async function openSqliteLogStore(options: SqliteDiskOptions & QueuedStoreOptions): Promise<SqliteLogStore> {
  const disk = await openSqliteDisk(options);
  return Object.assign(new QueuedStore(disk, options), {
    stats: () => disk.stats(),
    allocate: (sizeBytes: number) => disk.allocate(sizeBytes),
  });
}
