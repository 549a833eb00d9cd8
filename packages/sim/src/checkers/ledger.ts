/** What was committed of one log, once and for all: every replica is compared with it below its high watermark. */
import { invariant, Offset } from "@vitrine/core";
import type { Batch, LogKey, LogStore, PartitionLog } from "@vitrine/log";
import { readRecords, type StoredRecord } from "@vitrine/protocol";
import type { SimDisk } from "../sim-disk.ts";

interface Entry {
  readonly baseOffset: number;
  readonly end: number;
  readonly epoch: number;
  readonly crc: number;
  readonly bytes: Uint8Array;
}

export class Ledger {
  readonly name: string;
  readonly entries: Entry[] = [];
  readonly #atBase = new Map<number, Entry>();
  readonly #compacts: boolean;

  /** `compacts`: a batch may have lost records since, never changed one. */
  constructor(name: string, compacts = false) {
    this.name = name;
    this.#compacts = compacts;
  }

  /** The true high watermark: the highest that any replica ever showed. Exclusive. */
  get end(): number {
    return this.entries.at(-1)?.end ?? 0;
  }

  /** A batch below some replica's high watermark. Says whether it is new. */
  committed(batch: Batch, where: string): boolean {
    const { baseOffset, lastOffset, leaderEpoch, crc } = batch.facts;
    const known = this.#atBase.get(baseOffset);
    if (known) {
      const same = this.isSame(known, batch);
      invariant(
        same,
        `P3 ${where} has a batch of epoch ${leaderEpoch} at ${this.name}:${baseOffset}, committed was another of epoch ${known.epoch}`,
      );
      return false;
    }
    invariant(
      baseOffset >= this.end,
      `P5 ${where} shows ${this.name}:${baseOffset} as committed; what was committed there was different`,
    );
    const before = this.entries.at(-1);
    invariant(
      !before || leaderEpoch >= before.epoch,
      `P13 ${where}: the epoch falls from ${before?.epoch} to ${leaderEpoch} at ${this.name}:${baseOffset}`,
    );
    const entry: Entry = { baseOffset, end: lastOffset + 1, epoch: leaderEpoch, crc, bytes: batch.bytes };
    this.entries.push(entry);
    this.#atBase.set(baseOffset, entry);
    return true;
  }

  /** Whether a batch is the committed one, or what compaction left of it. */
  isSame(entry: Entry, { facts, bytes }: Batch): boolean {
    const { baseOffset, lastOffset, leaderEpoch, crc } = facts;
    if (entry.baseOffset !== baseOffset || entry.epoch !== leaderEpoch || entry.end !== lastOffset + 1) return false;
    return entry.crc === crc || (this.#compacts && isPartOf(entry.bytes, bytes));
  }

  at(baseOffset: number): Entry | undefined {
    return this.#atBase.get(baseOffset);
  }
}

function isPartOf(whole: Uint8Array, part: Uint8Array): boolean {
  const show = (bytes: Uint8Array | null) => (bytes === null ? "" : decoder.decode(bytes));
  const name = ({ offset, timestampMs, key, value }: StoredRecord) =>
    `${offset} ${timestampMs} ${show(key)} ${show(value)}`;
  const all = new Set(readRecords(whole).map(name));
  return readRecords(part).every((record) => all.has(name(record)));
}

const decoder = new TextDecoder();

/** Batches of a node's log in [from, upTo), from its memory or, below the tail, from its disk. */
export function batchesOf(
  node: { readonly store: LogStore; readonly disk: SimDisk },
  key: LogKey,
  from: number,
  upTo: number,
): Batch[] {
  const log = node.store.logs.get(key);
  if (!log) return [];
  const first = log.logStartOffset > from ? log.logStartOffset : Offset(from);
  const spec = { from: first, upTo: Offset(upTo), maxBytes: 1 << 30 };
  const memoryFrom = memoryStart(log, first, upTo);
  // What a truncation that is under way will take away is still on the disk: above memory's start, memory alone knows.
  const onDisk = (node.disk.logs.get(key)?.batches ?? []).filter(
    ({ facts }) => facts.lastOffset >= first && facts.lastOffset < Math.min(memoryFrom, upTo),
  );
  const read = memoryFrom < upTo ? log.readTail({ ...spec, from: Offset(memoryFrom) }) : null;
  return read?.kind === "batches" ? [...onDisk, ...read.batches] : onDisk;
}

/** The first offset in [from, upTo) that the log answers from memory; upTo = none. */
function memoryStart(log: PartitionLog, from: number, upTo: number): number {
  let [low, high] = [from, Math.max(from, upTo)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (log.readTail({ from: Offset(middle), upTo: Offset(upTo), maxBytes: 1 }).kind === "cold") low = middle + 1;
    else high = middle;
  }
  return low;
}
