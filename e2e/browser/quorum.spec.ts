import { expect, numberIn, test, untilIsr } from "../fixtures/browser-cluster.ts";
import { waitFor } from "../fixtures/cluster.ts";
import { createTopic } from "../fixtures/topics.ts";
import { judge, readAll, WriteLoad } from "../fixtures/write-load.ts";

test.use({ clusterArgs: ["--controllers", "3"] });

test("kill the active controller, then a second: a new leader with the next epoch, writes never stop, no quorum is said in words, and it heals", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "steady", { partitions: 3 });
  await untilIsr(cluster, "steady", 3);
  const load = new WriteLoad(cluster, "steady", { partitions: 3, writersPerPartition: 1 });
  await waitFor(() => load.acknowledgedCount > 50, { what: "some acknowledgements" });
  const { controller: first, metadata } = await cluster.json<{ controller: number; metadata: { epoch: number } }>(
    "/cluster",
  );
  await ui.open("/quorum");
  await expect(page.getByTestId("quorum-leader")).toHaveText(`node ${first}`);
  await expect(page.getByTestId("quorum-epoch")).toHaveText(String(metadata.epoch));
  await expect(page.getByTestId(`quorum-${first}-role`)).toHaveText("leader");
  await expect(page.getByTestId("quorum-voters")).toContainText("3 (majority 2)");

  await expect(page.getByTestId(`quorum-${first}-active`)).toBeVisible();
  await ui.act(`quorum-${first}`, "kill");
  await expect(page.getByTestId(`quorum-${first}-state`)).toHaveText("down");
  await expect(page.getByTestId("quorum-leader")).not.toHaveText(`node ${first}`);
  await expect(page.getByTestId("quorum-leader")).toHaveText(/node \d+/);
  const next = await cluster.json<{ controller: number; metadata: { epoch: number } }>("/cluster");
  expect(next.controller).not.toBe(first);
  expect(next.metadata.epoch).toBeGreaterThan(metadata.epoch);
  await expect
    .poll(async () => numberIn(await page.getByTestId("quorum-epoch").textContent()))
    .toBe(next.metadata.epoch);
  await expect(page.getByTestId(`quorum-${next.controller}-role`)).toHaveText("leader");

  const dialog = await ui.ask(`quorum-${next.controller}`, "kill");
  await expect(dialog.getByTestId("preflight-verdict")).toContainText("loses the controller quorum");
  await dialog.getByTestId("process-typed").fill(String(next.controller));
  await dialog.getByTestId("process-confirm").click();
  await expect(page.getByTestId("quorum-state")).toHaveText("no quorum", { timeout: 15_000 });
  await page.getByTestId("nav-overview").click();
  await expect(page.getByTestId("verdict-text")).toContainText(/No controller quorum because .*controller/);

  // The data plane goes on; a topic cannot be made, and the page says why.
  const withoutQuorumAtMs = performance.now();
  await waitFor(() => [0, 1, 2].every((partition) => load.acknowledgedSince(withoutQuorumAtMs, partition) > 5), {
    what: "writes without a quorum",
  });
  await page.getByTestId("nav-topics").click();
  const create = page.getByTestId("create-topic").first();
  if (await create.isDisabled()) {
    await create.hover();
    await expect(page.getByText(/quorum/i).first()).toBeVisible();
  } else {
    await create.click();
    await page.getByTestId("create-topic-name").fill("impossible");
    await page.getByTestId("create-topic-submit").click();
    await expect(page.getByText(/quorum|majority/i).first()).toBeVisible({ timeout: 40_000 });
    await page.keyboard.press("Escape");
  }

  for (const id of [first, next.controller])
    expect((await cluster.control(`/controllers/${id}/restart`)).status).toBe(200);
  await page.getByTestId("nav-quorum").click();
  await expect(page.getByTestId("quorum-state")).toHaveText("has a majority", { timeout: 15_000 });
  const report = await load.stop();
  expect(report.refused).toEqual([]);
  for (let partition = 0; partition < 3; partition++)
    expect(judge(report, partition, await readAll(cluster, "steady", partition))).toEqual([]);
  await createTopic(cluster, "possible-again");
});
