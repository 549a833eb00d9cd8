/** The heart of the storage thread: hand-overs in, one transaction per file for all that wait, tickets out. */
import { performance } from "node:perf_hooks";
import { type LogKey, type SizeReport, takesAway, type Ticket } from "@vitrine/log";
import { releaseBallast } from "./ballast.ts";
import { Checkpointer } from "./checkpointer.ts";
import { copyForwardStep, liveBytesByFile, moveLog, rotate } from "./file-care.ts";
import { METADATA_SHARD } from "./file-names.ts";
import { loadStates } from "./load-logs.ts";
import { type LogState, sizeOf } from "./log-state.ts";
import type { FromStorage, LogLayout, PostedHandOver } from "./messages.ts";
import { OpWriter } from "./op-writer.ts";
import { type ShardFile, sqliteCode } from "./shard-file.ts";
import type { Shards } from "./shards.ts";
import { GarbagePressure, SMALL_HEAP_PRESSURE_BYTES } from "./slabs.ts";

const FULL_RETRY_PAUSE_MS = 100;
const BUSY_PAUSE_MS = 2;
const BUSY_TRIES = 500;
/** A file's size is looked at after so many bytes of batches, besides every `careMs`: to ask SQLite after each small commit costs a percent. */
const LOOK_BYTES = 1024 * 1024;
/** A file that is written is worth emptying when it has grown to this share of its bound. */
const DEAD_FILE_SHARE = 1 / 8;

export class Storage {
  readonly shards: Shards;
  readonly writer: OpWriter;
  readonly #post: (message: FromStorage) => void;
  readonly #checkpointer: Checkpointer;
  readonly #pressure = new GarbagePressure(SMALL_HEAP_PRESSURE_BYTES);
  #failed = false;
  /** Something was cut or removed: a file may have become free of live batches. */
  #careDue = true;
  #wrote = false;
  /** Bytes of batches since the files' sizes were looked at. */
  #unlookedBytes = 0;

  constructor(
    shards: Shards,
    logs: Map<string, LogState>,
    nextPartitionId: number,
    post: (message: FromStorage) => void,
  ) {
    this.shards = shards;
    this.writer = new OpWriter(shards, logs, nextPartitionId);
    this.#post = post;
    this.#checkpointer = new Checkpointer(shards.options, (reason) => this.#fail(new Error(reason)));
    shards.whenSealed((path) => this.#checkpointer.release(path));
    shards.whenRemovalFails((error) => this.#fail(error));
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** Commits a group of hand-overs and reports it. A failure is reported once, and nothing is taken after it (T10). */
  commit(group: readonly PostedHandOver[]): void {
    if (this.#failed) return;
    try {
      const startedMs = performance.now();
      this.#moveShards(group);
      const { sizes, files } = this.#commitWithRetry(group);
      let bytes = 0;
      for (const handOver of group) bytes += handOver.bytes;
      this.#pressure.note(bytes);
      this.#wrote = true;
      if (sizes.length > 0) this.#careDue = true;
      this.#post({
        type: "committed",
        ticket: group.at(-1)!.ticket,
        sizes,
        layouts: this.#takeLayouts(),
        removed: this.#takeRemoved(),
        stats: { ms: performance.now() - startedMs, bytes, files },
      });
    } catch (error) {
      this.#fail(error);
      return;
    }
    for (const handOver of group) this.#unlookedBytes += handOver.bytes;
    if (this.#unlookedBytes < Math.min(LOOK_BYTES, this.shards.options.segmentBytes / 16)) return;
    try {
      this.#rotateWhatIsLarge();
    } catch (error) {
      this.#failUnlessFull(error);
    }
  }

  /** Now and then: the marker reaches the disk also under steady load, when nothing is ever idle. */
  syncMarker(): void {
    if (this.#failed) return;
    try {
      this.shards.marker.sync();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Does a bounded piece of the work that nobody waits for. True when more is left. */
  care(): boolean {
    if (this.#failed) return false;
    try {
      this.#rotateWhatIsLarge();
      if (!this.#careDue) return false;
      const live = liveBytesByFile(this.writer.logs);
      this.#rotateWhatIsDead(live);
      this.#unlinkDead(live);
      const copied = copyForwardStep(this.shards, this.writer, live, () => this.#commitOpen());
      if (copied) this.#postMoved([]);
      else this.#careDue = false;
      return copied;
    } catch (error) {
      // Housekeeping can wait until there is room.
      this.#failUnlessFull(error);
      return false;
    }
  }

  /** With nothing to write: moves the WAL into the files, so that it is small when somebody comes. */
  idle(): void {
    if (this.#failed || !this.#wrote) return;
    this.#wrote = false;
    try {
      for (const file of this.shards.active) file.checkpoint("PASSIVE");
      this.shards.marker.sync();
    } catch (error) {
      if (isBusy(error)) return;
      // A full disk is survived here as everywhere; the WAL is moved when there is room again.
      this.#wrote = true;
      this.#failUnlessFull(error);
    }
  }

  /** Ends the checkpoint thread; nothing is committed after this. */
  closeCheckpointer(): Promise<void> {
    return this.#checkpointer.close();
  }

  /** At start: removes rows that a newer file contradicts, and gives up segments whose file is gone. True when something was lost. */
  repairLayout(
    stale: readonly { readonly file: ShardFile; readonly id: number }[],
    lost: boolean,
    say: (message: string) => void,
  ): boolean {
    const { writer, shards } = this;
    writer.done.clear();
    for (const { file, id } of stale) writer.removeStale(file, id);
    let gone = false;
    for (const log of writer.logs.values()) {
      const missing = log.segments.findLast(({ fileNo }) => !shards.files.has(fileNo));
      if (!missing) continue;
      gone = true;
      const { key, topicName, partition } = log.descriptor;
      say(
        `Data file ${missing.fileNo} is missing: ${topicName}-${partition} (${key}) begins at offset ${missing.untilOffset} now.`,
      );
      log.segments = log.segments.filter((segment) => segment.fromOffset >= missing.untilOffset);
      log.logStart = Math.max(log.logStart, missing.untilOffset);
      log.highWatermark = Math.max(log.highWatermark, log.logStart);
      writer.markChanged(log);
    }
    writer.flush();
    this.#commitOpen();
    return gone || lost;
  }

  /** Something was lost, perhaps the file that knew of others: sealed files without a live batch are renamed, not removed. Returns their new paths. */
  setOrphansAside(): string[] {
    const live = liveBytesByFile(this.writer.logs);
    const orphans = this.shards.sealedFiles.filter(({ fileNo }) => (live.get(fileNo) ?? 0) === 0);
    return orphans.map(({ fileNo }) => this.shards.setAside(fileNo));
  }

  /** Layout of a log for readers. */
  static layoutOf(log: LogState): LogLayout {
    const places = log.segments.map(({ fileNo, fromOffset, untilOffset, maxTimestampMs }) => ({
      fileNo,
      fromOffset,
      untilOffset,
      maxTimestampMs,
    }));
    places.push({ fileNo: log.fileNo, fromOffset: log.tailFrom, untilOffset: Infinity, maxTimestampMs: Infinity });
    return { key: log.descriptor.key, partitionId: log.id, logStart: log.logStart, places };
  }

  #commitWithRetry(group: readonly PostedHandOver[]): { sizes: SizeReport[]; files: number } {
    const { writer } = this;
    writer.done.clear();
    const giveUpMs = performance.now() + this.shards.options.fullRetryMs;
    for (let tries = 1; ; tries++) {
      try {
        const sizes = this.#apply(group);
        const files = writer.open.size + writer.done.size;
        this.#commitOpen();
        return { sizes, files };
      } catch (error) {
        this.#rollback();
        if (isBusy(error) && tries < BUSY_TRIES) pause(BUSY_PAUSE_MS);
        else if (sqliteCode(error) === "SQLITE_FULL" && performance.now() < giveUpMs) {
          this.#makeRoom();
          if (tries > 1) pause(FULL_RETRY_PAUSE_MS);
        } else throw error;
      }
    }
  }

  /** What can be given up without losing anything: the ballast, and the WALs as far as they fit into their files. */
  #makeRoom(): void {
    releaseBallast(this.shards.dir);
    this.shards.liftPageLimit();
    for (const file of this.shards.active) {
      try {
        file.checkpoint("TRUNCATE");
      } catch (error) {
        if (sqliteCode(error) !== "SQLITE_FULL") throw error;
      }
    }
    this.#post({ type: "full" });
  }

  /** Outside of a group a full disk is no failure: what was begun is undone, and is tried again later. */
  #failUnlessFull(error: unknown): void {
    if (sqliteCode(error) !== "SQLITE_FULL") {
      this.#fail(error);
      return;
    }
    try {
      this.#rollback();
      this.#makeRoom();
    } catch (worse) {
      this.#fail(worse);
    }
  }

  #apply(group: readonly PostedHandOver[]): SizeReport[] {
    const cut = new Set<LogKey>();
    for (const handOver of group) {
      const buffers = handOver.slabs.map((slab) => Buffer.from(slab));
      for (const op of handOver.ops) {
        this.writer.apply(op, handOver, buffers);
        if (op.type !== "rows" && takesAway(op)) cut.add(op.key);
        else if (op.type === "remove") this.#careDue = true;
      }
    }
    const ticket = group.at(-1)!.ticket as Ticket;
    const sizes: SizeReport[] = [];
    for (const key of cut) {
      const log = this.writer.logs.get(key);
      if (log) sizes.push({ key, ticket, sizeBytes: sizeOf(log), maxTimestampMs: log.maxTimestampMs });
    }
    this.writer.flush();
    return sizes;
  }

  /** metadata.db first: what a node has promised or knows goes before its data. */
  #commitOpen(): void {
    const { writer } = this;
    for (const file of [...writer.open].toSorted((a, b) => a.fileNo - b.fileNo)) {
      const batchBytes = file.commit(writer.nextPartitionId);
      this.#checkpointer.noteCommit(file, batchBytes);
      writer.open.delete(file);
      writer.done.add(file.fileNo);
      this.shards.marker.note(file.fileNo, file.commits);
    }
  }

  /** Back to what the files say. */
  #rollback(): void {
    const { writer } = this;
    for (const file of writer.open) file.rollback();
    writer.forgetChanges();
    const loaded = loadStates(this.shards);
    writer.logs = loaded.logs;
    writer.nextPartitionId = Math.max(writer.nextPartitionId, loaded.nextPartitionId);
    for (const key of loaded.logs.keys()) writer.relocated.add(key);
  }

  /** A log whose retention class changed goes to another shard, in transactions of its own, before the group that says so. */
  #moveShards(group: readonly PostedHandOver[]): void {
    for (const { ops } of group) {
      for (const op of ops) {
        if (op.type !== "create") continue;
        const log = this.writer.logs.get(op.descriptor.key);
        if (!log) continue;
        const shard = this.shards.shardFor(op.descriptor.key, op.descriptor.retentionClass);
        if (shard === this.shards.truth(log.fileNo).shard) continue;
        moveLog(this.shards, this.writer, log, op.descriptor, this.shards.writable(shard, this.writer.nextPartitionId));
        this.#careDue = true;
      }
    }
  }

  #rotateWhatIsLarge(): void {
    this.#unlookedBytes = 0;
    const { segmentBytes, segmentMs } = this.shards.options;
    for (const file of this.shards.active) {
      if (file.shard === METADATA_SHARD) continue;
      const isDue = file.sizeBytes >= segmentBytes || Date.now() - file.createdMs >= segmentMs;
      if (!isDue && !file.hasOutgrownPages) continue;
      if (!file.hasBatches) continue;
      rotate(this.shards, this.writer, file);
      this.#careDue = true;
      this.#postMoved([]);
    }
  }

  /** A large topic was deleted: the file that is written is sealed early, so that it can be emptied. */
  #rotateWhatIsDead(live: ReadonlyMap<number, number>): void {
    const { segmentBytes, copyForwardBelow } = this.shards.options;
    for (const file of this.shards.active) {
      if (file.shard === METADATA_SHARD || file.sizeBytes < segmentBytes * DEAD_FILE_SHARE) continue;
      if ((live.get(file.fileNo) ?? 0) >= file.sizeBytes * copyForwardBelow) continue;
      rotate(this.shards, this.writer, file);
      this.#postMoved([]);
    }
  }

  #unlinkDead(live: ReadonlyMap<number, number>): void {
    const dead = this.shards.sealedFiles.filter(({ fileNo }) => (live.get(fileNo) ?? 0) === 0);
    if (dead.length === 0) return;
    // Left to the page cache, a commit may be lost that a removed file cannot be read without: so the truth is synced first.
    if (this.shards.options.durability === "os") for (const file of this.shards.active) file.checkpoint("PASSIVE");
    for (const { fileNo } of dead) this.shards.unlink(fileNo);
    this.#postMoved(dead.map(({ fileNo }) => fileNo));
  }

  #postMoved(unlinked: readonly number[]): void {
    this.#post({ type: "moved", layouts: this.#takeLayouts(), added: [], unlinked });
  }

  #takeLayouts(): LogLayout[] {
    const layouts: LogLayout[] = [];
    for (const key of this.writer.relocated) {
      const log = this.writer.logs.get(key);
      if (log) layouts.push(Storage.layoutOf(log));
    }
    this.writer.relocated.clear();
    return layouts;
  }

  #takeRemoved(): string[] {
    const removed = [...this.writer.removed];
    this.writer.removed.clear();
    return removed;
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const why = error instanceof Error ? `${sqliteCode(error) ?? error.name}: ${error.message}` : String(error);
    try {
      for (const file of this.writer.open) file.rollback();
    } catch {
      // The file is broken; nothing of it is used any more.
    }
    this.#post({
      type: "failed",
      reason: `The log directory ${this.shards.dir} failed (${why}); nothing is written there any more. Check the disk, then restart the node.`,
    });
  }
}

function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== null && (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"));
}

/** The thread has nothing else to do. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
