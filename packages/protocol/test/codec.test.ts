import { seededRandom } from "@vitrine/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtocolError } from "../src/protocol-error.ts";
import { Reader } from "../src/reader.ts";
import { Writer } from "../src/writer.ts";
import { everyCodec, type TestedCodec } from "./every-codec.ts";
import { below, sampleMessage } from "./sample.ts";

const codecs = everyCodec();

describe("every version of every message", () => {
  test.each(codecs.map((codec) => [codec.table.name, codec] as const))("%s comes back as it went", (_name, codec) => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed);
        for (let v = codec.table.versions.min; v <= codec.table.versions.max; v++) {
          const message = sampleMessage(codec.table, v, random);
          const bytes = encode(codec, message, v);
          const back = decode(codec, bytes, v);
          expect(back, `version ${v}`).toEqual(message);
          expect(encode(codec, back, v), `version ${v}, again`).toEqual(bytes);
        }
      }),
      { numRuns: 5 },
    );
  });
});

describe("bytes that lie", () => {
  test("mutated, cut and random bytes give a ProtocolError or a message, never anything else", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed);
        for (let round = 0; round < 60; round++) {
          const codec = codecs[below(random, codecs.length)]!;
          const { min, max } = codec.table.versions;
          const v = min + below(random, max - min + 1);
          const bytes = spoil(encode(codec, sampleMessage(codec.table, v, random), v), random);
          try {
            decode(codec, bytes, v);
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a stated size takes no memory: a billion elements in ten bytes are refused", () => {
    const counts = [
      Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0),
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07, 0, 0, 0, 0, 0),
    ];
    const before = process.memoryUsage().arrayBuffers;
    for (const codec of codecs)
      for (const bytes of counts)
        for (let v = codec.table.versions.min; v <= codec.table.versions.max; v++) {
          try {
            decode(codec, bytes, v);
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
        }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000);
  });

  test("bytes after the message are an error", () => {
    for (const codec of codecs) {
      const v = codec.table.versions.max;
      const bytes = encode(codec, sampleMessage(codec.table, v, seededRandom(1)), v);
      expect(() => decode(codec, Buffer.concat([bytes, Uint8Array.of(0)]), v)).toThrow(ProtocolError);
    }
  });
});

function encode(codec: TestedCodec, message: unknown, v: number): Uint8Array {
  const writer = new Writer();
  codec.write(writer, message, v);
  return new Uint8Array(writer.finish());
}

function decode(codec: TestedCodec, bytes: Uint8Array, v: number): unknown {
  const reader = new Reader(bytes);
  const message = codec.read(reader, v);
  reader.finish();
  return plain(message);
}

/** Views become arrays of their own, so that toEqual compares contents. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  return value;
}

function spoil(bytes: Uint8Array, random: { nextUint32(): number }): Uint8Array {
  const out = new Uint8Array(bytes);
  const kind = below(random, 4);
  if (kind === 0) return out.subarray(0, below(random, out.length + 1));
  if (kind === 1) return Uint8Array.from({ length: below(random, 64) }, () => random.nextUint32() & 255);
  for (let i = 0; i <= kind && out.length > 0; i++) out[below(random, out.length)] = random.nextUint32() & 255;
  return out;
}
