/**
 * The tables of apps/docs/compatibility.md, from what the code says: what clients are told (protocol), who answers (broker), which clients
 * really asked (sent-requests.json, which their tests write), and which tests ask. `node e2e/docs/compatibility.ts` writes the page; a test compares.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { API_TABLE, type ApiRow, CLIENT_ADVERTISED, isServed } from "@vitrine/protocol/types";
import { HANDLERS } from "../../packages/broker/src/handlers/index.ts";
import { readSentRequests } from "../clients/sent-requests.ts";
import { ROOT } from "../run-command.ts";
import { markdownTable, replaceSection } from "./marked-section.ts";

export const PAGE_FILE = join(ROOT, "apps/docs/compatibility.md");

/** Writes the page anew from the one that is there. */
export function compatibilityPage(page: string): string {
  const withVersions = replaceSection(page, "client-versions", clientVersionTable());
  const withClients = replaceSection(withVersions, "clients", clientTable());
  return replaceSection(replaceSection(withClients, "peers", peerTable()), "without-handler", withoutHandler());
}

/** Who was let loose on a cluster, and by which tests. */
function clientVersionTable(): string {
  const seen = Object.entries(readSentRequests()).flatMap(([testFile, clients]) =>
    clients.map(({ client, version }) => ({ client: `${client} ${version}`, testFile })),
  );
  const names = [...new Set(seen.map(({ client }) => client))].toSorted();
  const rows = names.map((name) => [
    name,
    seen
      .filter(({ client }) => client === name)
      .map(({ testFile }) => `\`${testFile}\``)
      .join(", "),
  ]);
  return markdownTable(["Client", "Tests in `e2e/processes`"], rows);
}

function clientTable(): string {
  const sources = testSources();
  const rows = API_TABLE.filter((row) => CLIENT_ADVERTISED.has(row.key)).map((row) => {
    const span = CLIENT_ADVERTISED.get(row.key)!;
    const implemented = Array.from({ length: span.max - span.min + 1 }, (_, at) => span.min + at).filter(
      (version) => isServed(CLIENT_ADVERTISED, row.key, version) && HANDLERS.has(row.key),
    );
    return [
      String(row.key),
      row.name,
      spanText(span.min, span.max),
      rangeText(implemented),
      testedWith(row),
      testsOf(row, sources),
    ];
  });
  return markdownTable(["Key", "Request", "Advertised", "Answered", "Tested with", "Tests that name it"], rows);
}

function peerTable(): string {
  const sources = testSources();
  const rows = API_TABLE.filter((row) => HANDLERS.has(row.key) && !CLIENT_ADVERTISED.has(row.key)).map((row) => [
    String(row.key),
    row.name,
    spanText(row.min, row.max),
    testsOf(row, sources),
  ]);
  return markdownTable(["Key", "Request", "Versions", "Tests that send it"], rows);
}

function withoutHandler(): string {
  const names = API_TABLE.filter((row) => !HANDLERS.has(row.key)).map((row) => `${row.name} (${row.key})`);
  return `${names.length} requests: ${names.join(", ")}.`;
}

/** Clients that really sent it and got answers, with the versions they chose. */
function testedWith(row: ApiRow): string {
  const versions = new Map<string, Set<number>>();
  for (const { client, requests } of Object.values(readSentRequests()).flat())
    for (const version of requests[row.name] ?? [])
      versions.set(client, (versions.get(client) ?? new Set()).add(version));
  const found = [...versions].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return (
    found.map(([client, sent]) => `${client} (v${[...sent].toSorted((a, b) => a - b).join(", v")})`).join(", ") ||
    "none"
  );
}

function testsOf(row: ApiRow, sources: ReadonlyMap<string, string>): string {
  const names = new RegExp(`\\bApiKey\\.${row.name}\\b|\\bnew${row.name}Request\\b`);
  const folders = [...sources].filter(([, source]) => names.test(source)).map(([path]) => folderOf(path));
  if (servesHttp(row)) folders.push("the curl tour");
  return [...new Set(folders)].join(", ") || "none";
}

/** Whether the HTTP face makes this request: then the curl tour, which runs all of it, sends it. */
function servesHttp(row: ApiRow): boolean {
  return filesUnder(join(ROOT, "packages/http-api/src")).some((path) =>
    readFileSync(path, "utf8").includes(`new${row.name}Request(`),
  );
}

/** `packages/broker/test/reading.test.ts` is `broker`. */
function folderOf(path: string): string {
  const [top, name] = path.split("/");
  return top === "packages" ? name! : `${top}/${name}`;
}

/** Test files and what they are made of, by path. */
function testSources(): ReadonlyMap<string, string> {
  const isTest = (path: string) =>
    /\.(?:test|contract)\.ts$/.test(path) || /\/(?:test|processes|fixtures)\/[^/]+\.ts$/.test(path);
  const files = [...filesUnder(join(ROOT, "packages")), ...filesUnder(join(ROOT, "e2e"))];
  return new Map(files.filter(isTest).map((path) => [relative(ROOT, path), readFileSync(path, "utf8")]));
}

function filesUnder(directory: string): string[] {
  return readdirSync(directory)
    .toSorted()
    .filter((name) => !["node_modules", "dist", "gen", "docs", "bench"].includes(name))
    .map((name) => join(directory, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesUnder(path) : path.endsWith(".ts") ? [path] : []));
}

function spanText(min: number, max: number): string {
  return min === max ? String(min) : `${min} to ${max}`;
}

function rangeText(versions: readonly number[]): string {
  return versions.length === 0 ? "none" : spanText(versions[0]!, versions.at(-1)!);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  writeFileSync(PAGE_FILE, compatibilityPage(readFileSync(PAGE_FILE, "utf8")));
