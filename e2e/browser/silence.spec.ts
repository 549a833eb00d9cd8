import { waitFor } from "../fixtures/cluster.ts";
import { expect, numberIn, test, untilIsr } from "../fixtures/browser-cluster.ts";
import { createTopic, describeTopic } from "../fixtures/topics.ts";
import { judge, readAll, WriteLoad } from "../fixtures/write-load.ts";

for (const [verb, undo, state] of [
  ["freeze", "unfreeze", "frozen"],
  ["isolate", "rejoin", "isolated"],
] as const) {
  test(`${verb} a follower under load: its lag grows, the ISR shrinks, the high watermark goes on; ${undo}: it catches up and joins again`, async ({
    ui,
  }) => {
    const { page, cluster } = ui;
    const topic = `silent-${verb}`;
    await createTopic(cluster, topic, { partitions: 1 });
    const load = new WriteLoad(cluster, topic, { partitions: 1 });
    await waitFor(() => load.acknowledgedCount > 50, { what: "some acknowledgements" });
    const { leader, isr } = (await describeTopic(cluster, topic)).partitions[0]!;
    const { controller } = await cluster.json<{ controller: number }>("/cluster");
    const victim = isr.find((id) => id !== leader && id !== controller) ?? isr.find((id) => id !== leader)!;
    await ui.open("/brokers");
    await ui.act(`broker-${victim}`, verb);
    await expect(page.getByTestId(`broker-${victim}-state`)).toHaveText(state);

    await ui.open(`/topics/${topic}`);
    await expect(page.getByTestId(`partition-0-replica-${victim}`)).not.toHaveAttribute("data-state", "in-sync", {
      timeout: 10_000,
    });
    await expect(page.getByTestId("partition-0-isr")).toHaveText("2 of 3");
    const shrunk = numberIn(await page.getByTestId("partition-0-high-watermark").textContent());
    await expect
      .poll(async () => numberIn(await page.getByTestId("partition-0-high-watermark").textContent()))
      .toBeGreaterThan(shrunk + 20);
    await expect
      .poll(async () => Number(await page.getByTestId(`partition-0-lag-${victim}`).getAttribute("data-lag")))
      .toBeGreaterThan(10);
    await page.getByTestId("nav-overview").click();
    await expect(page.getByTestId("verdict-text")).toContainText(`because broker ${victim} is ${state}`);

    expect((await cluster.control(`/brokers/${victim}/${undo}`)).status).toBe(200);
    await ui.open(`/topics/${topic}`);
    await expect(page.getByTestId("partition-0-isr")).toHaveText("3 of 3", { timeout: 20_000 });
    await expect(page.getByTestId(`partition-0-replica-${victim}`)).toHaveAttribute("data-state", "in-sync");
    const report = await load.stop();
    expect(judge(report, 0, await readAll(cluster, topic, 0))).toEqual([]);
    await expect(page.getByTestId(`partition-0-lag-${victim}`)).toHaveAttribute("data-lag", "0");
    await untilIsr(cluster, topic, 3);
  });
}
