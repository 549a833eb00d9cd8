/** One database file, opened for writing by the storage thread alone: pragmas, schema, prepared statements, transactions. */
import { readFileSync } from "node:fs";
import Database from "better-sqlite3";
import { CommitSync } from "./commit-sync.ts";
import { FORMAT_VERSION } from "./file-names.ts";
import type { SettledOptions } from "./options.ts";
import { prepareStatements, type Statements } from "./statements.ts";

const SCHEMA = readFileSync(new URL("./schema.sql", import.meta.url), "utf8");
/** Older ones may lose commits when a WAL is reset (two connections checkpoint or write one file at once). */
const SQLITE_NEWER_THAN: readonly [number, number, number] = [3, 51, 2];
/**
 * Pages of a new file. Small ones where batches are small: every commit writes whole pages. Large ones where batches are: 16 KB batches then cost a
 * third less processor time, with a quarter of the system calls (packages/log-sqlite/bench/append.ts).
 */
const PAGE_BYTES = 4096;
const LARGE_PAGE_BYTES = 16_384;
/** Mean size of batches from which on large pages are worth it. */
const LARGE_BATCH_BYTES = 8192;
/** So much is looked at before a file is judged. */
const JUDGED_BYTES = 4 * 1024 * 1024;
const CACHE_KIB = 4096;
/** A WAL is checkpointed after a commit when it has grown to so many times `checkpointPages`: until then it is left to the checkpoint thread. */
const INLINE_CHECKPOINT_FACTOR = 10;
const JOURNAL_SIZE_LIMIT = 32 * 1024 * 1024;

export type FileOptions = Pick<SettledOptions, "durability" | "checkpointPages" | "pagesMax">;

/** Says in one sentence why this SQLite must not be used, or null. */
export function whySqliteRefused(version: string): string | null {
  const parts = version.split(".").map(Number);
  for (const [i, refused] of SQLITE_NEWER_THAN.entries()) {
    const part = parts[i] ?? 0;
    if (part > refused) return null;
    if (part < refused) break;
  }
  return `SQLite ${version} may lose confirmed records (a bug in its write-ahead log up to 3.51.2); install better-sqlite3 12.9 or newer.`;
}

/** The code of an error of SQLite, such as SQLITE_FULL; null for any other error. */
export function sqliteCode(error: unknown): string | null {
  return error instanceof Database.SqliteError ? error.code : null;
}

export class ShardFile {
  readonly db: Database.Database;
  readonly path: string;
  readonly fileNo: number;
  readonly shard: string;
  readonly createdMs: number;
  readonly statements: Statements;
  readonly #sync: CommitSync | null;
  /** Commits in this file, as its meta row says. */
  commits: number;
  nextPartitionId: number;
  readonly #pageBytes: number;
  /** Batches that came since it was opened, and their bytes. */
  #batches = 0;
  #batchBytes = 0;
  #committedBatchBytes = 0;

  get hasBatches(): boolean {
    return this.db.prepare("SELECT 1 FROM batches LIMIT 1").get() !== undefined;
  }

  private constructor(db: Database.Database, path: string, { durability }: FileOptions) {
    this.db = db;
    this.path = path;
    this.#sync = durability === "fsync" ? new CommitSync(path) : null;
    const meta = db.prepare<[], MetaRow>("SELECT * FROM meta").get();
    if (!meta) throw new Error(`${path} has no meta row`);
    this.fileNo = meta.file_no;
    this.shard = meta.shard;
    this.createdMs = meta.created_ms;
    this.commits = meta.commits;
    this.nextPartitionId = meta.next_partition_id;
    this.statements = prepareStatements(db);
    const pageBytes = db.pragma("page_size", { simple: true });
    this.#pageBytes = typeof pageBytes === "number" ? pageBytes : PAGE_BYTES;
  }

  /** Tells of a batch that was put in. */
  noteBatch(sizeBytes: number): void {
    this.#batches++;
    this.#batchBytes += sizeBytes;
  }

  /** Whether the next file of this shard should have large pages: as this one's batches say, or as it has them itself where too few came. */
  get wantsLargePages(): boolean {
    if (this.#batchBytes < JUDGED_BYTES) return this.#pageBytes > PAGE_BYTES;
    return this.#batchBytes / this.#batches >= LARGE_BATCH_BYTES;
  }

  /** Whether it is worth a file of its own to have larger pages now. Never the other way round, so that files do not become many. */
  get hasOutgrownPages(): boolean {
    return this.#pageBytes === PAGE_BYTES && this.wantsLargePages;
  }

  /** Opens a file that exists. Throws what SQLite throws, or an Error when the file was never finished. */
  static open(path: string, options: FileOptions): ShardFile {
    const db = connect(path, options, null);
    addColumns(db);
    return new ShardFile(db, path, options);
  }

  /** Makes a file; `fill` adds its first rows in the transaction that makes it. It is wholly in the database file, not only in its WAL, when this returns. */
  static create(
    path: string,
    options: FileOptions,
    identity: { fileNo: number; shard: string; createdMs: number; nextPartitionId: number; largePages: boolean },
    fill?: (db: Database.Database) => void,
  ): ShardFile {
    const db = connect(path, options, identity.largePages ? LARGE_PAGE_BYTES : PAGE_BYTES);
    db.exec("BEGIN IMMEDIATE");
    db.exec(SCHEMA);
    db.prepare(
      "INSERT INTO meta (id, format_version, file_no, shard, created_ms, commits, next_partition_id) VALUES (1, ?, ?, ?, ?, 1, ?)",
    ).run(FORMAT_VERSION, identity.fileNo, identity.shard, identity.createdMs, identity.nextPartitionId);
    fill?.(db);
    db.exec("COMMIT");
    db.pragma("wal_checkpoint(TRUNCATE)");
    return new ShardFile(db, path, options);
  }

  begin(): void {
    this.#begin.run();
  }

  /** Commits, counts the commit, and returns when it is as durable as was asked for. Gives the bytes of the batches in it. */
  commit(nextPartitionId = 0): number {
    this.statements.countCommit.run(nextPartitionId);
    this.#commit.run();
    this.#sync?.sync();
    this.commits++;
    if (nextPartitionId > this.nextPartitionId) this.nextPartitionId = nextPartitionId;
    const bytes = this.#batchBytes - this.#committedBatchBytes;
    this.#committedBatchBytes = this.#batchBytes;
    return bytes;
  }

  /** SQLite may have rolled back by itself (full disk). */
  rollback(): void {
    if (this.db.inTransaction) this.db.exec("ROLLBACK");
  }

  /** Asked after every commit, so it is prepared once. */
  get sizeBytes(): number {
    this.#pageCount ??= this.db.prepare<[], number>("PRAGMA page_count").pluck();
    return (this.#pageCount.get() ?? 0) * this.#pageBytes;
  }

  /** Moves the WAL into the file. True when all of it was: a reader may be in the way. */
  checkpoint(mode: "PASSIVE" | "TRUNCATE"): boolean {
    const rows = this.db
      .prepare<[], { busy: number; log: number; checkpointed: number }>(`PRAGMA wal_checkpoint(${mode})`)
      .all();
    return rows.every(({ busy, log, checkpointed }) => busy === 0 && log === checkpointed);
  }

  limitPages(pages: number): void {
    this.db.pragma(`max_page_count=${pages}`);
  }

  close(): void {
    this.#sync?.close();
    this.db.close();
  }

  get #begin() {
    return (this.#beginStatement ??= this.db.prepare("BEGIN IMMEDIATE"));
  }

  get #commit() {
    return (this.#commitStatement ??= this.db.prepare("COMMIT"));
  }

  #pageCount: Database.Statement<[], number> | null = null;
  #beginStatement: Database.Statement | null = null;
  #commitStatement: Database.Statement | null = null;
}

/** What files of before compaction lack. Their rows are not touched. */
function addColumns(db: Database.Database): void {
  const known = db.prepare<[], string>("SELECT name FROM pragma_table_info('partitions')").pluck().all();
  if (known.length === 0 || known.includes("cleaned_to")) return;
  db.exec(`ALTER TABLE partitions ADD COLUMN cleaned_to INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE partitions ADD COLUMN cleanings INTEGER NOT NULL DEFAULT 0`);
}

interface MetaRow {
  readonly format_version: number;
  readonly file_no: number;
  readonly shard: string;
  readonly created_ms: number;
  readonly commits: number;
  readonly next_partition_id: number;
}

/** `pageBytes`: of a file that is made; null where it has its pages. */
function connect(path: string, options: FileOptions, pageBytes: number | null): Database.Database {
  const db = new Database(path, { timeout: 0 });
  if (pageBytes !== null) db.pragma(`page_size=${pageBytes}`);
  db.pragma("journal_mode=WAL");
  // FULL would sync each commit with fsync; `commit` does it with less (CommitSync). Checkpoints sync in NORMAL as well.
  db.pragma("synchronous=NORMAL");
  db.pragma(`cache_size=-${CACHE_KIB}`);
  db.pragma("temp_store=MEMORY");
  db.pragma("trusted_schema=OFF");
  db.pragma("cell_size_check=ON");
  db.pragma("mmap_size=0");
  const pages = db.pragma("page_size", { simple: true });
  const checkpointBytes = options.checkpointPages * INLINE_CHECKPOINT_FACTOR * PAGE_BYTES;
  db.pragma(`wal_autocheckpoint=${Math.ceil(checkpointBytes / (typeof pages === "number" ? pages : PAGE_BYTES))}`);
  db.pragma(`journal_size_limit=${JOURNAL_SIZE_LIMIT}`);
  if (process.platform === "darwin" && options.durability === "fsync") {
    db.pragma("fullfsync=1");
    db.pragma("checkpoint_fullfsync=1");
  }
  if (options.pagesMax > 0) db.pragma(`max_page_count=${options.pagesMax}`);
  return db;
}
