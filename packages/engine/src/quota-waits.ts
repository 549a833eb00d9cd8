import type { NodeId } from "@vitrine/core";

export type QuotaKind = "produce" | "fetch";

/** How long each broker asked to be left alone by what comes over HTTP (KIP-219: it answers at once, and waiting is the client's). */
export class QuotaWaits {
  /** Kind and broker to the end of the wait; bounded by the brokers there are. */
  readonly #untilMs = new Map<string, number>();

  /** A broker answered with the time to wait. */
  note(kind: QuotaKind, node: NodeId, throttleTimeMs: number, nowMs: number): void {
    if (throttleTimeMs > 0) this.#untilMs.set(`${kind}/${node}`, nowMs + throttleTimeMs);
  }

  leftMs(kind: QuotaKind, node: NodeId, nowMs: number): number {
    return Math.max(0, (this.#untilMs.get(`${kind}/${node}`) ?? 0) - nowMs);
  }

  /** Of the broker that wants the longest wait. */
  longestMs(kind: QuotaKind, nowMs: number): number {
    let longest = 0;
    for (const [key, untilMs] of this.#untilMs) {
      if (untilMs <= nowMs) this.#untilMs.delete(key);
      else if (key.startsWith(`${kind}/`)) longest = Math.max(longest, untilMs - nowMs);
    }
    return longest;
  }
}
