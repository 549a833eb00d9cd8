/** Watches the room on the disk: says when produce must be refused, and lays the ballast when there is room for it. */
import { statfs } from "node:fs/promises";
import { layBallast } from "./ballast.ts";
import type { Journal, SettledOptions } from "./options.ts";

/** Above the bound by this share, produce is taken again. */
const RESUME_SHARE = 1.25;
const MEBIBYTE = 1024 * 1024;

export class FreeSpace {
  freeBytes = Number.MAX_SAFE_INTEGER;
  totalBytes = Number.MAX_SAFE_INTEGER;
  nearlyFull = false;
  readonly #options: SettledOptions;
  readonly #journal: Journal;
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #laying = false;
  /** A transaction met the full disk: stays until the disk has clearly more room than then. */
  #fullAtBytes = -1;

  constructor(options: SettledOptions, journal: Journal) {
    this.#options = options;
    this.#journal = journal;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), this.#options.freeSpacePollMs);
    this.#timer.unref();
    this.#layBallast();
  }

  stop(): void {
    this.#stopped.abort();
    if (this.#timer) clearInterval(this.#timer);
  }

  noteFull(): void {
    if (this.#fullAtBytes < 0)
      this.#journal("error", `The disk of ${this.#options.dir} is full: produce is refused until there is room.`);
    this.#fullAtBytes = this.freeBytes;
    this.nearlyFull = true;
    void this.look();
  }

  /** Asks the file system. A file system that cannot say counts as having room. */
  async look(): Promise<void> {
    const { dir, freeBytesMin, ballastBytes } = this.#options;
    try {
      const found = await statfs(dir);
      this.freeBytes = found.bavail * found.bsize;
      this.totalBytes = found.blocks * found.bsize;
    } catch {
      return;
    }
    if (this.#fullAtBytes >= 0 && this.freeBytes < freeBytesMin * RESUME_SHARE) return;
    if (!this.nearlyFull && this.freeBytes < freeBytesMin) {
      this.nearlyFull = true;
      this.#journal(
        "warn",
        `Only ${Math.floor(this.freeBytes / MEBIBYTE)} MB are free for ${dir} (bound: ${Math.floor(freeBytesMin / MEBIBYTE)} MB): produce is refused, reading goes on. Free some room or shorten the retention.`,
      );
    } else if (this.nearlyFull && this.freeBytes >= freeBytesMin * RESUME_SHARE) {
      this.nearlyFull = false;
      this.#fullAtBytes = -1;
      this.#journal("info", `There is room again for ${dir}: produce is taken.`);
    }
    if (this.#timer && !this.nearlyFull && this.freeBytes > freeBytesMin * RESUME_SHARE + ballastBytes)
      this.#layBallast();
  }

  #layBallast(): void {
    const { dir, ballastBytes, freeBytesMin } = this.#options;
    if (this.#laying || ballastBytes === 0 || this.freeBytes < freeBytesMin + ballastBytes) return;
    this.#laying = true;
    void layBallast(dir, ballastBytes, this.#stopped.signal).then(() => {
      this.#laying = false;
    });
  }
}
