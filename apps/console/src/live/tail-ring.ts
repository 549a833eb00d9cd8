import { recordKey } from "./tail-record.ts";
import type { TailRecord } from "./tail-record.ts";

const capacity = 5_000;
const slack = 500; // trimming in batches keeps the cost per record constant

/** The last 5,000 records of a tail, each once; older ones fall off and are counted. */
export class TailRing {
  #items: TailRecord[] = [];
  readonly #byKey = new Map<string, TailRecord>();
  #dropped = 0;

  get items(): readonly TailRecord[] {
    return this.#items;
  }

  /** Records that fell off the old end. */
  get dropped(): number {
    return this.#dropped;
  }

  get(key: string): TailRecord | undefined {
    return this.#byKey.get(key);
  }

  /** Appends what is not known yet: after a reconnect the server may repeat the last batch. */
  add(records: readonly TailRecord[]): void {
    for (const record of records) {
      const key = recordKey(record);
      if (this.#byKey.has(key)) continue;
      this.#byKey.set(key, record);
      this.#items.push(record);
    }
    if (this.#items.length > capacity + slack) {
      const old = this.#items.splice(0, this.#items.length - capacity);
      for (const record of old) this.#byKey.delete(recordKey(record));
      this.#dropped += old.length;
    }
  }

  clear(): void {
    this.#items = [];
    this.#byKey.clear();
    this.#dropped = 0;
  }
}
