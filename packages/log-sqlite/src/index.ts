export type { DiskStats } from "./commit-times.ts";
export { openSqliteLogStore } from "./open-log-store.ts";
export type { Journal, JournalLevel, SqliteDiskOptions } from "./options.ts";
export { openSqliteDisk, type SqliteDisk } from "./sqlite-disk.ts";
