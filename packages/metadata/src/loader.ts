/**
 * Committed batches to images. Records between BeginTransaction and EndTransaction become visible together, also when they came in
 * several batches (KIP-868); until then the image stands.
 */
import type { Offset } from "@vitrine/core";
import { Offset as toOffset, invariant } from "@vitrine/core";
import type { AppliedTo } from "./apply.ts";
import { applyRecords } from "./apply.ts";
import type { MetadataDelta } from "./delta.ts";
import { diffImages } from "./diff.ts";
import type { MetadataImage } from "./image.ts";
import type { MetadataRecord } from "./records.ts";
import { imageFromSnapshot } from "./snapshot.ts";

/** Records held back by an open metadata transaction: more than this is damage, not a transaction. */
const TRANSACTION_RECORDS_MAX = 1_000_000;

export interface MetadataBatch {
  readonly baseOffset: Offset;
  readonly epoch: number;
  readonly records: readonly MetadataRecord[];
}

export class MetadataLoader {
  #image: MetadataImage;
  /** Records of the open transaction, or null. */
  #held: MetadataRecord[] | null = null;
  /** Offset of the BeginTransaction record of the open transaction. */
  #heldFrom: Offset | null = null;

  constructor(image: MetadataImage) {
    this.#image = image;
  }

  /** All that is committed and complete. */
  get image(): MetadataImage {
    return this.#image;
  }

  /** Applies a batch that is below the high watermark. null: nothing became visible, because a transaction is open. */
  apply(batch: MetadataBatch, position: AppliedTo): { image: MetadataImage; delta: MetadataDelta } | null {
    const visible: MetadataRecord[] = [];
    batch.records.forEach((record, index) => {
      if (record.type === "BeginTransactionRecord") this.#heldFrom = toOffset(batch.baseOffset + index);
      this.#take(record, visible);
    });
    if (this.#held !== null && visible.length === 0) return null;
    const reached = this.#held !== null && this.#heldFrom !== null ? { ...position, offset: this.#heldFrom } : position;
    const applied = applyRecords(this.#image, visible, reached);
    this.#image = applied.image;
    return applied;
  }

  /** Moves the position over control records (leader change, snapshot header), which hold no metadata. */
  skipTo(position: AppliedTo): void {
    if (this.#held === null && position.offset > this.#image.offset)
      this.#image = { ...this.#image, offset: position.offset, epoch: position.epoch };
  }

  /** Replaces everything by a snapshot; the delta says what that changed. */
  loadSnapshot(
    records: readonly MetadataRecord[],
    position: AppliedTo,
  ): { image: MetadataImage; delta: MetadataDelta } {
    const before = this.#image;
    this.#held = null;
    this.#image = imageFromSnapshot(before.clusterId, records, position);
    return { image: this.#image, delta: diffImages(before, this.#image) };
  }

  #take(record: MetadataRecord, visible: MetadataRecord[]): void {
    switch (record.type) {
      case "BeginTransactionRecord":
        invariant(this.#held === null, "a metadata transaction begins inside another");
        this.#held = [];
        return;
      case "EndTransactionRecord":
        invariant(this.#held !== null, "a metadata transaction ends that never began");
        for (const held of this.#held) visible.push(held);
        this.#held = null;
        return;
      case "AbortTransactionRecord":
        invariant(this.#held !== null, "a metadata transaction is aborted that never began");
        this.#held = null;
        return;
      default:
        if (this.#held === null) visible.push(record);
        else {
          invariant(this.#held.length < TRANSACTION_RECORDS_MAX, "a metadata transaction has too many records");
          this.#held.push(record);
        }
    }
  }
}
