import { waitFor } from "../fixtures/cluster.ts";
import { expect, test, untilIsr } from "../fixtures/browser-cluster.ts";
import { createTopic, describeTopic } from "../fixtures/topics.ts";
import { judge, readAll, WriteLoad } from "../fixtures/write-load.ts";

test("kill the leader from the page while acks=all writers run: the page shows it happen, nothing acknowledged is lost, restart fills the ISR", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "broken", { partitions: 3 });
  const load = new WriteLoad(cluster, "broken", { partitions: 3 });
  await waitFor(() => load.acknowledgedCount > 100, { what: "the first hundred acknowledgements" });
  const before = (await describeTopic(cluster, "broken")).partitions;
  const victim = before[0]!.leader;

  // A second tab stays on the topic, as somebody would who watches.
  const watcher = await page.context().newPage();
  await watcher.goto(`${cluster.url}${ui.root}/topics/broken`);
  await expect(watcher.getByTestId("partition-0-leader")).toHaveText(String(victim));

  await ui.open("/brokers");
  const dialog = await ui.ask(`broker-${victim}`, "kill");
  const led: string[] = [];
  const { data } = await cluster.json<{ data: { name: string }[] }>("/topics?limit=1000&internal=1");
  for (const { name } of data)
    for (const partition of (await describeTopic(cluster, name)).partitions)
      if (partition.leader === victim) led.push(`${name}-${partition.partition}`);
  for (const partition of led) await expect(dialog.getByTestId(`preflight-${partition}`)).toBeVisible();
  await expect(dialog.getByTestId("preflight-moves")).toHaveText(new RegExp(`^${led.length} partition`));
  await expect(dialog.getByTestId("preflight-table").locator("[data-row]")).toHaveCount(led.length);
  await expect(dialog.getByTestId("preflight-leaderless")).toHaveText(/^0/);
  await expect(dialog.getByTestId("preflight-quorum")).toContainText("2 of 3");

  await dialog.getByTestId("process-confirm").click();
  const killedAtMs = performance.now();
  await expect(page.getByTestId(`broker-${victim}-state`)).toHaveText("down", { timeout: 3_000 });
  await expect(watcher.getByTestId("partition-0-leader")).not.toHaveText(String(victim), { timeout: 3_000 });
  await expect(watcher.getByTestId("partition-0-epoch")).toHaveText(String(before[0]!.leader_epoch + 1));
  await expect(watcher.getByTestId(`partition-0-replica-${victim}`)).toHaveAttribute("data-state", "offline");
  await expect(watcher.getByTestId("partition-0-isr")).toHaveText("2 of 3");
  const after = (await describeTopic(cluster, "broken")).partitions[0]!;
  await expect(watcher.getByTestId("partition-0-leader")).toHaveText(String(after.leader));
  await waitFor(() => load.acknowledgedSince(killedAtMs, 0) > 20, { what: "writes of partition 0 to go on" });
  await page.getByTestId("nav-overview").click();
  await expect(page.getByTestId("verdict-text")).toContainText(`because broker ${victim} is down`);

  await page.getByTestId("nav-events").click();
  const events = page.getByTestId("event-row");
  // The partitions of __consumer_offsets move as well: what is looked for is filtered for, as a person would.
  const only = (type: string) => page.getByTestId("event-filter-type").selectOption(type);
  await only("broker");
  await expect(events.filter({ hasText: `Broker ${victim} is fenced` }).first()).toBeVisible();
  await only("process");
  await expect(events.filter({ hasText: new RegExp(`process of node ${victim} is down`) }).first()).toBeVisible();
  await only("leader");
  await page.getByTestId("event-filter-topic").fill("broken");
  const led0 = `Broker ${after.leader} leads broken-0 instead of broker ${victim}, epoch ${after.leader_epoch}`;
  await expect(events.filter({ hasText: led0 }).first()).toBeVisible();
  await only("isr");
  const fellOut = new RegExp(`broker ${victim} fell out of the in-sync replicas of broken-`, "i");
  await expect(events.filter({ hasText: fellOut }).first()).toBeVisible();

  await page.getByTestId("nav-brokers").click();
  await ui.act(`broker-${victim}`, "restart");
  await expect(page.getByTestId(`broker-${victim}-state`)).toHaveText("online", { timeout: 15_000 });
  for (const partition of [0, 1, 2])
    await expect(watcher.getByTestId(`partition-${partition}-isr`)).toHaveText("3 of 3", { timeout: 20_000 });
  await untilIsr(cluster, "broken", 3);
  const report = await load.stop();
  for (let partition = 0; partition < 3; partition++)
    expect(judge(report, partition, await readAll(cluster, "broken", partition))).toEqual([]);
  await page.getByTestId("nav-overview").click();
  await expect(page.getByTestId("verdict")).toHaveAttribute("data-level", "ok");
  await watcher.close();
});

test("stop, seen from the page, hands the leaders over first: no acknowledged write waits for an election", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "handed", { partitions: 3 });
  const victim = (await describeTopic(cluster, "handed")).partitions[0]!.leader;
  await ui.open("/brokers");
  await ui.act(`broker-${victim}`, "stop");
  await expect(page.getByTestId(`broker-${victim}-state`)).toHaveText("stopped", { timeout: 15_000 });
  await expect(page.getByTestId(`broker-${victim}-kill`)).toBeDisabled();
  for (const partition of (await describeTopic(cluster, "handed")).partitions)
    expect(partition.leader).not.toBe(victim);
  await ui.act(`broker-${victim}`, "restart");
  await expect(page.getByTestId(`broker-${victim}-state`)).toHaveText("online", { timeout: 15_000 });
  await untilIsr(cluster, "handed", 3);
});
