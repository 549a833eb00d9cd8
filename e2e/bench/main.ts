/**
 * `pnpm bench [name ...] [--json] [--write] [--repeat N]`: measures and prints one JSON object per benchmark; without a name, all of them.
 * `pnpm bench kafka [--only SHAPE,...] [--pairs N] [--peer kafka|kafka-fsync]`: chosen shapes; in alternation with Apache Kafka. --pairs is --repeat.
 * --json: nothing but JSON on standard output, one line each. --write: keeps the results in e2e/bench/results.ndjson and rewrites the tables of
 * apps/docs/benchmarks.md from them.
 */
import { parseArgs } from "node:util";
import { append } from "./append.ts";
import { failover } from "./failover.ts";
import { kafka } from "./kafka.ts";
import { thisMachine } from "./machine.ts";
import { keepResults } from "./page.ts";
import { produceHttp } from "./produce-http.ts";
import { type Bench, type BenchResult, PEERS } from "./result.ts";
import { startUp } from "./start-up.ts";

const BENCHES: readonly Bench[] = [produceHttp, kafka, append, failover, startUp];
const SHAPES = BENCHES.flatMap((bench) => bench.shapes ?? []);
const USAGE = `pnpm bench [name ...] [--json] [--write] [--repeat N] [--only SHAPE,...] [--peer ${PEERS.join("|")}]
names: ${BENCHES.map((bench) => bench.name).join(", ")}
shapes: ${SHAPES.join(", ")}`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean" },
    write: { type: "boolean" },
    repeat: { type: "string" },
    pairs: { type: "string" },
    only: { type: "string" },
    peer: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
const repeatText = values.repeat ?? values.pairs;
const repeat = repeatText === undefined ? null : Number(repeatText);
const only = values.only?.split(",") ?? null;
const peer = PEERS.find((name) => name === values.peer) ?? null;
const wrong = whyRefused();
if (values.help || wrong !== null) {
  console.error(wrong === null ? USAGE : `${wrong}\n${USAGE}`);
  process.exit(values.help ? 0 : 2);
}

function whyRefused(): string | null {
  const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown.length > 0) return `unknown benchmark ${unknown.join(", ")}`;
  if (repeat !== null && !(Number.isSafeInteger(repeat) && repeat > 0)) return `${repeatText} is no number of rounds`;
  const strange = only?.filter((name) => !SHAPES.includes(name)) ?? [];
  if (strange.length > 0) return `unknown shape ${strange.join(", ")}`;
  if (values.peer !== undefined && peer === null)
    return `unknown peer ${values.peer}: there are ${PEERS.join(" and ")}`;
  return null;
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
  const measured = await bench.run({ repeat, only: bench.shapes ? only : null, peer: bench.shapes ? peer : null, say });
  const tookSeconds = Math.round((performance.now() - startedAtMs) / 1000);
  const command = [
    `pnpm bench ${bench.name}`,
    ...(repeat === null ? [] : [`--repeat ${repeat}`]),
    ...(bench.shapes && only !== null ? [`--only ${only.join(",")}`] : []),
    ...(bench.shapes && peer !== null ? [`--peer ${peer}`] : []),
  ].join(" ");
  const result: BenchResult = { name: bench.name, command, startedAt, tookSeconds, machine, ...measured };
  results.push(result);
  console.log(values.json ? JSON.stringify(result) : JSON.stringify(result, null, 2));
}
if (values.write) keepResults(results);
process.exit(results.some((result) => result.rows.some((row) => Number(row.figures["wrong"] ?? 0) > 0)) ? 1 : 0);
