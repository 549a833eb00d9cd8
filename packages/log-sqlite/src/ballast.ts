/** A file that only takes room, so that there is some to give up when the disk is full. */
import { open, stat, unlink } from "node:fs/promises";
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BALLAST_FILE } from "./file-names.ts";

const CHUNK_BYTES = 1024 * 1024;
/**
 * Between chunks, each of which is synced: a large write at once would hold up the commits of this disk, and so may one that the system puts off and
 * makes in one go half a minute later.
 */
const CHUNK_PAUSE_MS = 50;

/** Gives the ballast up; true when there was one. */
export function releaseBallast(dir: string): boolean {
  try {
    unlinkSync(join(dir, BALLAST_FILE));
    return true;
  } catch {
    return false;
  }
}

/** Writes the ballast little by little, unless it is there. Gives up without a word when the disk is full or the signal says so. */
export async function layBallast(dir: string, sizeBytes: number, signal: AbortSignal): Promise<void> {
  const path = join(dir, BALLAST_FILE);
  try {
    const there = await stat(path).catch(() => null);
    if (there && there.size >= sizeBytes) return;
    const file = await open(path, "w", 0o600);
    try {
      // Not zeros: a file system that compresses would store nothing.
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes));
      for (let i = 0, x = 1; i < chunk.length; i++) {
        x = (x * 1103515245 + 12345) & 0x7fffffff;
        chunk[i] = x >>> 16;
      }
      for (let written = 0; written < sizeBytes; written += chunk.length) {
        if (signal.aborted) return;
        await file.write(chunk, 0, Math.min(chunk.length, sizeBytes - written));
        await file.datasync();
        if (written + chunk.length < sizeBytes) await delay(CHUNK_PAUSE_MS, undefined, { signal, ref: false });
      }
    } finally {
      await file.close();
    }
  } catch {
    await unlink(path).catch(() => {});
  }
}
