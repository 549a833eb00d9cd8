/**
 * What group rows need of the log and the boards do not have: ends of partitions that others lead (on a broker), and the times of the records
 * at committed offsets. Asked of the leaders once a second at most, only while somebody looks, and only so many at once.
 */
import { partitionColumns, partitionKey, type LiveTables } from "@vitrine/api";
import type { Engine } from "@vitrine/engine";
import { CommittedTimes, type TimeQuestion } from "../groups/committed-times.ts";
import { type Ends, endsOf } from "../groups/group-lag.ts";

/** Times read per round; the others are unknown until their turn comes. */
const TIMES_MAX = 500;
const NOTHING: Ends = { logStart: null, end: null };

export class GroupEnds {
  readonly #engine: Engine;
  readonly #tables: LiveTables;
  readonly #times: CommittedTimes;
  #remote = new Map<string, Map<number, Ends>>();
  #isAsking = false;

  constructor(engine: Engine, tables: LiveTables) {
    this.#engine = engine;
    this.#tables = tables;
    this.#times = new CommittedTimes(engine);
  }

  /** From the leader's own report where there is one, else as last asked. */
  endsOf(topic: string, partition: number): Ends {
    const row = this.#tables.get("partitions", partitionKey(topic, partition));
    if (row !== undefined && partitionColumns.get(row, "positions_epoch") >= 0)
      return { logStart: partitionColumns.get(row, "log_start"), end: partitionColumns.get(row, "hw") };
    return this.#remote.get(topic)?.get(partition) ?? NOTHING;
  }

  /** Time of a record; undefined: not read (yet). */
  timeAt(question: TimeQuestion): number | null | undefined {
    return this.#times.known(question);
  }

  /** Asks for what is missing; resolves when it is there, at once when an earlier round still runs. Rejects never. */
  async ask(unknown: ReadonlyMap<string, ReadonlySet<number>>, times: readonly TimeQuestion[]): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const missing = times.filter((question) => this.#times.known(question) === undefined).slice(0, TIMES_MAX);
      const [ends] = await Promise.all([endsOf(this.#engine, unknown), this.#times.read(missing)]);
      this.#remote = ends;
    } catch {
      // A topic that was deleted meanwhile: the next round has another list.
    } finally {
      this.#isAsking = false;
    }
  }
}
