/** The manual's tables are what the programs say, its links lead somewhere, and its SQL runs against the files of a real cluster. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PAGE_FILE as BENCHMARKS, readResults, renderPage } from "../bench/page.ts";
import { FINDINGS } from "../conformance/findings.ts";
import { conformancePage, PAGE_FILE as CONFORMANCE, recorded, unexplained } from "../conformance/page.ts";
import { compatibilityPage, PAGE_FILE as COMPATIBILITY } from "../docs/compatibility.ts";
import { type RunningCluster, startCluster } from "../fixtures/cluster.ts";
import { createTopic, produce } from "../fixtures/topics.ts";
import { ROOT } from "../run-command.ts";

const DOCS = join(ROOT, "apps/docs");
const pages = readdirSync(DOCS).filter((name) => name.endsWith(".md"));
const pageText = (name: string) => readFileSync(join(DOCS, name), "utf8");

test("the tables of compatibility.md are those of the code (node e2e/docs/compatibility.ts writes them)", () => {
  const page = readFileSync(COMPATIBILITY, "utf8");
  expect(page).toBe(compatibilityPage(page));
});

test("the figures of benchmarks.md are those of e2e/bench/results.ndjson (pnpm bench --write writes both)", () => {
  const page = readFileSync(BENCHMARKS, "utf8");
  expect(readResults().map((result) => result.name)).toEqual([
    "append",
    "failover",
    "kafka",
    "produce-http",
    "start-up",
  ]);
  expect(page).toBe(renderPage(page, readResults()));
});

test("conformance.md says what e2e/conformance records (pnpm conformance --page writes it), and why what does not pass does not", () => {
  const page = readFileSync(CONFORMANCE, "utf8");
  expect(page).toBe(conformancePage(page, recorded(), FINDINGS));
  expect(unexplained(recorded(), FINDINGS)).toEqual([]);
});

test.each([
  ...pages.map((name) => `apps/docs/${name}`),
  "README.md",
  "packages/README.md",
  "packages/core/README.md",
  "e2e/README.md",
])("links and pictures of %s lead to files that exist", (path) => {
  const text = readFileSync(join(ROOT, path), "utf8").replaceAll(/```[\s\S]*?```/g, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]!.replace(/#.*$/, ""))
    .filter((target) => target !== "");
  const missing = targets.filter(
    (target) => !/^(?:https?:|\/)/.test(target) && !existsSync(join(ROOT, path, "..", target)),
  );
  expect(missing).toEqual([]);
});

describe("storage.md", () => {
  let cluster: RunningCluster;
  beforeAll(async () => {
    cluster = await startCluster();
    await createTopic(cluster, "orders", { partitions: 1, replication: 3 });
    for (let i = 0; i < 3; i++) await produce(cluster, "orders", `value ${i}`);
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  /** The statements of the ```sql blocks, each with the file that its first line names. */
  const queries = [...pageText("storage.md").matchAll(/```sql\n-- (data|metadata)[^\n]*\n([\s\S]*?)```/g)].map(
    (match) => [match[1]!, match[2]!.trim()] as const,
  );

  test("there are three queries at least", () => {
    expect(queries.length).toBeGreaterThanOrEqual(3);
  });

  test.each(queries)("a query for the %s file finds rows: %s", (file, sql) => {
    const dir = join(cluster.dataDir, "broker-1");
    const name = readdirSync(dir).find((entry) => entry.endsWith(".db") && entry.startsWith(file))!;
    const db = new Database(join(dir, name), { readonly: true });
    try {
      expect(db.prepare(sql.replace(/;$/, "")).all().length).toBeGreaterThan(0);
    } finally {
      db.close();
    }
  });

  test.each(pages)("%s is a page of the gateway, and its pictures are served", async (name) => {
    const page = await cluster.fetch(`/docs/${name.replace(".md", "")}`);
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).not.toContain('href="#"');
    for (const [, src] of html.matchAll(/<img src="([^"]+)"/g))
      expect((await cluster.fetch(src!)).status, src).toBe(200);
  });
});
