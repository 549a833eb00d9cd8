/**
 * `pnpm bench [name ...] [--json] [--write] [--repeat N]`: measures and prints one JSON object per benchmark; without a name, all of them.
 * --json: nothing but JSON on standard output, one line each. --write: keeps the results in e2e/bench/results.ndjson and rewrites the tables of
 * apps/docs/benchmarks.md from them.
 */
import { parseArgs } from "node:util";
import { append } from "./append.ts";
import { failover } from "./failover.ts";
import { thisMachine } from "./machine.ts";
import { keepResults } from "./page.ts";
import { produceHttp } from "./produce-http.ts";
import type { Bench, BenchResult } from "./result.ts";
import { startUp } from "./start-up.ts";

const BENCHES: readonly Bench[] = [produceHttp, append, failover, startUp];
const USAGE = `pnpm bench [name ...] [--json] [--write] [--repeat N]; names: ${BENCHES.map((bench) => bench.name).join(", ")}`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean" },
    write: { type: "boolean" },
    repeat: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
const repeat = values.repeat === undefined ? null : Number(values.repeat);
if (values.help || unknown.length > 0 || (repeat !== null && !(Number.isSafeInteger(repeat) && repeat > 0))) {
  console.error(unknown.length > 0 ? `unknown benchmark ${unknown.join(", ")}\n${USAGE}` : USAGE);
  process.exit(values.help ? 0 : 2);
}

const results: BenchResult[] = [];
for (const bench of BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const say = (line: string) => {
    if (!values.json) console.error(line);
  };
  say(`${bench.title} (${bench.name})`);
  const machine = thisMachine();
  const startedAt = new Date().toISOString();
  const startedAtMs = performance.now();
  const measured = await bench.run({ repeat, say });
  const tookSeconds = Math.round((performance.now() - startedAtMs) / 1000);
  const command = `pnpm bench ${bench.name}${repeat === null ? "" : ` --repeat ${repeat}`}`;
  const result: BenchResult = { name: bench.name, command, startedAt, tookSeconds, machine, ...measured };
  results.push(result);
  console.log(values.json ? JSON.stringify(result) : JSON.stringify(result, null, 2));
}
if (values.write) keepResults(results);
process.exit(results.some((result) => result.rows.some((row) => Number(row.figures["wrong"] ?? 0) > 0)) ? 1 : 0);
