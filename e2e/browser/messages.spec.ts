import { statSync } from "node:fs";
import { expect, numberIn, test } from "../fixtures/browser-cluster.ts";
import { createTopic, json, produce } from "../fixtures/topics.ts";

test("500 records from curl come into the live tail once each, in order per partition", async ({ ui }) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "tail", { partitions: 3 });
  await ui.open("/topics/tail?tab=messages&from=latest");
  await expect(page.getByTestId("tail-status")).toHaveText("live");
  const body = Array.from({ length: 500 }, (_, i) => `{"key":"k${i}","value":${i}}\n`).join("");
  const reply = await cluster.fetch("/topics/tail/records", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body,
  });
  expect(await reply.text()).not.toContain('"error"');
  await expect(page.getByTestId("tail-count")).toHaveText("500 records");
  await expect(page.getByTestId("tail-table")).toHaveAttribute("aria-rowcount", "501");
  // The virtual table is read while it is scrolled through.
  const seen = new Map<number, { p: number; o: number; value: string }>();
  const table = page.getByTestId("tail-table");
  await table.evaluate((element: { scrollTop: number }) => (element.scrollTop = 0));
  await expect(table.locator("[data-index='0']")).toBeAttached();
  for (let last = -1; last < 499;) {
    const rows = await page.getByTestId("tail-row").evaluateAll((elements) =>
      elements.map((row) => ({
        index: Number(row.getAttribute("data-index")),
        cells: [...row.querySelectorAll("[role=cell]")].map(
          (cell: { textContent: string | null }) => cell.textContent ?? "",
        ),
      })),
    );
    for (const { index, cells } of rows)
      seen.set(index, { p: Number(cells[0]), o: numberIn(cells[1]!), value: cells[4]! });
    const lowest = Math.max(...rows.map((row) => row.index));
    if (lowest <= last) break;
    last = lowest;
    await table.locator(`[data-index='${last}']`).evaluate((row: { scrollIntoView(): void }) => row.scrollIntoView());
    if (last < 499) await expect(table.locator(`[data-index='${last + 1}']`)).toBeAttached();
  }
  expect(seen.size).toBe(500);
  expect(new Set([...seen.values()].map((row) => row.value)).size).toBe(500);
  for (const p of [0, 1, 2]) {
    const offsets = [...seen].toSorted(([a], [b]) => a - b).flatMap(([, row]) => (row.p === p ? [row.o] : []));
    expect(offsets).toEqual(offsets.map((_, i) => i));
  }
});

test("what records hold is shown as it is: 64-bit digits, tombstone, headers, hostile text, a large body", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "kinds");
  await ui.open("/topics/kinds?tab=messages");
  await cluster.fetch("/topics/kinds/values?partition=0", json("POST", '{"n":9223372036854775807,"f":1.0}'));
  await cluster.fetch(
    "/topics/kinds/records",
    json("POST", { partition: 0, key: "gone", headers: { trace: "ab" }, value: null, tombstone: true }),
  );
  await produce(
    cluster,
    "kinds",
    "<script>globalThis.hacked = true</script><img src=x onerror='globalThis.hacked = true'>",
  );
  await produce(cluster, "kinds", JSON.stringify({ large: "x".repeat(900_000) }));
  const rows = page.getByTestId("tail-row");
  await expect(rows).toHaveCount(4);
  await expect(rows.nth(0)).toContainText('{"n":9223372036854775807,"f":1.0}');
  await expect(rows.nth(1)).toContainText("tombstone");
  await expect(rows.nth(2)).toContainText("<script>");
  await rows.nth(1).click();
  await expect(page.getByTestId("record-tombstone")).toBeVisible();
  await expect(page.getByTestId("record-headers")).toContainText("trace");
  await page.keyboard.press("Escape");
  await rows.nth(0).click();
  await expect(page.getByTestId("record-value")).toContainText("9223372036854775807");
  await expect(page.getByTestId("record-value")).toContainText("1.0");
  await page.keyboard.press("Escape");
  await rows.nth(3).click();
  await page.getByTestId("record-whole").click();
  const drawer = page.getByTestId("record-drawer");
  await expect
    .poll(async () => (await drawer.getByTestId("record-value").textContent())!.length)
    .toBeGreaterThan(100_000);
  // All of it, or the words that it is not all.
  const isWhole = (await drawer.getByTestId("record-value").textContent())!.length >= 900_000;
  expect(isWhole || (await drawer.getByText(/the first .* of/).count()) > 0, "a value that is cut says so").toBe(true);
  const [download] = await Promise.all([page.waitForEvent("download"), drawer.getByTestId("record-download").click()]);
  expect(statSync(await download.path()).size).toBe(900_012);
  await page.keyboard.press("Escape");
  expect(await page.evaluate("globalThis.hacked")).toBeUndefined();
});

test("a large body in the tail does not block the page", async ({ ui }) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "large");
  await ui.open("/topics/large?tab=messages&from=latest");
  await expect(page.getByTestId("tail-status")).toHaveText("live");
  await page.evaluate(
    "globalThis.long = []; new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask' })",
  );
  for (let i = 0; i < 3; i++) await produce(cluster, "large", JSON.stringify({ large: "x".repeat(900_000) }));
  await expect(page.getByTestId("tail-row")).toHaveCount(3);
  expect(Math.max(0, ...((await page.evaluate("long")) as number[]))).toBeLessThan(200);
});

test("where to begin: earliest, an offset, a partition; the URL says it and a filter narrows what is held", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "seek", { partitions: 2 });
  for (let i = 0; i < 20; i++) await produce(cluster, "seek", `value-${i}`, `partition=${i % 2}`);
  await ui.open("/topics/seek?tab=messages&from=earliest&p=1");
  await expect(page.getByTestId("tail-count")).toHaveText("10 records");
  await page.getByTestId("tail-start").selectOption("offset");
  await page.getByTestId("tail-start-value").fill("7");
  await page.getByTestId("tail-start-go").click();
  await expect(page.getByTestId("tail-count")).toHaveText("3 records");
  expect(new URL(page.url()).searchParams.get("from")).toBe("7");
  await page.getByTestId("tail-filter").fill("value-17");
  await expect(page.getByTestId("tail-row")).toHaveCount(1);
  await page.reload();
  await ui.live();
  await expect(page.getByTestId("tail-filter")).toHaveValue("value-17");
  await expect(page.getByTestId("tail-row")).toHaveCount(1);
  await expect(page.getByTestId("tail-row")).toContainText("value-17");
});
