/** C8 of reliability 2.1: what compaction leaves on a disk, looked at each time it has got further there, and once more at the end. */
import { invariant, type NodeId } from "@vitrine/core";
import type { LogKey } from "@vitrine/log";
import { readRecords } from "@vitrine/protocol";
import type { SimNode } from "../sim-node.ts";
import type { Ledger } from "./ledger.ts";
import type { World } from "./world.ts";

export class CompactionRules {
  readonly #world: World;
  /** How often each log of a node had been compacted when it was looked at. */
  readonly #cleanings = new Map<NodeId, Map<LogKey, number>>();
  /** How far any replica of a log has ever been compacted. */
  readonly #cleanedTo = new Map<LogKey, number>();
  /** Compactions that took something, on any node. */
  compactions = 0;

  constructor(world: World) {
    this.#world = world;
  }

  check(node: SimNode): void {
    let known = this.#cleanings.get(node.id);
    if (!known) this.#cleanings.set(node.id, (known = new Map<LogKey, number>()));
    for (const [key, log] of node.options.disk.logs) {
      if (log.cleanings === (known.get(key) ?? 0)) continue;
      known.set(key, log.cleanings);
      this.compactions += 1;
      this.#cleanedTo.set(key, Math.max(this.#cleanedTo.get(key) ?? 0, log.cleanedTo));
      this.#checkCompacted(node, key);
    }
  }

  /** Every newest committed record is on every replica's disk: whoever reads it ends with the same values. */
  atTheEnd(node: SimNode, key: LogKey): void {
    const log = node.options.disk.logs.get(key);
    const ledger = this.#world.ledger(key);
    const found = new Set(log?.batches.flatMap(({ bytes }) => readRecords(bytes).map(({ offset }) => offset)));
    for (const [text, offset] of newestBelow(ledger, Infinity))
      invariant(found.has(offset), `C8 node ${node.id} lacks ${ledger.name}:${offset}, the newest of key ${text}`);
  }

  /** Below the end each key is there once: the newest that was committed there, unless a replica it was fetched from had been compacted further. */
  #checkCompacted(node: SimNode, key: LogKey): void {
    const log = node.options.disk.logs.get(key)!;
    const ledger = this.#world.ledger(key);
    const found = new Map<string, number>();
    for (const { bytes, facts } of log.batches) {
      if (facts.lastOffset >= log.cleanedTo) break;
      for (const record of readRecords(bytes)) {
        if (record.key === null) continue;
        const text = textOf(record.key);
        invariant(
          !found.has(text),
          `C8 node ${node.id} holds ${ledger.name}:${found.get(text)} and ${record.offset} of key ${text}, compacted up to ${log.cleanedTo}`,
        );
        found.set(text, record.offset);
      }
    }
    const newestCompacted = newestBelow(ledger, this.#cleanedTo.get(key) ?? 0);
    for (const [text, offset] of newestBelow(ledger, log.cleanedTo))
      invariant(
        found.get(text) === offset || offset < log.logStartOffset || newestCompacted.get(text) !== offset,
        `C8 node ${node.id} lost ${ledger.name}:${offset}, the newest of key ${text} below ${log.cleanedTo}`,
      );
  }
}

function newestBelow(ledger: Ledger, end: number): Map<string, number> {
  const newest = new Map<string, number>();
  for (const entry of ledger.entries) {
    if (entry.end > end) break;
    for (const { key, offset } of readRecords(entry.bytes)) if (key !== null) newest.set(textOf(key), offset);
  }
  return newest;
}

const decoder = new TextDecoder();

function textOf(key: Uint8Array): string {
  return decoder.decode(key);
}
