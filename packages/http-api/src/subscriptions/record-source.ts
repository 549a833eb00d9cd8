import type { Engine } from "@vitrine/engine";
import type { HttpContext } from "../options.ts";
import { EARLIEST, LATEST, listOffsets } from "../read/list-offsets.ts";
import { openRecordTail, type RecordTail, type TailOptions } from "../record-tail.ts";

/** Partition to offset; partitions whose leader did not answer are left out. */
export interface LogBounds {
  readonly start: ReadonlyMap<number, number>;
  /** High watermarks, or last stable offsets where committed records are read. */
  readonly end: ReadonlyMap<number, number>;
}

/** Where record subscriptions read. */
export interface RecordSource {
  /** Fails with a ProblemError. */
  openTail(options: TailOptions): Promise<RecordTail>;
  /** Rejects never. */
  bounds(topic: string, partitions: readonly number[], isolation: "committed" | "uncommitted"): Promise<LogBounds>;
}

/** Bounds are for display: who is slow to answer is left out. */
const BOUNDS_MS = 1_000;

/** Reads through the engine. */
export function engineRecordSource(context: Pick<HttpContext, "engine" | "closing">): RecordSource {
  return {
    openTail: (options) => openRecordTail(context, options),
    bounds: (topic, partitions, isolation) => boundsOf(context.engine, topic, partitions, isolation),
  };
}

async function boundsOf(
  engine: Engine,
  name: string,
  partitions: readonly number[],
  isolation: "committed" | "uncommitted",
): Promise<LogBounds> {
  const topic = engine.topic(name);
  if (topic === undefined) return { start: new Map(), end: new Map() };
  const ask = { partitions, isolation, timeoutMs: BOUNDS_MS };
  const [start, end] = await Promise.all(
    [EARLIEST, LATEST].map(async (timestamp) => {
      const listed = await listOffsets(engine, topic, { ...ask, timestamp });
      return new Map(
        [...listed].flatMap(([partition, { offset }]) => (offset < 0 ? [] : [[partition, offset] as const])),
      );
    }),
  );
  return { start: start!, end: end! };
}
