/** The directory of a cluster: opened by one supervisor at a time, with a sentence for everything that stands in the way. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { randomUuid } from "@vitrine/core";
import {
  type ClusterFile,
  fitClusterFile,
  newClusterFile,
  parseClusterFile,
  type WantedCluster,
} from "./cluster-file.ts";
import { errorCodeOf, type Outcome, refused } from "./outcome.ts";
import { processIdentity } from "./process-identity.ts";

export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  readonly cluster: ClusterFile;
  /** Whether this start made it. */
  readonly isNew: boolean;
  /** Processes that the last supervisor left behind and that may still hold files and ports: it was killed a moment ago. */
  readonly leftovers: readonly number[];
  /** Notes the processes that belong to this start, for the next one's `leftovers`. */
  noteProcesses(pids: readonly number[]): void;
  /** Gives the directory free. */
  release(): void;
}

/** Not Node's recursive mkdir: below a directory that takes no entries (/proc) that one tries for ever. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path || existsSync(parent)) throw error;
    makeDirectory(parent);
    mkdirSync(path);
  }
}

interface LockFile {
  readonly pid: number;
  /** Tells this life of the pid from another's. */
  readonly identity: string;
  readonly processes: readonly { readonly pid: number; readonly identity: string }[];
}

/** Opens or makes the directory, takes its lock, and brings cluster.json in line with what is wanted. */
export function openDataDirectory(given: string, wanted: WantedCluster): Outcome<DataDirectory> {
  const path = resolve(given);
  const made = attempt(path, () => {
    makeDirectory(path);
    makeDirectory(join(path, "logs"));
  });
  if (!made.ok) return made;
  const lock = takeLock(path);
  if (!lock.ok) return lock;
  const opened = readOrMake(path, wanted);
  if (!opened.ok) {
    lock.value.release();
    return opened;
  }
  const { leftovers, noteProcesses, release } = lock.value;
  return { ok: true, value: { path, ...opened.value, leftovers, noteProcesses, release } };
}

function readOrMake(path: string, wanted: WantedCluster): Outcome<{ cluster: ClusterFile; isNew: boolean }> {
  const file = join(path, "cluster.json");
  let text: string | null = null;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (errorCodeOf(error) !== "ENOENT") return cannotUse(path, error);
  }
  if (text === null) {
    const cluster = newClusterFile(wanted, {
      clusterId: randomClusterId(),
      secret: randomBytes(32).toString("base64url"),
    });
    const written = attempt(path, () => writeWhole(file, cluster));
    return written.ok ? { ok: true, value: { cluster, isNew: true } } : written;
  }
  const known = parseClusterFile(text, file);
  if (!known.ok) return known;
  const fitted = fitClusterFile(known.value, wanted, path);
  if (!fitted.ok) return fitted;
  if (fitted.value.brokers.length !== known.value.brokers.length) {
    const written = attempt(path, () => writeWhole(file, fitted.value));
    if (!written.ok) return written;
  }
  return { ok: true, value: { cluster: fitted.value, isNew: false } };
}

interface Lock {
  readonly leftovers: readonly number[];
  readonly noteProcesses: (pids: readonly number[]) => void;
  readonly release: () => void;
}

function takeLock(path: string): Outcome<Lock> {
  const file = join(path, "cluster.lock");
  const held = readLock(file);
  if (held && held.pid !== process.pid && processIdentity(held.pid) === held.identity) {
    return refused(
      `The data directory ${path} is in use by another cluster (its supervisor is process ${held.pid}); stop that one, or choose another --data-dir.`,
    );
  }
  const leftovers = (held?.processes ?? [])
    .filter(({ pid, identity }) => processIdentity(pid) === identity)
    .map(({ pid }) => pid);
  const own = { pid: process.pid, identity: processIdentity(process.pid) ?? "" };
  const write = (processes: LockFile["processes"]) => writeWhole(file, { ...own, processes });
  const taken = attempt(path, () => {
    if (held) rmSync(file, { force: true });
    writeFileSync(file, JSON.stringify({ ...own, processes: [] }), { flag: "wx", mode: 0o600 });
  });
  if (!taken.ok) return taken;
  return {
    ok: true,
    value: {
      leftovers,
      noteProcesses: (pids) => write(pids.map((pid) => ({ pid, identity: processIdentity(pid) ?? "" }))),
      release: () => rmSync(file, { force: true }),
    },
  };
}

function readLock(file: string): LockFile | null {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof parsed !== "object" || parsed === null) return null;
    const { pid, identity, processes } = { pid: 0, identity: "", processes: [], ...parsed };
    return Number.isSafeInteger(pid) && pid > 0 ? { pid, identity: String(identity), processes } : null;
  } catch {
    return null;
  }
}

/** Readers see the old file or the new one, never half of it. Only this user may read: it holds the cluster's secret. */
function writeWhole(file: string, content: unknown): void {
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(draft, file);
}

function attempt(path: string, act: () => void): Outcome<true> {
  try {
    act();
    return { ok: true, value: true };
  } catch (error) {
    return cannotUse(path, error);
  }
}

function cannotUse(path: string, error: unknown): { readonly ok: false; readonly sentence: string } {
  const code = errorCodeOf(error);
  if (code === "EEXIST" || code === "ENOTDIR")
    return refused(`${path} is not a directory; choose another one with --data-dir.`);
  const why = {
    ENOENT: "it cannot be made there",
    EACCES: "permission denied",
    EPERM: "permission denied",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
  }[code];
  return refused(
    `Cannot write to the data directory ${path}: ${why ?? (code || String(error))}; choose another one with --data-dir.`,
  );
}

/** Kafka's form: a random UUID, 22 characters. */
function randomClusterId(): string {
  return randomUuid({ nextUint32: () => randomBytes(4).readUInt32BE() });
}
