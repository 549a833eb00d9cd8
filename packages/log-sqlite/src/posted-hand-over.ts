import { invariant } from "@vitrine/core";
import type { Batch, HandOver, LogOp } from "@vitrine/log";
import {
  IS_HIGH_WATERMARK,
  type PostedHandOver,
  type PostedOp,
  ROW,
  ROW_COLUMNS,
  type SharedBytes,
} from "./messages.ts";
import type { Slabs } from "./slabs.ts";

type RowOp = Extract<LogOp, { type: "append" } | { type: "high-watermark" }>;

/** Hand-overs as they cross to the storage thread: each slab once, each payload as a place in one, what is frequent as rows of numbers. */
export function postedFrom(handOvers: readonly HandOver[], memory: Slabs): PostedHandOver {
  return new Posting(memory).post(handOvers);
}

class Posting {
  readonly #memory: Slabs;
  readonly #slabs: SharedArrayBuffer[] = [];
  readonly #keys: string[] = [];

  constructor(memory: Slabs) {
    this.#memory = memory;
  }

  post(handOvers: readonly HandOver[]): PostedHandOver {
    let count = 0;
    let ticket = 0;
    let bytes = 0;
    for (const handOver of handOvers) {
      ({ ticket } = handOver);
      bytes += handOver.bytes;
      for (const op of handOver.ops) {
        if (isRow(op)) count++;
        else if (op.type === "replace") count += op.batches.length;
      }
    }
    const rows = new Float64Array(count * ROW_COLUMNS);
    const ops: PostedOp[] = [];
    let row = 0;
    let from = 0;
    const closeRun = () => {
      if (row > from) ops.push({ type: "rows", from, until: row });
      from = row;
    };
    for (const handOver of handOvers) {
      for (const op of handOver.ops) {
        if (isRow(op)) this.#fill(rows, row++ * ROW_COLUMNS, op);
        else if (op.type === "replace") {
          closeRun();
          const { type, key, from: fromOffset, upTo } = op;
          const fromRow = row;
          for (const batch of op.batches) this.#fillBatch(rows, row++ * ROW_COLUMNS, key, batch);
          ops.push({ type, key, from: fromOffset, upTo, fromRow, untilRow: row });
          from = row;
        } else {
          closeRun();
          ops.push(this.#other(op));
        }
      }
    }
    closeRun();
    return { type: "hand-over", ticket, bytes, slabs: this.#slabs, keys: this.#keys, rows, ops };
  }

  #fill(rows: Float64Array, at: number, op: RowOp): void {
    if (op.type === "append") return this.#fillBatch(rows, at, op.key, op.batch);
    rows[at + ROW.key] = this.#keyOf(op.key);
    rows[at + ROW.offset] = op.offset;
    rows[at + ROW.length] = IS_HIGH_WATERMARK;
  }

  #fillBatch(rows: Float64Array, at: number, key: string, { facts, bytes }: Batch): void {
    rows[at + ROW.key] = this.#keyOf(key);
    const place = this.#placeOf(bytes);
    rows[at + ROW.offset] = facts.baseOffset;
    rows[at + ROW.lastOffset] = facts.lastOffset;
    rows[at + ROW.leaderEpoch] = facts.leaderEpoch;
    rows[at + ROW.maxTimestampMs] = facts.maxTimestampMs;
    rows[at + ROW.recordCount] = facts.recordCount;
    rows[at + ROW.crc] = facts.crc;
    rows[at + ROW.slab] = place.slab;
    rows[at + ROW.at] = place.at;
    rows[at + ROW.length] = place.length;
  }

  #other(op: Exclude<LogOp, RowOp | { readonly type: "replace" }>): PostedOp {
    if (op.type !== "snapshot") return op;
    const { endOffset, epoch, bytes } = op.snapshot;
    return { type: "snapshot", endOffset, epoch, bytes: this.#placeOf(bytes) };
  }

  /** Mostly the log of the row before. */
  #keyOf(key: string): number {
    const at = this.#keys.lastIndexOf(key);
    return at === -1 ? this.#keys.push(key) - 1 : at;
  }

  #placeOf(bytes: Uint8Array): SharedBytes {
    const shared = bytes.buffer instanceof SharedArrayBuffer ? bytes : this.#memory.adopt(bytes);
    const { buffer } = shared;
    invariant(buffer instanceof SharedArrayBuffer, "slabs are shared memory");
    // Mostly the slab used last.
    let slab = this.#slabs.lastIndexOf(buffer);
    if (slab === -1) slab = this.#slabs.push(buffer) - 1;
    return { slab, at: shared.byteOffset, length: shared.byteLength };
  }
}

function isRow(op: LogOp): op is RowOp {
  return op.type === "append" || op.type === "high-watermark";
}
