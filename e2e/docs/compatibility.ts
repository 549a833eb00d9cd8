/**
 * The tables of apps/docs/compatibility.md, from what the code says: what clients are told (protocol), who answers (broker), and which
 * tests and clients ask. `node e2e/docs/compatibility.ts` writes the page; a test compares.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { API_TABLE, type ApiRow, CLIENT_ADVERTISED, isServed } from "@vitrine/protocol/types";
import { HANDLERS } from "../../packages/broker/src/handlers/index.ts";
import { ROOT } from "../run-command.ts";
import { markdownTable, replaceSection } from "./marked-section.ts";

export const PAGE_FILE = join(ROOT, "apps/docs/compatibility.md");
const CLIENT_TEST = "e2e/processes/clients.test.ts";

/** What in the client test makes an unmodified client send which request. A line that is no longer there proves nothing any more. */
const CLIENT_EVIDENCE: readonly (readonly [client: string, text: string, names: readonly string[]])[] = [
  ["kafkajs", "new Kafka(", ["ApiVersions", "Metadata"]],
  ["kafkajs", "admin.createTopics(", ["CreateTopics"]],
  ["kafkajs", "admin.deleteTopics(", ["DeleteTopics"]],
  ["kafkajs", "producer.send(", ["Produce"]],
  ["kafkajs", "admin.fetchTopicOffsets(", ["ListOffsets"]],
  ["librdkafka", "AdminClient(", ["ApiVersions", "Metadata"]],
  ["librdkafka", "admin.create_topics(", ["CreateTopics"]],
  ["librdkafka", "producer.produce(", ["Produce"]],
  ["librdkafka", "OFFSET_BEGINNING", ["ListOffsets"]],
  ["librdkafka", "consumer.poll(", ["Fetch"]],
];

/** Writes the page anew from the one that is there. */
export function compatibilityPage(page: string): string {
  const withClients = replaceSection(page, "clients", clientTable());
  return replaceSection(replaceSection(withClients, "peers", peerTable()), "without-handler", withoutHandler());
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
      clientsOf(row, sources),
      testsOf(row, sources),
    ];
  });
  return markdownTable(
    ["Key", "Request", "Advertised", "Answered", "Clients in our tests", "Tests that name it"],
    rows,
  );
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

function clientsOf(row: ApiRow, sources: ReadonlyMap<string, string>): string {
  const source = sources.get(CLIENT_TEST) ?? "";
  const found = CLIENT_EVIDENCE.filter(([, text, names]) => names.includes(row.name) && source.includes(text)).map(
    ([client]) => client,
  );
  return [...new Set(found)].join(", ") || "none";
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

/** `packages/broker/test/requests.test.ts` is `broker`. */
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
