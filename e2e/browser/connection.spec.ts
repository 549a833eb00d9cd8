import type { WebSocketRoute } from "@playwright/test";
import { waitFor } from "../fixtures/cluster.ts";
import { expect, numberIn, test } from "../fixtures/browser-cluster.ts";
import { createTopic, describeTopic, produce } from "../fixtures/topics.ts";
import { WriteLoad } from "../fixtures/write-load.ts";

test("the socket is cut: a banner within 2 s with the age, then by itself live again, the missed records in order and none twice", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "cut");
  let open: WebSocketRoute[] = [];
  let isBlocked = false;
  await page.routeWebSocket(/\/v1\/ws/, async (route) => {
    if (isBlocked) return route.close({ code: 1011 });
    route.connectToServer();
    open.push(route);
  });
  // The twin would carry on; this test is about the loss of everything.
  await page.route(/\/v1\/live|\/records/, (route) => (isBlocked ? route.abort() : route.fallback()));
  await ui.open("/topics/cut?tab=messages&from=earliest");
  for (let i = 0; i < 5; i++) await produce(cluster, "cut", `before-${i}`);
  await expect(page.getByTestId("tail-row")).toHaveCount(5);

  isBlocked = true;
  for (const route of open) await route.close({ code: 1011 });
  open = [];
  await expect(page.getByTestId("connection-banner")).toBeVisible({ timeout: 2_000 });
  await expect(page.getByTestId("connection-banner")).toContainText(/What you see is \d+ s old/);
  await expect(page.getByTestId("data-age")).not.toHaveAttribute("data-state", "live");
  for (let i = 0; i < 5; i++) await produce(cluster, "cut", `during-${i}`);

  isBlocked = false;
  await expect(page.getByTestId("connection-banner")).toBeHidden({ timeout: 6_000 });
  await ui.live();
  await expect(page.getByTestId("tail-row")).toHaveCount(10);
  const values = await page.getByTestId("tail-row").allTextContents();
  expect(values.map((row) => /(before|during)-\d/.exec(row)![0])).toEqual([
    ...[0, 1, 2, 3, 4].map((i) => `before-${i}`),
    ...[0, 1, 2, 3, 4].map((i) => `during-${i}`),
  ]);
});

test("WebSocket blocked from the start: everything live over SSE", async ({ ui }) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "sse-only");
  await page.routeWebSocket(/\/v1\/ws/, (route) => route.close({ code: 1011 }));
  await ui.open("/topics/sse-only");
  await produce(cluster, "sse-only", "1");
  await expect(page.getByTestId("partition-0-high-watermark")).toHaveText("1");
  await page.getByTestId("tab-messages").click();
  await expect(page.getByTestId("tail-row")).toHaveCount(1);
  await produce(cluster, "sse-only", "over the twin");
  await expect(page.getByTestId("tail-row").filter({ hasText: "over the twin" })).toBeVisible();
});

test("the broker that leads what the page shows is gone: the page goes on, with the last known view and its age", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "led");
  const { leader } = (await describeTopic(cluster, "led")).partitions[0]!;
  await ui.open("/brokers");
  expect((await cluster.control(`/brokers/${leader}/kill`)).status).toBe(200);
  await expect(page.getByTestId(`broker-${leader}-state`)).toHaveText("down");
  await expect(page.getByTestId(`broker-${leader}-heard`)).toContainText(/heard [2-9]\.?\d* s ago/, { timeout: 8_000 });
  await ui.live();
  expect((await cluster.control(`/brokers/${leader}/restart`)).status).toBe(200);
  await expect(page.getByTestId(`broker-${leader}-state`)).toHaveText("online", { timeout: 15_000 });
});

test("Pause stands still, says so and goes on with the truth; Space does the same; the cluster does not care", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "still");
  await ui.open("/topics/still");
  await produce(cluster, "still", "1");
  await expect(page.getByTestId("partition-0-high-watermark")).toHaveText("1");
  await page.getByTestId("pause").click();
  await expect(page.getByTestId("data-age")).toHaveAttribute("data-state", "paused");
  await expect(page.getByTestId("pause")).toHaveAttribute("aria-pressed", "true");
  const load = new WriteLoad(cluster, "still", { partitions: 1, writersPerPartition: 1 });
  await waitFor(() => load.acknowledgedCount > 100, { what: "a hundred records" });
  await load.stop();
  await expect(page.getByTestId("partition-0-high-watermark")).toHaveText("1");
  await page.locator("body").press(" ");
  await ui.live();
  const { high_watermark } = (await describeTopic(cluster, "still")).partitions[0]!;
  await expect
    .poll(async () => numberIn(await page.getByTestId("partition-0-high-watermark").textContent()))
    .toBe(high_watermark);
});

test("a hidden tab sends pause, and one snap brings it up to date when it is seen again", async ({ ui }) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "hidden");
  const sent: string[] = [];
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))));
  await ui.open("/topics/hidden");
  await expect(page.getByTestId("partition-0-leader")).toBeVisible();
  const hide = (state: string) =>
    page.evaluate(
      `Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true }); Object.defineProperty(document, "hidden", { value: ${state === "hidden"}, configurable: true }); document.dispatchEvent(new Event("visibilitychange"))`,
    );
  await hide("hidden");
  await expect.poll(() => sent.some((frame) => frame.includes('"t":"pause"'))).toBe(true);
  await produce(cluster, "hidden", "1");
  await hide("visible");
  await expect.poll(() => sent.some((frame) => frame.includes('"t":"resume"'))).toBe(true);
  await expect(page.getByTestId("partition-0-high-watermark")).toHaveText("1");
});
