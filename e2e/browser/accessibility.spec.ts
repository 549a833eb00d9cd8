import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test, untilIsr } from "../fixtures/browser-cluster.ts";
import { createTopic, describeTopic, json, produce } from "../fixtures/topics.ts";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const PAGES = [
  "",
  "/topics",
  "/topics/seen",
  "/topics/seen?tab=messages",
  "/topics/seen?tab=produce",
  "/topics/seen?tab=groups",
  "/topics/seen?tab=config",
  "/topics/seen?partition=0",
  "/groups",
  "/groups/seen-by",
  "/clients",
  "/brokers",
  "/quorum",
  "/events",
  "/settings",
];
const SIZES = [
  { width: 1280, height: 800 },
  { width: 320, height: 640 },
] as const;

/** Without frames the legacy mode says the same and opens no page of its own per run. */
const axe = (page: Page) => new AxeBuilder({ page }).withTags(TAGS).setLegacyMode(true).analyze();

test.beforeAll(async ({ cluster }) => {
  await createTopic(cluster, "seen", { partitions: 3 });
  for (let i = 0; i < 12; i++) await produce(cluster, "seen", `value-${i}`, `partition=${i % 3}&key=k${i}`);
  await cluster.fetch("/groups/seen-by/offsets", json("PUT", { seen: { 0: 1, 1: 1, 2: 1 } }));
});

// Other tests on this cluster ask for the worst group.
test.afterAll(async ({ cluster }) => {
  await cluster.fetch("/groups/seen-by", { method: "DELETE" });
});

for (const size of SIZES) {
  test(`axe finds nothing on any page in light and dark at ${size.width} px, and no page scrolls sideways`, async ({
    ui,
  }) => {
    const { page } = ui;
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.setViewportSize(size);
    const found: string[] = [];
    for (const path of PAGES) {
      await ui.open(path);
      await expect(page.getByTestId("page-title").or(page.locator("main h1, main h2")).first()).toBeVisible();
      if (path.endsWith("partition=0")) await expect(page.getByTestId("partition-drawer")).toBeVisible();
      if (path.endsWith("seen-by")) await expect(page.getByTestId("group-verdict")).toBeVisible();
      if (path.endsWith("messages")) await expect(page.getByTestId("tail-row").first()).toBeVisible();
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const { violations } = await axe(page);
        for (const { id, help, nodes } of violations)
          found.push(
            `${path || "/"} ${colorScheme}: ${id} (${help}) at ${nodes
              .map((node) => node.target.join(" "))
              .slice(0, 3)
              .join(" | ")}`,
          );
      }
      const overflow = (await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      )) as number;
      if (overflow > 0) found.push(`${path || "/"}: scrolls sideways by ${overflow} px`);
    }
    expect(found).toEqual([]);
  });
}

test("axe finds nothing in the dialogs, the palette and a page in trouble", async ({ ui }) => {
  const { page, cluster } = ui;
  const check = async (what: string) => {
    const { violations } = await axe(page);
    expect(
      violations.map(
        ({ id, nodes }) =>
          `${what}: ${id} at ${nodes
            .map((node) => node.target.join(" "))
            .slice(0, 3)
            .join(" | ")}`,
      ),
    ).toEqual([]);
  };
  await page.emulateMedia({ reducedMotion: "reduce" });
  await ui.open("/brokers");
  await ui.ask("broker-1", "kill");
  await check("process dialog");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByTestId("palette")).toBeVisible();
  await check("palette");
  await page.keyboard.press("Escape");
  await ui.open("/topics");
  await page.getByTestId("create-topic").first().click();
  await check("create topic");
  await page.keyboard.press("Escape");
  const victim = (await describeTopic(cluster, "seen")).partitions[0]!.leader;
  expect((await cluster.control(`/brokers/${victim}/kill`)).status).toBe(200);
  await ui.open("");
  await expect(page.getByTestId("verdict")).toHaveAttribute("data-level", "warning");
  await check("overview in trouble");
  await page.getByTestId("nav-brokers").click();
  await expect(page.getByTestId(`broker-${victim}-state`)).toHaveText("down");
  await check("brokers in trouble");
  expect((await cluster.control(`/brokers/${victim}/restart`)).status).toBe(200);
  await untilIsr(cluster, "seen", 3);
});

test("kill and restart with the keyboard alone; what happens is announced politely", async ({ ui }) => {
  const { page, cluster } = ui;
  await untilIsr(cluster, "seen", 3);
  await ui.open("");
  await page.evaluate(
    "globalThis.said = []; const region = document.querySelector('[data-testid=announcer]'); new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true })",
  );
  await page.keyboard.press("g");
  await page.keyboard.press("b");
  await expect(page.getByTestId("page-title")).toHaveText("Brokers");
  const tabTo = async (testId: string) => {
    for (let i = 0; i < 120; i++) {
      if ((await page.evaluate("document.activeElement?.getAttribute('data-testid')")) === testId) return;
      await page.keyboard.press("Tab");
      const hidden = (await page.evaluate(
        "(() => { const e = document.activeElement; if (!e || e === document.body) return false; const r = e.getBoundingClientRect(); const at = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2); return r.width > 0 && at !== null && !e.contains(at) && !at.contains(e); })()",
      )) as boolean;
      expect(hidden, "the focused control is not covered (2.4.11)").toBe(false);
    }
    throw new Error(`Tab does not reach ${testId}`);
  };
  await tabTo("broker-2-kill");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("preflight")).toBeVisible();
  await tabTo("process-confirm");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("broker-2-state")).toHaveText("down");
  await expect(page.getByTestId("announcer")).toContainText("node 2 is down", { timeout: 12_000 });
  // Another test killed a node before this page was opened: that is no news.
  const said = ((await page.evaluate("said")) as string[]).join(" ");
  expect(said.match(/node \d is down/g)).toEqual(["node 2 is down"]);
  await expect(page.getByTestId("announcer")).toHaveAttribute("aria-live", "polite");
  // The dialog goes a moment before what dims the page behind it.
  await expect(page.getByTestId("scrim")).toHaveCount(0);
  await tabTo("broker-2-restart");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("process-dialog")).toBeVisible();
  await tabTo("process-confirm");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("broker-2-state")).toHaveText("online", { timeout: 15_000 });
  await untilIsr(cluster, "seen", 3);
});

test("a virtual table tells its true size and position to assistive technology, and arrow keys walk through it", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "many");
  await cluster.fetch("/topics/many/values", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: Array.from({ length: 200 }, (_, i) => `${i}\n`).join(""),
  });
  await ui.open("/topics/many?tab=messages&from=earliest");
  const table = page.getByRole("table", { name: "Records" });
  await expect(table).toHaveAttribute("aria-rowcount", "201");
  expect(await page.getByTestId("tail-row").count()).toBeLessThan(100);
  await table.locator("[data-row][tabindex='0']").focus({ timeout: 3_000 });
  await page.keyboard.press("Home");
  await expect(page.locator("[data-index='0']")).toBeFocused();
  for (let row = 1; row <= 60; row++) {
    await page.keyboard.press("ArrowDown");
    await expect(page.locator(`[data-index='${row}']`)).toBeFocused();
  }
  await expect(page.locator("[data-index='60']")).toHaveAttribute("aria-rowindex", "62");
  await page.keyboard.press("End");
  await expect(page.locator("[data-index='199']")).toBeFocused();
});
