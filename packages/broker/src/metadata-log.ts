/**
 * From committed batches of the metadata log to images: reads what lies below raft's high watermark, in order, and gives every change out.
 *
 * Invariant: the position only grows; a batch is applied once. Cold reads (after a start) are one at a time.
 */
import { invariant, type Offset } from "@vitrine/core";
import { METADATA_LOG, type Batch, type SnapshotFile } from "@vitrine/log";
import { emptyImage, MetadataLoader, snapshotRecords, type MetadataDelta, type MetadataImage } from "@vitrine/metadata";
import { buildSnapshot, readMetadataBatch, readSnapshot } from "./metadata-batches.ts";
import type { Runtime } from "./runtime.ts";

/** Bytes read from the log at once while catching up. */
const READ_BYTES = 1 << 20;

/** Pause before a failed read is tried again. */
const RETRY_MS = 100;

export class MetadataLog {
  readonly #runtime: Runtime;
  readonly #onDelta: (delta: MetadataDelta) => void;
  readonly #onAdvanced: () => void;
  readonly #loader: MetadataLoader;
  #position: Offset;
  #epoch = 0;
  #highWatermark: Offset;
  #reading = false;
  #retryAtMs = Infinity;
  #bytesSinceSnapshot = 0;

  /** `onAdvanced`: the position moved, also where nothing became visible; cold reads move it in a later turn than they were asked in. */
  constructor(runtime: Runtime, onDelta: (delta: MetadataDelta) => void, onAdvanced: () => void) {
    this.#runtime = runtime;
    this.#onDelta = onDelta;
    this.#onAdvanced = onAdvanced;
    this.#loader = new MetadataLoader(emptyImage(runtime.config.clusterId));
    this.#position = this.#loader.image.offset;
    this.#highWatermark = this.#position;
  }

  get image(): MetadataImage {
    return this.#loader.image;
  }

  /** When `advance` must be called again after a read that failed; Infinity = not. */
  get nextDeadlineMs(): number {
    return this.#retryAtMs;
  }

  tick(): void {
    if (this.#runtime.nowMs < this.#retryAtMs) return;
    this.#retryAtMs = Infinity;
    this.advance(this.#highWatermark);
  }

  /** Everything below is applied, control records included; exclusive. */
  get position(): Offset {
    return this.#position;
  }

  /** Loads the newest snapshot of this node's disk, if there is one. */
  loadSnapshot(): void {
    const snapshot = this.#runtime.store.latestSnapshot();
    if (!snapshot || snapshot.endOffset <= this.#position) return;
    this.#install(snapshot);
  }

  /** Raft's high watermark moved (or may have): applies what it uncovered. */
  advance(highWatermark: Offset): void {
    if (highWatermark > this.#highWatermark) this.#highWatermark = highWatermark;
    const log = this.#runtime.store.logs.get(METADATA_LOG);
    if (!log) return;
    while (!this.#reading && this.#position < this.#highWatermark) {
      const spec = { from: this.#position, upTo: this.#highWatermark, maxBytes: READ_BYTES };
      const read = log.readTail(spec);
      if (read.kind === "batches") {
        if (read.batches.length === 0) return;
        for (const batch of read.batches) this.#apply(batch);
        this.#onAdvanced();
      } else if (read.kind === "cold") {
        this.#reading = true;
        this.#runtime.readCold(log, spec, (answer) => {
          this.#reading = false;
          if (!answer.ok) {
            this.#runtime.journal(
              "error",
              `the metadata log cannot be read at offset ${this.#position}: ${answer.reason}`,
            );
            // Damage does not heal: the node must not go on with a past that it cannot read. Anything else is asked for again.
            invariant(
              answer.error !== "CORRUPT_MESSAGE",
              "the metadata log is damaged: remove this node's metadata.db, and it fetches the log anew",
            );
            this.#retryAtMs = this.#runtime.nowMs + RETRY_MS;
            return;
          }
          for (const batch of answer.batches) this.#apply(batch);
          this.#onAdvanced();
          this.advance(this.#highWatermark);
        });
      } else {
        // The position fell below the log start: a snapshot was installed beneath us.
        this.loadSnapshot();
        if (this.#position < read.logStartOffset) return;
      }
    }
  }

  /** A snapshot of what is applied, once enough was written since the last one; null if it is not time yet. */
  takeSnapshot(): SnapshotFile | null {
    if (this.#bytesSinceSnapshot < this.#runtime.settings.metadataSnapshotBytes) return null;
    if (this.image.offset !== this.#position) return null;
    this.#bytesSinceSnapshot = 0;
    return buildSnapshot(
      snapshotRecords(this.image),
      { endOffset: this.#position, epoch: this.#epoch },
      this.#runtime.clock.wallMs(),
    );
  }

  #apply(batch: Batch): void {
    if (batch.facts.lastOffset < this.#position) return;
    const position = { offset: (batch.facts.lastOffset + 1) as Offset, epoch: batch.facts.leaderEpoch };
    this.#position = position.offset;
    this.#epoch = position.epoch;
    this.#bytesSinceSnapshot += batch.facts.sizeBytes;
    if (batch.facts.isControl) {
      this.#loader.skipTo(position);
      return;
    }
    const records = readMetadataBatch(batch.bytes);
    const applied = this.#loader.apply(
      { baseOffset: batch.facts.baseOffset, epoch: position.epoch, records },
      position,
    );
    if (applied) this.#onDelta(applied.delta);
  }

  #install(snapshot: SnapshotFile): void {
    const records = readSnapshot(snapshot.bytes);
    const position = { offset: snapshot.endOffset, epoch: snapshot.epoch };
    this.#position = snapshot.endOffset;
    this.#epoch = snapshot.epoch;
    this.#bytesSinceSnapshot = 0;
    if (snapshot.endOffset > this.#highWatermark) this.#highWatermark = snapshot.endOffset;
    this.#onDelta(this.#loader.loadSnapshot(records, position).delta);
  }
}
