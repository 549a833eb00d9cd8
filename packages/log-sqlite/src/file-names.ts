/** Names in a log directory. A data file is `data-<shard>-<number>.db`; the number is unique in the directory and grows. */
export const METADATA_FILE = "metadata.db";
/** The number that `segments.file_no` uses for metadata.db. */
export const METADATA_FILE_NO = 0;
export const METADATA_SHARD = "metadata";
/** The one log that lives in metadata.db: METADATA_LOG of packages/log. */
export const METADATA_LOG_KEY = "__cluster_metadata-0";
export const LOCK_FILE = "directory.lock";
export const DIRECTORY_FILE = "directory.json";
export const MARKER_FILE = "durable-marker";
export const CLEAN_SHUTDOWN_FILE = "clean-shutdown.json";
export const BALLAST_FILE = "ballast";

/** On-disk format that this version writes. */
export const FORMAT_VERSION = 1;

/** Bound on shards that a node writes at once: each costs an fsync per commit and three descriptors. More classes than this share the last. */
export const SHARDS_MAX = 16;
export const MIXED_SHARD = "mixed";

const DATA_FILE = /^data-(.+)-(\d{6,})\.db$/;

export function dataFileName(shard: string, fileNo: number): string {
  return `data-${shard}-${String(fileNo).padStart(6, "0")}.db`;
}

export function parseDataFileName(name: string): { shard: string; fileNo: number } | null {
  const match = DATA_FILE.exec(name);
  return match ? { shard: match[1]!, fileNo: Number(match[2]) } : null;
}

/** Retention class to the part of a file name that it stands for. Two classes that give the same name share files, which harms nothing. */
export function shardOfClass(retentionClass: string): string {
  return retentionClass.replaceAll(/[^A-Za-z0-9.-]+/g, "_").slice(0, 80) || "none";
}
