/** Runs the suite test by test against a target, watches the brokers meanwhile, and starts the cluster anew when one of them is lost. */
import { spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../run-command.ts";
import { type Runner, SCHEMA } from "./runner.ts";
import { type Scenario, SCENARIOS, type SuiteRun, upstreamScenario } from "./suite.ts";
import type { Target, TargetCluster } from "./targets.ts";
import { type RunnerEnd, type TestResult, verdicts } from "./verdict.ts";

export type Variant = "plain" | "idempotent";

export interface SuiteOptions {
  readonly runner: Runner;
  readonly target: Target;
  readonly variant: Variant;
  readonly runs: readonly SuiteRun[];
  /** How many at a time. */
  readonly jobs: number;
  /** For one run of the runner. */
  readonly timeLimitMs: number;
  /** How often what failed is repeated before that counts. */
  readonly repeats: number;
  readonly say: (line: string) => void;
  readonly onResult: (result: SuiteResult) => void;
  /** Keeps what the runner printed, one file per test. */
  readonly outputDir: string;
}

export interface SuiteResult extends TestResult {
  readonly attempts: number;
}

/** Newest broker version of which the suite (2.15) has tests, except share groups, which begin at 4.2. */
const BROKER_VERSION = "4.1.0.0";
/** As upstream's own continuous integration has it. */
const TIMEOUT_MULTIPLIER = 2;
/** One of them goes through a hundred rebalances, each with the delay: ten minutes where nothing is wrong. */
const PATIENCE = 4;
/** Looks for Kafka's JmxTool where it finds Kafka's scripts, and skips itself where not. */
const WITHOUT_SCRIPTS = new Set(["0016"]);
const OUTPUT_MAX = 64 * 1024 * 1024;

export async function runSuite(options: SuiteOptions): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "conformance-"));
  try {
    writeScripts(work);
    mkdirSync(join(work, "src"));
    cpSync(join(options.runner.dir, SCHEMA), join(work, "src", SCHEMA));
    for (const scenario of SCENARIOS) {
      const runs = options.runs.filter((run) => run.scenario === scenario);
      if (runs.length > 0) await runScenario({ ...options, runs }, scenario, work);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Runs beside each other, until a broker is lost: then what was under way is run again, one at a time, so that the culprit is known. */
async function runScenario(options: SuiteOptions, scenario: Scenario, work: string): Promise<void> {
  const waiting = [...options.runs];
  const suspects: SuiteRun[] = [];
  let cluster = await startCluster(options, scenario);
  try {
    while (waiting.length > 0 || suspects.length > 0) {
      const alone = suspects.length > 0;
      const lost = await runPool(
        options,
        cluster,
        alone ? suspects.splice(0, 1) : waiting,
        alone ? 1 : options.jobs,
        work,
      );
      if (lost.length === 0) continue;
      if (lost.length > 1) suspects.push(...lost);
      await cluster.stop();
      cluster = await startCluster(options, scenario);
    }
  } finally {
    await cluster.stop();
  }
}

function startCluster(options: SuiteOptions, scenario: Scenario): Promise<TargetCluster> {
  options.say(`starting ${options.target.title}, scenario ${scenario}`);
  return options.target.start(scenario);
}

/** Takes runs from the list until it is empty or a broker is lost. Gives the runs that were under way when that happened. */
async function runPool(
  options: SuiteOptions,
  cluster: TargetCluster,
  waiting: SuiteRun[],
  jobs: number,
  work: string,
): Promise<readonly SuiteRun[]> {
  const lost: SuiteRun[] = [];
  let isLost = false;
  const worker = async (): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined && !isLost; run = waiting.shift()) {
      const outcome = await attempt(options, cluster, run, work);
      if (outcome.problems.length === 0 && !isLost) {
        for (const result of outcome.results) options.onResult(result);
        continue;
      }
      isLost = true;
      lost.push(run);
      if (jobs > 1) continue;
      const said = outcome.problems.join("; ");
      options.say(`lost the cluster in ${nameOf(run)}: ${said}`);
      for (const result of outcome.results) options.onResult({ ...result, verdict: "broke-cluster", said });
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return lost;
}

async function attempt(
  options: SuiteOptions,
  cluster: TargetCluster,
  run: SuiteRun,
  work: string,
): Promise<{ results: readonly SuiteResult[]; problems: readonly string[] }> {
  const kept = new Map<string, SuiteResult>();
  for (let attempts = 1; ; attempts++) {
    const end = await runOnce(options, cluster, run, work);
    mkdirSync(options.outputDir, { recursive: true });
    writeFileSync(
      join(
        options.outputDir,
        `${[run.number, run.part, run.scenario, attempts].filter((word) => word !== null).join("-")}.txt`,
      ),
      end.output,
    );
    for (const result of verdicts(run.names, end)) {
      const before = kept.get(result.test);
      if (before === undefined || isBad(before)) kept.set(result.test, { ...result, attempts });
    }
    const problems = await cluster.problems();
    const results = [...kept.values()];
    if (problems.length > 0 || attempts > options.repeats || !results.some(isBad)) return { results, problems };
    options.say(`${nameOf(run)} did not pass, once more`);
  }
}

function nameOf(run: SuiteRun): string {
  return run.part === null ? run.number : `${run.number}/${run.part}`;
}

function isBad(result: TestResult): boolean {
  return result.verdict === "fail" || result.verdict === "hang";
}

function runOnce(options: SuiteOptions, cluster: TargetCluster, run: SuiteRun, work: string): Promise<RunnerEnd> {
  const { runner } = options;
  // The runner leaves reports and statistics where it stands.
  const directory = mkdtempSync(join(work, `${run.number}-`));
  const configuration = join(directory, "test.conf");
  writeFileSync(
    configuration,
    `bootstrap.servers=${cluster.bootstrapServers}\ntest.timeout.multiplier=${TIMEOUT_MULTIPLIER}\n`,
  );
  // Without -Q: the runner's quick mode leaves out so many parts of tests that some of them do nothing at all, and pass.
  const flags = [
    "-p1",
    "-L",
    "-s",
    upstreamScenario(run.scenario),
    ...(options.variant === "idempotent" ? ["-P"] : []),
  ];
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    // Without this an installed librdkafka of another version would be taken.
    LD_LIBRARY_PATH: runner.dir,
    RDKAFKA_TEST_CONF: configuration,
    TEST_KAFKA_VERSION: BROKER_VERSION,
    BROKERS: cluster.bootstrapServers,
    TESTS: run.number,
    ...(run.part === null ? {} : { SUBTESTS: `do_test_${run.part}:` }),
    ...(WITHOUT_SCRIPTS.has(run.number) ? {} : { KAFKA_PATH: work }),
  };
  delete env["CI"];
  const startedAtMs = performance.now();
  return new Promise((resolve) => {
    // A group of its own: the runner starts scripts, and all of it must end at the limit.
    const child = spawn(join(runner.dir, "test-runner"), flags, {
      cwd: directory,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let timedOut = false;
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        if (output.length < OUTPUT_MAX) output += chunk.toString();
      });
    const kill = () => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    };
    process.once("exit", kill);
    const timer = setTimeout(
      () => {
        timedOut = true;
        kill();
      },
      options.timeLimitMs * (run.scenario === "patient" ? PATIENCE : 1),
    );
    child.on("error", (error) => (output += String(error)));
    child.on("close", (exitCode) => {
      clearTimeout(timer);
      process.off("exit", kill);
      rmSync(directory, { recursive: true, force: true });
      output = output.replaceAll(work, "$KAFKA_PATH");
      resolve({ output, exitCode, timedOut, seconds: (performance.now() - startedAtMs) / 1000 });
    });
  });
}

/** `bin/kafka-topics.sh` as the suite expects it below KAFKA_PATH. */
function writeScripts(work: string): void {
  mkdirSync(join(work, "bin"));
  const script = join(work, "bin/kafka-topics.sh");
  const node = join(ROOT, "node_modules/.bin/node");
  writeFileSync(script, `#!/bin/sh\nexec "${node}" "${join(ROOT, "e2e/conformance/kafka-topics.ts")}" "$@"\n`);
  chmodSync(script, 0o755);
}
