/** Entry of the checkpoint thread: moves WALs into their files on connections of its own, while the storage thread goes on committing. */
import { existsSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import type { FromCheckpoint, ToCheckpoint } from "./messages.ts";

const port = parentPort!;
const { durability } = workerData as { readonly durability: "fsync" | "os" };
const files = new Map<string, Database.Database>();

port.on("message", (message: ToCheckpoint) => {
  switch (message.type) {
    case "checkpoint":
      port.postMessage(checkpoint(message.path));
      return;
    case "release":
      release(message.path);
      return;
    case "close":
      for (const path of files.keys()) release(path);
      port.close();
      return;
  }
});

/** PASSIVE: waits for nobody. What it finds busy, or has no room for, is done next time. */
function checkpoint(path: string): FromCheckpoint {
  try {
    open(path).pragma("wal_checkpoint(PASSIVE)");
    return { type: "done", path };
  } catch (error) {
    const code = error instanceof Database.SqliteError ? error.code : "";
    // Sealed files are unlinked some time after they were asked for.
    if (/^SQLITE_(?:BUSY|LOCKED|FULL)/.test(code) || !existsSync(path)) return { type: "done", path };
    const why = error instanceof Error ? error.message : String(error);
    return { type: "failed", path, reason: code === "" ? why : `${code}: ${why}` };
  }
}

function open(path: string): Database.Database {
  const known = files.get(path);
  if (known) return known;
  const db = new Database(path, { fileMustExist: true, timeout: 0 });
  db.pragma(`synchronous=${durability === "fsync" ? "FULL" : "NORMAL"}`);
  db.pragma("wal_autocheckpoint=0");
  if (process.platform === "darwin" && durability === "fsync") db.pragma("checkpoint_fullfsync=1");
  files.set(path, db);
  return db;
}

function release(path: string): void {
  const db = files.get(path);
  files.delete(path);
  try {
    db?.close();
  } catch {
    // Closing moves what is left of the WAL if it can; the file itself is sealed and whole.
  }
}
