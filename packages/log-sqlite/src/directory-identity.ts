/** directory.json: who this directory is. Copied or restored directories must get a new id, so that an old copy cannot vote. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { randomUuid, Uuid } from "@vitrine/core";
import { DIRECTORY_FILE, FORMAT_VERSION } from "./file-names.ts";

export interface DirectoryIdentity {
  readonly directoryId: Uuid;
  readonly formatVersion: number;
}

/** Reads the identity, or makes one for a directory that has none. Throws a sentence when the format is newer than ours or the file is unreadable. */
export function readDirectoryIdentity(dir: string): DirectoryIdentity {
  const path = join(dir, DIRECTORY_FILE);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return create(dir, path);
  }
  const { directoryId, formatVersion } = parse(text);
  if (typeof directoryId !== "string" || typeof formatVersion !== "number")
    throw new Error(
      `${path} cannot be read; restore it from a copy (its directoryId is also in the cluster's metadata), or move the directory away.`,
    );
  if (formatVersion > FORMAT_VERSION)
    throw new Error(
      `${dir} was written by a newer Vitrine (format ${formatVersion}, this one knows ${FORMAT_VERSION}); start it with that version.`,
    );
  return { directoryId: Uuid(directoryId), formatVersion };
}

function create(dir: string, path: string): DirectoryIdentity {
  const identity = {
    directoryId: randomUuid({ nextUint32: () => randomBytes(4).readUInt32BE() }),
    formatVersion: FORMAT_VERSION,
  };
  const fd = openSync(`${path}.new`, "w", 0o600);
  writeSync(fd, `${JSON.stringify(identity)}\n`);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(`${path}.new`, path);
  // So that the name is on disk too.
  try {
    const directory = openSync(dir, "r");
    fsyncSync(directory);
    closeSync(directory);
  } catch {
    // Windows cannot open a directory; there the rename is journalled.
  }
  return identity;
}

function parse(text: string): { directoryId?: unknown; formatVersion?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
