import { build, type Histogram } from "hdr-histogram-js";
import { Pool } from "undici";
import type { Acknowledged, LoadReport, Refused } from "../fixtures/write-load.ts";

/**
 * Produces over HTTP at a fixed rate, whatever the answers do: requests are due at times that were fixed before, and latency counts from
 * the due time. A generator that waits for answers would leave out just the moments that hurt (coordinated omission).
 */
export interface OpenLoopOptions {
  readonly url: string;
  readonly path: string;
  readonly ratePerSecond: number;
  /** Bytes per record; the value is a number at its front, so that every record is its own. */
  readonly valueBytes: number;
  /** Requests at once; beyond it a due request is dropped and counted. */
  readonly outstandingMax: number;
}

/** How often due requests are looked for. */
const TICK_MS = 2;

export class OpenLoop {
  readonly histogramUs: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  readonly acknowledged: Acknowledged[] = [];
  readonly refused: Refused[] = [];
  dropped = 0;
  #sent = 0;
  #outstanding = 0;
  #stopped = false;
  readonly #options: OpenLoopOptions;
  readonly #pool: Pool;
  readonly #startedAtMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #stoppedAtMs = 0;

  constructor(options: OpenLoopOptions) {
    this.#options = options;
    this.#pool = new Pool(options.url, { connections: options.outstandingMax, pipelining: 1 });
    this.#timer = setInterval(() => this.#sendDue(), TICK_MS);
  }

  /** Requests that were sent a second, over the whole run: below the wanted rate the run is void. */
  get achievedPerSecond(): number {
    return (
      this.acknowledged.length / (((this.#stopped ? this.#stoppedAtMs : performance.now()) - this.#startedAtMs) / 1000)
    );
  }

  latencyMs(percentile: number): number {
    return this.histogramUs.getValueAtPercentile(percentile) / 1000;
  }

  /** No further requests; waits for the answers to those under way. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.#timer);
    this.#stopped = true;
    this.#stoppedAtMs = performance.now();
    const deadline = performance.now() + 10_000;
    while (this.#outstanding > 0 && performance.now() < deadline) await new Promise((next) => setTimeout(next, 10));
    await this.#pool.destroy();
    return { acknowledged: this.acknowledged, refused: this.refused, longestGapMs: longestGapMs(this.acknowledged) };
  }

  #sendDue(): void {
    const { ratePerSecond, outstandingMax } = this.#options;
    const due = Math.floor(((performance.now() - this.#startedAtMs) * ratePerSecond) / 1000);
    while (this.#sent < due) {
      const value = this.#sent++;
      const dueAtMs = this.#startedAtMs + (value * 1000) / ratePerSecond;
      if (this.#outstanding >= outstandingMax) this.dropped++;
      else void this.#send(value, dueAtMs);
    }
  }

  async #send(value: number, dueAtMs: number): Promise<void> {
    this.#outstanding++;
    try {
      const { path, valueBytes } = this.#options;
      const reply = await this.#pool.request({ method: "POST", path, body: String(value).padEnd(valueBytes) });
      const body = (await reply.body.json()) as {
        offsets?: { partition: number; first_offset: number }[];
      } & Refused["problem"];
      const atMs = performance.now();
      const at = body.offsets?.[0];
      if (reply.statusCode < 300 && at) {
        this.acknowledged.push({ value, partition: at.partition, offset: at.first_offset, atMs });
        this.histogramUs.recordValue(Math.max(1, Math.round((atMs - dueAtMs) * 1000)));
      } else this.refused.push({ value, partition: null, status: reply.statusCode, atMs, problem: body });
    } catch (error) {
      this.refused.push({
        value,
        partition: null,
        status: 0,
        atMs: performance.now(),
        problem: { detail: String(error) },
      });
    } finally {
      this.#outstanding--;
    }
  }
}

/** Longest time between two acknowledgements. */
export function longestGapMs(acknowledged: readonly Acknowledged[]): number {
  const times = acknowledged.map((item) => item.atMs).toSorted((a, b) => a - b);
  return times.reduce((longest, atMs, index) => Math.max(longest, atMs - (times[index - 1] ?? atMs)), 0);
}
