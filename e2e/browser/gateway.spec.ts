import { expect, test } from "../fixtures/browser-cluster.ts";
import { waitFor } from "../fixtures/cluster.ts";
import { childrenOf } from "../fixtures/process-memory.ts";
import { createTopic } from "../fixtures/topics.ts";

// A cluster of its own: the sessions of the other files would die with the gateway.
test.use({ clusterArgs: ["--rack-per-broker"] });

test("the gateway's process is killed: the page keeps what it knows, lives again by itself, and a new ticket opens the door again", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  const gateway = () => childrenOf(cluster.ready.pid).find((child) => child.command.includes("gateway"));
  const before = gateway();
  test.skip(before === undefined, "the gateway runs inside the supervisor here");
  await createTopic(cluster, "before");
  await ui.open("/topics");
  await expect(page.getByTestId("topic-before")).toBeVisible();
  process.kill(before!.pid, "SIGKILL");
  await waitFor(
    async () => gateway() !== undefined && gateway()!.pid !== before!.pid && (await cluster.fetch("/readyz")).ok,
    {
      what: "a new gateway",
      timeoutMs: 15_000,
    },
  );
  await expect(page.getByTestId("topic-before")).toBeVisible();
  await createTopic(cluster, "after");
  await expect(page.getByTestId("topic-after")).toBeVisible({ timeout: 10_000 });
  await ui.live();
  await expect(page.getByTestId("connection-banner")).toBeHidden();

  await page.goto(cluster.output.match(/https?:\/\/\S+\?ticket=[\w-]+/g)!.at(-1)!);
  await ui.open("/brokers");
  await ui.act("broker-1", "freeze");
  await expect(page.getByTestId("broker-1-state")).toHaveText("frozen");
  await ui.act("broker-1", "unfreeze");
  await expect(page.getByTestId("broker-1-state")).toHaveText("online");
});
