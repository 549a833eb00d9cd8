import fc from "fast-check";
import { expect, test } from "vitest";
import {
  JSON_DEPTH_MAX,
  JsonSyntaxError,
  isJson,
  lineAndColumn,
  scanText,
  walkArray,
  walkObject,
} from "./json-scanner.ts";

const bytes = (text: string) => Buffer.from(text);

/** Every byte 0x20-0x7e is drawn often enough to make near-JSON. */
const jsonish = fc.string({
  unit: fc.constantFrom(...Array.from('{}[]",:\\ntrufalse0123456789.-+eE \t\n\u0001u00é𝄞')),
  maxLength: 24,
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("agrees with JSON.parse on near-JSON of every kind", () => {
  fc.assert(
    fc.property(jsonish, (text) => {
      expect(isJson(bytes(text))).toBe(parses(text));
    }),
    { numRuns: 5_000 },
  );
});

test("agrees with JSON.parse on JSON with one character changed", () => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 4 }),
      fc.nat(),
      fc.constantFrom(...Array.from('{}[]",:\\0-e \n')),
      (json, at, char) => {
        const text = json.slice(0, at % json.length) + char + json.slice((at % json.length) + 1);
        expect(isJson(bytes(text))).toBe(parses(text));
      },
    ),
    { numRuns: 3_000 },
  );
});

test("takes every JSON text whole and gives its span without the white space around it", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom("", " ", "\r\n\t"), (json, space) => {
      const text = bytes(space + json + space);
      const span = scanText(text);
      expect(text.subarray(span.start, span.end).toString()).toBe(json);
    }),
  );
});

test("splices members and elements out as they were sent: JSON.parse of the pieces is JSON.parse of the whole", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (object) => {
      const names = Object.keys(object).filter((name) => name !== "__proto__");
      const text = bytes(JSON.stringify(object, names.length === Object.keys(object).length ? undefined : names));
      const found: [string, unknown][] = [];
      walkObject(text, 0, text.length, (name, { start, end }) =>
        found.push([name, JSON.parse(text.subarray(start, end).toString())]),
      );
      expect(found).toEqual(Object.entries(JSON.parse(text.toString()) as object));
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 3 })), (list) => {
      const text = bytes(JSON.stringify(list, null, 1));
      const found: unknown[] = [];
      walkArray(text, 0, text.length, ({ start, end }) => found.push(JSON.parse(text.subarray(start, end).toString())));
      expect(found).toEqual(JSON.parse(text.toString()));
    }),
  );
});

const FAULTS: readonly [string, number, string][] = [
  ["", 0, "the text ends where a value should follow"],
  ['{"a":1,}', 7, "found '}' where a member name in double quotes should be"],
  ["[1,]", 3, "found ']' where a value should be"],
  ['{"a" 1}', 5, "found '1' where a colon should be"],
  ["{a:1}", 1, "found 'a' where a member name in double quotes should be"],
  ["[1 2]", 3, "found '2' where a comma or ] should be"],
  ["01", 1, "found '1' where the end of the text should be"],
  ["1.", 2, "the text ends where a digit should follow"],
  ["tru", 3, "the text ends where true should follow"],
  ['"a\nb"', 2, "a control character inside a string must be escaped"],
  ['"\\x"', 1, "not a legal escape"],
  ['"abc', 0, "the string is not closed"],
  ["\ufeff1", 0, "found byte 0xef where a value should be"],
];
test.each(FAULTS)("%j fails at byte %d", (text, at, message) => {
  try {
    scanText(bytes(text));
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(JsonSyntaxError);
    expect({ at: (error as JsonSyntaxError).at, message: (error as JsonSyntaxError).message }).toEqual({ at, message });
  }
});

test("bytes that are not UTF-8 are not JSON, and the first bad byte is named", () => {
  for (const [text, at] of [
    [Buffer.concat([bytes('"ok é '), Buffer.from([0xff]), bytes('"')]), 7],
    [Buffer.concat([bytes('"𝄞'), Buffer.from([0xc3]), bytes('"')]), 5],
  ] as const)
    try {
      scanText(text);
      expect.unreachable();
    } catch (error) {
      expect((error as JsonSyntaxError).at).toBe(at);
    }
});

test("depth is bounded, and the bound itself is legal", () => {
  expect(isJson(bytes("[".repeat(JSON_DEPTH_MAX) + "]".repeat(JSON_DEPTH_MAX)))).toBe(true);
  expect(isJson(bytes("[".repeat(JSON_DEPTH_MAX + 1) + "]".repeat(JSON_DEPTH_MAX + 1)))).toBe(false);
  expect(isJson(bytes("[".repeat(1_000_000)))).toBe(false);
});

test("line and column count from one", () => {
  expect(lineAndColumn(bytes("ab\ncd\n\nx"), 7)).toEqual({ line: 4, column: 1 });
  expect(lineAndColumn(bytes("ab"), 1)).toEqual({ line: 1, column: 2 });
});
