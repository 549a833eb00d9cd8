/**
 * `rdkafka_performance`, librdkafka's own load generator in C, built from the sources that the npm package node-rdkafka carries (its install
 * script is not run). Built once into `.cache/`; where there is no C compiler the caller is told why there is none.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { ROOT, runCommand } from "../run-command.ts";

export type NativeTool =
  | { readonly ok: true; readonly path: string; /** Of librdkafka. */ readonly version: string }
  | { readonly ok: false; readonly reason: string };

const PROGRAMS = ["cc", "c++", "make", "bash", "ar", "ld"];
const BUILD_TIMEOUT_MS = 10 * 60_000;
/** What a plaintext load generator does not need: so that no header beyond libc and zlib is looked for. */
const WITHOUT = ["gssapi", "ssl", "curl", "zstd", "lz4-ext", "syslog"].map((feature) => `--disable-${feature}`);

/** Where the tool is, built now if it was not yet. `say` hears of the build, which takes about a minute. */
export async function performanceTool(say: (line: string) => void): Promise<NativeTool> {
  const packageFile = createRequire(import.meta.url).resolve("node-rdkafka/package.json");
  const { librdkafka: version } = JSON.parse(readFileSync(packageFile, "utf8")) as { librdkafka: string };
  const dir = join(ROOT, ".cache", `librdkafka-${version}`);
  const path = join(dir, "rdkafka_performance");
  if (existsSync(path)) return { ok: true, path, version };
  for (const program of PROGRAMS) {
    if ((await runCommand("sh", ["-c", `command -v ${program}`])).exitCode !== 0)
      return { ok: false, reason: `there is no ${program} on this machine: librdkafka ${version} cannot be built` };
  }
  say(`  building librdkafka ${version} and its rdkafka_performance into ${dir}, once`);
  return build(join(dirname(packageFile), "deps", "librdkafka"), dir, path, version);
}

async function build(sources: string, dir: string, path: string, version: string): Promise<NativeTool> {
  const work = join(dir, `build-${process.pid}`);
  mkdirSync(dir, { recursive: true });
  cpSync(sources, work, { recursive: true });
  const built = join(work, "rdkafka_performance");
  const steps: readonly (readonly string[])[] = [
    ["bash", "./configure", ...WITHOUT],
    ["make", "-C", "src", `-j${availableParallelism()}`, "librdkafka.a"],
    // The libraries that configure found; -lz where it found one.
    [
      "sh",
      "-c",
      `libs=$(sed -n 's/^LIBS+=//p' Makefile.config | tr '\\n' ' '); cc -O2 -Isrc -include config.h examples/rdkafka_performance.c src/librdkafka.a $libs -lpthread -lm -o ${built}`,
    ],
  ];
  try {
    for (const [program, ...args] of steps) {
      const run = await runCommand(program!, args, { cwd: work, timeoutMs: BUILD_TIMEOUT_MS });
      if (run.exitCode !== 0)
        return {
          ok: false,
          reason: `librdkafka ${version} did not build (${[program, ...args].join(" ").slice(0, 80)}): ${run.output.trimEnd().split("\n").slice(-3).join(" / ")}`,
        };
    }
    renameSync(built, path);
    return { ok: true, path, version };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
