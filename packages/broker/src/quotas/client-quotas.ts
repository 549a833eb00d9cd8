/**
 * What each client has used of its quotas, and how long it must wait. Pure: time comes in. Nothing is counted for clients without a quota,
 * and nothing at all while there is none.
 */
import type { MetadataDelta, MetadataImage } from "@vitrine/metadata";
import { ANONYMOUS, ClientLimits, QUOTA_NAMES, type QuotaName } from "./client-limits.ts";
import { Recent } from "./recent.ts";
import { SampledRate, throttleTimeMs, type RateWindows } from "./sampled-rate.ts";
import { TokenBucket } from "./token-bucket.ts";

/** `quota.window.*` and `controller.quota.window.*`. */
export interface QuotaSettings {
  readonly windows: RateWindows;
  readonly mutationWindows: RateWindows;
}

/** Q5: clients remembered per quota. Beyond it the one that was quiet longest is forgotten, and begins anew when it comes again. */
const CLIENTS_MAX = 10_000;

/** What a request may still change at the controller (KIP-599). */
export interface MutationBudget {
  /** Asked per topic, in order. Strict: false once the quota is used up; else what is over is only told. */
  spend(partitions: number): boolean;
  /** How long the client has to wait after this request. */
  throttleTimeMs(): number;
}

export class ClientQuotas {
  readonly #settings: QuotaSettings;
  readonly #rates = new Map<QuotaName, Recent<SampledRate>>();
  readonly #buckets = new Recent<TokenBucket>(CLIENTS_MAX);
  #limits = new ClientLimits(new Map());
  #isActive = false;

  constructor(settings: QuotaSettings) {
    this.#settings = settings;
  }

  /** Whether any client has any quota. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Quotas changed: they hold from the next request on, also for what was used before. */
  update(quotas: MetadataImage["clientQuotas"]): void {
    this.#limits = new ClientLimits(quotas);
    // Those of addresses are about connections (connection-quotas.ts), and cost requests nothing.
    this.#isActive = quotas.values().some(({ entity }) => !entity.has("ip"));
  }

  applyDelta({ clientQuotasChanged, after }: MetadataDelta): void {
    if (clientQuotasChanged) this.update(after.clientQuotas);
  }

  /** null: no quota. */
  boundOf(name: QuotaName, clientId: string): number | null {
    return this.#limits.of(name, ANONYMOUS, clientId)?.bound ?? null;
  }

  /** Whether some quota that holds for a client is a user's, which all clients share. */
  isShared(clientId: string): boolean {
    return QUOTA_NAMES.some((name) => this.#limits.of(name, ANONYMOUS, clientId)?.ofUser === true);
  }

  /** Counts bytes (or, for `request_percentage`, hundredths of seconds) and says how long the client must wait now. */
  record(name: QuotaName, clientId: string, value: number, nowMs: number): number {
    const limit = this.#limits.of(name, ANONYMOUS, clientId);
    if (!limit) return 0;
    const rate = this.#rateOf(name, limit.sharedBy);
    rate.record(value, nowMs);
    const waitMs = throttleTimeMs(rate.measure(nowMs), limit.bound);
    // Q4: a client that was slow to serve is never kept waiting for longer than a window.
    return name === "request_percentage" ? Math.min(waitMs, this.#settings.windows.lengthMs) : waitMs;
  }

  /**
   * For an answer with records that could go out now: how long the client must wait for it instead; then it is not counted. Whoever has used
   * nothing lately gets its answer, however large: a batch that is larger than all windows allow for would else never come.
   */
  consume(clientId: string, bytes: number, nowMs: number): number {
    const limit = this.#limits.of("consumer_byte_rate", ANONYMOUS, clientId);
    if (!limit) return 0;
    const rate = this.#rateOf("consumer_byte_rate", limit.sharedBy);
    const isFresh = rate.measure(nowMs).rate === 0;
    rate.record(bytes, nowMs);
    const waitMs = isFresh ? 0 : throttleTimeMs(rate.measure(nowMs), limit.bound);
    if (waitMs > 0) rate.record(-bytes, nowMs);
    return waitMs;
  }

  /** Largest answer that the quota of a client has room for in all its windows; Infinity without a quota. */
  maxFetchBytes(clientId: string): number {
    const limit = this.#limits.of("consumer_byte_rate", ANONYMOUS, clientId);
    const { count, lengthMs } = this.#settings.windows;
    return limit ? limit.bound * Math.max(1, count - 1) * (lengthMs / 1_000) : Infinity;
  }

  /** null: no quota. Strict for clients that know THROTTLING_QUOTA_EXCEEDED. */
  mutationBudget(clientId: string, strict: boolean, nowMs: number): MutationBudget | null {
    const limit = this.#limits.of("controller_mutation_rate", ANONYMOUS, clientId);
    if (!limit) return null;
    const { count, lengthMs } = this.#settings.mutationWindows;
    const bucket = this.#buckets.of(
      limit.sharedBy,
      () => new TokenBucket(limit.bound, count * (lengthMs / 1_000), nowMs),
    );
    bucket.setRate(limit.bound, nowMs);
    let isOver = false;
    return {
      spend(partitions) {
        isOver ||= strict && !bucket.hasTokens(nowMs);
        if (isOver) return false;
        bucket.spend(partitions, nowMs);
        return true;
      },
      throttleTimeMs: () => (isOver || !strict ? bucket.waitMs(nowMs) : 0),
    };
  }

  #rateOf(name: QuotaName, sharedBy: string): SampledRate {
    let rates = this.#rates.get(name);
    if (!rates) this.#rates.set(name, (rates = new Recent<SampledRate>(CLIENTS_MAX)));
    return rates.of(sharedBy, () => new SampledRate(this.#settings.windows));
  }
}
