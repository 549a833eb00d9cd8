import { execFileSync } from "node:child_process";
import { expect, test } from "../fixtures/browser-cluster.ts";
import { describeTopic } from "../fixtures/topics.ts";

test("first run: create a topic in the form, produce from the form, see the record; the URL restores the view, the curl line does the same", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await ui.open();
  await expect(page.getByTestId("verdict")).toHaveAttribute("data-level", "ok");
  await page.getByTestId("nav-topics").click();
  await page.getByTestId("create-topic").first().click();
  await page.getByTestId("create-topic-name").fill("first-run");
  await page.getByTestId("create-topic-partitions").fill("3");
  await page.getByTestId("create-topic-replication").fill("3");
  const curl = (await page.getByTestId("create-topic-curl").textContent())!;
  await page.getByTestId("create-topic-submit").click();
  await expect(page.getByTestId("create-topic-dialog")).toBeHidden();

  // The table against an independent read.
  await ui.open("/topics/first-run");
  const described = await describeTopic(cluster, "first-run");
  expect(described.partitions).toHaveLength(3);
  for (const { partition, leader, leader_epoch } of described.partitions) {
    await expect(page.getByTestId(`partition-${partition}-leader`)).toHaveText(String(leader));
    await expect(page.getByTestId(`partition-${partition}-epoch`)).toHaveText(String(leader_epoch));
    await expect(page.getByTestId(`partition-${partition}-isr`)).toHaveText("3 of 3");
    for (const replica of [1, 2, 3])
      await expect(page.getByTestId(`partition-${partition}-replica-${replica}`)).toHaveAttribute(
        "data-state",
        replica === leader ? "leader" : "in-sync",
      );
  }

  await page.getByTestId("tab-produce").click();
  await page.getByTestId("produce-key").fill("k1");
  await page.getByTestId("produce-value").fill("hello from the form");
  await page.getByTestId("produce-send").click();
  const receipt = page.getByTestId("produce-receipt").first();
  await expect(receipt).toHaveAttribute("data-ok", "true");
  const partition = await receipt.getByTestId("receipt-partition").textContent();
  await expect(receipt.getByTestId("receipt-offset")).toHaveText("0");

  await page.getByTestId("tab-messages").click();
  await expect(page.getByTestId("tail-row").filter({ hasText: "hello from the form" })).toBeVisible({ timeout: 1_500 });
  await page.getByTestId("tail-row").click();
  await expect(page.getByTestId("record-value")).toContainText("hello from the form");
  await expect(page.getByTestId("record-key")).toContainText("k1");
  const record = await cluster.json<{ records: { key: string; value: string }[] }>(
    `/topics/first-run/partitions/${/\d+/.exec(partition!)![0]}/records`,
  );
  expect(record.records).toMatchObject([{ key: "k1", value: "hello from the form" }]);

  const before = page.url();
  await page.reload();
  await ui.live();
  expect(page.url()).toBe(before);
  await expect(page.getByTestId("tab-messages")).toHaveAttribute("aria-selected", "true");
  await expect(page.getByTestId("record-value")).toContainText("hello from the form");

  // The same command outside ensures the same topic: it is there already, and the same.
  const again = execFileSync("bash", ["-c", curl.replace(/^curl /, "curl -sS -w '\\n%{http_code}' ")], {
    encoding: "utf8",
    env: { ...process.env, B: cluster.url },
  });
  expect(again.trim().split("\n").at(-1)).toBe("200");
});

test("a ticket that was used does not open the door again; without a session the console shows, but controls nothing", async ({
  browser,
  cluster,
  session,
}) => {
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const page = await context.newPage();
  await page.goto(/https?:\/\/\S+\?ticket=[\w-]+/.exec(cluster.output)![0]);
  expect((await context.cookies()).filter((cookie) => cookie.httpOnly)).toEqual([]);
  await page.goto(`${cluster.url}${session.root}/brokers`);
  await page.getByTestId("broker-1-freeze").click();
  const dialog = page.getByTestId("process-dialog");
  await expect(dialog).toBeVisible();
  const typed = dialog.getByTestId("process-typed");
  const confirm = dialog.getByTestId("process-confirm");
  await expect(dialog.getByTestId("preflight").or(dialog.getByTestId("preflight-error"))).toBeVisible();
  if (await typed.isVisible()) await typed.fill("1");
  await confirm.click();
  await expect(page.getByText(/token|session/i).first()).toBeVisible();
  const { data } = await cluster.json<{ data: { id: number; process: { state: string } }[] }>("/brokers");
  expect(data.find((broker) => broker.id === 1)!.process.state).toBe("running");
  await context.close();
});
