import fc from "fast-check";
import { expect, test } from "vitest";
import { RecordSplitter } from "./line-splitter.ts";

function split(chunks: readonly Buffer[], mode: "lines" | "json-seq" = "lines", max = 1_000): string[] {
  const splitter = new RecordSplitter(mode, max);
  const records = chunks.flatMap((chunk) =>
    splitter.push(chunk).map((record) => Buffer.from(record).toString("latin1")),
  );
  const last = splitter.end();
  return last === null ? records : [...records, Buffer.from(last).toString("latin1")];
}

/** The text cut into chunks at these places. */
function cut(text: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (text.length + 1)), text.length].toSorted((a, b) => a - b);
  return ends.map((end, i) => text.subarray(i === 0 ? 0 : ends[i - 1], end));
}

test("lines come out the same however the bytes are cut, CR kept, a last line without LF counted", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom("a", "\r", "é", "\u0000"), maxLength: 6 })),
      fc.boolean(),
      fc.array(fc.nat()),
      (lines, ended, places) => {
        const text = Buffer.from(lines.join("\n") + (ended && lines.length > 0 ? "\n" : ""));
        const whole = lines.map((line) => Buffer.from(line).toString("latin1"));
        const wanted = ended || lines.at(-1) !== "" ? whole : whole.slice(0, -1);
        expect(split(cut(text, places))).toEqual(wanted);
      },
    ),
  );
});

test.each([
  ["a\r\nb\r\n", ["a\r", "b\r"]],
  ["a\n\nb", ["a", "", "b"]],
  ["\n", [""]],
  ["", []],
  ["a", ["a"]],
])("%j", (text, wanted) => expect(split([Buffer.from(text)])).toEqual(wanted));

test("a sequence (RFC 7464) begins each text with RS; nothing stands before the first", () => {
  expect(split([Buffer.from('\x1e{"a":1}\n\x1e{"b"'), Buffer.from(":2}\n")], "json-seq")).toEqual([
    '{"a":1}\n',
    '{"b":2}\n',
  ]);
});

test.each([
  [["a\n", "b".repeat(10)], ["a", "b".repeat(10)], false],
  [[`a\n${"b".repeat(11)}\nc\n`], ["a"], true],
  [["a\n", "b".repeat(6), "b".repeat(6), "\nc\n"], ["a"], true],
  [["a\n", "b".repeat(6), "bbbbbb\nc\n"], ["a"], true],
])("a record over the limit ends the cutting, and what came before it counts: %j", (chunks, wanted, overflow) => {
  const splitter = new RecordSplitter("lines", 10);
  const records = chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk)));
  const last = splitter.end();
  expect([...records, ...(last === null ? [] : [last])].map((record) => Buffer.from(record).toString())).toEqual(
    wanted,
  );
  expect(splitter.overflow).toBe(overflow);
});
