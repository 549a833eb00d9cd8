/**
 * Makes the commits of one database durable: after `COMMIT` returned, its WAL is synced with fdatasync. It is what `synchronous=FULL` does, but SQLite
 * as it is built here calls fsync there, which also writes the times of the file: a journal commit of the file system, in which all brokers of the
 * machine wait for each other. A WAL that is written over from its beginning has nothing but its bytes to tell the disk.
 *
 * With `synchronous=NORMAL` SQLite leaves only this sync out: it still syncs the header of a WAL that begins anew, the WAL before a checkpoint, and
 * the database after it. A commit that is not whole when the power goes is found by its checksums.
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";

export class CommitSync {
  readonly #databasePath: string;
  #fd: number | null = null;

  constructor(databasePath: string) {
    this.#databasePath = databasePath;
  }

  /** Returns when everything committed is on disk. Throws what the file system says; nothing may be acknowledged after that. */
  sync(): void {
    fdatasyncSync((this.#fd ??= this.#open()));
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** The WAL is there since the first commit, and stays the same file as long as the database is open. Its name must be durable, too. */
  #open(): number {
    if (process.platform !== "win32") {
      const directory = openSync(dirname(this.#databasePath), "r");
      fsyncSync(directory);
      closeSync(directory);
    }
    return openSync(`${this.#databasePath}-wal`, "r+");
  }
}
