/** The database files of a log directory: which one each shard writes, which ones are sealed, and who may still need them. */
import { readdirSync, renameSync, statSync, unlink, unlinkSync } from "node:fs";
import { join } from "node:path";
import { invariant } from "@vitrine/core";
import type { DurableMarker } from "./durable-marker.ts";
import {
  dataFileName,
  METADATA_FILE,
  METADATA_FILE_NO,
  METADATA_LOG_KEY,
  METADATA_SHARD,
  MIXED_SHARD,
  parseDataFileName,
  SHARDS_MAX,
  shardOfClass,
} from "./file-names.ts";
import type { SettledOptions } from "./options.ts";
import { type FileOptions, ShardFile, sqliteCode } from "./shard-file.ts";
import type { Database } from "better-sqlite3";

/** Bound on sealed files kept open for sums and copying. */
const SEALED_OPEN_MAX = 8;

export interface FileEntry {
  readonly fileNo: number;
  readonly shard: string;
  readonly path: string;
}

export class Shards {
  readonly dir: string;
  readonly options: SettledOptions;
  readonly marker: DurableMarker;
  /** Every database file there is, metadata.db included. */
  readonly files = new Map<number, FileEntry>();
  readonly #active = new Map<string, ShardFile>();
  readonly #activeByNo = new Map<number, ShardFile>();
  readonly #sealed = new Map<number, ShardFile>();
  #nextFileNo = 1;
  #pagesMax: number;
  readonly #onAdded: (file: FileEntry) => void;
  #onSealed: (path: string) => void = () => {};
  #onRemovalFailed: (error: Error) => void = () => {};

  constructor(options: SettledOptions, marker: DurableMarker, onAdded: (file: FileEntry) => void) {
    this.dir = options.dir;
    this.options = options;
    this.marker = marker;
    this.#pagesMax = options.pagesMax;
    this.#onAdded = onAdded;
  }

  /** Who else has a file open that is written lets go of it when it is sealed. */
  whenSealed(listener: (path: string) => void): void {
    this.#onSealed = listener;
  }

  /** A sealed file could not be removed: the disk is broken. */
  whenRemovalFails(listener: (error: Error) => void): void {
    this.#onRemovalFailed = listener;
  }

  /** Paths of files by number, before they are opened. */
  pathsOf(fileNos: Iterable<number>): string[] {
    const wanted = new Set(fileNos);
    const paths = wanted.has(METADATA_FILE_NO) ? [join(this.dir, METADATA_FILE)] : [];
    for (const name of readdirSync(this.dir)) {
      const parsed = parseDataFileName(name);
      if (parsed && wanted.has(parsed.fileNo)) paths.push(join(this.dir, name));
    }
    return paths;
  }

  /** Finds the data files of the directory and opens metadata.db and the newest file of each shard. Returns sentences about files that were never finished. */
  openAll(): string[] {
    const unfinished: string[] = [];
    const found: FileEntry[] = [];
    for (const name of readdirSync(this.dir)) {
      const parsed = parseDataFileName(name);
      if (parsed) found.push({ ...parsed, path: join(this.dir, name) });
    }
    found.sort((a, b) => b.fileNo - a.fileNo);
    this.#nextFileNo = (found[0]?.fileNo ?? 0) + 1;
    const metadataPath = join(this.dir, METADATA_FILE);
    this.#openOrCreateMetadata(metadataPath, unfinished);
    for (const entry of found) {
      if (!this.#active.has(entry.shard)) {
        const file = openFinished(entry.path, this.#fileOptions);
        if (!file) {
          unfinished.push(`${entry.path} was never finished; it held nothing and is removed.`);
          removeFiles(entry.path);
          continue;
        }
        this.#activate(file);
      }
      this.files.set(entry.fileNo, entry);
    }
    return unfinished;
  }

  get metadata(): ShardFile {
    const file = this.#active.get(METADATA_SHARD);
    invariant(file, "metadata.db is open");
    return file;
  }

  /** Files that are written, metadata.db first: the order of commits. */
  get active(): ShardFile[] {
    return [...this.#active.values()].toSorted((a, b) => a.fileNo - b.fileNo);
  }

  isActive(fileNo: number): boolean {
    return this.#activeByNo.has(fileNo);
  }

  /** The shard in which a log belongs. Past SHARDS_MAX, classes share one. */
  shardFor(key: string, retentionClass: string): string {
    if (key === METADATA_LOG_KEY) return METADATA_SHARD;
    const shard = shardOfClass(retentionClass);
    return this.#active.has(shard) || this.#active.size < SHARDS_MAX ? shard : MIXED_SHARD;
  }

  /** The file that a shard writes; made when there is none. */
  writable(shard: string, nextPartitionId: number): ShardFile {
    return this.#active.get(shard) ?? this.create(shard, nextPartitionId);
  }

  /** Makes the next file of a shard and makes it the one that is written. The caller has moved or moves everything that the old one told. */
  create(shard: string, nextPartitionId: number, fill?: (db: Database, fileNo: number) => void): ShardFile {
    const fileNo = this.#nextFileNo++;
    const path = join(this.dir, dataFileName(shard, fileNo));
    const before = this.#active.get(shard);
    const largePages = before?.wantsLargePages ?? false;
    const identity = { fileNo, shard, createdMs: Date.now(), nextPartitionId, largePages };
    let file: ShardFile;
    try {
      file = ShardFile.create(path, this.#fileOptions, identity, fill ? (db) => fill(db, fileNo) : undefined);
    } catch (error) {
      removeFiles(path);
      throw error;
    }
    this.#activate(file);
    this.marker.note(fileNo, file.commits);
    const entry = { fileNo, shard, path };
    this.files.set(fileNo, entry);
    this.#onAdded(entry);
    if (before) this.#seal(before);
    return file;
  }

  /** A file by its number, for reading what it holds; null when there is no such file. */
  file(fileNo: number): ShardFile | null {
    const open = this.#activeByNo.get(fileNo) ?? this.#sealed.get(fileNo);
    if (open) return open;
    const entry = this.files.get(fileNo);
    if (!entry) return null;
    const file = ShardFile.open(entry.path, this.#fileOptions);
    for (const [oldest, other] of this.#sealed) {
      if (this.#sealed.size < SEALED_OPEN_MAX) break;
      other.close();
      this.#sealed.delete(oldest);
    }
    this.#sealed.set(fileNo, file);
    return file;
  }

  /** The file that tells the truth about a log. */
  truth(fileNo: number): ShardFile {
    const file = this.#activeByNo.get(fileNo);
    invariant(file, `file ${fileNo} is open for writing`);
    return file;
  }

  /** Bytes of a sealed file on disk. */
  sealedBytes(fileNo: number): number {
    const entry = this.files.get(fileNo);
    return entry ? sizeOfFile(entry.path) : 0;
  }

  /**
   * Removes a sealed file, beside the commits: the file system takes some 50 ms to free 256 MB. What a crash leaves of it is dead at the next
   * start, and removed then.
   */
  unlink(fileNo: number): void {
    const entry = this.files.get(fileNo);
    if (!entry) return;
    invariant(!this.isActive(fileNo), `${entry.path} is being written`);
    this.#sealed.get(fileNo)?.close();
    this.#sealed.delete(fileNo);
    this.files.delete(fileNo);
    this.marker.forget(fileNo);
    for (const path of pathsOf(entry.path))
      unlink(path, (error) => {
        if (error && error.code !== "ENOENT") this.#onRemovalFailed(error);
      });
  }

  /** Takes a sealed file out of use without removing it. */
  setAside(fileNo: number): string {
    const path = this.files.get(fileNo)?.path ?? "";
    this.#sealed.get(fileNo)?.close();
    this.#sealed.delete(fileNo);
    this.files.delete(fileNo);
    const aside = `${path}.orphan`;
    renameSync(path, aside);
    return aside;
  }

  /** Sealed files, oldest first. */
  get sealedFiles(): FileEntry[] {
    return [...this.files.values()]
      .filter(({ fileNo }) => !this.isActive(fileNo))
      .toSorted((a, b) => a.fileNo - b.fileNo);
  }

  /** The bound of tests goes with the ballast. */
  liftPageLimit(): void {
    if (this.#pagesMax <= 0) return;
    this.#pagesMax = 0;
    for (const file of this.#active.values()) file.limitPages(0xffff_fffe);
  }

  closeAll(): void {
    for (const file of this.#sealed.values()) file.close();
    for (const file of this.#active.values()) {
      file.checkpoint("TRUNCATE");
      file.close();
    }
    this.#sealed.clear();
    this.#active.clear();
    this.#activeByNo.clear();
  }

  get #fileOptions() {
    const { durability, checkpointPages } = this.options;
    return { durability, checkpointPages, pagesMax: Math.abs(this.#pagesMax) };
  }

  #activate(file: ShardFile): void {
    this.#active.set(file.shard, file);
    this.#activeByNo.set(file.fileNo, file);
  }

  /**
   * The file is written no more. Its WAL is small (checkpoints are), so that nobody waits long. Where a reader or a full disk is in the way the WAL
   * stays, and the marker goes on to watch over it.
   */
  #seal(file: ShardFile): void {
    this.#activeByNo.delete(file.fileNo);
    this.#onSealed(file.path);
    let isWhole = false;
    try {
      isWhole = file.checkpoint("TRUNCATE");
    } catch (error) {
      if (sqliteCode(error) !== "SQLITE_FULL") throw error;
    }
    if (isWhole) this.marker.forget(file.fileNo);
    file.close();
  }

  #openOrCreateMetadata(path: string, unfinished: string[]): void {
    let file = sizeOfFile(path) > 0 ? openFinished(path, this.#fileOptions) : null;
    if (!file) {
      if (sizeOfFile(path) > 0) unfinished.push(`${path} was never finished; it held nothing and is made anew.`);
      removeFiles(path);
      const identity = {
        fileNo: METADATA_FILE_NO,
        shard: METADATA_SHARD,
        createdMs: Date.now(),
        nextPartitionId: 1,
        largePages: false,
      };
      file = ShardFile.create(path, this.#fileOptions, identity);
    }
    this.#activate(file);
    this.files.set(METADATA_FILE_NO, { fileNo: METADATA_FILE_NO, shard: METADATA_SHARD, path });
  }
}

function openFinished(path: string, options: FileOptions): ShardFile | null {
  try {
    return ShardFile.open(path, options);
  } catch (error) {
    if (error instanceof Error && /no such table: meta|no meta row/.test(error.message)) return null;
    throw error;
  }
}

function sizeOfFile(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** A database and what SQLite keeps beside it. */
function pathsOf(path: string): string[] {
  return [path, `${path}-wal`, `${path}-shm`];
}

function removeFiles(path: string): void {
  for (const each of pathsOf(path)) {
    try {
      unlinkSync(each);
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOENT") throw error;
    }
  }
}
