import { expect, test } from "vitest";
import { packCursor, unpackCursor } from "./packed-cursor.ts";

test("a packed cursor survives its text form", () => {
  const cursor = new Map([
    [0, { offset: 1042, epoch: 7 }],
    [999_999_999, { offset: Number.MAX_SAFE_INTEGER, epoch: -1 }],
    [2_147_483_647, { offset: 0, epoch: 2_147_483_647 }],
  ]);
  expect(unpackCursor(packCursor(cursor))).toEqual(cursor);
});

test.each([
  ["a partition", 2_147_483_648, 7],
  ["an epoch", 0, 2_147_483_648],
])("%s that no request has room for is no cursor", (_what, partition, epoch) => {
  expect(unpackCursor(packCursor(new Map([[partition, { offset: 1, epoch }]])))).toBeNull();
});

test.each(["b:", "b:!", "b:gA", "0:1"])("%j is no packed cursor", (text) => {
  expect(unpackCursor(text)).toBeNull();
});
