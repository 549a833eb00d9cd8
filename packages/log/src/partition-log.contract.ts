/** What every LogStore does, whatever lies beneath it. Rules by number: SPEC.md. */
import { Offset, Uuid } from "@vitrine/core";
import { afterEach, describe, expect, test } from "vitest";
import { type BatchOptions, testBatch } from "../test/batches.ts";
import { descriptorOf, metadataDescriptor, type OpenStore, StoreDriver } from "../test/store-driver.ts";
import { checkAgainstModel } from "../test/store-model.ts";
import type { PartitionLog } from "./partition-log.ts";

export { testBatch } from "../test/batches.ts";
export {
  descriptorOf,
  metadataDescriptor,
  type LogStoreHarness,
  type OpenStore,
  StoreDriver,
} from "../test/store-driver.ts";

export interface ContractOptions {
  /** Random histories to compare with the model. Default 100; fewer where opening a store takes time. */
  readonly runs?: number;
}

/** Small enough that all but the newest batches must be read cold. */
const SMALL_TAIL = 200;

const appendAll = (log: PartitionLog, ...batches: BatchOptions[]) => {
  for (const options of batches) log.append(testBatch(options));
};
const offsets = (log: PartitionLog) => ({
  start: log.logStartOffset,
  highWatermark: log.highWatermark,
  durable: log.durableEndOffset,
  end: log.logEndOffset,
});

/** Runs the suite over one implementation. */
export function describeLogStoreContract(name: string, openStore: OpenStore, options: ContractOptions = {}): void {
  describe(`log store contract: ${name}`, () => {
    let driver: StoreDriver | null = null;
    const open = async (tailBytesMax?: number) => {
      driver = await StoreDriver.open(openStore, tailBytesMax);
      return { driver, store: driver.store, log: driver.store.create(descriptorOf(0)) };
    };
    afterEach(async () => {
      await driver?.dispose();
      driver = null;
    });

    test("L1 a batch comes back byte for byte, and belongs to the log from the moment it is appended", async () => {
      const { driver: broker, log } = await open();
      const batch = testBatch({ baseOffset: 0, records: 3 });
      const sent = { facts: batch.facts, bytes: batch.bytes.slice() };
      log.append(sent);
      sent.bytes.fill(0);
      expect(await broker.readAll(log, 0, 3)).toEqual([batch]);
      expect(offsets(log)).toEqual({ start: 0, highWatermark: 0, durable: 0, end: 3 });
      await broker.commit();
      await broker.restart();
      const [read] = await broker.readAll(broker.log(log.descriptor.key), 0, 3);
      expect(read!.facts).toEqual(batch.facts);
      expect(Buffer.compare(read!.bytes, batch.bytes)).toBe(0);
    });

    test("L2 offsets and epochs of appended batches never go back; holes are kept", async () => {
      const { driver: broker, log } = await open();
      appendAll(log, { baseOffset: 0, records: 2, epoch: 3 }, { baseOffset: 7, epoch: 3 });
      expect(() => appendAll(log, { baseOffset: 7, epoch: 3 })).toThrow(/InvariantViolation|below/);
      expect(() => appendAll(log, { baseOffset: 8, epoch: 2 })).toThrow(/InvariantViolation|below/);
      expect(log.logEndOffset).toBe(8);
      const inHole = await broker.readAll(log, 3, 8);
      expect(inHole.map(({ facts }) => facts.baseOffset)).toEqual([7]);
    });

    test("L3 only a committed event moves the durable end, in ticket order, and nothing queued means no ticket", async () => {
      const { driver: broker, store, log } = await open();
      appendAll(log, { baseOffset: 0 });
      expect(store.nextTicket).toBe(1);
      expect([broker.handOver(), broker.handOver()]).toEqual([1, 1]);
      appendAll(log, { baseOffset: 1 });
      expect(broker.handOver()).toBe(2);
      expect(log.durableEndOffset).toBe(0);
      appendAll(log, { baseOffset: 2 });
      await broker.commit();
      expect(log.durableEndOffset).toBe(3);
      const tickets = broker.events.flatMap((event) => (event.type === "committed" ? [event.ticket] : []));
      expect(tickets).toEqual(tickets.toSorted((a, b) => a - b));
      expect(tickets.at(-1)).toBe(3);
      expect(store.committedTicket).toBe(3);
    });

    test("L4 the commit of a batch that was cut off and replaced never makes its successor durable (T7)", async () => {
      const { driver: broker, log } = await open();
      appendAll(log, { baseOffset: 0 });
      await broker.commit();
      appendAll(log, { baseOffset: 1, payload: "first" });
      const first = broker.handOver();
      log.truncateTo(Offset(1));
      appendAll(log, { baseOffset: 1, epoch: 1, payload: "second" });
      const second = broker.handOver();
      while (broker.store.committedTicket < second) {
        expect(log.durableEndOffset).toBe(1);
        expect(log.durableEndOffset).toBeLessThanOrEqual(log.logEndOffset);
        await broker.step();
      }
      expect(first).toBeLessThan(second);
      expect(log.durableEndOffset).toBe(2);
      await broker.crash();
      const [, read] = await broker.readAll(broker.log(log.descriptor.key), 0, 2);
      expect(new TextDecoder().decode(read!.bytes.subarray(61))).toBe("second");
    });

    test("L4 what a cut takes away, the epochs and producers forget", async () => {
      const { driver: broker, log } = await open();
      appendAll(
        log,
        { baseOffset: 0, epoch: 1, producerId: 7, baseSequence: 0 },
        { baseOffset: 1, epoch: 2, producerId: 7, baseSequence: 1 },
      );
      await broker.commit();
      log.truncateTo(Offset(1));
      expect(log.epochs.latestEpoch).toBe(1);
      const again = testBatch({ baseOffset: 1, epoch: 3, producerId: 7, baseSequence: 1 });
      expect(log.producers.check(again.facts)).toEqual({ kind: "ok" });
      await broker.restart();
      expect(broker.log(log.descriptor.key).producers.check(again.facts)).toEqual({ kind: "ok" });
      expect(broker.log(log.descriptor.key).epochs.entries).toEqual([{ epoch: 1, startOffset: 0 }]);
    });

    test("L5 a log is not cut below its high watermark, unless the election was unclean", async () => {
      const { driver: broker, log } = await open();
      appendAll(log, { baseOffset: 0 }, { baseOffset: 1 }, { baseOffset: 2 });
      await broker.commit();
      log.setHighWatermark(Offset(2));
      expect(() => log.truncateTo(Offset(1))).toThrow(/high watermark/);
      log.truncateTo(Offset(1), { unclean: true });
      expect(offsets(log)).toEqual({ start: 0, highWatermark: 1, durable: 1, end: 1 });
    });

    test.each([SMALL_TAIL, 1 << 20])(
      "L9 a bound inside a batch leaves the batch out (tail of %i bytes)",
      async (tailBytesMax) => {
        const { driver: broker, log } = await open(tailBytesMax);
        appendAll(log, ...[0, 5, 10, 15].map((baseOffset) => ({ baseOffset, records: 5, payload: "x".repeat(50) })));
        await broker.commit();
        expect(await broker.readAll(log, 0, 7)).toHaveLength(1);
        expect(await broker.readAll(log, 16, 18)).toHaveLength(0);
      },
    );

    test.each([0, 4])(
      "L6 a cut %i beyond the log end still forgets epochs that begin there (KAFKA-10706)",
      async (beyond) => {
        const { log } = await open();
        appendAll(log, { baseOffset: 0, epoch: 1 });
        log.assignEpochStart(2, Offset(1));
        log.truncateTo(Offset(1 + beyond));
        expect(log.epochs.entries).toEqual([{ epoch: 1, startOffset: 0 }]);
        expect(log.logEndOffset).toBe(1);
      },
    );

    test("L7 a full truncation begins anew at an offset: start, high watermark and end, also after a restart (KAFKA-9491)", async () => {
      const { driver: broker, log } = await open();
      appendAll(log, { baseOffset: 0, epoch: 1 }, { baseOffset: 1, epoch: 1 });
      await broker.commit();
      log.truncateFullyAndStartAt(Offset(40));
      const anew = { start: 40, highWatermark: 40, durable: 40, end: 40 };
      expect(offsets(log)).toEqual(anew);
      expect([log.sizeBytes, log.epochs.latestEpoch]).toEqual([0, -1]);
      await broker.restart();
      const again = broker.log(log.descriptor.key);
      expect(offsets(again)).toEqual(anew);
      appendAll(again, { baseOffset: 40, epoch: 2 });
      expect(await broker.readAll(again, 40, 41)).toHaveLength(1);
    });

    test("L8 the log start moves at once, exactly, and never above the high watermark", async () => {
      const { driver: broker, log } = await open();
      appendAll(log, { baseOffset: 0, records: 5, epoch: 1 }, { baseOffset: 5, records: 5, epoch: 2 });
      await broker.commit();
      log.setHighWatermark(Offset(10));
      expect(() => log.setLogStartOffset(Offset(11))).toThrow(/high watermark/);
      log.setLogStartOffset(Offset(7));
      log.setLogStartOffset(Offset(3));
      expect(log.logStartOffset).toBe(7);
      expect(log.epochs.entries).toEqual([{ epoch: 2, startOffset: 7 }]);
      const spec = { upTo: Offset(10), maxBytes: 1000 };
      expect(log.readTail({ ...spec, from: Offset(6) })).toEqual({
        kind: "out-of-range",
        logStartOffset: 7,
        logEndOffset: 10,
      });
      expect(log.readTail({ ...spec, from: Offset(11) })).toMatchObject({ kind: "out-of-range" });
      expect(await broker.readAll(log, 7, 10)).toHaveLength(1);
      await broker.restart();
      expect(broker.log(log.descriptor.key).logStartOffset).toBe(7);
    });

    test("L9 what left memory is read cold: whole batches, at least one, as many as fit, up to the bound", async () => {
      const { driver: broker, log } = await open(SMALL_TAIL);
      const batches = Array.from({ length: 20 }, (_, i) =>
        testBatch({ baseOffset: i * 2, records: 2, payload: "x".repeat(i * 5) }),
      );
      for (const batch of batches) log.append(batch);
      await broker.commit();
      expect(log.readTail({ from: Offset(1), upTo: Offset(40), maxBytes: 1 }).kind).toBe("cold");
      const one = await broker.read(log, { from: Offset(1), upTo: Offset(40), maxBytes: 1 });
      expect(one).toEqual([batches[0]]);
      const fitting = await broker.read(log, { from: Offset(0), upTo: Offset(40), maxBytes: 61 + 66 });
      expect(fitting).toEqual(batches.slice(0, 2));
      const bounded = await broker.read(log, { from: Offset(2), upTo: Offset(5), maxBytes: 1000 });
      expect(bounded).toEqual([batches[1]]);
      expect(await broker.readAll(log, 0, 40)).toEqual(batches);
    });

    test("L10 the first batch at or after a timestamp is found on disk and in memory, below the bound", async () => {
      const { driver: broker, log } = await open(SMALL_TAIL);
      const times = [100, 300, 200, 400, 150, 500];
      appendAll(log, ...times.map((timestampMs, i) => ({ baseOffset: i, timestampMs })));
      await broker.commit();
      const found = async (timestampMs: number, upTo = 6) =>
        (await broker.findTimestamp(log, timestampMs, upTo))?.facts.baseOffset ?? null;
      expect(await Promise.all([0, 101, 301, 401, 501].map((time) => found(time)))).toEqual([0, 1, 3, 5, null]);
      expect(await found(301, 3)).toBe(null);
      expect(log.maxTimestampMs).toBe(500);
      log.setHighWatermark(Offset(6));
      log.setLogStartOffset(Offset(2));
      await broker.commit();
      expect(await found(0)).toBe(2);
    });

    test("L10 a search goes on behind a batch that held nothing after all", async () => {
      const { driver: broker, log } = await open(SMALL_TAIL);
      appendAll(log, ...[300, 100, 300, 100, 300].map((timestampMs, i) => ({ baseOffset: i, timestampMs })));
      await broker.commit();
      const from = async (offset: number) =>
        (await broker.findTimestamp(log, 200, 5, offset))?.facts.baseOffset ?? null;
      expect(await Promise.all([0, 1, 3, 4].map(from))).toEqual([0, 2, 4, 4]);
      expect(await broker.findTimestamp(log, 200, 4, 3)).toBe(null);
    });

    test("L62 other batches in place of a range: atomic, exact in size and time, also after a restart", async () => {
      const { driver: broker, log } = await open(SMALL_TAIL);
      const batches = Array.from({ length: 8 }, (_, i) => testBatch({ baseOffset: i * 2, records: 2, timestampMs: i }));
      for (const batch of batches) log.append(batch);
      await broker.commit();
      log.setHighWatermark(Offset(16));
      const changed = testBatch({ baseOffset: 6, records: 2, payload: "less", timestampMs: 2 });
      log.replace(Offset(2), Offset(8), [changed]);
      log.replace(Offset(12), Offset(16), [batches[6]!]);
      log.setCleanedTo(Offset(16), true);
      await broker.commit();
      const left = [batches[0]!, changed, batches[4]!, batches[5]!, batches[6]!];
      const check = async (it: PartitionLog) => {
        expect(await broker.readAll(it, 0, 16)).toEqual(left);
        expect(await broker.read(it, { from: Offset(3), upTo: Offset(16), maxBytes: 1 })).toEqual([changed]);
        expect(it.sizeBytes).toBe(left.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
        expect([it.maxTimestampMs, it.cleanedTo, it.cleanings]).toEqual([6, 16, 1]);
        expect((await broker.findTimestamp(it, 3, 16))?.facts.baseOffset).toBe(8);
        expect(offsets(it)).toEqual({ start: 0, highWatermark: 16, durable: 16, end: 16 });
      };
      await check(log);
      await broker.restart();
      await check(broker.log(log.descriptor.key));
      await broker.crash();
      await check(broker.log(log.descriptor.key));
    });

    test("L62 only what is committed and durable is replaced, by batches of the range in their order", async () => {
      const { driver: broker, log } = await open();
      const batches = [0, 1, 2].map((baseOffset) => testBatch({ baseOffset }));
      for (const batch of batches) log.append(batch);
      expect(() => log.replace(Offset(0), Offset(1), [])).toThrow(/settled/);
      await broker.commit();
      expect(() => log.replace(Offset(0), Offset(1), [])).toThrow(/settled/);
      log.setHighWatermark(Offset(2));
      expect(() => log.replace(Offset(0), Offset(3), [])).toThrow(/settled/);
      expect(() => log.replace(Offset(0), Offset(1), [batches[1]!])).toThrow(/order/);
      expect(() => log.replace(Offset(0), Offset(2), batches.slice(0, 2).reverse())).toThrow(/order/);
    });

    test("L60 a log is looked through for segments, wherever its batches lie", async () => {
      const { driver: broker, log } = await open(SMALL_TAIL);
      const payload = "x".repeat(39);
      appendAll(
        log,
        ...Array.from({ length: 9 }, (_, baseOffset) => ({ baseOffset, payload, timestampMs: baseOffset })),
      );
      await broker.commit();
      const rules = { segmentBytes: 300, segmentMs: 1000 };
      const survey = await broker.survey(log, { from: Offset(1), upTo: Offset(8), rules, last: null });
      expect(survey.segments.map(({ baseOffset, endOffset, sizeBytes }) => [baseOffset, endOffset, sizeBytes])).toEqual(
        [
          [1, 4, 300],
          [4, 7, 300],
          [7, 8, 100],
        ],
      );
      expect(survey.segments[0]).toMatchObject({ firstTimestampMs: 1, largestTimestampMs: 3 });
      expect(survey.upTo).toBe(8);
    });

    test("L11 by size, what remains is never less than asked for", async () => {
      const { driver: broker, log } = await open(SMALL_TAIL);
      const batches = Array.from({ length: 6 }, (_, i) => testBatch({ baseOffset: i, payload: "x".repeat(39) }));
      for (const batch of batches) log.append(batch);
      await broker.commit();
      expect(log.sizeBytes).toBe(600);
      expect(await broker.findKept(log, 250)).toBe(3);
      expect(await broker.findKept(log, 300)).toBe(3);
      expect(await broker.findKept(log, 301)).toBe(2);
      expect(await broker.findKept(log, 600)).toBe(null);
      expect(await broker.findKept(log, 10_000)).toBe(null);
    });

    test("L12 a crash keeps what was committed and takes what was never handed over", async () => {
      const { driver: broker, log } = await open();
      appendAll(log, { baseOffset: 0 });
      await broker.commit();
      appendAll(log, { baseOffset: 1 });
      await broker.crash();
      const again = broker.log(log.descriptor.key);
      expect([again.logEndOffset, again.durableEndOffset]).toEqual([1, 1]);
      expect(await broker.readAll(again, 0, 1)).toHaveLength(1);
    });

    test("L13 epochs, producers, high watermark, vote and snapshot come back with the batches they belong to", async () => {
      const { driver: broker, store, log } = await open();
      const metadata = store.create(metadataDescriptor);
      const vote = { leaderEpoch: 4, leaderId: -1, votedId: 2, votedDirectoryId: Uuid("d0000000000000000000aA") };
      const snapshot = { endOffset: Offset(9), epoch: 3, bytes: new Uint8Array([1, 2, 3]) };
      appendAll(
        log,
        { baseOffset: 0, epoch: 1, producerId: 7, baseSequence: 0 },
        { baseOffset: 1, epoch: 3, producerId: 7, baseSequence: 1 },
      );
      appendAll(metadata, { baseOffset: 0, epoch: 4 });
      await broker.commit();
      log.setHighWatermark(Offset(2));
      log.assignEpochStart(5, Offset(2));
      store.saveQuorumState(vote);
      store.saveSnapshot(snapshot);
      const producers = log.producers.entries;
      await broker.commit();
      await broker.crash();
      const again = broker.log(log.descriptor.key);
      expect(again.epochs.entries).toEqual(log.epochs.entries);
      expect(again.producers.entries.map((entry) => entry.batches)).toEqual(producers.map((entry) => entry.batches));
      expect(again.producers.check(testBatch({ baseOffset: 2, producerId: 7, baseSequence: 1 }).facts).kind).toBe(
        "duplicate",
      );
      expect(again.highWatermark).toBe(2);
      expect(broker.store.quorumState).toEqual(vote);
      const loaded = broker.store.latestSnapshot()!;
      expect({ ...loaded, bytes: [...loaded.bytes] }).toEqual({ ...snapshot, bytes: [1, 2, 3] });
      expect(broker.log(metadataDescriptor.key).logEndOffset).toBe(1);
    });

    test("L14 a removed log is gone, and one made anew under its key begins empty", async () => {
      const { driver: broker, store, log } = await open(SMALL_TAIL);
      appendAll(log, ...Array.from({ length: 10 }, (_, i) => ({ baseOffset: i })));
      await broker.commit();
      store.remove(log.descriptor.key);
      expect(store.logs.has(log.descriptor.key)).toBe(false);
      const anew = store.create(descriptorOf(0));
      expect(offsets(anew)).toEqual({ start: 0, highWatermark: 0, durable: 0, end: 0 });
      appendAll(anew, { baseOffset: 0, payload: "new" });
      await broker.commit();
      await broker.crash();
      const again = broker.log(log.descriptor.key);
      const [read] = await broker.readAll(again, 0, 10);
      expect(new TextDecoder().decode(read!.bytes.subarray(61))).toBe("new");
      broker.store.remove(log.descriptor.key);
      await broker.commit();
      await broker.restart();
      expect(broker.store.logs.has(log.descriptor.key)).toBe(false);
    });

    test("L15 a log whose topic changed its retention goes on as it was", async () => {
      const { driver: broker, store, log } = await open(SMALL_TAIL);
      appendAll(log, { baseOffset: 0 }, { baseOffset: 1 }, { baseOffset: 2 });
      await broker.commit();
      expect(store.create(descriptorOf(0, "delete:1000:-1"))).toBe(log);
      appendAll(log, { baseOffset: 3 }, { baseOffset: 4 });
      await broker.commit();
      await broker.crash();
      const again = broker.log(log.descriptor.key);
      expect(again.descriptor.retentionClass).toBe("delete:1000:-1");
      expect(await broker.readAll(again, 0, 5)).toHaveLength(5);
    });

    test("L16 handed-over bytes count as uncommitted until their commit", async () => {
      const { driver: broker, store, log } = await open();
      const batch = testBatch({ baseOffset: 0 });
      log.append(batch);
      expect(store.health.uncommittedBytes).toBe(batch.bytes.byteLength);
      broker.handOver();
      expect(store.health.uncommittedBytes).toBe(batch.bytes.byteLength);
      expect(store.health.uncommittedBytesMax).toBeGreaterThan(0);
      await broker.commit();
      expect(store.health).toMatchObject({ uncommittedBytes: 0, state: "online", nearlyFull: false });
    });

    test(
      "L17 any history of appends, cuts, reads, commits, crashes and restarts agrees with an array",
      { timeout: 60_000 },
      async () => {
        await checkAgainstModel(openStore, options.runs ?? 100);
      },
    );
  });
}
