import { expect, test } from "vitest";
import { cursorOf, parseMoment, parseStart, startText } from "../features/topic/start-choice.ts";
import { oneOf, parseSearch, parseSorting, stringifySearch, stringifySorting, wholeNumber } from "./search.ts";

test("a view state survives the way through the URL", () => {
  const state = { q: "or ders&=", sort: "-size", internal: "1" };
  expect(parseSearch(stringifySearch(state))).toEqual(state);
});

test("what is empty leaves the URL clean, and a ticket never stays in it", () => {
  expect(stringifySearch({ q: "", sort: undefined, internal: false })).toBe("");
  expect(parseSearch("?ticket=abc&tab=config")).toEqual({ tab: "config" });
});

test("sorting is a column with a sign; a foreign column is none", () => {
  expect(parseSorting("-size", ["name", "size"])).toEqual({ id: "size", desc: true });
  expect(parseSorting("size", ["name", "size"])).toEqual({ id: "size", desc: false });
  expect(parseSorting("-colour", ["name", "size"])).toBeNull();
  expect(stringifySorting({ id: "size", desc: true })).toBe("-size");
  expect(stringifySorting(null)).toBeUndefined();
});

test("foreign values fall back", () => {
  expect(oneOf("nonsense", ["partitions", "messages"])).toBe("partitions");
  expect(wholeNumber("12", { min: 0, max: 20 })).toBe(12);
  expect([
    wholeNumber("-1", { min: 0, max: 20 }),
    wholeNumber("1e3", { min: 0, max: 2000 }),
    wholeNumber("21", { min: 0, max: 20 }),
  ]).toEqual([null, null, null]);
});

test.each([
  [undefined, "-50", undefined],
  ["latest", "latest", "latest"],
  ["earliest", "earliest", "earliest"],
  ["42", "2:42", "42"],
  ["@2026-11-21T09:00:00.000Z", "2026-11-21T09:00:00.000Z", "@2026-11-21T09:00:00.000Z"],
  ["nonsense", "-50", undefined],
])("?from=%s reads from %s", (text, cursor, back) => {
  const start = parseStart(text);
  expect(cursorOf(start, 2)).toBe(cursor);
  expect(startText(start)).toBe(back);
});

test.each([
  ["1763631000", 1_763_631_000_000],
  ["1763631000123", 1_763_631_000_123],
  ["2026-11-20T09:00:00Z", Date.UTC(2026, 10, 20, 9)],
  ["yesterday", null],
  ["123", null],
])("moment %j is %s", (text, value) => expect(parseMoment(text)).toBe(value));
