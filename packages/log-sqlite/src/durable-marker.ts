/**
 * How far each data file had committed, kept outside of its WAL: a WAL that was cut, damaged or deleted makes SQLite forget commits without a word.
 * One line of fixed width per file, written after every commit (a write to the page cache) and synced with the checkpoint. It can only be behind
 * the database, so it never raises a false alarm; what it cannot see is a loss of the commits that were made after it reached the disk (power cut).
 */
import { closeSync, fdatasyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";

const LINE_BYTES = 40;
/** Room for every file that is written at once (SHARDS_MAX), twice over. */
const SLOTS = 64;
const SYNCED = "commits are synced";
const UNSYNCED = "commits are not synced";
const LINE = /^file (\d{8}) commits (\d{10})$/;

export class DurableMarker {
  readonly #path: string;
  readonly #fd: number;
  readonly #slots = new Map<number, number>();
  readonly #free: number[] = [];
  #slotCount = 0;
  #dirty = false;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** What the last life wrote: commits by file number, and whether it synced them. */
  static read(path: string): { readonly commits: ReadonlyMap<number, number>; readonly durability: string } {
    const commits = new Map<number, number>();
    let text = "";
    try {
      text = readFileSync(path, "latin1");
    } catch {
      // None yet.
    }
    const lines = text.split("\n").map((line) => line.trimEnd());
    for (const line of lines) {
      const match = LINE.exec(line);
      if (match) commits.set(Number(match[1]), Number(match[2]));
    }
    return { commits, durability: lines[0] === UNSYNCED ? "os" : "fsync" };
  }

  /** Starts anew beside the old one, which stays in force until `install`. */
  static create(path: string, durability: "fsync" | "os"): DurableMarker {
    const marker = new DurableMarker(path, openSync(`${path}.new`, "w", 0o600));
    marker.#write(marker.#slotCount++, durability === "os" ? UNSYNCED : SYNCED);
    // Its whole size at once, so that a full disk is no obstacle later.
    for (let slot = 1; slot < SLOTS; slot++) marker.#write(slot, "");
    return marker;
  }

  /** Takes the place of the last life's marker; every file that is written has been noted. */
  install(): void {
    renameSync(`${this.#path}.new`, this.#path);
  }

  /** Notes that a file has reached so many commits. */
  note(fileNo: number, commits: number): void {
    let slot = this.#slots.get(fileNo);
    if (slot === undefined) {
      slot = this.#free.pop() ?? this.#slotCount++;
      this.#slots.set(fileNo, slot);
    }
    this.#write(slot, `file ${String(fileNo).padStart(8, "0")} commits ${String(commits).padStart(10, "0")}`);
  }

  /** The file is written no more. */
  forget(fileNo: number): void {
    const slot = this.#slots.get(fileNo);
    if (slot === undefined) return;
    this.#slots.delete(fileNo);
    this.#free.push(slot);
    this.#write(slot, "");
  }

  sync(): void {
    if (!this.#dirty) return;
    fdatasyncSync(this.#fd);
    this.#dirty = false;
  }

  close(): void {
    this.#dirty = true;
    this.sync();
    closeSync(this.#fd);
  }

  #write(slot: number, line: string): void {
    writeSync(this.#fd, `${line.padEnd(LINE_BYTES - 1)}\n`, slot * LINE_BYTES);
    this.#dirty = true;
  }
}
