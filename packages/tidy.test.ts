/** The layout's law: who may import whom, what a machine may not touch, what no file may contain. Architecture is checked, not wished. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What each package may import of ours. `types` and `batch` are the pure entries of protocol. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "packages/core": [],
  "packages/api": ["@vitrine/core"],
  "packages/log": ["@vitrine/core"],
  "packages/protocol": ["@vitrine/core"],
  // Its cleaner thread looks into records.
  "packages/log-sqlite": ["@vitrine/core", "@vitrine/log", "@vitrine/protocol"],
  "packages/raft": ["@vitrine/core", "@vitrine/log", "@vitrine/protocol/types", "@vitrine/protocol/batch"],
  "packages/metadata": ["@vitrine/core", "@vitrine/protocol/types"],
  "packages/replication": ["@vitrine/core", "@vitrine/log", "@vitrine/protocol/types", "@vitrine/protocol/batch"],
  "packages/group-coordinator": ["@vitrine/core", "@vitrine/protocol/types"],
  "packages/broker": [
    "core",
    "group-coordinator",
    "log",
    "raft",
    "metadata",
    "replication",
    "protocol",
    "protocol/types",
    "protocol/batch",
    "api",
  ].map((name) => `@vitrine/${name}`),
  "packages/group-member": ["@vitrine/core", "@vitrine/protocol", "@vitrine/protocol/types"],
  "packages/engine": [
    "@vitrine/core",
    "@vitrine/api",
    "@vitrine/broker",
    "@vitrine/metadata",
    "@vitrine/protocol",
    "@vitrine/protocol/types",
  ],
  "packages/http-api": [
    "core",
    "api",
    "engine",
    "client",
    "group-member",
    "protocol",
    "protocol/types",
    "protocol/batch",
  ].map((name) => `@vitrine/${name}`),
  "packages/kafka-listener": ["@vitrine/core", "@vitrine/broker", "@vitrine/protocol", "@vitrine/protocol/types"],
  "packages/client": ["@vitrine/core", "@vitrine/api"],
  "packages/sim": [
    "core",
    "log",
    "broker",
    "raft",
    "metadata",
    "group-coordinator",
    "replication",
    "protocol",
    "protocol/types",
    "protocol/batch",
  ].map((name) => `@vitrine/${name}`),
  "apps/console": ["@vitrine/core", "@vitrine/api", "@vitrine/client"],
};

/** Deterministic machines: no Node, no clock, no timer, no promise, no random of their own. */
const MACHINES = [
  "core",
  "api",
  "log",
  "raft",
  "metadata",
  "replication",
  "group-coordinator",
  "group-member",
  "broker",
].map((name) => `packages/${name}`);

const POISONED = [
  /\bfrom "node:/,
  /\bDate\.now\b/,
  /\bnew Date\b/,
  /\bMath\.random\b/,
  /\bset(?:Timeout|Interval|Immediate)\(/,
  /\bqueueMicrotask\(/,
  /\bperformance\.now\b/,
  /\bprocess\.(?!exits)/,
  /\bnew Promise\b/,
  /\basync /,
  /\bawait /,
  /\bBuffer\./,
];

const SOURCE = /\.(?:ts|tsx)$/;

function filesUnder(directory: string): string[] {
  const found: string[] = [];
  for (const name of readdirSync(directory)) {
    if (["node_modules", "dist", ".cache", "data", ".git", "test-results"].includes(name)) continue;
    const path = join(directory, name);
    if (statSync(path).isDirectory()) found.push(...filesUnder(path));
    else found.push(path);
  }
  return found;
}

const files = ["packages", "apps", "e2e"].flatMap((top) => filesUnder(join(ROOT, top)));
const sources = files.filter((path) => SOURCE.test(path)).map((path) => relative(ROOT, path));
const isTest = (path: string) => /\.(?:test|contract)\.ts$/.test(path) || /\/(?:test|testdata|bench)\//.test(path);
const isGenerated = (path: string) => path.includes("/gen/");
const text = (path: string) => readFileSync(join(ROOT, path), "utf8");
const withoutComments = (source: string) =>
  source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
const importsOf = (source: string) =>
  [...source.matchAll(/\bfrom\s+"([^"]+)"|\bimport\("([^"]+)"\)/g)].map((match) => match[1] ?? match[2]!);

describe("tidy", () => {
  test.each(Object.entries(MAY_IMPORT))("%s imports only what it may", (home, allowed) => {
    const wrong = sources
      .filter((path) => path.startsWith(`${home}/`) && !isTest(path))
      .flatMap((path) =>
        importsOf(text(path))
          .filter((name) => name.startsWith("@vitrine/") && !allowed.includes(name))
          .map((name) => `${path} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  test.each(MACHINES)("%s is deterministic", (home) => {
    const wrong = sources
      .filter((path) => path.startsWith(`${home}/src/`) && !isTest(path))
      .flatMap((path) => {
        const source = withoutComments(text(path));
        return POISONED.filter((pattern) => pattern.test(source)).map((pattern) => `${path} matches ${pattern}`);
      })
      // The port of the log waits for the disk when it closes; that is the edge calling, not a machine.
      .filter((finding) => !/packages\/log\/src\/.*(?:async |await |new Promise)/.test(finding));
    expect(wrong).toEqual([]);
  });

  test("better-sqlite3 is imported by log-sqlite alone, and by tests that read its files", () => {
    const wrong = sources.filter(
      (path) =>
        importsOf(text(path)).includes("better-sqlite3") &&
        !path.startsWith("packages/log-sqlite/") &&
        !path.startsWith("e2e/"),
    );
    expect(wrong).toEqual([]);
  });

  test("every import of ours is declared in its package.json", () => {
    const wrong = sources.flatMap((path) => {
      const home = path
        .split("/")
        .slice(0, path.startsWith("e2e/") ? 1 : 2)
        .join("/");
      if (home === "packages/tidy.test.ts") return [];
      const manifest = JSON.parse(text(`${home}/package.json`)) as Record<
        "name" | "dependencies" | "devDependencies",
        Record<string, string>
      >;
      const declared = { ...manifest.dependencies, ...manifest.devDependencies };
      return importsOf(text(path))
        .filter((name) => name.startsWith("@vitrine/"))
        .map((name) => name.split("/").slice(0, 2).join("/"))
        .filter((name) => !(name in declared) && name !== (manifest.name as unknown))
        .map((name) => `${path} imports ${name}, which ${home}/package.json does not declare`);
    });
    expect([...new Set(wrong)]).toEqual([]);
  });

  test("no file is called manager, utils or helpers", () => {
    expect(sources.filter((path) => /(?:manager|utils?|helpers?|misc)\.tsx?$/.test(path))).toEqual([]);
  });

  test("no file is longer than 500 lines, generated ones apart", () => {
    const long = sources.filter((path) => !isGenerated(path) && text(path).split("\n").length > 500);
    expect(long).toEqual([]);
  });

  test("no notes to self are left", () => {
    const marks = new RegExp(
      ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK"].map((word) => `\\b${word}\\b`).join("|"),
    );
    expect(sources.filter((path) => path !== "packages/tidy.test.ts" && marks.test(text(path)))).toEqual([]);
  });

  test("no test runs alone by accident", () => {
    expect(
      sources.filter((path) => isTest(path) && /\b(?:test|it|describe)\.only\(/.test(withoutComments(text(path)))),
    ).toEqual([]);
  });

  test("every package says in its README what it is", () => {
    const homes = ["packages", "apps"].flatMap((top) =>
      readdirSync(join(ROOT, top))
        .filter((name) => statSync(join(ROOT, top, name)).isDirectory())
        .map((name) => `${top}/${name}`),
    );
    const known = new Set(files.map((path) => relative(ROOT, path)));
    expect(homes.filter((home) => home !== "apps/docs" && !known.has(`${home}/README.md`))).toEqual([]);
  });
});
