/** N19 to N21: bytes from outside, arbitrary and mutated. Whatever they are, there is a value or a ProtocolError, and no memory by a stated size. */
import { seededRandom } from "@vitrine/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { APIS } from "../messages/index.ts";
import { API_TABLE } from "../src/api-keys.ts";
import { splitBatches } from "../src/batch.ts";
import { decodeRequest, decodeResponse, peekRequest, REQUEST_ELEMENTS_MAX } from "../src/decode.ts";
import { encodeRequest } from "../src/encode.ts";
import { API_CODECS } from "../src/gen/codecs.ts";
import { ProtocolError } from "../src/protocol-error.ts";
import { buildBatch } from "../src/records/build.ts";
import { COMPRESSIONS, decompress } from "../src/records/compression.ts";
import { readControlBatch } from "../src/records/control.ts";
import { sealBatch } from "../src/records/crc32c.ts";
import { validateProduceBatch, type ProduceRules } from "../src/records/validate.ts";
import { sampleMessage } from "./sample.ts";

/** Runs; a ProtocolError is an answer, anything else that is thrown a bug. */
function tame<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

/** What an attacker does to good bytes: some others, fewer, more, or a wild number somewhere. */
const spoiling = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant("cut" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("insert" as const), at: fc.nat(), bytes: fc.uint8Array({ maxLength: 12 }) }),
  fc.record({
    kind: fc.constant("number" as const),
    at: fc.nat(),
    value: fc.constantFrom(-1, -2, 0, 1, 0x7fff_ffff, -0x8000_0000, 0x0100_0000),
  }),
);
type Spoiling = typeof spoiling extends fc.Arbitrary<infer T> ? T : never;

function spoil(bytes: Uint8Array, changes: readonly Spoiling[]): Uint8Array {
  let out = Buffer.from(bytes);
  for (const change of changes) {
    if (out.length === 0) return out;
    const at = change.at % out.length;
    if (change.kind === "flip") out[at] = change.byte;
    else if (change.kind === "cut") out = out.subarray(0, at);
    else if (change.kind === "insert") out = Buffer.concat([out.subarray(0, at), change.bytes, out.subarray(at)]);
    else if (at + 4 <= out.length) out.writeInt32BE(change.value, at);
  }
  return out;
}

const anyRow = fc.constantFrom(...API_TABLE);

/** A well-made request of some key and version, without its length. */
const goodFrame = fc.tuple(anyRow, fc.nat(), fc.integer()).map(([row, pick, seed]) => {
  const apiVersion = row.min + (pick % (row.max - row.min + 1));
  const { request } = APIS.find((api) => api.key === row.key)!;
  const body = sampleMessage(request, apiVersion, seededRandom(seed));
  return encodeRequest({ apiKey: row.key, apiVersion, correlationId: 7, clientId: "fuzz" }, body).slice(4);
});

describe("request and response frames", () => {
  test("N19 N21 arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        tame(() => peekRequest(bytes));
        tame(() => decodeRequest(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  test("N19 N21 arbitrary bytes behind a header of every key", () => {
    fc.assert(
      fc.property(anyRow, fc.nat(), fc.uint8Array({ maxLength: 200 }), (row, pick, bytes) => {
        const apiVersion = row.min + (pick % (row.max - row.min + 1));
        const head = Buffer.alloc(8);
        head.writeInt16BE(row.key, 0);
        head.writeInt16BE(apiVersion, 2);
        tame(() => decodeRequest(Buffer.concat([head, bytes])));
        tame(() => decodeResponse(row.key, apiVersion, bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  test("N19 N21 good frames, spoiled; what is still understood can be written again", () => {
    fc.assert(
      fc.property(goodFrame, fc.array(spoiling, { minLength: 1, maxLength: 4 }), (frame, changes) => {
        const decoded = tame(() => decodeRequest(spoil(frame, changes)));
        if (!decoded) return;
        // Dirty, but decoded: a record field of wild numbers may not fit back, yet nothing else may happen.
        tame(() => encodeRequest(decoded.header, decoded.body));
      }),
      { numRuns: 2_000 },
    );
  });

  test("N19 a frame of millions of tiny elements or tags is refused, and takes no memory for them", () => {
    // Metadata v12, topics of an id, a null name and no tags: eighteen bytes each; and a struct with as many unknown tags.
    const count = REQUEST_ELEMENTS_MAX + 1;
    const uvarint = (value: number) => {
      const out: number[] = [];
      for (let rest = value; ; rest = Math.floor(rest / 128)) {
        out.push((rest & 127) | (rest > 127 ? 128 : 0));
        if (rest <= 127) return Buffer.from(out);
      }
    };
    const header = Buffer.from([0, 3, 0, 12, 0, 0, 0, 1, 0xff, 0xff, 0]);
    const elements = Buffer.concat([header, uvarint(count + 1), Buffer.alloc(18 * count)]);
    const before = process.memoryUsage();
    expect(() => decodeRequest(elements)).toThrow(/more array elements than are allowed/);
    const tags = Buffer.concat([
      Buffer.from([0, 3, 0, 12, 0, 0, 0, 1, 0xff, 0xff]),
      uvarint(count),
      Buffer.alloc(2 * count),
    ]);
    expect(() => decodeRequest(tags)).toThrow(ProtocolError);
    expect(process.memoryUsage().heapUsed - before.heapUsed).toBeLessThan(32 << 20);
  });

  test("N19 a varint of eleven bytes, a negative length and a count beyond the frame are told from each other and never read on", () => {
    const behind = (...bytes: number[]) => Buffer.from([0, 3, 0, 12, 0, 0, 0, 1, 0xff, 0xff, 0, ...bytes]);
    for (const wrong of [
      behind(...Array<number>(11).fill(0xff)),
      behind(0xff, 0xff, 0xff, 0xff, 0x0f),
      behind(0xff, 0xff, 0xff, 0xff, 0x7f),
      behind(2, ...Array<number>(16).fill(0), 0xff, 0xff, 0x03),
      behind(1, 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f),
    ])
      expect(() => decodeRequest(wrong)).toThrow(ProtocolError);
  });

  test("N21 tags that nobody knows are passed over, also those that only responses have; a string that is no UTF-8 is still a string", () => {
    // ApiVersions v3 with the response's tags 0 to 2 in its request.
    const name = Buffer.from([2, 0x61]);
    const tags = Buffer.from([3, 0, 1, 9, 1, 1, 9, 2, 1, 9]);
    const frame = Buffer.concat([Buffer.from([0, 18, 0, 3, 0, 0, 0, 1, 0xff, 0xff, 0]), name, name, tags]);
    expect(decodeRequest(frame).body).toMatchObject({ clientSoftwareName: "a", clientSoftwareVersion: "a" });
    const odd = Buffer.from([0, 3, 0, 1, 0, 0, 0, 1, 0, 2, 0xff, 0xfe, 0, 0, 0, 1, 0, 3, 0xc3, 0x28, 0x80]);
    const { header, body } = decodeRequest(odd);
    expect(header.clientId).toBe("\ufffd\ufffd");
    expect(body).toMatchObject({ topics: [{ name: "\ufffd(\ufffd" }] });
  });

  test("every key of the tables is covered by the codec", () => {
    expect(API_CODECS.map(({ key }) => key)).toEqual(API_TABLE.map(({ key }) => key));
  });
});

describe("record batches", () => {
  const rules: ProduceRules = {
    maxMessageBytes: 1 << 20,
    nowMs: 1_700_000_000_000,
    timestampAfterMaxMs: 3_600_000,
    timestampBeforeMaxMs: Infinity,
    timestampType: "CreateTime",
    compacted: false,
  };
  const goodBatch = fc
    .record({
      compression: fc.constantFrom(...COMPRESSIONS),
      values: fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 6 }),
      hasKeys: fc.boolean(),
    })
    .map(({ compression, values, hasKeys }) =>
      buildBatch(
        values.map((value) => ({ key: hasKeys ? value : null, value, timestampMs: rules.nowMs })),
        { compression },
      ),
    );
  const anyRules = fc.record({
    compacted: fc.boolean(),
    timestampType: fc.constantFrom("CreateTime" as const, "LogAppendTime" as const),
    compression: fc.constantFrom("producer" as const, "zstd" as const, "snappy" as const, "uncompressed" as const),
  });

  test("N20 arbitrary bytes and spoiled batches, sealed with a right CRC or not: taken or refused, under every rule", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), goodBatch),
        fc.array(spoiling, { maxLength: 3 }),
        anyRules,
        fc.boolean(),
        (bytes, changes, change, isSealed) => {
          const batch = spoil(bytes, changes);
          if (isSealed && batch.length > 61) sealBatch(batch);
          const check = validateProduceBatch(batch, {
            ...rules,
            compacted: change.compacted,
            timestampType: change.timestampType,
            compression: { type: change.compression },
          });
          // What is taken can be stored and served: it is one batch, and has its facts.
          if (check.ok) expect(splitBatches(check.bytes)).toMatchObject({ batches: { length: 1 }, error: null });
          splitBatches(batch);
          tame(() => readControlBatch(batch));
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test("N17 N20 arbitrary payloads of every codec: bytes within the cap, or a ProtocolError", () => {
    fc.assert(
      fc.property(fc.constantFrom(...COMPRESSIONS), fc.uint8Array({ maxLength: 300 }), (codec, payload) => {
        const plain = tame(() => decompress(codec, payload, 10_000));
        if (plain && codec !== "none") expect(plain.length).toBeLessThanOrEqual(10_000);
      }),
      { numRuns: 2_000 },
    );
  });
});
