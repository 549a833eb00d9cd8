/**
 * Who may connect, and how fast (`max.connections` and its kin, and KIP-612's `connection_creation_rate` of addresses). Pure: time comes in. It
 * counts what a client listener has let in, so each arrival is told here once, and each end of one that was let in.
 *
 * Q13: a connection waits, and those after it, while new ones come faster than `max.connection.creation.rate`, and while there are
 * `max.connections`. Q14: one address has at most `max.connections.per.ip`; one more is closed. Q15: an address that comes faster than its
 * `connection_creation_rate` has its connection closed, when it has waited for the throttle time; it is not counted. Q16: no wait is longer than a
 * window. Q17: bounds change at once; connections above a lower `max.connections` end, the one that was quiet longest first.
 */
import type { MetadataImage } from "@vitrine/metadata";
import { canonicalAddress, quotaKey } from "@vitrine/metadata";
import { Recent } from "./recent.ts";
import { SampledRate, throttleTimeMs, type RateWindows } from "./sampled-rate.ts";

/** What becomes of a connection. */
export type Arrival =
  | { readonly outcome: "admitted" }
  /** Told to nobody but our own people: Kafka closes without a word. `closeAfterMs`: how long the client is kept waiting for it. */
  | { readonly outcome: "refused"; readonly reason: string; readonly closeAfterMs: number };

/** Addresses whose rate is remembered; beyond it the one that came longest ago is forgotten, and begins anew. */
const ADDRESSES_MAX = 10_000;
/** Kafka's Integer.MAX_VALUE: no bound. */
const UNBOUNDED = 2_147_483_647;
const DEFAULT_ADDRESS = quotaKey(new Map([["ip", null]]));

export class ConnectionQuotas {
  readonly #windows: RateWindows;
  readonly #setting: (name: string) => string | undefined;
  readonly #rate: SampledRate;
  readonly #rates = new Recent<SampledRate>(ADDRESSES_MAX);
  /** Connections that were let in, by address; bounded by them. */
  readonly #counts = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #count = 0;
  #max = UNBOUNDED;
  #maxPerAddress = UNBOUNDED;
  #overrides: ReadonlyMap<string, number> = new Map();
  #maxRate = UNBOUNDED;
  #addressRates: ReadonlyMap<string, number> = new Map();
  #defaultAddressRate: number | null = null;

  /** `setting`: a broker setting in effect, as text. */
  constructor(windows: RateWindows, setting: (name: string) => string | undefined) {
    this.#windows = windows;
    this.#setting = setting;
    this.#rate = new SampledRate(windows);
  }

  /** Settings or quotas may have changed. */
  update(quotas: MetadataImage["clientQuotas"]): void {
    const number = (name: string) => Number(this.#setting(name) ?? UNBOUNDED);
    this.#max = number("max.connections");
    this.#maxPerAddress = number("max.connections.per.ip");
    this.#maxRate = number("max.connection.creation.rate");
    this.#overrides = readOverrides(this.#setting("max.connections.per.ip.overrides") ?? "");
    const rates = new Map<string, number>();
    for (const { entity, values } of quotas.values()) {
      const address = canonicalAddress(entity.get("ip") ?? "");
      const rate = values.get("connection_creation_rate");
      if (address !== null && rate !== undefined) rates.set(address, rate);
    }
    this.#addressRates = rates;
    this.#defaultAddressRate = quotas.get(DEFAULT_ADDRESS)?.values.get("connection_creation_rate") ?? null;
    for (const listener of this.#listeners) listener();
  }

  /** Called when bounds may have changed: who waits looks again. Returns the way to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A connection is next: how long it waits because of the rate of all together. */
  paceMs(nowMs: number): number {
    if (this.#maxRate >= UNBOUNDED) return 0;
    return this.#throttle(this.#rate, this.#maxRate, nowMs);
  }

  /** Whether there is room for one more. */
  get hasRoom(): boolean {
    return this.#count < this.#max;
  }

  /** How many connections there are too many, after `max.connections` was lowered. */
  get excess(): number {
    return Math.max(0, this.#count - this.#max);
  }

  /** It has waited its turn, and there is room. `remoteAddress` as the socket tells it. */
  admit(remoteAddress: string, nowMs: number): Arrival {
    const address = canonicalAddress(remoteAddress) ?? remoteAddress;
    const bound = this.#addressRates.get(address) ?? this.#defaultAddressRate;
    if (bound !== null) {
      const rate = this.#rates.of(address, () => new SampledRate(this.#windows));
      const waitMs = this.#throttle(rate, bound, nowMs);
      if (waitMs > 0) {
        rate.record(-1, nowMs);
        if (this.#maxRate < UNBOUNDED) this.#rate.record(-1, nowMs);
        const reason = `connects faster than its quota of ${bound} connections per second (connection_creation_rate)`;
        return { outcome: "refused", reason, closeAfterMs: waitMs };
      }
    }
    const max = this.#overrides.get(address) ?? this.#maxPerAddress;
    const count = this.#counts.get(address) ?? 0;
    if (count >= max)
      return {
        outcome: "refused",
        reason: `has its ${max} connections already (max.connections.per.ip)`,
        closeAfterMs: 0,
      };
    this.#counts.set(address, count + 1);
    this.#count += 1;
    return { outcome: "admitted" };
  }

  /** One that was let in has ended. */
  gone(remoteAddress: string): void {
    const address = canonicalAddress(remoteAddress) ?? remoteAddress;
    const left = (this.#counts.get(address) ?? 0) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
    this.#count -= 1;
  }

  #throttle(rate: SampledRate, bound: number, nowMs: number): number {
    rate.record(1, nowMs);
    return Math.min(throttleTimeMs(rate.measure(nowMs), bound), this.#windows.lengthMs);
  }
}

/** `127.0.0.1:200,::1:10`; the count stands after the last colon. What names no address is checked where it is set. */
function readOverrides(text: string): Map<string, number> {
  const overrides = new Map<string, number>();
  for (const part of text.split(",")) {
    const at = part.lastIndexOf(":");
    const address = canonicalAddress(part.slice(0, at).trim());
    if (address !== null) overrides.set(address, Number(part.slice(at + 1)));
  }
  return overrides;
}
