import type { RecordsRequest } from "./live-types.ts";

const DEFAULT_CREDIT = { records: 500, bytes: 1_048_576 };

/** The window of a record subscription, and what was processed of it and is not given back yet. */
export class CreditAccount {
  readonly window: { readonly records: number; readonly bytes: number };
  readonly #isAutomatic: boolean;
  #owed = { records: 0, bytes: 0 };

  constructor({ credit = DEFAULT_CREDIT, autoCredit = true }: Pick<RecordsRequest, "credit" | "autoCredit">) {
    this.window = credit;
    this.#isAutomatic = autoCredit;
  }

  /** A new connection begins with the whole window. */
  restart(): void {
    this.#owed = { records: 0, bytes: 0 };
  }

  /** What to give back now that so much more was processed: all of it once that is half of the window; null: nothing yet. */
  processed(records: number, bytes: number): { readonly records: number; readonly bytes: number } | null {
    if (!this.#isAutomatic) return null;
    const owed = { records: this.#owed.records + records, bytes: this.#owed.bytes + bytes };
    const isDue = owed.records * 2 >= this.window.records || owed.bytes * 2 >= this.window.bytes;
    this.#owed = isDue ? { records: 0, bytes: 0 } : owed;
    return isDue ? owed : null;
  }
}
