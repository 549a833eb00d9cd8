import { Kafka, logLevel, type Consumer } from "kafkajs";
import { expect, numberIn, test, type Console } from "../fixtures/browser-cluster.ts";
import { waitFor } from "../fixtures/cluster.ts";
import { startConsumer } from "../fixtures/consumer-process.ts";
import { createTopic, json } from "../fixtures/topics.ts";

const kafkaOf = (ui: Console, clientId: string) =>
  new Kafka({
    clientId,
    brokers: ui.cluster.bootstrapServers.split(","),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 30 },
  });

interface Lag {
  readonly lag: number;
  readonly partitions: readonly {
    topic: string;
    partition: number;
    committed: number | null;
    end: number;
    lag: number;
  }[];
}

const lagOf = (ui: Console, group: string) => ui.cluster.json<Lag>(`/groups/${group}/lag`);

async function send(ui: Console, topic: string, count: number): Promise<void> {
  const producer = kafkaOf(ui, "filler").producer();
  await producer.connect();
  const messages = Array.from({ length: count }, (_, n) => ({ partition: n % 3, value: `value ${n}` }));
  await producer.send({ topic, acks: -1, messages });
  await producer.disconnect();
}

/** A consumer that reads and commits; `stop` leaves the group in order. */
async function consume(ui: Console, topic: string, groupId: string, clientId: string): Promise<Consumer> {
  const consumer = kafkaOf(ui, clientId).consumer({
    groupId,
    sessionTimeout: 6_000,
    heartbeatInterval: 500,
    // kafkajs looks for another coordinator after five fetches in vain: by default that is half a minute.
    maxWaitTimeInMs: 500,
  });
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({ autoCommitInterval: 200, eachMessage: async () => {} });
  await joined;
  return consumer;
}

test("a group of two: who owns what, lag that grows and shrinks, a member that is killed, a coordinator that is killed, and its commits live on", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "lagging", { partitions: 3 });
  await send(ui, "lagging", 30);
  await ui.open("/groups");
  const first = await consume(ui, "lagging", "pair", "stayer");
  const second = await startConsumer({
    bootstrapServers: cluster.bootstrapServers,
    group: "pair",
    topic: "lagging",
    clientId: "leaver",
  });
  try {
    await expect(page.getByTestId("group-pair-members")).toHaveText("2");
    await expect(page.getByTestId("group-pair-state")).toHaveText("Stable");
    await expect(page.getByTestId("group-pair-topics")).toHaveText("lagging");
    await expect(page.getByTestId("group-pair-lag")).toHaveText("0");
    await page.getByTestId("group-pair").click();

    // Members and owners are those of Kafka's own DescribeGroups.
    const admin = kafkaOf(ui, "looker").admin();
    await admin.connect();
    const described = (await admin.describeGroups(["pair"])).groups[0]!;
    await expect(page.getByTestId("group-member")).toHaveCount(2);
    for (const member of described.members) {
      const shown = page.locator(`[data-testid=group-member][data-member-id="${member.memberId}"]`);
      await expect(shown.getByTestId("group-member-client")).toHaveText(member.clientId);
    }
    const owners = await Promise.all(
      [0, 1, 2].map((p) => page.getByTestId(`group-partition-lagging-${p}-owner`).getAttribute("data-member-id")),
    );
    expect(new Set(owners)).toEqual(new Set(described.members.map(({ memberId }) => memberId)));
    for (const p of [0, 1, 2])
      await expect(page.getByTestId(`ownership-lagging-${p}`)).toHaveAttribute("data-member", /^[12]$/);

    // Nobody reads for a while: the lag grows to exactly what was sent, and the wait with it.
    first.pause([{ topic: "lagging" }]);
    const generation = numberIn(await page.getByTestId("group-generation").textContent());
    await second.kill();
    await send(ui, "lagging", 60);
    await expect(page.getByTestId("group-member-count")).toHaveText("1 member", { timeout: 25_000 });
    await expect(page.getByTestId("group-state")).toHaveText("Stable");
    await expect
      .poll(async () => numberIn(await page.getByTestId("group-generation").textContent()))
      .toBeGreaterThan(generation);
    await expect(page.getByTestId("rebalance-row").first()).toContainText(/1 member left/);
    const behind = await lagOf(ui, "pair");
    expect(behind.lag).toBeGreaterThan(0);
    await expect.poll(async () => numberIn(await page.getByTestId("group-lag").textContent())).toBe(behind.lag);
    for (const { partition, committed, end, lag } of behind.partitions) {
      await expect(page.getByTestId(`group-partition-lagging-${partition}-lag`)).toHaveAttribute(
        "data-lag",
        String(lag),
      );
      await expect(page.getByTestId(`group-partition-lagging-${partition}-end`)).toHaveText(String(end));
      await expect(page.getByTestId(`group-partition-lagging-${partition}-committed`)).toHaveText(
        committed === null ? "\u2013" : String(committed),
      );
    }
    await expect
      .poll(async () =>
        Number(await page.getByTestId("group-partition-lagging-0-lag-seconds").getAttribute("data-seconds")),
      )
      .toBeGreaterThan(0);
    first.resume([{ topic: "lagging" }]);
    await expect(page.getByTestId("group-lag")).toHaveText("0", { timeout: 20_000 });
    await expect(page.getByTestId("group-verdict")).toHaveAttribute("data-level", "ok");

    // The coordinator's broker is killed from the page that the link leads to.
    const before = (await page.getByTestId("group-coordinator").textContent())!;
    const victim = Number(/\d+/.exec(before)![0]);
    await page.getByTestId("group-coordinator").click();
    await ui.act(`broker-${victim}`, "kill");
    await expect(page.getByTestId(`broker-${victim}-state`)).toHaveText("down");
    await page.getByTestId("nav-groups").click();
    await page.getByTestId("group-pair").click();
    await expect(page.getByTestId("group-coordinator")).not.toHaveText(before);
    await expect(page.getByTestId("group-coordinator")).toHaveText(/broker \d/);
    await expect(page.getByTestId("group-coordinator-moved")).toBeVisible();
    await expect
      .poll(async () => (await lagOf(ui, "pair")).partitions.map(({ committed }) => committed))
      .toEqual([30, 30, 30]);
    for (const p of [0, 1, 2])
      await expect(page.getByTestId(`group-partition-lagging-${p}-committed`)).toHaveText("30");
    await send(ui, "lagging", 3);
    for (const p of [0, 1, 2])
      await expect(page.getByTestId(`group-partition-lagging-${p}-committed`)).toHaveText("31", { timeout: 20_000 });
    await admin.disconnect();
    expect((await cluster.control(`/brokers/${victim}/restart`)).status).toBe(200);
    await waitFor(async () => (await cluster.json<{ brokers_active: number }>("/cluster")).brokers_active === 3, {
      what: "three brokers",
    });
  } finally {
    await first.disconnect();
    await second.kill();
  }
});

test("reset by dialog: refused in words while somebody reads, then a dry run, then exactly what the dry run said; the group is deleted", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "again", { partitions: 3 });
  await send(ui, "again", 30);
  const reader = await consume(ui, "again", "rereader", "reader");
  await ui.open("/groups/rereader");
  await expect(page.getByTestId("group-partition-again-2-committed")).toHaveText("10");
  await page.getByTestId("reset-offsets").click();
  await expect(page.getByTestId("reset-offsets-refused")).toContainText("rereader has 1 member");
  await expect(page.getByTestId("reset-offsets-confirm")).toBeDisabled();
  await reader.disconnect();
  await expect(page.getByTestId("reset-offsets-refused")).toBeHidden();

  await page.getByTestId("reset-offsets-to").selectOption("offset");
  await page.getByTestId("reset-offsets-value").fill("4");
  await page.getByTestId("reset-offsets-topic").selectOption("again");
  await page.getByTestId("reset-offsets-partitions").fill("0, 2");
  await page.getByTestId("reset-offsets-preview").click();
  for (const p of [0, 2]) {
    await expect(page.getByTestId(`reset-again-${p}-before`)).toHaveText("10");
    await expect(page.getByTestId(`reset-again-${p}-after`)).toHaveText("4");
  }
  const committed = async () => (await lagOf(ui, "rereader")).partitions.map((partition) => partition.committed);
  expect(await committed(), "a dry run moves nothing").toEqual([10, 10, 10]);
  await page.getByTestId("reset-offsets-confirm").click();
  await expect(page.getByTestId("reset-offsets-dialog")).toBeHidden();
  expect(await committed()).toEqual([4, 10, 4]);
  const admin = kafkaOf(ui, "looker").admin();
  await admin.connect();
  const [offsets] = await admin.fetchOffsets({ groupId: "rereader", topics: ["again"] });
  const byPartition = offsets!.partitions.toSorted((a, b) => a.partition - b.partition);
  expect(byPartition.map(({ offset }) => offset)).toEqual(["4", "10", "4"]);
  for (const [p, text] of ["4", "10", "4"].entries())
    await expect(page.getByTestId(`group-partition-again-${p}-committed`)).toHaveText(text);
  await expect(page.getByTestId("group-verdict")).toHaveAttribute("data-level", /warning|critical/);
  await page.getByTestId("nav-overview").click();
  await expect(page.getByTestId("worst-group-text")).toContainText("12 records wait on 2 partitions");
  await page.getByTestId("worst-group-link").click();

  await page.getByTestId("delete-group").click();
  await page.getByTestId("delete-group-typed").fill("rereader");
  await page.getByTestId("delete-group-confirm").click();
  await expect(page.getByTestId("page-title")).toHaveText("Groups");
  await expect(page.getByTestId("group-rereader")).toBeHidden();
  expect((await admin.listGroups()).groups.map(({ groupId }) => groupId)).not.toContain("rereader");
  await admin.disconnect();
});

test("the topic tells who reads it and how far behind; a group that is not there is told in words; the filter is in the URL", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  for (const topic of ["read-by-two", "read-by-one"]) await createTopic(cluster, topic, { partitions: 3 });
  await send(ui, "read-by-two", 12);
  const commit = async (group: string, topic: string, offset: number) =>
    expect(
      (await cluster.fetch(`/groups/${group}/offsets`, json("PUT", { [topic]: { 0: offset, 1: offset, 2: offset } })))
        .status,
    ).toBe(200);
  await commit("even", "read-by-two", 4);
  await commit("late", "read-by-two", 1);
  await commit("late", "read-by-one", 0);
  await ui.open("/topics/read-by-two?tab=groups");
  await expect(page.getByTestId("topic-group-even-lag")).toHaveText("0");
  await expect(page.getByTestId("topic-group-late-lag")).toHaveText("9");
  await page.getByTestId("nav-topics").click();
  await page.getByTestId("topic-search").fill("read-by");
  await expect(page.getByTestId("topic-read-by-two-groups")).toHaveText("2");
  await expect(page.getByTestId("topic-read-by-two-group-lag")).toHaveText("3");
  await expect(page.getByTestId("topic-read-by-one-groups")).toHaveText("1");

  await page.getByTestId("nav-groups").click();
  await page.getByTestId("group-search").fill("read-by-two");
  await page.getByTestId("group-filter-state").selectOption("Empty");
  await page.getByRole("columnheader", { name: "Group", exact: true }).getByRole("button").click();
  const rows = page.getByTestId("group-table").locator("[data-row]");
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText("even");
  await page.reload();
  await ui.live();
  await expect(page.getByTestId("group-search")).toHaveValue("read-by-two");
  await expect(rows.first()).toContainText("even");
  await ui.open("/groups/not-there");
  await expect(page.getByTestId("no-group")).toContainText("There is no group not-there");
});
