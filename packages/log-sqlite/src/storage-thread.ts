/** Entry of the storage thread: takes hand-overs in order, commits whatever waits, reports. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { CLEAN_SHUTDOWN_FILE } from "./file-names.ts";
import type { FromStorage, PostedHandOver, StorageThreadData, ToStorage } from "./messages.ts";
import { DirectoryRefused, openDirectory, type OpenStorage } from "./open-directory.ts";
import { sqliteCode } from "./shard-file.ts";

/** Quiet for so long: the WAL is moved into the files. */
const IDLE_MS = 200;
/** The durable marker is synced at every so manieth look at the files. */
const MARKER_SYNC_CARES = 10;

const port = parentPort!;
const { options } = workerData as StorageThreadData;
const post = (message: FromStorage) => port.postMessage(message);

const queue: PostedHandOver[] = [];
let drainDue = false;
let closing: number | null = null;
let idleTimer: NodeJS.Timeout | null = null;

function start(): OpenStorage | null {
  try {
    const open = openDirectory(options, post);
    post({ type: "opened", opened: open.opened });
    return open;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const code = sqliteCode(error);
    post({
      type: "refused",
      reason:
        error instanceof DirectoryRefused
          ? why
          : `${options.dir} cannot be opened (${code ? `${code}: ` : ""}${why}). Restore it from a replica: move the directory away and restart the node.`,
    });
    return null;
  }
}

const open = start();
if (open) {
  const { storage } = open;
  let cares = 0;
  const careTimer = setInterval(() => {
    storage.care();
    if (++cares % MARKER_SYNC_CARES === 0) storage.syncMarker();
  }, options.careMs);
  const drain = () => {
    drainDue = false;
    const group: PostedHandOver[] = [];
    let bytes = 0;
    while (queue.length > 0 && (group.length === 0 || bytes < options.transactionBytesMax)) {
      const next = queue.shift()!;
      bytes += next.bytes;
      group.push(next);
    }
    if (group.length > 0) storage.commit(group);
    if (queue.length > 0) schedule();
    else if (closing !== null) stop(closing);
    else {
      idleTimer ??= setTimeout(whenIdle, IDLE_MS);
      idleTimer.refresh();
    }
  };
  // One immediate later, so that everything that has arrived meanwhile shares the transaction.
  const schedule = () => {
    if (drainDue) return;
    drainDue = true;
    setImmediate(drain);
  };
  const whenIdle = () => {
    idleTimer = null;
    if (queue.length > 0) return;
    storage.idle();
    if (storage.care()) idleTimer = setTimeout(whenIdle, IDLE_MS / 10);
  };
  const stop = (brokerEpoch: number) => {
    clearInterval(careTimer);
    if (idleTimer) clearTimeout(idleTimer);
    void storage.closeCheckpointer().then(() => {
      if (!storage.failed) {
        storage.shards.closeAll();
        storage.shards.marker.close();
        noteCleanShutdown(brokerEpoch);
      }
      open.lock.close();
      post({ type: "closed" });
      port.close();
    });
  };
  port.on("message", (message: ToStorage) => {
    if (message.type === "close") closing = message.brokerEpoch;
    else queue.push(message);
    schedule();
  });
}

function noteCleanShutdown(brokerEpoch: number): void {
  const fd = openSync(join(options.dir, CLEAN_SHUTDOWN_FILE), "w", 0o600);
  writeSync(fd, `${JSON.stringify({ version: 1, brokerEpoch })}\n`);
  fsyncSync(fd);
  closeSync(fd);
}
