import { expect, test } from "vitest";
import { groupPartition, javaStringHash } from "../src/partition-for.ts";

test.each([
  // Values of Java's String.hashCode.
  ["", 0],
  ["a", 97],
  ["my-group", -1_906_497_762],
  ["polygenelubricants", -2_147_483_648],
  ["hello world", 1_794_106_052],
  ["Ünïcödé", 1_055_431_381],
])("G5 the hash of %j is Java's", (text, hash) => {
  expect(javaStringHash(text)).toBe(hash);
});

test("G5 my-group lives in partition 12 of 50; the smallest hash, which has no positive twin, in partition 0", () => {
  expect(groupPartition("my-group", 50)).toBe(12);
  expect(groupPartition("polygenelubricants", 50)).toBe(0);
  expect(groupPartition("a", 50)).toBe(47);
});
