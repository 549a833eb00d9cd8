/**
 * `pnpm conformance`: librdkafka's own test suite against Vitrine, or with --peer kafka against Apache Kafka. Prints a line per test; a whole
 * run, or one with --write, records the results and writes apps/docs/conformance.md. Exit code 1 when something does not pass that passes
 * against Apache Kafka.
 */
import { parseArgs } from "node:util";
import { join } from "node:path";
import { CACHE, record, type RecordedResult, recordedResults, RunState } from "./records.ts";
import { writePage } from "./page.ts";
import { runSuite, type SuiteResult, type Variant } from "./run-suite.ts";
import { buildRunner, suiteOf } from "./runner.ts";
import { planRuns } from "./suite.ts";
import { kafkaTarget, vitrineTarget } from "./targets.ts";

const USAGE = `pnpm conformance [--only 0001,0011_produce_batch] [--variant plain|idempotent|both] [--peer kafka] [--resume] [--jobs N]
                 [--time-limit SECONDS] [--repeat N] [--write] [--page] [--json]
--only        tests by number or name
--variant     plain, idempotent (every producer with enable.idempotence), or both (default)
--peer kafka  against Apache Kafka instead of Vitrine
--resume      leave out what the interrupted run before has done
--jobs        tests at a time (default 1)
--time-limit  for one test (default 300)
--repeat      how often what failed is tried again (default 1)
--write       record the results of a partial run too
--page        run nothing, write the page from what is recorded
--json        one JSON object per test on standard output`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    variant: { type: "string", default: "both" },
    peer: { type: "string" },
    resume: { type: "boolean", default: false },
    jobs: { type: "string", default: "1" },
    "time-limit": { type: "string", default: "300" },
    repeat: { type: "string", default: "1" },
    write: { type: "boolean", default: false },
    page: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

const variants: readonly Variant[] =
  values.variant === "both"
    ? ["plain", "idempotent"]
    : values.variant === "plain" || values.variant === "idempotent"
      ? [values.variant]
      : [];
const numbers = [values.jobs, values["time-limit"], values.repeat].map(Number);
const [jobs, timeLimitSeconds, repeats] = numbers as [number, number, number];
if (
  values.help ||
  variants.length === 0 ||
  (values.peer ?? "kafka") !== "kafka" ||
  !numbers.every((n) => Number.isSafeInteger(n) && n >= 0) ||
  jobs < 1
) {
  console.error(USAGE);
  process.exit(values.help ? 0 : 2);
}
const say = (line: string) => console.error(line);
// What was started is ended on the way out.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
process.setMaxListeners(0);

if (values.page) {
  writePage();
  process.exit(0);
}
const built = await buildRunner(say);
if (!built.ok) {
  say(`skipped: ${built.reason}`);
  process.exit(0);
}
const chosen = values.peer === "kafka" ? kafkaTarget() : ({ ok: true, target: vitrineTarget() } as const);
if (!chosen.ok) {
  say(`skipped: ${chosen.reason}`);
  process.exit(0);
}
const { target } = chosen;
const only = (values.only ?? "").split(",").filter((name) => name !== "");
const plan = planRuns(suiteOf(built.runner), only);
if (plan.length === 0) {
  say(`no test is called ${only.join(" or ")}`);
  process.exit(2);
}
const results: RecordedResult[] = [];
for (const variant of variants) {
  const state = new RunState(target.name, variant);
  if (!values.resume) state.clear();
  const done = state.read();
  results.push(...done);
  const doneNames = new Set(done.map((result) => result.test));
  const runs = plan.filter((run) => !run.names.every((name) => doneNames.has(name)));
  const total = plan.reduce((sum, run) => sum + run.names.length, 0);
  say(`${target.title}, ${variant}: ${total} tests${done.length > 0 ? `, ${done.length} done before` : ""}`);
  await runSuite({
    runner: built.runner,
    target,
    variant,
    runs,
    jobs,
    timeLimitMs: timeLimitSeconds * 1000,
    repeats,
    say,
    outputDir: join(CACHE, `${target.name}-${variant}`),
    onResult(result) {
      const recorded = { ...result, variant, against: target.title, on: new Date().toISOString().slice(0, 10) };
      state.append(recorded);
      results.push(recorded);
      if (values.json) console.log(JSON.stringify(recorded));
      else console.log(lineOf(result));
    },
  });
}
if (values.write || only.length === 0) {
  record(target.name, results, only.length === 0);
  writePage();
}
const passesOnKafka = new Set(
  recordedResults("kafka")
    .filter(({ verdict }) => verdict === "pass")
    .map((result) => `${result.test} ${result.variant}`),
);
const behind =
  target.name === "vitrine"
    ? results.filter((result) => result.verdict !== "pass" && passesOnKafka.has(`${result.test} ${result.variant}`))
    : [];
const count = (verdict: string) => results.filter((result) => result.verdict === verdict).length;
const others = results.length - count("pass") - count("skip");
say(`${count("pass")} passed, ${others} did not, ${count("skip")} skipped`);
if (behind.length > 0)
  say(
    `pass against Apache Kafka and not here: ${behind.map((result) => `${result.test} (${result.variant})`).join(", ")}`,
  );
process.exit(behind.length > 0 ? 1 : 0);

function lineOf(result: SuiteResult): string {
  const again = result.attempts > 1 ? `, attempt ${result.attempts}` : "";
  return `${result.verdict.padEnd(13)} ${result.test} (${result.seconds.toFixed(1)} s${again})${result.said === "" ? "" : `: ${result.said}`}`;
}
