import { describe, expect, test } from "vitest";
import { BATCH_AT, isBatchError, readBatchFacts } from "../src/batch.ts";
import { buildBatch, type RecordToWrite } from "../src/records/build.ts";
import { compressionOf, COMPRESSIONS, type Compression } from "../src/records/compression.ts";
import { sealBatch, verifyBatchCrc } from "../src/records/crc32c.ts";
import { readRecords } from "../src/records/read.ts";
import { recompressBatch } from "../src/records/recompress.ts";
import { validateProduceBatch, type ProduceRules } from "../src/records/validate.ts";

const text = (value: string) => new TextEncoder().encode(value);
const hex = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString("hex");
/** The records of a batch, whatever kind of view their bytes are. */
const plainRecords = (batch: Uint8Array) =>
  readRecords(batch).map(({ key, value, headers, ...rest }) => ({
    ...rest,
    key: hex(key),
    value: hex(value),
    headers: headers.map((header) => [header.key, hex(header.value)]),
  }));
const NOW_MS = 1_700_000_000_000;
const records: RecordToWrite[] = Array.from({ length: 20 }, (_, i) => ({
  key: i % 3 === 0 ? null : text(`key ${i}`),
  value: text(`value ${i} `.repeat(30)),
  headers: [{ key: "h", value: text(String(i)) }],
  timestampMs: NOW_MS + i,
}));
const rules: ProduceRules = {
  maxMessageBytes: 1_000_000,
  nowMs: NOW_MS,
  timestampAfterMaxMs: 3_600_000,
  timestampBeforeMaxMs: Infinity,
  timestampType: "CreateTime",
  compacted: false,
};
const codecOf = (batch: Uint8Array) =>
  compressionOf(new DataView(batch.buffer, batch.byteOffset).getInt16(BATCH_AT.attributes));

describe("a batch in the topic's own codec", () => {
  const pairs = COMPRESSIONS.flatMap((from) => COMPRESSIONS.map((to): [Compression, Compression] => [from, to]));

  test.each(pairs)(
    "from %s to %s: the same records, offsets, times, producer and sequence, with a right CRC",
    (from, to) => {
      const options = { producerId: 9, producerEpoch: 2, baseSequence: 77, baseOffset: 500, leaderEpoch: 3 };
      const before = buildBatch(records, { ...options, compression: from });
      const after = recompressBatch(before, to, { recordCount: records.length, maxBytes: 1 << 20 });
      expect(codecOf(after)).toBe(to);
      expect(verifyBatchCrc(after)).toBe(true);
      expect(plainRecords(after)).toEqual(plainRecords(before));
      const { crc, attributes, sizeBytes, ...facts } = readBatchFacts(before) as Exclude<
        ReturnType<typeof readBatchFacts>,
        { reason: string }
      >;
      expect(readBatchFacts(after)).toMatchObject(facts);
      expect([crc, attributes, sizeBytes]).not.toContain(undefined);
    },
  );

  test("a level changes how tightly gzip and zstd pack", () => {
    for (const codec of ["gzip", "zstd"] as const) {
      const at = (level: number) =>
        recompressBatch(buildBatch(records), codec, { recordCount: records.length, maxBytes: 1 << 20, level }).length;
      expect(at(9)).toBeLessThan(at(1));
    }
  });

  test("a payload that is not what the batch states gets no fresh CRC", () => {
    const lying = buildBatch(records, { compression: "gzip" });
    const view = new DataView(lying.buffer, lying.byteOffset);
    view.setInt32(BATCH_AT.recordCount, 19);
    view.setInt32(BATCH_AT.lastOffsetDelta, 18);
    sealBatch(lying);
    const check = validateProduceBatch(lying, { ...rules, compression: { type: "zstd" } });
    expect(check).toMatchObject({ ok: false, error: "CORRUPT_MESSAGE" });
  });

  test("the producer's own bytes pass untouched where the topic keeps them or wants that codec; else the count says what was decoded", () => {
    const sent = buildBatch(records, { compression: "lz4" });
    for (const type of ["producer", "lz4"] as const) {
      const check = validateProduceBatch(sent, { ...rules, compression: { type } });
      expect(check).toMatchObject({ ok: true, decodedRecords: 0 });
      if (check.ok) expect(check.bytes).toBe(sent);
    }
    const plain = validateProduceBatch(sent, { ...rules, compression: { type: "uncompressed" } });
    expect(plain).toMatchObject({ ok: true, decodedRecords: 20 });
    if (plain.ok) expect(codecOf(plain.bytes)).toBe("none");
  });

  test("LogAppendTime and a codec go together, and the client's bytes stay as they are", () => {
    const sent = buildBatch(records, { compression: "gzip" });
    const copy = new Uint8Array(sent);
    const check = validateProduceBatch(sent, {
      ...rules,
      nowMs: NOW_MS + 5_000,
      timestampType: "LogAppendTime",
      compression: { type: "snappy" },
    });
    if (!check.ok) throw new Error(check.message);
    expect(verifyBatchCrc(check.bytes)).toBe(true);
    expect(codecOf(check.bytes)).toBe("snappy");
    expect(new Set(readRecords(check.bytes).map(({ timestampMs }) => timestampMs))).toEqual(new Set([NOW_MS + 5_000]));
    expect(isBatchError(readBatchFacts(check.bytes))).toBe(false);
    expect(sent).toEqual(copy);
  });

  test("what becomes too large in the topic's codec is MESSAGE_TOO_LARGE", () => {
    const sent = buildBatch(records, { compression: "zstd" });
    const check = validateProduceBatch(sent, {
      ...rules,
      maxMessageBytes: sent.length,
      compression: { type: "uncompressed" },
    });
    expect(check).toMatchObject({ ok: false, error: "MESSAGE_TOO_LARGE" });
    if (!check.ok) expect(check.message).toMatch(/as uncompressed/);
  });
});

describe("N17 bombs", () => {
  /** A batch of 5 KB (zstd) to 2.4 MB (snappy) that decompresses to 48 MiB. */
  const bomb = (compression: Compression) =>
    buildBatch([{ key: null, value: new Uint8Array(48 << 20), timestampMs: NOW_MS }], { compression });

  test.each(COMPRESSIONS.filter((name) => name !== "none"))(
    "N17 a %s bomb is MESSAGE_TOO_LARGE where its content is looked at, and costs no memory for what it would be",
    (compression) => {
      const sent = bomb(compression);
      const other = compression === "gzip" ? "zstd" : "gzip";
      const before = process.memoryUsage().rss;
      for (const change of [{ compacted: true }, { compression: { type: other } }] as const)
        expect(validateProduceBatch(sent, { ...rules, maxMessageBytes: sent.length, ...change })).toMatchObject({
          ok: false,
          error: "MESSAGE_TOO_LARGE",
        });
      expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
    },
  );

  test("N17 nobody unpacks a bomb that only passes through", () => {
    const sent = bomb("zstd");
    expect(validateProduceBatch(sent, rules)).toMatchObject({ ok: true, decodedRecords: 0 });
  });
});

describe("records at fault are named one by one", () => {
  test("L8 too new, too old", () => {
    const mixed = [NOW_MS, NOW_MS + 7_200_000, 1_000, NOW_MS + 1].map((timestampMs) => ({
      key: null,
      value: text("x"),
      timestampMs,
    }));
    const check = validateProduceBatch(buildBatch(mixed), rules);
    expect(check).toMatchObject({ ok: false, error: "INVALID_TIMESTAMP", recordErrors: [{ batchIndex: 1 }] });
    const bounded = validateProduceBatch(buildBatch([mixed[0]!, mixed[2]!, mixed[3]!]), {
      ...rules,
      timestampBeforeMaxMs: 60_000,
    });
    // The header knows only the first and the newest time: this needs the records.
    expect(bounded).toMatchObject({ ok: false, error: "INVALID_TIMESTAMP", recordErrors: [{ batchIndex: 1 }] });
  });

  test("L7 a batch without any key names at most a thousand, and says how many there are", () => {
    const keyless = Array.from({ length: 3_000 }, () => ({ key: null, value: null, timestampMs: NOW_MS }));
    const check = validateProduceBatch(buildBatch(keyless), { ...rules, compacted: true });
    if (check.ok) throw new Error("it was taken");
    expect(check.recordErrors).toHaveLength(1_000);
    expect(check.message).toMatch(/^3000 of the batch's records are refused/);
  });
});
