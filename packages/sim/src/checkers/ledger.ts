/** What was committed of one log, once and for all: every replica is compared with it below its high watermark. */
import { invariant } from "@vitrine/core";
import type { Batch, LogKey, LogStore } from "@vitrine/log";
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
  const found: Batch[] = [];
  const take = (batches: readonly Batch[]) => {
    for (const batch of batches) {
      const next = found.at(-1)?.facts.lastOffset ?? -1;
      if (batch.facts.lastOffset >= from && batch.facts.lastOffset < upTo && batch.facts.baseOffset > next)
        found.push(batch);
    }
  };
  const spec = {
    from: log.logStartOffset > from ? log.logStartOffset : (from as typeof log.logStartOffset),
    upTo: upTo as typeof log.logEndOffset,
    maxBytes: 1 << 30,
  };
  const read = log.readTail(spec);
  if (read.kind === "batches") take(read.batches);
  else if (read.kind === "cold") {
    take(node.disk.logs.get(key)?.batches ?? []);
    const next = (found.at(-1)?.facts.lastOffset ?? -1) + 1;
    const rest =
      next < upTo ? log.readTail({ ...spec, from: Math.max(next, from) as typeof log.logStartOffset }) : null;
    if (rest?.kind === "batches") take(rest.batches);
  }
  return found;
}
