import type { CreditFrame, SubRecordsFrame } from "@vitrine/api";

const DEFAULT_CREDIT = { records: 500, bytes: 1_048_576 };

/** What a subscriber granted and was not sent yet; `auto` grants without end, and the socket alone holds back. */
export class CreditWindow {
  #records: number;
  #bytes: number;

  constructor(credit: SubRecordsFrame["credit"] = DEFAULT_CREDIT) {
    this.#records = credit === "auto" ? Number.POSITIVE_INFINITY : credit.records;
    this.#bytes = credit === "auto" ? Number.POSITIVE_INFINITY : credit.bytes;
  }

  /** Records that may be sent; 0 where the bytes are used up. */
  get records(): number {
    return this.#bytes <= 0 ? 0 : this.#records;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(frame: CreditFrame): void {
    this.#records += frame.records ?? 0;
    this.#bytes += frame.bytes ?? 0;
  }

  take(records: number, bytes: number): void {
    this.#records -= records;
    this.#bytes -= bytes;
  }
}
