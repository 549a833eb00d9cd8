import fc from "fast-check";
import { seededRandom } from "@vitrine/core";
import { describe, expect, test } from "vitest";
import { BATCH_AT, isBatchError, patchBatch, readBatchFacts, splitBatches } from "../src/batch.ts";
import { newLeaderChangeMessage, newSnapshotHeaderRecord } from "../src/gen/types.ts";
import { metadataRecord } from "../src/metadata-record.ts";
import { murmur2, partitionOfKey } from "../src/murmur2.ts";
import { ProtocolError } from "../src/protocol-error.ts";
import { buildBatch, type RecordToWrite } from "../src/records/build.ts";
import { COMPRESSIONS, compress, decompress } from "../src/records/compression.ts";
import { buildControlBatch, readControlBatch, type ControlRecord } from "../src/records/control.ts";
import { crc32c, verifyBatchCrc, sealBatch, stampLogAppendTime } from "../src/records/crc32c.ts";
import { buildMetadataBatch, readMetadataBatch } from "../src/records/metadata-records.ts";
import { readRecords } from "../src/records/read.ts";
import { validateProduceBatch, type ProduceRules } from "../src/records/validate.ts";

const text = (value: string) => new TextEncoder().encode(value);
const bytes = fc.uint8Array({ maxLength: 300 });
const record: fc.Arbitrary<RecordToWrite> = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.record({ key: fc.string({ unit: "grapheme" }), value: fc.option(bytes) }), { maxLength: 3 }),
  timestampMs: fc.nat({ max: 2_000_000_000_000 }),
});

test("CRC-32C has the check value of the standard", () => {
  expect(crc32c(text("123456789"))).toBe(0xe3069283);
});

describe("murmur2", () => {
  test.each([
    ["21", -973932308],
    ["foobar", -790332482],
    ["abc", 479470107],
    ["", 275646681],
    ["100:48069", 1009543857],
  ])("%j hashes as in Java", (key, hash) => expect(murmur2(text(key))).toBe(hash));

  test.each([
    ["21", -973932308, 0],
    ["foobar", -790332482, 0],
    ["a-little-bit-long-string", -985981536, 2],
    ["a-little-bit-longer-string", -1486304829, 2],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971, 2],
    ["abc", 479470107, 0],
  ])("T9 %j hashes as in Java, and goes to its partition of three", (key, hash, partition) => {
    expect(murmur2(text(key))).toBe(hash);
    expect(partitionOfKey(text(key), 3)).toBe(partition);
  });

  test("T9 a key goes to the partition the Java client would choose", () => {
    expect(partitionOfKey(text("100:48069"), 12)).toBe(9);
    expect(partitionOfKey(text("21"), 10)).toBe((-973932308 & 0x7fffffff) % 10);
  });
});

describe("batches", () => {
  test.each(COMPRESSIONS)("records come back as they went (%s)", (compression) => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), fc.nat(), (records, baseOffset) => {
        const batch = buildBatch(records, { compression, baseOffset, leaderEpoch: 7 });
        expect(verifyBatchCrc(batch)).toBe(true);
        const back = readRecords(batch);
        expect(back.map(({ offset }) => offset)).toEqual(records.map((_, index) => baseOffset + index));
        expect(back.map(strip)).toEqual(records.map(strip));
        const facts = readBatchFacts(batch);
        expect(facts).toMatchObject({
          baseOffset,
          leaderEpoch: 7,
          recordCount: records.length,
          sizeBytes: batch.length,
        });
      }),
      { numRuns: 20 },
    );
  });

  test("base offset and leader epoch may be patched without touching the CRC", () => {
    const batch = buildBatch([{ key: null, value: text("x"), timestampMs: 5 }]);
    patchBatch(batch, 2 ** 40 + 3, 9);
    expect(verifyBatchCrc(batch)).toBe(true);
    expect(readBatchFacts(batch)).toMatchObject({ baseOffset: 2 ** 40 + 3, lastOffset: 2 ** 40 + 3, leaderEpoch: 9 });
  });

  test("several batches are split, and a last one that is cut off is left out", () => {
    const one = buildBatch([{ key: null, value: text("a"), timestampMs: 1 }]);
    const two = buildBatch([{ key: null, value: text("b"), timestampMs: 1 }], { baseOffset: 1 });
    const both = Buffer.concat([one, two]);
    expect(splitBatches(both).batches.map(({ facts }) => facts.baseOffset)).toEqual([0, 1]);
    for (let end = one.length; end < both.length; end++)
      expect(splitBatches(both.subarray(0, end))).toMatchObject({ batches: { length: 1 }, error: null });
  });

  test("random bytes are an error value or facts, and reading records throws only ProtocolError", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed);
        const compression = COMPRESSIONS[random.nextUint32() % COMPRESSIONS.length]!;
        const records = Array.from({ length: 5 }, () => ({
          key: text("k"),
          value: text("value ".repeat(9)),
          timestampMs: 1,
        }));
        const batch = buildBatch(records, { compression });
        for (let i = 0; i < 3; i++) batch[12 + (random.nextUint32() % (batch.length - 12))] = random.nextUint32();
        if (isBatchError(readBatchFacts(batch))) return;
        try {
          readRecords(batch, 1_000_000);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });

  test("LogAppendTime gives every record the broker's time", () => {
    const batch = buildBatch([{ key: null, value: text("x"), timestampMs: 5 }]);
    stampLogAppendTime(batch, 99);
    expect(verifyBatchCrc(batch)).toBe(true);
    expect(readRecords(batch)[0]!.timestampMs).toBe(99);
  });
});

describe("compression", () => {
  const zeros = new Uint8Array(300_000);

  test.each(COMPRESSIONS)("%s round trip, also of nothing", (name) => {
    for (const plain of [zeros, new Uint8Array(0), text("short")])
      expect(new Uint8Array(decompress(name, compress(name, plain)))).toEqual(plain);
  });

  test.each(COMPRESSIONS.filter((name) => name !== "none"))("%s stops at the cap", (name) => {
    const small = compress(name, zeros);
    expect(small.length).toBeLessThan(20_000);
    expect(() => decompress(name, small, 299_999)).toThrow(expect.objectContaining({ errorName: "MESSAGE_TOO_LARGE" }));
    expect(decompress(name, small, 300_000)).toHaveLength(300_000);
  });

  test("a raw snappy block, as librdkafka writes it, is read too", () => {
    const raw = Uint8Array.of(5, 4 << 2, ...text("hello"));
    expect(Buffer.from(decompress("snappy", raw)).toString()).toBe("hello");
  });

  test.each(COMPRESSIONS.filter((name) => name !== "none"))("%s: damage is CORRUPT_MESSAGE", (name) => {
    expect(() => decompress(name, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9))).toThrow(ProtocolError);
  });
});

describe("what a broker checks before it appends", () => {
  const rules: ProduceRules = {
    maxMessageBytes: 1_000_000,
    nowMs: 1_000_000_000_000,
    timestampAfterMaxMs: 3_600_000,
    timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
    timestampType: "CreateTime",
    compacted: false,
  };
  const now = rules.nowMs;
  const records: RecordToWrite[] = [
    { key: text("k"), value: text("v"), timestampMs: now },
    { key: null, value: text("w"), timestampMs: now },
  ];
  const changed = (change: (view: DataView, batch: Uint8Array) => void) => {
    const batch = buildBatch(records);
    change(new DataView(batch.buffer, batch.byteOffset, batch.length), batch);
    sealBatch(batch);
    return batch;
  };

  test("a good batch passes with its facts", () => {
    expect(validateProduceBatch(buildBatch(records), rules)).toMatchObject({ ok: true, facts: { recordCount: 2 } });
  });

  test.each<[string, string, Uint8Array | null, Partial<ProduceRules>]>([
    ["nothing", "INVALID_RECORD", null, {}],
    ["two batches", "INVALID_RECORD", Buffer.concat([buildBatch(records), buildBatch(records)]), {}],
    ["half a batch", "INVALID_RECORD", buildBatch(records).subarray(0, 70), {}],
    ["magic 1", "INVALID_RECORD", changed((view) => view.setInt8(BATCH_AT.magic, 1)), {}],
    ["a length below the header", "CORRUPT_MESSAGE", changed((view) => view.setInt32(BATCH_AT.batchLength, 3)), {}],
    ["an unknown codec", "UNSUPPORTED_COMPRESSION_TYPE", changed((view) => view.setInt16(BATCH_AT.attributes, 6)), {}],
    [
      "zstd before Produce 7",
      "UNSUPPORTED_COMPRESSION_TYPE",
      buildBatch(records, { compression: "zstd" }),
      { apiVersion: 6 },
    ],
    ["too many bytes", "MESSAGE_TOO_LARGE", buildBatch(records), { maxMessageBytes: 70 }],
    ["a gap in the offsets", "INVALID_RECORD", changed((view) => view.setInt32(BATCH_AT.lastOffsetDelta, 5)), {}],
    ["no record", "INVALID_RECORD", changed((view) => view.setInt32(BATCH_AT.recordCount, 0)), {}],
    ["a control batch", "INVALID_RECORD", buildBatch(records, { isControl: true }), {}],
    [
      "a producer id without a sequence",
      "INVALID_RECORD",
      buildBatch(records, { producerId: 4, producerEpoch: 0 }),
      {},
    ],
    ["a timestamp two hours ahead", "INVALID_TIMESTAMP", buildBatch(records), { nowMs: now - 7_200_000 }],
    ["a timestamp too old", "INVALID_TIMESTAMP", buildBatch(records), { nowMs: now + 10, timestampBeforeMaxMs: 5 }],
  ])("%s: %s", (_what, error, batch, change) => {
    expect(validateProduceBatch(batch, { ...rules, ...change })).toMatchObject({ ok: false, error });
  });

  test("one flipped bit anywhere behind the CRC is CORRUPT_MESSAGE", () => {
    for (let at = BATCH_AT.attributes + 2; at < buildBatch(records).length; at++) {
      const batch = buildBatch(records);
      batch[at]! ^= 1;
      // Offsets, timestamps and sequences out of range are found first; the batch is refused either way.
      expect(validateProduceBatch(batch, rules).ok, `byte ${at}`).toBe(false);
    }
  });

  test("a compacted topic names the records without a key", () => {
    expect(validateProduceBatch(buildBatch(records), { ...rules, compacted: true })).toMatchObject({
      error: "INVALID_RECORD",
      recordErrors: [{ batchIndex: 1 }],
    });
  });

  test("under LogAppendTime the batch gets the broker's time, whatever the client's was; the client's bytes stay as they are", () => {
    const sent = buildBatch([{ key: null, value: text("x"), timestampMs: 5 }]);
    const check = validateProduceBatch(sent, { ...rules, timestampType: "LogAppendTime" });
    expect(check).toMatchObject({ ok: true, facts: { maxTimestampMs: now } });
    if (check.ok) expect(readRecords(check.bytes)[0]!.timestampMs).toBe(now);
    expect(readRecords(sent)[0]!.timestampMs).toBe(5);
  });

  test("1970 is a legal time, and no timestamp at all is too", () => {
    for (const timestampMs of [0, -1])
      expect(validateProduceBatch(buildBatch([{ key: null, value: null, timestampMs }]), rules).ok).toBe(true);
  });
});

describe("records of the cluster itself", () => {
  test("metadata records travel in Kafka's framing", () => {
    const records = [
      metadataRecord("TopicRecord", { name: "orders" }),
      metadataRecord(
        "PartitionRecord",
        { partitionId: 3, replicas: [1, 2, 3], isr: [1, 2], leader: 1, leaderEpoch: 4 },
        0,
      ),
      metadataRecord("NoOpRecord"),
    ];
    const batch = buildMetadataBatch(records, 12, { baseOffset: 100, leaderEpoch: 2 });
    expect(readMetadataBatch(batch)).toEqual(records.map((entry, index) => ({ offset: 100 + index, record: entry })));
    // Frame version, type, version.
    expect([...readRecords(batch)[1]!.value!.subarray(0, 3)]).toEqual([1, 3, 0]);
  });

  test("control records", () => {
    const records: ControlRecord[] = [
      { type: "LEADER_CHANGE", message: newLeaderChangeMessage({ version: 1, leaderId: 2 }) },
      { type: "SNAPSHOT_HEADER", message: newSnapshotHeaderRecord({ lastContainedLogTimestamp: 77 }) },
      { type: "COMMIT", coordinatorEpoch: 4 },
      { type: "ABORT", coordinatorEpoch: 5 },
    ];
    const batch = buildControlBatch(records, 1);
    expect(readBatchFacts(batch)).toMatchObject({ isControl: true });
    expect(readControlBatch(batch)).toEqual(records);
  });
});

function strip(entry: RecordToWrite) {
  const copy = (value: Uint8Array | null) => value && new Uint8Array(value);
  return {
    key: copy(entry.key),
    value: copy(entry.value),
    timestampMs: entry.timestampMs,
    headers: entry.headers?.map((header) => ({ key: header.key, value: copy(header.value) })),
  };
}
