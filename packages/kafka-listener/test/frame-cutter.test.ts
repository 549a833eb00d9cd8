import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameCutter, FrameError } from "../src/frame-cutter.ts";

function framed(body: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function length(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeInt32BE(value);
  return out;
}

describe("cutting frames", () => {
  test("any chunking gives the same frames in the same order", () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 });
    const cuts = fc.array(fc.nat({ max: 40 }), { maxLength: 60 });
    fc.assert(
      fc.property(frames, cuts, fc.boolean(), (bodies, sizes, readLate) => {
        const stream = Buffer.concat(bodies.map(framed));
        const cutter = new FrameCutter();
        const out: number[][] = [];
        const drain = () => {
          for (let frame = cutter.next(1000); frame !== null; frame = cutter.next(1000)) out.push([...frame]);
        };
        let at = 0;
        const push = (size: number) => {
          // The chunk is somebody's buffer: it is used again as soon as the cutter has been told to keep what it needs.
          const borrowed = Buffer.from(stream.subarray(at, at + size));
          cutter.push(borrowed);
          at += borrowed.length;
          if (!readLate) drain();
          cutter.keep();
          borrowed.fill(0xff);
        };
        for (const size of sizes) push(size);
        push(stream.length);
        drain();
        expect(out).toEqual(bodies.map((body) => [...body]));
        expect(cutter.bufferedBytes).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test("a frame of several megabytes in small chunks arrives whole", () => {
    const body = Buffer.alloc(5_000_001, "vitrine");
    const stream = framed(body);
    const cutter = new FrameCutter();
    let frame: Uint8Array | null = null;
    for (let at = 0; at < stream.length; at += 65_536) {
      expect(frame).toBeNull();
      cutter.push(stream.subarray(at, at + 65_536));
      frame = cutter.next(6_000_000);
    }
    expect(Buffer.compare(frame!, body)).toBe(0);
  });

  test("memory is asked for with the frame's size and its first number, however it is cut", () => {
    const stream = Buffer.concat([
      framed(Buffer.of(0, 1, 9, 9, 9, 9, 9, 9)),
      framed(Buffer.of(1, 2, 3, 4)),
      framed(Buffer.of(7)),
    ]);
    for (let cut = 0; cut <= stream.length; cut++) {
      const asked: [number, number][] = [];
      const cutter = new FrameCutter((sizeBytes, key) => {
        asked.push([sizeBytes, key]);
        return new Uint8Array(sizeBytes);
      });
      for (const part of [stream.subarray(0, cut), stream.subarray(cut)]) {
        cutter.push(part);
        while (cutter.next(1000) !== null);
      }
      expect(asked).toEqual([
        [8, 1],
        [4, 0x0102],
        [1, -1],
      ]);
    }
  });

  test.each([-1, -2147483648, 1001, 2147483647])("a length of %i is refused, whole or byte by byte", (wrong) => {
    const whole = new FrameCutter();
    whole.push(length(wrong));
    expect(() => whole.next(1000)).toThrow(FrameError);
    const slow = new FrameCutter();
    for (const byte of length(wrong).subarray(0, 3)) {
      slow.push(Buffer.of(byte));
      expect(slow.next(1000)).toBeNull();
    }
    slow.push(length(wrong).subarray(3));
    expect(() => slow.next(1000)).toThrow(FrameError);
  });

  test("a stated length of 100 MB takes at most 1 MiB until bytes come", () => {
    const before = process.memoryUsage().arrayBuffers;
    const cutter = new FrameCutter();
    cutter.push(Buffer.concat([length(100_000_000), Buffer.of(1)]));
    expect(cutter.next(200_000_000)).toBeNull();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 1024 * 1024);
  });
});
