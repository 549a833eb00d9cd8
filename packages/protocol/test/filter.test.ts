import fc from "fast-check";
import { expect, test } from "vitest";
import {
  buildBatch,
  COMPRESSIONS,
  readBatchFacts,
  readRecords,
  recordFormat,
  type RecordToWrite,
  type StoredRecord,
  verifyBatchCrc,
} from "../src/index.ts";

/** Views of whatever kind, as plain arrays. */
const plain = (records: readonly StoredRecord[]) =>
  records.map(({ key, value, headers, ...rest }) => ({
    ...rest,
    key: key && [...key],
    value: value && [...value],
    headers: headers.map((header) => [header.key, header.value && [...header.value]]),
  }));
const bytes = (text: string) => new TextEncoder().encode(text);
const record = fc.record({
  key: fc.option(fc.uint8Array({ maxLength: 200 })),
  value: fc.option(fc.uint8Array({ maxLength: 200 })),
  headers: fc.array(fc.record({ key: fc.string(), value: fc.option(fc.uint8Array({ maxLength: 9 })) }), {
    maxLength: 2,
  }),
  timestampMs: fc.integer({ min: 0, max: 2 ** 41 }),
});

test.each(COMPRESSIONS)(
  "what is left of a batch is as it was: offsets, times, keys, values, headers, sequence (%s)",
  (compression) => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(fc.boolean()),
        fc.option(fc.integer({ min: 0, max: 2 ** 42 })),
        (records, fates, deleteHorizonMs) => {
          const producer = { producerId: 9, producerEpoch: 1, baseSequence: 77 };
          const batch = buildBatch(records, { baseOffset: 1000, leaderEpoch: 3, compression, ...producer });
          const before = readRecords(batch);
          const kept = before.flatMap((_, index) => (fates.next().value || index === 0 ? [index] : []));
          const opened = recordFormat.open(batch);
          expect(opened.records.map(({ offset, key, hasValue }) => [offset, key && [...key], hasValue])).toEqual(
            before.map(({ offset, key, value }) => [offset, key && [...key], value !== null]),
          );
          const after = opened.keep(kept, deleteHorizonMs);
          expect(plain(readRecords(after))).toEqual(plain(kept.map((index) => before[index]!)));
          expect(verifyBatchCrc(after)).toBe(true);
          const facts = recordFormat.facts(after);
          expect(facts).toMatchObject({ ...producer, baseOffset: 1000, leaderEpoch: 3, recordCount: kept.length });
          expect(facts.lastOffset).toBe(recordFormat.facts(batch).lastOffset);
          expect(facts.maxTimestampMs).toBe(Math.max(...kept.map((index) => records[index]!.timestampMs)));
          expect(facts.attributes & 7).toBe(COMPRESSIONS.indexOf(compression));
          // KIP-534: the bit, and the horizon where the base timestamp stands.
          expect((facts.attributes & 0x40) !== 0).toBe(deleteHorizonMs !== null);
          if (deleteHorizonMs !== null) expect(facts.baseTimestampMs).toBe(deleteHorizonMs);
          const again = recordFormat.open(after).keep([0], null);
          expect(plain(readRecords(again))).toEqual(plain([before[kept[0]!]!]));
          expect(recordFormat.facts(again).attributes).toBe(facts.attributes);
        },
      ),
      { numRuns: 40 },
    );
  },
);

test("a header alone keeps offsets, producer and sequence, as Kafka writes it", () => {
  const records: RecordToWrite[] = [1, 2].map((timestampMs) => ({ key: bytes("k"), value: null, timestampMs }));
  const batch = buildBatch(records, {
    baseOffset: 7,
    compression: "gzip",
    producerId: 9,
    producerEpoch: 1,
    baseSequence: 5,
  });
  const empty = recordFormat.withoutRecords(recordFormat.open(batch).keep([0, 1], 5000));
  expect(empty).toHaveLength(61);
  expect(verifyBatchCrc(empty)).toBe(true);
  expect(readBatchFacts(empty)).toMatchObject({
    baseOffset: 7,
    lastOffset: 8,
    recordCount: 0,
    producerId: 9,
    producerEpoch: 1,
    baseSequence: 5,
    attributes: 0,
    baseTimestampMs: -1,
    maxTimestampMs: 2,
  });
  expect(readRecords(empty)).toEqual([]);
});

test("bytes that are no records are refused as damage", () => {
  const batch = buildBatch([{ key: bytes("k"), value: bytes("v"), timestampMs: 1 }]);
  batch[61] = 0x7e;
  expect(() => recordFormat.open(batch)).toThrow(/broken record/);
});
