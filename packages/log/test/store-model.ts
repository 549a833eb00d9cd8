import { Offset, Uuid } from "@vitrine/core";
import fc from "fast-check";
import { expect } from "vitest";
import type { EpochEntry } from "../src/epoch-cache.ts";
import type { Batch, LogKey, PartitionLog, QuorumStateRecord } from "../src/partition-log.ts";
import type { ProducerEntry } from "../src/producer-state.ts";
import { testBatch } from "./batches.ts";
import { descriptorOf, type OpenStore, StoreDriver } from "./store-driver.ts";

/** A log as an array; epochs and producers are what the real classes said (they have tests of their own). */
interface ModelLog {
  readonly batches: readonly Batch[];
  readonly logStart: number;
  readonly logEnd: number;
  readonly highWatermark: number;
  readonly cleanedTo: number;
  readonly cleanings: number;
  readonly epochs: readonly EpochEntry[];
  readonly producers: readonly ProducerEntry[];
}

/** What one hand-over left behind, were it the last that is committed. */
interface Snapshot {
  readonly ticket: number;
  readonly logs: ReadonlyMap<LogKey, ModelLog>;
  readonly quorumState: QuorumStateRecord | null;
}

const EMPTY: ModelLog = {
  batches: [],
  logStart: 0,
  logEnd: 0,
  highWatermark: 0,
  cleanedTo: 0,
  cleanings: 0,
  epochs: [],
  producers: [],
};
const DESCRIPTORS = [descriptorOf(0), descriptorOf(1), descriptorOf(2, "compact:-1:-1")];
const part = { log: fc.nat(DESCRIPTORS.length - 1), pick: fc.nat(1000) };

const commands = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        ...part,
        do: fc.constant("append" as const),
        records: fc.integer({ min: 1, max: 3 }),
        hole: fc.nat(9),
        newEpoch: fc.nat(5),
      }),
    },
    { weight: 3, arbitrary: fc.record({ ...part, do: fc.constant("truncate" as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        ...part,
        do: fc.constantFrom("truncate-unclean" as const, "begin-anew" as const, "recreate" as const),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ ...part, do: fc.constantFrom("high-watermark" as const, "log-start" as const) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ ...part, do: fc.constant("compact" as const), fates: fc.nat(), last: fc.nat() }),
    },
    { weight: 1, arbitrary: fc.record({ ...part, do: fc.constantFrom("epoch-start" as const, "vote" as const) }) },
    { weight: 10, arbitrary: fc.record({ ...part, do: fc.constantFrom("hand-over" as const, "step" as const) }) },
    { weight: 5, arbitrary: fc.record({ ...part, do: fc.constantFrom("read" as const, "find" as const) }) },
    { weight: 2, arbitrary: fc.record({ ...part, do: fc.constant("commit" as const) }) },
    { weight: 1, arbitrary: fc.record({ ...part, do: fc.constantFrom("crash" as const, "restart" as const) }) },
  ),
  { maxLength: 80, size: "max" },
);
type Command = typeof commands extends fc.Arbitrary<(infer C)[]> ? C : never;

/** Random histories over three logs with a tiny tail: whatever happens, the store answers as the array does, and a crash keeps a whole prefix. */
export async function checkAgainstModel(openStore: OpenStore, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(commands, async (history) => {
      const driver = await StoreDriver.open(openStore, 300);
      try {
        const model = new StoreModel(driver);
        for (const command of history) {
          await model.run(command);
          model.checkNow();
        }
        await model.checkAtRest();
      } finally {
        await driver.dispose();
      }
    }),
    { numRuns: runs },
  );
}

class StoreModel {
  readonly #driver: StoreDriver;
  #logs = new Map<LogKey, ModelLog>();
  #quorumState: QuorumStateRecord | null = null;
  #snapshots: Snapshot[] = [{ ticket: 0, logs: new Map(), quorumState: null }];
  #serial = 0;
  /** What a batch was before compaction changed it: until that is committed the disk holds this. */
  readonly #originOf = new Map<string, string>();
  /** Hand-over with which the last compaction of a log went out. */
  readonly #compactedIn = new Map<LogKey, number>();

  constructor(driver: StoreDriver) {
    this.#driver = driver;
  }

  async run(command: Command): Promise<void> {
    const descriptor = DESCRIPTORS[command.log]!;
    const { key } = descriptor;
    const log = this.#driver.store.create(descriptor);
    const before = this.#logs.get(key) ?? EMPTY;
    this.#logs.set(key, before);
    switch (command.do) {
      case "append":
        return this.#append(key, log, command);
      case "truncate": {
        const cuts = [
          ...before.batches.map(({ facts }) => facts.baseOffset as number),
          before.logEnd,
          before.logEnd + 3,
        ];
        const cut = pickOf(
          cuts.filter((offset) => offset >= before.highWatermark && offset >= before.logStart),
          command.pick,
        );
        log.truncateTo(Offset(cut));
        return this.#cut(key, log, cut);
      }
      case "truncate-unclean": {
        const cut = pickOf(
          [...before.batches.map(({ facts }) => facts.baseOffset as number), before.logEnd],
          command.pick,
        );
        log.truncateTo(Offset(cut), { unclean: true });
        return this.#cut(key, log, cut);
      }
      case "begin-anew": {
        const at = command.pick % (before.logEnd + 10);
        log.truncateFullyAndStartAt(Offset(at));
        const cleanedTo = Math.min(before.cleanedTo, at);
        return this.#set(key, log, { batches: [], logStart: at, logEnd: at, highWatermark: at, cleanedTo });
      }
      case "recreate":
        this.#driver.store.remove(key);
        this.#driver.store.create(descriptor);
        this.#logs.set(key, EMPTY);
        return;
      case "high-watermark": {
        const ends = [log.durableEndOffset as number, ...before.batches.map(({ facts }) => facts.lastOffset + 1)];
        const offset = pickOf(
          ends.filter((end) => end >= before.highWatermark && end <= log.durableEndOffset),
          command.pick,
        );
        if (offset === undefined) return;
        log.setHighWatermark(Offset(offset));
        return this.#set(key, log, { highWatermark: offset });
      }
      case "log-start": {
        const offset = before.logStart + (command.pick % (before.highWatermark - before.logStart + 1));
        log.setLogStartOffset(Offset(offset));
        return this.#set(key, log, {
          logStart: offset,
          batches: before.batches.filter(({ facts }) => facts.lastOffset >= offset),
        });
      }
      case "compact":
        return this.#compact(key, log, command);
      case "epoch-start":
        log.assignEpochStart(log.epochs.latestEpoch + 1, log.logEndOffset);
        return this.#set(key, log, {});
      case "vote": {
        const directory = Uuid("e0000000000000000000aA");
        this.#quorumState = { leaderEpoch: command.pick, leaderId: -1, votedId: 1, votedDirectoryId: directory };
        this.#driver.store.saveQuorumState(this.#quorumState);
        return;
      }
      case "hand-over":
        this.#handOver();
        return;
      case "step":
        return this.#driver.step();
      case "read":
        this.#handOver();
        return this.#read(key, log, command.pick);
      case "find":
        // As in a turn: what was asked for is handed over before any answer comes.
        this.#handOver();
        return this.#find(key, log, command.pick);
      case "commit":
        this.#handOver();
        return this.#driver.commit();
      case "crash":
        await this.#driver.crash();
        return this.#adoptAfterCrash();
      case "restart":
        this.#handOver();
        await this.#driver.restart();
        this.#snapshots = [
          { ticket: this.#driver.store.committedTicket, logs: new Map(this.#logs), quorumState: this.#quorumState },
        ];
        for (const [logKey, expected] of this.#logs)
          this.#checkLoaded(this.#driver.log(logKey), expected, expected.highWatermark);
        expect(this.#driver.store.quorumState).toEqual(this.#quorumState);
    }
  }

  /** After every command: the words of T8, the array's figures, and that what counts as durable is on disk (T7). */
  checkNow(): void {
    const { store } = this.#driver;
    const onDisk = this.#snapshots.findLast((snapshot) => snapshot.ticket <= store.committedTicket)!;
    for (const [key, expected] of this.#logs) {
      const log = this.#driver.log(key);
      const { logStart, highWatermark, logEnd } = expected;
      expect([log.logStartOffset, log.highWatermark, log.logEndOffset]).toEqual([logStart, highWatermark, logEnd]);
      expect([log.cleanedTo, log.cleanings]).toEqual([expected.cleanedTo, expected.cleanings]);
      expect(log.logStartOffset).toBeLessThanOrEqual(log.highWatermark);
      expect(log.highWatermark).toBeLessThanOrEqual(log.durableEndOffset);
      expect(log.durableEndOffset).toBeLessThanOrEqual(log.logEndOffset);
      const disk = new Set((onDisk.logs.get(key)?.batches ?? []).map(identityOf));
      for (const batch of expected.batches)
        if (batch.facts.lastOffset < log.durableEndOffset)
          expect(
            this.#identitiesOf(batch).some((identity) => disk.has(identity)),
            `durable batch at ${batch.facts.baseOffset} of ${key}`,
          ).toBe(true);
    }
  }

  async checkAtRest(): Promise<void> {
    this.#handOver();
    await this.#driver.commit();
    for (const [key, expected] of this.#logs) {
      const log = this.#driver.log(key);
      expect(log.durableEndOffset).toBe(expected.logEnd);
      expect(log.sizeBytes).toBe(sizeOf(expected));
      await this.#read(key, log, 0);
      const keepBytes = Math.floor(sizeOf(expected) / 2);
      if (keepBytes > 0) expect(await this.#driver.findKept(log, keepBytes)).toBe(keptFrom(expected, keepBytes));
    }
    expect(this.#driver.store.health.uncommittedBytes).toBe(0);
  }

  #append(
    key: LogKey,
    log: PartitionLog,
    { records, hole, newEpoch, pick }: Command & { readonly do: "append" },
  ): void {
    const before = this.#logs.get(key)!;
    const epoch = Math.max(0, log.epochs.latestEpoch) + (newEpoch === 0 ? 1 : 0);
    const baseOffset = before.logEnd + (hole === 0 ? 2 : 0);
    const known = log.producers.get(pick % 3)?.batches.at(-1);
    const producer =
      pick % 4 === 3
        ? {}
        : { producerId: pick % 3, producerEpoch: 0, baseSequence: known ? known.lastSequence + 1 : 0 };
    const payload = `${this.#serial++}`.padEnd(pick % 90, ".");
    const batch = testBatch({ baseOffset, records, epoch, payload, timestampMs: 1000 + (pick % 50), ...producer });
    log.append(batch);
    this.#set(key, log, { batches: [...before.batches, batch], logEnd: baseOffset + records });
  }

  /** Batches of a settled range go, change or stay, as the bits of `fates` say; offsets never change. */
  #compact(key: LogKey, log: PartitionLog, { pick, fates, last }: Command & { readonly do: "compact" }): void {
    const before = this.#logs.get(key)!;
    const end = Math.min(log.highWatermark, log.durableEndOffset);
    const settled = before.batches.filter(({ facts }) => facts.lastOffset < end);
    if (settled.length === 0) return;
    const first = pick % settled.length;
    const range = settled.slice(first, first + 1 + (last % (settled.length - first)));
    const from = Offset(Math.max(before.logStart, range[0]!.facts.baseOffset));
    const upTo = Offset(range.at(-1)!.facts.lastOffset + 1);
    const survivors = range.flatMap((batch, at) => {
      const fate = (fates >> (at % 16)) & 3;
      if (fate === 0) return [];
      return [fate === 1 ? this.#changed(batch) : batch];
    });
    log.replace(from, upTo, survivors);
    log.setCleanedTo(upTo, true);
    const others = (isBefore: boolean) =>
      before.batches.filter(({ facts }) => (isBefore ? facts.lastOffset < from : facts.lastOffset >= upTo));
    const batches = [...others(true), ...survivors, ...others(false)];
    this.#set(key, log, { batches, cleanedTo: upTo, cleanings: before.cleanings + 1 });
    this.#compactedIn.set(key, this.#driver.store.nextTicket);
  }

  #changed(batch: Batch): Batch {
    const { baseOffset, lastOffset, leaderEpoch, maxTimestampMs } = batch.facts;
    const changed = testBatch({
      baseOffset,
      records: lastOffset - baseOffset + 1,
      epoch: leaderEpoch,
      payload: `${this.#serial++}`,
      timestampMs: maxTimestampMs,
    });
    this.#originOf.set(identityOf(changed), identityOf(batch));
    return changed;
  }

  #identitiesOf(batch: Batch): string[] {
    const identities: string[] = [];
    for (let name: string | undefined = identityOf(batch); name !== undefined; name = this.#originOf.get(name))
      identities.push(name);
    return identities;
  }

  /** Until a compaction is committed a reader may see either: what is read is compared after that. */
  async #whenCompacted(key: LogKey): Promise<void> {
    if ((this.#compactedIn.get(key) ?? 0) > this.#driver.store.committedTicket) await this.#driver.commit();
  }

  #cut(key: LogKey, log: PartitionLog, cut: number): void {
    const before = this.#logs.get(key)!;
    const logEnd = Math.min(before.logEnd, cut);
    this.#set(key, log, {
      batches: before.batches.filter(({ facts }) => facts.lastOffset < cut),
      logEnd,
      logStart: Math.min(before.logStart, logEnd),
      highWatermark: Math.min(before.highWatermark, logEnd),
      cleanedTo: Math.min(before.cleanedTo, logEnd),
    });
  }

  #set(key: LogKey, log: PartitionLog, change: Partial<ModelLog>): void {
    const epochs = [...log.epochs.entries];
    this.#logs.set(key, { ...this.#logs.get(key)!, ...change, epochs, producers: log.producers.entries });
  }

  #handOver(): void {
    const before = this.#driver.lastTicket;
    const ticket = this.#driver.handOver();
    const snapshot = { ticket, logs: new Map(this.#logs), quorumState: this.#quorumState };
    if (ticket > before) this.#snapshots.push(snapshot);
  }

  async #read(key: LogKey, log: PartitionLog, pick: number): Promise<void> {
    await this.#whenCompacted(key);
    const expected = this.#logs.get(key)!;
    const from = expected.logStart + (pick % (expected.logEnd - expected.logStart + 1));
    const wanted = expected.batches.filter(({ facts }) => facts.lastOffset >= from);
    expect((await this.#driver.readAll(log, from, expected.logEnd, 20 + pick)).map(identityOf)).toEqual(
      wanted.map(identityOf),
    );
  }

  async #find(key: LogKey, log: PartitionLog, pick: number): Promise<void> {
    await this.#whenCompacted(key);
    const expected = this.#logs.get(key)!;
    const timestampMs = 1000 + (pick % 60);
    const wanted = expected.batches.find(
      ({ facts }) => facts.maxTimestampMs >= timestampMs && facts.lastOffset < expected.logEnd,
    );
    const found = await this.#driver.findTimestamp(log, timestampMs, expected.logEnd);
    expect(found && identityOf(found)).toEqual((wanted && identityOf(wanted)) ?? null);
  }

  /** Each log stands where some hand-over left it, not before the last one that was reported; so does the vote. */
  #adoptAfterCrash(): void {
    const { store } = this.#driver;
    const reported = this.#snapshots.findLastIndex((snapshot) => snapshot.ticket <= this.#reportedBeforeCrash());
    const candidates = this.#snapshots.slice(reported);
    const logs = new Map<LogKey, ModelLog>();
    for (const { key } of DESCRIPTORS) {
      const log = store.logs.get(key);
      const match = candidates.find((snapshot) => matches(snapshot.logs.get(key), log));
      expect(
        match,
        `${key} after a crash is at no hand-over's end: [${log?.logStartOffset}, ${log?.logEndOffset})`,
      ).toBeDefined();
      const expected = match!.logs.get(key);
      if (!log || !expected) continue;
      expect(log.highWatermark).toBeLessThanOrEqual(
        Math.max(...candidates.map((snapshot) => snapshot.logs.get(key)?.highWatermark ?? 0)),
      );
      this.#checkLoaded(log, expected, log.highWatermark);
      logs.set(key, { ...expected, highWatermark: log.highWatermark });
    }
    const votes = candidates.map((snapshot) => JSON.stringify(snapshot.quorumState));
    expect(votes).toContain(JSON.stringify(store.quorumState));
    this.#logs = logs;
    this.#compactedIn.clear();
    this.#quorumState = store.quorumState;
    this.#snapshots = [{ ticket: store.committedTicket, logs: new Map(logs), quorumState: this.#quorumState }];
  }

  #reportedBeforeCrash(): number {
    return this.#driver.committedBeforeCrash;
  }

  #checkLoaded(log: PartitionLog, expected: ModelLog, highWatermark: number): void {
    expect([log.logStartOffset, log.highWatermark, log.logEndOffset]).toEqual([
      expected.logStart,
      highWatermark,
      expected.logEnd,
    ]);
    expect([log.cleanedTo, log.cleanings]).toEqual([expected.cleanedTo, expected.cleanings]);
    expect(log.epochs.entries).toEqual(expected.epochs);
    const producersOf = (entries: readonly ProducerEntry[]) =>
      entries
        .map(({ producerId, producerEpoch, batches }) => ({ producerId, producerEpoch, batches: batches.slice(-5) }))
        .sort((a, b) => a.producerId - b.producerId);
    expect(producersOf(log.producers.entries)).toEqual(producersOf(expected.producers));
    expect(log.sizeBytes).toBe(sizeOf(expected));
  }
}

function matches(expected: ModelLog | undefined, log: PartitionLog | undefined): boolean {
  if (!expected || !log) return !expected && !log;
  return (
    expected.logStart === log.logStartOffset &&
    expected.logEnd === log.logEndOffset &&
    expected.cleanedTo === log.cleanedTo &&
    expected.cleanings === log.cleanings &&
    JSON.stringify(expected.epochs) === JSON.stringify(log.epochs.entries) &&
    sizeOf(expected) === log.sizeBytes
  );
}

function identityOf(batch: Batch): string {
  return `${batch.facts.baseOffset}-${batch.facts.lastOffset}@${batch.facts.leaderEpoch} ${new TextDecoder().decode(batch.bytes.subarray(61))}`;
}

function sizeOf(log: ModelLog): number {
  return log.batches.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
}

function keptFrom(log: ModelLog, keepBytes: number): number | null {
  let kept = 0;
  const first = log.batches.findLast((batch) => (kept += batch.bytes.byteLength) >= keepBytes);
  return first && first !== log.batches[0] ? first.facts.baseOffset : null;
}

function pickOf(choices: readonly number[], pick: number): number {
  return choices[pick % choices.length]!;
}
