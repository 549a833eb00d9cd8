import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Scenario } from "./scenario.ts";

/** Golden output: `UPDATE_SCENARIOS=1` rewrites the files; the difference is then read by a person. */
const folder = join(import.meta.dirname, "../testdata");

for (const file of readdirSync(folder).filter((name) => name.endsWith(".txt"))) {
  test(`scenario ${file}`, () => {
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    const played = play(text);
    if (process.env["UPDATE_SCENARIOS"] === "1") writeFileSync(path, played);
    else expect(played).toBe(text);
  });
}

/** Two mistakes that random runs hardly ever show: the scenario written for them must. */
test.each([
  ["figure-8.txt", "no-own-epoch-rule"],
  ["kafka-12619.txt", "own-epoch-rule-off-by-one"],
])("scenario %s shows the planted bug %s", (file, bug) => {
  const text = readFileSync(join(folder, file), "utf8");
  const played = play(text.replace(/^cluster /m, `cluster bugs=${bug} `)).replace(`bugs=${bug} `, "");
  expect(played).not.toBe(text);
});

/** Runs every block: `# comment` lines stay, command lines up to `----` run, the output behind it is replaced. */
function play(text: string): string {
  const scenario = new Scenario();
  const blocks = text.trimEnd().split(/\n\n+/);
  const out = blocks.map((block) => {
    const lines = block.split("\n");
    const end = lines.indexOf("----");
    const head = end === -1 ? lines : lines.slice(0, end);
    const commands = head.filter((line) => !line.startsWith("#") && line.trim() !== "");
    if (commands.length === 0) return head.join("\n");
    const printed = commands.flatMap((command) => scenario.run(command));
    const shown = printed.filter((line) => line !== "ok");
    return [...head, "----", ...(shown.length > 0 ? shown : ["ok"])].join("\n");
  });
  return `${out.join("\n\n")}\n`;
}
