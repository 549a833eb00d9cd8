import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Scenario } from "../test/scenario.ts";

const directory = join(import.meta.dirname, "../testdata");

/** The first comment of a file names its rules. `REWRITE=1 vitest run packages/replication` writes the answers anew; read the difference. */
const files = readdirSync(directory).map((file) => {
  const text = readFileSync(join(directory, file), "utf8");
  return [text.split("\n")[0]!.slice(2), file, text] as const;
});

test.each(files)("%s", (_rules, file, text) => {
  const played = new Scenario().play(text);
  if (process.env["REWRITE"] === "1") writeFileSync(join(directory, file), played);
  expect(played).toBe(text);
});
