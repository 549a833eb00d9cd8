import { expect, test } from "../fixtures/browser-cluster.ts";
import { createTopic, produce } from "../fixtures/topics.ts";

test("every state of a view is in its URL: a reload and a second tab show the same", async ({ ui }) => {
  const { page, cluster } = ui;
  for (const name of ["url-a", "url-b"]) await createTopic(cluster, name, { partitions: name === "url-a" ? 1 : 4 });
  await ui.open("/topics");
  await page.getByTestId("topic-search").fill("url-");
  await page.getByRole("columnheader", { name: "Partitions" }).getByRole("button").click();
  const rows = page.getByTestId("topic-table").locator("[data-row]");
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText("url-b");
  const other = await page.context().newPage();
  await other.goto(page.url());
  await expect(other.getByTestId("topic-search")).toHaveValue("url-");
  await expect(other.getByTestId("topic-table").locator("[data-row]").first()).toContainText("url-b");
  await other.close();

  await ui.open("/events");
  await page.getByTestId("event-filter-type").selectOption("admin");
  await page.getByTestId("event-filter-topic").fill("url-b");
  await expect(page.getByTestId("event-row")).toHaveCount(1);
  await page.getByTestId("event-row").click();
  await expect(page.getByTestId("event-drawer")).toContainText("url-b");
  await page.reload();
  await ui.live();
  await expect(page.getByTestId("event-filter-topic")).toHaveValue("url-b");
  await expect(page.getByTestId("event-drawer")).toContainText("url-b");
  await page.goBack();
  await expect(page.getByTestId("event-drawer")).toBeHidden();
});

test("a record has an URL of its own, and a topic that is not there is told in words", async ({ ui }) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "linked");
  await produce(cluster, "linked", "the linked one");
  await ui.open("/topics/linked?tab=messages&from=earliest&record=0:0");
  await expect(page.getByTestId("record-value")).toContainText("the linked one");
  await ui.open("/topics/not-there");
  await expect(page.getByTestId("no-topic")).toContainText("not-there");
  await page.goto(`${cluster.url}${ui.root}/nonsense`);
  await expect(page.getByTestId("not-found")).toBeVisible();
});

test("figures on Overview, Topics and Brokers are those of an independent read", async ({ ui }) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "figures", { partitions: 2 });
  for (let i = 0; i < 7; i++) await produce(cluster, "figures", String(i), `partition=${i % 2}`);
  const overview = await cluster.json<{
    brokers: number;
    brokers_active: number;
    partitions: number;
    under_replicated: number;
    controller: number;
  }>("/cluster");
  await ui.open("");
  await expect(page.getByTestId("indicator-brokers")).toContainText(
    `${overview.brokers_active} of ${overview.brokers}`,
  );
  await expect(page.getByTestId("indicator-urp")).toContainText(String(overview.under_replicated));
  await expect(page.getByTestId("indicator-controller")).toContainText(String(overview.controller));
  await expect(page.getByTestId("verdict-text")).toContainText(
    `all ${overview.brokers} brokers are online, ${overview.partitions} partitions are fully replicated`,
  );
  await page.getByTestId("nav-topics").click();
  await expect(page.getByTestId("topic-figures-records")).toHaveText("7");
  await expect(page.getByTestId("topic-figures-partitions")).toHaveText("2");
  await expect(page.getByTestId("topic-figures-rf")).toHaveText("3");
  await page.getByTestId("nav-brokers").click();
  const { data } = await cluster.json<{
    data: { id: number; epoch: number; leaders: number; replicas: number; process: { pid: number } }[];
  }>("/brokers");
  for (const broker of data) {
    await expect(page.getByTestId(`broker-${broker.id}-leaders`)).toHaveText(String(broker.leaders));
    await expect(page.getByTestId(`broker-${broker.id}-replicas`)).toHaveText(String(broker.replicas));
    await expect(page.getByTestId(`broker-${broker.id}-epoch`)).toHaveText(broker.epoch.toLocaleString("en-US"));
    await expect(page.getByTestId(`broker-${broker.id}-pid`)).toHaveText(`pid ${broker.process.pid}`);
  }
});

test("a config that is changed on the page is what HTTP reads, and the other way round", async ({ ui }) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "configured");
  await ui.open("/topics/configured?tab=config");
  await page.getByTestId("config-retention.ms-edit").click();
  await page.getByTestId("config-value").fill("3600000");
  await page.getByTestId("config-save").click();
  await expect(page.getByTestId("config-retention.ms-value")).toContainText(/3,?600,?000|1 h/);
  expect((await cluster.json<{ config: object }>("/topics/configured")).config).toEqual({ "retention.ms": "3600000" });
  await page.getByTestId("config-retention.ms-edit").click();
  await page.getByTestId("config-value").fill("soon");
  await page.getByTestId("config-save").click();
  await expect(page.getByText(/retention\.ms.*|number/i).first()).toBeVisible();
  expect((await cluster.json<{ config: object }>("/topics/configured")).config).toEqual({ "retention.ms": "3600000" });
});
