import { type LogStore, QueuedStore, type QueuedStoreOptions } from "@vitrine/log";
import type { DiskStats } from "./commit-times.ts";
import type { SqliteDiskOptions } from "./options.ts";
import { openSqliteDisk } from "./sqlite-disk.ts";

/** The LogStore of a node, kept in SQLite. */
export async function openSqliteLogStore(
  options: SqliteDiskOptions & QueuedStoreOptions,
): Promise<LogStore & { stats(): DiskStats }> {
  const disk = await openSqliteDisk(options);
  return Object.assign(new QueuedStore(disk, options), { stats: () => disk.stats() });
}
