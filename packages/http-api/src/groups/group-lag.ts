/** How far a group is behind: in records, and in seconds by the time of the record at the committed offset. */
import type { GroupDetail, GroupLagReply, PartitionLag } from "@vitrine/api";
import type { Engine, TopicInfo } from "@vitrine/engine";
import { EARLIEST, LATEST, listOffsets } from "../read/list-offsets.ts";
import type { CommittedTimes } from "./committed-times.ts";
import { committedOffsets } from "./group-reads.ts";

/** Leaders get this long; partitions of those that do not answer have no end. */
const OFFSETS_MS = 2_000;

/** Ends of a partition as its leader says them; null: it did not answer. */
export interface Ends {
  readonly logStart: number | null;
  readonly end: number | null;
}

/** Asks the leaders for the ends of partitions, topic by topic in parallel. Topics that do not exist have none. */
export async function endsOf(
  engine: Engine,
  wanted: ReadonlyMap<string, ReadonlySet<number>>,
): Promise<Map<string, Map<number, Ends>>> {
  const found = new Map<string, Map<number, Ends>>();
  await Promise.all(
    Array.from(wanted, async ([name, partitions]) => {
      const topic = engine.topic(name);
      if (topic === undefined) return;
      found.set(name, await endsOfTopic(engine, topic, [...partitions]));
    }),
  );
  return found;
}

async function endsOfTopic(
  engine: Engine,
  topic: TopicInfo,
  partitions: readonly number[],
): Promise<Map<number, Ends>> {
  const there = partitions.filter((partition) => topic.partitions[partition] !== undefined);
  const ask = { partitions: there, isolation: "uncommitted", timeoutMs: OFFSETS_MS } as const;
  const [starts, ends] = await Promise.all([
    listOffsets(engine, topic, { ...ask, timestamp: EARLIEST }),
    listOffsets(engine, topic, { ...ask, timestamp: LATEST }),
  ]);
  const known = (rows: typeof starts, partition: number) => {
    const row = rows.get(partition);
    return row?.error === "NONE" ? row.offset : null;
  };
  return new Map(
    there.map((partition) => [partition, { logStart: known(starts, partition), end: known(ends, partition) }]),
  );
}

/** Records between what is committed and the end; without a commit all that are there. */
export function lagOf(committed: number | null, { logStart, end }: Ends): number | null {
  if (end === null) return null;
  if (committed !== null) return Math.max(0, end - committed);
  return logStart === null ? null : Math.max(0, end - logStart);
}

/** Where the first record is that waits. What was deleted does not wait any more. */
export function firstWaiting(committed: number | null, { logStart }: Ends): number | null {
  if (committed === null) return logStart;
  return logStart === null ? committed : Math.max(committed, logStart);
}

/** Seconds since a time, to the millisecond; clocks of producers may be ahead. */
export function secondsSince(timeMs: number, nowMs: number): number {
  return Math.max(0, nowMs - timeMs) / 1_000;
}

/** The lag of a group, over what it has committed and what its members are assigned. */
export async function groupLag(
  engine: Engine,
  group: Omit<GroupDetail, "lag">,
  times: CommittedTimes,
  nowMs: () => number,
): Promise<GroupLagReply> {
  const committed = await committedOffsets(engine, group.group);
  const rows = new Map<string, { topic: string; partition: number; committed: number | null; metadata: string }>();
  for (const { topic, partition, offset, metadata } of committed)
    rows.set(`${topic}/${partition}`, { topic, partition, committed: offset, metadata });
  const owners = new Map<string, { member_id: string; client_id: string }>();
  for (const member of group.members) {
    for (const [topic, partitions] of Object.entries(member.assigned)) {
      for (const partition of partitions) {
        const key = `${topic}/${partition}`;
        owners.set(key, member);
        if (!rows.has(key)) rows.set(key, { topic, partition, committed: null, metadata: "" });
      }
    }
  }
  const wanted = new Map<string, Set<number>>();
  for (const { topic, partition } of rows.values()) wanted.set(topic, (wanted.get(topic) ?? new Set()).add(partition));
  const ends = await endsOf(engine, wanted);
  const bounds = (row: { topic: string; partition: number }) =>
    ends.get(row.topic)?.get(row.partition) ?? { logStart: null, end: null };
  const waiting = [...rows.values()].flatMap((row) => {
    const offset = firstWaiting(row.committed, bounds(row));
    return (lagOf(row.committed, bounds(row)) ?? 0) > 0 && offset !== null ? [{ ...row, offset }] : [];
  });
  await times.read(waiting);
  const now = nowMs();
  const partitions = [...rows.entries()].map(([key, row]): PartitionLag => {
    const lag = lagOf(row.committed, bounds(row));
    const offset = firstWaiting(row.committed, bounds(row));
    const time = lag === null || lag === 0 || offset === null ? undefined : times.known({ ...row, offset });
    return {
      topic: row.topic,
      partition: row.partition,
      committed: row.committed,
      end: bounds(row).end,
      lag,
      lag_seconds: lag === 0 ? 0 : time === undefined || time === null ? null : secondsSince(time, now),
      member_id: owners.get(key)?.member_id ?? null,
      client_id: owners.get(key)?.client_id ?? null,
      ...(row.metadata === "" ? {} : { metadata: row.metadata }),
    };
  });
  partitions.sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition));
  return { group: group.group, state: group.state, ...totals(partitions), partitions };
}

function totals(rows: readonly PartitionLag[]): Pick<GroupLagReply, "lag" | "lag_seconds" | "worst"> {
  const lags = rows.flatMap((row) => (row.lag === null ? [] : [{ ...row, lag: row.lag }]));
  const seconds = rows.flatMap((row) => row.lag_seconds ?? []);
  const worst = lags.reduce<(typeof lags)[number] | null>(
    (most, row) => (row.lag > (most?.lag ?? 0) ? row : most),
    null,
  );
  return {
    lag: rows.length > 0 && lags.length === 0 ? null : lags.reduce((sum, row) => sum + row.lag, 0),
    lag_seconds: rows.length > 0 && seconds.length === 0 ? null : Math.max(0, ...seconds),
    worst: worst === null ? null : { topic: worst.topic, partition: worst.partition, lag: worst.lag },
  };
}
