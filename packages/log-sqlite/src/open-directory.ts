/** Opens a log directory in the storage thread: lock, files, what was lost, what is known. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Offset, Uuid } from "@vitrine/core";
import type { LoadedLog, QuorumStateRecord, SnapshotFile } from "@vitrine/log";
import { DurableMarker } from "./durable-marker.ts";
import { CLEAN_SHUTDOWN_FILE, LOCK_FILE, MARKER_FILE } from "./file-names.ts";
import { loadSideTables, loadStates } from "./load-logs.ts";
import { sizeOf } from "./log-state.ts";
import type { FromStorage, OpenedDirectory } from "./messages.ts";
import type { JournalLevel, SettledOptions } from "./options.ts";
import { sqliteCode, whySqliteRefused } from "./shard-file.ts";
import { Shards } from "./shards.ts";
import { Storage } from "./storage.ts";

/** The directory must not be opened; the message is a sentence for people. */
export class DirectoryRefused extends Error {
  override readonly name = "DirectoryRefused";
}

export interface OpenStorage {
  readonly storage: Storage;
  readonly lock: Database.Database;
  readonly opened: OpenedDirectory;
}

/** Opens everything. Throws DirectoryRefused, or what the disk throws. */
export function openDirectory(options: SettledOptions, post: (message: FromStorage) => void): OpenStorage {
  const say = (level: JournalLevel, message: string, fields: Record<string, unknown> = {}) =>
    post({ type: "journal", level, message, fields: { dir: options.dir, ...fields } });
  const lock = lockDirectory(options.dir);
  const markerPath = join(options.dir, MARKER_FILE);
  const { commits: expected, durability: lastDurability } = DurableMarker.read(markerPath);
  const orderly = takeCleanShutdownNote(options.dir);
  const withoutWal = new Set<string>();
  const marker = DurableMarker.create(markerPath, options.durability);
  const shards = new Shards(options, marker, (file) =>
    post({ type: "moved", layouts: [], added: [{ fileNo: file.fileNo, path: file.path }], unlinked: [] }),
  );
  if (!orderly)
    for (const path of shards.pathsOf(expected.keys())) if (!existsSync(`${path}-wal`)) withoutWal.add(path);
  for (const sentence of shards.openAll()) say("info", sentence);
  let lost = false;
  for (const [fileNo, commits] of expected) {
    const file = shards.file(fileNo);
    if (file && file.commits >= commits) continue;
    lost = true;
    if (!file)
      say(
        "error",
        `A data file (number ${fileNo}) is missing from ${options.dir}: records that were confirmed are gone.`,
        { fileNo },
      );
    else {
      const how = withoutWal.has(file.path) ? "its -wal file is missing" : "its -wal file was cut or damaged";
      say(
        "error",
        `${file.path} has lost commits that were confirmed (${commits - file.commits} of ${commits}; ${how}). The node goes on with what is left and must fetch the rest from other replicas.`,
        { fileNo, expected: commits, found: file.commits },
      );
    }
  }
  for (const file of shards.active) marker.note(file.fileNo, file.commits);
  marker.install();
  const { logs, stale, nextPartitionId } = loadStates(shards);
  const storage = new Storage(shards, logs, nextPartitionId, post);
  if (storage.repairLayout(stale, lost, (message) => say("error", message))) lost = true;
  if (lost)
    for (const path of storage.setOrphansAside())
      say("warn", `${path} holds records that nothing knows of any more; it is kept for you to look at.`);
  const unclean = lastDurability === "os" && !orderly && expected.size > 0;
  if (unclean)
    say(
      "warn",
      `${options.dir} was not closed in order, and its commits were left to the page cache: confirmed records may be missing.`,
    );
  return { storage, lock, opened: { ...describe(storage), cleanShutdown: !lost && !unclean } };
}

function describe(storage: Storage): Omit<OpenedDirectory, "cleanShutdown"> {
  const { shards } = storage;
  const logs: LoadedLog[] = [];
  const side = new Map(shards.active.map((file) => [file.fileNo, loadSideTables(file)]));
  for (const log of storage.writer.logs.values()) {
    const tables = side.get(log.fileNo)?.get(log.id);
    logs.push({
      descriptor: log.descriptor,
      logStartOffset: Offset(log.logStart),
      logEndOffset: Offset(log.logEnd),
      highWatermark: Offset(log.highWatermark),
      sizeBytes: sizeOf(log),
      maxTimestampMs: log.maxTimestampMs,
      cleanedTo: Offset(log.cleanedTo),
      cleanings: log.cleanings,
      epochs: tables?.epochs ?? [],
      producers: tables?.producers ?? [],
    });
  }
  return {
    logs,
    layouts: [...storage.writer.logs.values()].map((log) => Storage.layoutOf(log)),
    files: [...shards.files.values()].map(({ fileNo, path }) => ({ fileNo, path })),
    quorumState: quorumStateOf(shards),
    snapshot: snapshotOf(shards),
  };
}

function quorumStateOf(shards: Shards): QuorumStateRecord | null {
  const row = shards.metadata.db
    .prepare<[], { leader_epoch: number; leader_id: number; voted_id: number; voted_directory_id: string }>(
      "SELECT * FROM quorum_state",
    )
    .get();
  if (!row) return null;
  return {
    leaderEpoch: row.leader_epoch,
    leaderId: row.leader_id,
    votedId: row.voted_id,
    votedDirectoryId: Uuid(row.voted_directory_id),
  };
}

function snapshotOf(shards: Shards): SnapshotFile | null {
  const row = shards.metadata.db
    .prepare<[], { end_offset: number; epoch: number; bytes: Buffer }>(
      "SELECT * FROM snapshots ORDER BY end_offset DESC LIMIT 1",
    )
    .get();
  return row ? { endOffset: Offset(row.end_offset), epoch: row.epoch, bytes: new Uint8Array(row.bytes) } : null;
}

/** Held for as long as the process lives: the operating system lets go of it when the process dies. */
function lockDirectory(dir: string): Database.Database {
  const db = new Database(join(dir, LOCK_FILE), { timeout: 0 });
  try {
    db.pragma("journal_mode=MEMORY");
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (sqliteCode(error)?.startsWith("SQLITE_BUSY"))
      throw new DirectoryRefused(
        `${dir} is in use by another process; stop that one first, or give this node a directory of its own.`,
      );
    throw error;
  }
  const version = db.prepare<[], { version: string }>("SELECT sqlite_version() AS version").get()?.version ?? "0.0.0";
  const refused = whySqliteRefused(version);
  if (refused) throw new DirectoryRefused(refused);
  return db;
}

/** Reads and removes the note of an orderly stop: from now on the directory counts as in use. */
function takeCleanShutdownNote(dir: string): boolean {
  const path = join(dir, CLEAN_SHUTDOWN_FILE);
  try {
    readFileSync(path);
  } catch {
    return false;
  }
  rmSync(path, { force: true });
  return true;
}
