/**
 * The Node binding of librdkafka, compiled from the sources in the npm package @confluentinc/kafka-javascript (its install script, which would
 * download a binary, is not run) against the librdkafka that the conformance runner is made of. Built once into `.cache/`.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import { buildRunner } from "../conformance/runner.ts";
import { ROOT, runCommand } from "../run-command.ts";

const PACKAGE = "@confluentinc/kafka-javascript";
const NODE = join(ROOT, "node_modules/.bin/node");
const BUILD_TIMEOUT_MS = 5 * 60_000;

export type NodeBinding =
  | {
      readonly ok: true;
      readonly version: string;
      /** With it the package finds what was built. */ readonly env: Record<string, string>;
    }
  | { readonly ok: false; readonly reason: string };

/** The binding, built where it is not yet (15 CPU-seconds, and librdkafka's 30 where nobody built that). */
export async function nodeBinding(): Promise<NodeBinding> {
  const require = createRequire(import.meta.url);
  const packageDir = realpathSync(dirname(require.resolve(`${PACKAGE}/package.json`)));
  const { version } = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8")) as { version: string };
  const asked = spawnSync(NODE, ["-p", "[process.versions.node, process.platform, process.arch].join()"], {
    encoding: "utf8",
  });
  const [node, platform, arch] = asked.stdout.trim().split(",") as [string, string, string];
  const compiled = join(ROOT, ".cache", `kafka-javascript-${version}`);
  // Where the package `bindings` looks, below the directory it is told of.
  const place = join(compiled, node, platform, arch);
  const file = join(place, "confluent-kafka-javascript.node");
  const env = { NODE_BINDINGS_COMPILED_DIR: relative(packageDir, compiled) };
  if (existsSync(file)) return { ok: true, version, env };
  const librdkafka = await buildRunner((line) => console.log(line));
  if (!librdkafka.ok) return librdkafka;
  mkdirSync(place, { recursive: true });
  const headers = await nodeHeaders(node, platform, arch, compiled);
  if (headers === null) return { ok: false, reason: `the headers of Node ${node} are not at hand` };
  const work = mkdtempSync(join(compiled, "build-"));
  try {
    const nan = dirname(createRequire(join(packageDir, "package.json")).resolve("nan"));
    const include = [
      headers,
      nan,
      packageDir,
      join(packageDir, "deps/librdkafka/src"),
      join(packageDir, "deps/librdkafka/src-cpp"),
    ];
    const flags = `-std=c++20 -O0 -fPIC -w -DNODE_GYP_MODULE_NAME=confluent_kafka_javascript -DBUILDING_NODE_EXTENSION ${include.map((dir) => `-I'${dir}'`).join(" ")}`;
    const libraries = ["librdkafka++.so.1", "librdkafka.so.1"].map((name) => `'${join(librdkafka.runner.dir, name)}'`);
    const built = join(work, "binding.node");
    const script = [
      `ls '${packageDir}'/src/*.cc | xargs -P ${availableParallelism()} -I{} sh -c "g++ ${flags} -c {} -o '${work}'/\\$(basename {} .cc).o"`,
      `g++ -shared -o '${built}' '${work}'/*.o ${libraries.join(" ")} -Wl,-rpath,'${librdkafka.runner.dir}'`,
    ].join(" && ");
    const run = await runCommand("sh", ["-c", script], { timeoutMs: BUILD_TIMEOUT_MS });
    if (run.exitCode !== 0)
      return { ok: false, reason: `it did not build: ${run.output.trimEnd().split("\n").slice(-3).join(" / ")}` };
    renameSync(built, file);
    return { ok: true, version, env };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Beside the Node of this workspace, or in the npm package that it came out of; null where neither can be had. */
async function nodeHeaders(node: string, platform: string, arch: string, cache: string): Promise<string | null> {
  const name = `node-${platform}-${arch}`;
  const bin = dirname(realpathSync(NODE));
  const fetched = join(cache, `node-${node}-include`);
  const places = [join(bin, "../include/node"), join(bin, "../node_modules", name, "include/node"), fetched];
  const found = () => places.find((dir) => existsSync(join(dir, "node.h"))) ?? null;
  if (found() !== null) return found();
  const work = mkdtempSync(join(cache, "headers-"));
  try {
    const run = await runCommand("npm", ["pack", "--silent", "--pack-destination", work, `${name}@${node}`], {
      timeoutMs: 2 * 60_000,
    });
    if (run.exitCode !== 0) return null;
    const archive = join(work, readdirSync(work)[0]!);
    const unpacked = await runCommand("tar", ["-xzf", archive, "-C", work, "package/include/node"]);
    if (unpacked.exitCode !== 0) return null;
    renameSync(join(work, "package/include/node"), fetched);
    return found();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
