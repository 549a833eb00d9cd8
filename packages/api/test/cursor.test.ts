import fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatCursor,
  formatEventCursor,
  mergeCursor,
  parseCursor,
  parseEventCursor,
  parseView,
  viewName,
} from "../src/index.ts";

const position = fc.record({
  offset: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  epoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
});
const cursors = fc
  .array(fc.tuple(fc.nat({ max: 9_999 }), position), { minLength: 1, maxLength: 20 })
  .map((pairs) => new Map(pairs));

test("a cursor survives its text form", () => {
  fc.assert(
    fc.property(cursors, (cursor) => {
      expect(parseCursor(formatCursor(cursor))).toEqual(new Map([...cursor].toSorted(([a], [b]) => a - b)));
    }),
  );
});

test("moving on replaces only the partitions that moved", () => {
  fc.assert(
    fc.property(cursors, cursors, (cursor, next) => {
      const merged = mergeCursor(cursor, next);
      for (const [partition, value] of merged) expect(value).toEqual(next.get(partition) ?? cursor.get(partition));
    }),
  );
});

test("an event cursor survives its text form", () => {
  const cursor = fc.record({
    offset: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    epoch: fc.nat({ max: 2 ** 31 }),
    run: fc.stringMatching(/^[0-9a-z]{1,16}$/),
    index: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  });
  fc.assert(
    fc.property(cursor, (value) => {
      expect(parseEventCursor(formatEventCursor(value))).toEqual(value);
    }),
  );
});

test.each([
  "",
  "0",
  "0:",
  "0:1,",
  "0:1,0:2",
  "0:9007199254740992",
  "0:1@2147483648",
  "a:1",
  "0:-1",
  "0:1@x",
  "0:1@7;1:2",
])("%j is no cursor", (text) => {
  expect(parseCursor(text)).toBeNull();
});

test.each(["e:1", "e:1@2~", "0:1@7", "e:-1@0", "x"])("%j is no event cursor", (text) => {
  expect(parseEventCursor(text)).toBeNull();
});

test.each([
  "clusters",
  "cluster",
  "metrics",
  "events",
  "topics",
  "topic:orders",
  "topic:*",
  "partition:a.b-c_d/12",
  "quorum",
  "node",
])("the view %s keeps its name", (name) => {
  const view = parseView(name);
  expect(view && viewName(view)).toBe(name);
});

test.each(["", "topic:", "partition:orders", "partition:orders/x", "group:"])("%j is no view", (name) => {
  expect(parseView(name)).toBeNull();
});
