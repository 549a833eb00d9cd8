import { describe, expect, test } from "vitest";
import { formatByteRate, formatBytes, formatCompact, formatInteger, formatRate, plural, shownOf } from "./numbers.ts";
import { prettyJson } from "./pretty-json.ts";
import { parseDuration, parseSize } from "./quantities.ts";
import { readableSetting } from "./settings.ts";
import { formatAge, formatDateTime, formatDuration, formatRetention, formatTime } from "./time.ts";

describe("numbers", () => {
  test.each([
    [0, "0"],
    [1234567, "1,234,567"],
    [Number.MAX_SAFE_INTEGER, "9,007,199,254,740,991"],
    [null, "\u2013"],
    [undefined, "\u2013"],
  ])("an integer %s reads %s", (value, text) => expect(formatInteger(value)).toBe(text));

  test.each([
    [0, "0"],
    [0.25, "0.3"],
    [99.9, "99.9"],
    [1204.4, "1,204"],
    [123_456, "123.5k"],
    [12_345_678, "12.3M"],
    [null, "\u2013"],
  ])("a rate of %s reads %s", (value, text) => expect(formatRate(value)).toBe(text));

  test.each([
    [0, "0 B"],
    [999, "999 B"],
    [1_000, "1.0 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [48_300_000, "48.3 MB"],
    [2e15, "2.0 PB"],
    [5e18, "5,000 PB"],
  ])("%s bytes read %s", (value, text) => expect(formatBytes(value)).toBe(text));

  test("in little room numbers are exact as long as they are small", () =>
    expect([9_999, 26_300, 999_500, null].map(formatCompact)).toEqual(["9,999", "26k", "1.0M", "\u2013"]));
  test("what is not known is a dash, never a zero", () => expect(formatByteRate(null)).toBe("\u2013"));
  test("counts agree with their nouns", () =>
    expect([plural(1, "topic"), plural(0, "topic"), plural(1200, "topic")]).toEqual([
      "1 topic",
      "0 topics",
      "1,200 topics",
    ]));
  test("a list says how much of it passes the filter, where not all of it does", () =>
    expect([shownOf(1, 3, "topic"), shownOf(0, 1, "topic"), shownOf(3, 3, "topic")]).toEqual([
      "1 of 3 topics",
      "0 of 1 topic",
      "3 topics",
    ]));
});

describe("time", () => {
  const moment = Date.UTC(2026, 10, 21, 9, 14, 3, 120);
  test("a time is shown in the chosen zone, to the millisecond", () => {
    expect(formatTime(moment, "UTC")).toBe("09:14:03.120");
    expect(formatTime(moment, "Asia/Kolkata")).toBe("14:44:03.120");
    expect(formatDateTime(moment, "UTC")).toBe("2026-11-21 09:14:03.120");
    expect(formatTime(-1, "UTC")).toBe("\u2013");
  });
  test.each([
    [0, "0 s"],
    [41_900, "41 s"],
    [245_000, "4 min 05 s"],
    [11_520_000, "3 h 12 min"],
    [187_200_000, "2 d 4 h"],
  ])("%s ms last %s", (value, text) => expect(formatDuration(value)).toBe(text));
  test("a young age shows tenths", () => expect([formatAge(240), formatAge(12_000)]).toEqual(["0.2 s", "12 s"]));
  test.each([
    [-1, "for ever"],
    [604_800_000, "7 d"],
    [5_400_000, "1.5 h"],
    [500, "500 ms"],
    [null, "\u2013"],
  ])("a retention of %s reads %s", (value, text) => expect(formatRetention(value)).toBe(text));
});

describe("quantities as people type them", () => {
  test.each([
    ["7d", 604_800_000],
    ["1.5 h", 5_400_000],
    ["30min", 1_800_000],
    ["90S", 90_000],
    ["86400000", 86_400_000],
    ["for ever", -1],
    ["-1", -1],
    ["soon", null],
    ["", null],
    ["7 parsecs", null],
  ])("duration %j is %s ms", (text, value) => expect(parseDuration(text)).toBe(value));
  test.each([
    ["1048588", 1_048_588],
    ["1 MiB", 1_048_576],
    ["512kB", 512_000],
    ["2GB", 2e9],
    ["big", null],
  ])("size %j is %s bytes", (text, value) => expect(parseSize(text)).toBe(value));
  test("settings say what their number means", () => {
    expect(readableSetting("retention.ms", "604800000")).toBe("7 d");
    expect(readableSetting("segment.bytes", "1073741824")).toBe("1.1 GB");
    expect(readableSetting("retention.bytes", "-1")).toBe("no limit");
    expect(readableSetting("flush.messages", "9223372036854775807")).toBe("no limit");
    expect(readableSetting("cleanup.policy", "delete")).toBe("");
  });
});

describe("prettyJson", () => {
  test("indents and keeps every digit and escape", () => {
    expect(prettyJson('{"id":9223372036854775807,"s":"a\\"{,}","e":[],"n":[1.50,{}]}')).toBe(
      '{\n  "id": 9223372036854775807,\n  "s": "a\\"{,}",\n  "e": [],\n  "n": [\n    1.50,\n    {}\n  ]\n}',
    );
  });
  test("ends on text that is not JSON", () => expect(prettyJson('{"a": "unfinished')).toContain('"unfinished'));
});
