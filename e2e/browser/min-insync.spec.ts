import { expect, test, untilIsr } from "../fixtures/browser-cluster.ts";
import { createTopic, describeTopic, produce } from "../fixtures/topics.ts";

test("with min.insync.replicas=3 and a broker dead the page says why writes are refused, and shows the high watermark stand", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "strict", { config: { "min.insync.replicas": "3" } });
  await produce(cluster, "strict", "1");
  const before = (await describeTopic(cluster, "strict")).partitions[0]!;
  const victim = before.isr.find((id) => id !== before.leader)!;
  await ui.open("/brokers");
  const dialog = await ui.ask(`broker-${victim}`, "kill");
  await expect(dialog.getByTestId("preflight-below-min-isr")).toHaveText(/^1 partition/);
  await expect(dialog.getByTestId("preflight-verdict")).toContainText("stops writes with acks=all");
  // Lost writes are confirmed by typing the id.
  await expect(dialog.getByTestId("process-confirm")).toBeDisabled();
  await dialog.getByTestId("process-typed").fill(String(victim));
  await dialog.getByTestId("process-confirm").click();
  await expect(page.getByTestId(`broker-${victim}-state`)).toHaveText("down");

  await page.getByTestId("nav-overview").click();
  await expect(page.getByTestId("verdict")).toHaveAttribute("data-level", "critical");
  await expect(page.getByTestId("verdict-text")).toContainText(
    /Writes with acks=all are refused on 1 partition: .*min\.insync\.replicas.*because broker \d is down/,
  );

  await ui.open("/topics/strict?tab=produce");
  await page.getByTestId("produce-value").fill("2");
  await page.getByTestId("produce-send").click();
  const receipt = page.getByTestId("produce-receipt").first();
  await expect(receipt).toHaveAttribute("data-ok", "false");
  await expect(receipt).toContainText(/min\.insync\.replicas/);
  // acks=1 goes into the log: its end moves, the high watermark stands.
  const weak = await cluster.fetch("/topics/strict/values?partition=0&acks=1", { method: "POST", body: "3" });
  expect(weak.status).toBe(201);
  await page.getByTestId("tab-partitions").click();
  await expect(page.getByTestId("partition-0-log-end")).toHaveText("2");
  await expect(page.getByTestId("partition-0-high-watermark")).toHaveText("1");

  expect((await cluster.control(`/brokers/${victim}/restart`)).status).toBe(200);
  await expect(page.getByTestId("partition-0-isr")).toHaveText("3 of 3", { timeout: 20_000 });
  await expect(page.getByTestId("partition-0-high-watermark")).toHaveText("2");
  await page.getByTestId("nav-overview").click();
  await expect(page.getByTestId("verdict")).toHaveAttribute("data-level", "ok");
});

test("two of three dead: the dialog warns and names what would have saved it, the verdict says no quorum and why, one return heals it", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "quorumless", { assignments: { "0": [1, 2, 3] } });
  await produce(cluster, "quorumless", "1");
  await ui.open("/brokers");
  await ui.act("broker-3", "kill");
  await expect(page.getByTestId("broker-3-state")).toHaveText("down");
  const dialog = await ui.ask("broker-2", "kill");
  await expect(dialog.getByTestId("preflight")).toHaveAttribute("data-severity", "danger");
  await expect(dialog.getByTestId("preflight-verdict")).toContainText("loses the controller quorum");
  await expect(dialog.getByTestId("preflight-saved-by-controllers")).toContainText("--controllers");
  await dialog.getByTestId("process-typed").fill("2");
  await dialog.getByTestId("process-confirm").click();
  await expect(page.getByTestId("broker-2-state")).toHaveText("down");

  await page.getByTestId("nav-overview").click();
  await expect(page.getByTestId("verdict")).toHaveAttribute("data-level", "critical");
  await expect(page.getByTestId("verdict-text")).toContainText("No controller quorum because");
  for (const id of [2, 3]) await expect(page.getByTestId("verdict-text")).toContainText(`broker ${id} is down`);
  await page.getByTestId("nav-quorum").click();
  await expect(page.getByTestId("quorum-state")).toHaveText("no quorum");
  // What was committed is still read, from the partition whose leader lives.
  const read = await cluster.json<{ records: unknown[] }>("/topics/quorumless/partitions/0/records");
  expect(read.records).toHaveLength(1);

  await page.getByTestId("nav-brokers").click();
  for (const id of [2, 3]) {
    await ui.act(`broker-${id}`, "restart");
    await expect(page.getByTestId(`broker-${id}-state`)).toHaveText("online", { timeout: 20_000 });
  }
  await untilIsr(cluster, "quorumless", 3);
  await page.getByTestId("nav-overview").click();
  await expect(page.getByTestId("verdict")).toHaveAttribute("data-level", "ok", { timeout: 20_000 });
});
