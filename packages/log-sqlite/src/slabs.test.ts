import { describe, expect, test } from "vitest";
import { Slabs } from "./slabs.ts";

const MEBIBYTE = 1024 * 1024;

describe("memory that two threads see", () => {
  test("views are cut one behind the other, aligned, and never overlap", () => {
    const slabs = new Slabs();
    const views = [100, 1, 16_384, 300_000, 7].map((size) => slabs.allocate(size));
    expect(views.every(({ buffer }) => buffer instanceof SharedArrayBuffer)).toBe(true);
    for (const [at, view] of views.entries()) view.fill(at + 1);
    expect(views.map((view, at) => view.every((byte) => byte === at + 1))).toEqual(views.map(() => true));
    expect(views.map(({ byteOffset }) => byteOffset % 8)).toEqual([0, 0, 0, 0, 0]);
  });

  test("bytes that lie in it are taken over, others are copied", () => {
    const slabs = new Slabs();
    const inside = slabs.allocate(1000).subarray(20, 120);
    expect(slabs.adopt(inside)).toBe(inside);
    const outside = Buffer.from("vitrine");
    const copy = slabs.adopt(outside);
    expect(copy.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Buffer.from(copy).toString()).toBe("vitrine");
  });

  test("a small batch of a large frame is copied, so that it does not keep the frame alive", () => {
    const slabs = new Slabs();
    const frame = slabs.allocate(4 * MEBIBYTE);
    const small = frame.subarray(0, 16_384);
    expect(slabs.adopt(small).buffer).not.toBe(frame.buffer);
    const large = frame.subarray(0, MEBIBYTE);
    expect(slabs.adopt(large)).toBe(large);
  });
});
