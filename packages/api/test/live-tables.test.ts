import fc from "fast-check";
import { expect, test } from "vitest";
import { LiveTables, type Row } from "../src/index.ts";

type Op = { readonly key: string; readonly row: Row | null };

const ops = fc.array(
  fc.record<Op>({
    key: fc.constantFrom("a", "b", "c", "d", "e", "f"),
    row: fc.option(
      fc.tuple(fc.integer({ min: 0, max: 3 }), fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 })),
      {
        nil: null,
      },
    ),
  }),
  { maxLength: 60 },
);

function apply(tables: LiveTables, op: Op): void {
  if (op.row === null) tables.remove("topics", op.key);
  else tables.set("topics", op.key, [op.key, ...op.row]);
}

function asMap(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [String(row[0]), row]));
}

test("changes since any version, put on the snapshot of that version, give the snapshot of now", () => {
  fc.assert(
    fc.property(ops, ops, (before, after) => {
      const tables = new LiveTables();
      for (const op of before) apply(tables, op);
      const held = asMap(tables.snapshot("topics"));
      const version = tables.version;
      for (const op of after) apply(tables, op);
      const changes = tables.changesSince("topics", version);
      if (changes === "lost") throw new Error("nothing was dropped");
      for (const key of changes.gone) held.delete(key);
      for (const row of changes.rows) held.set(String(row[0]), row);
      expect(held).toEqual(asMap(tables.snapshot("topics")));
    }),
  );
});

test("with few tombstones kept, a reader is told the truth or that it is lost, never half of it", () => {
  fc.assert(
    fc.property(ops, ops, (before, after) => {
      const tables = new LiveTables({ tombstonesMax: 1 });
      for (const op of before) apply(tables, op);
      const held = asMap(tables.snapshot("topics"));
      const version = tables.version;
      for (const op of after) apply(tables, op);
      const changes = tables.changesSince("topics", version);
      if (changes === "lost") return;
      for (const key of changes.gone) held.delete(key);
      for (const row of changes.rows) held.set(String(row[0]), row);
      expect(held).toEqual(asMap(tables.snapshot("topics")));
    }),
  );
});

test("an equal row is no change, arrays inside compared by their items", () => {
  const tables = new LiveTables();
  expect(tables.set("partitions", "t/0", [0, 1, [5, 6]])).toBe(true);
  const version = tables.version;
  expect(tables.set("partitions", "t/0", [0, 1, [5, 6]])).toBe(false);
  expect(tables.version).toBe(version);
  expect(tables.set("partitions", "t/0", [0, 1, [5, 7]])).toBe(true);
});

test("the filter of removed rows sees the key", () => {
  const tables = new LiveTables();
  for (const key of ["a/0", "b/0"]) tables.set("partitions", key, [key]);
  const version = tables.version;
  for (const key of ["a/0", "b/0"]) tables.remove("partitions", key);
  const changes = tables.changesSince("partitions", version, { row: () => true, gone: (key) => key.startsWith("b/") });
  expect(changes).toEqual({ rows: [], gone: ["b/0"] });
});
