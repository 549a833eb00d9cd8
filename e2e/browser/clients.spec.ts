import { connect } from "node:net";
import { Admin } from "@platformatic/kafka";
import { Kafka, logLevel } from "kafkajs";
import { expect, numberIn, test } from "../fixtures/browser-cluster.ts";
import { waitFor } from "../fixtures/cluster.ts";
import { createTopic, describeTopic } from "../fixtures/topics.ts";

const kafkaOf = (bootstrapServers: string, clientId: string) =>
  new Kafka({ clientId, brokers: bootstrapServers.split(","), logLevel: logLevel.NOTHING });

test("an idempotent kafkajs producer: its connection by name with its rate, and in the partition its id, epoch and last sequence", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  await createTopic(cluster, "exactly", { partitions: 2 });
  const producer = kafkaOf(cluster.bootstrapServers, "till-42").producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const send = () =>
    producer.send({
      topic: "exactly",
      acks: -1,
      messages: [
        { partition: 1, value: "a" },
        { partition: 1, value: "b" },
      ],
    });
  for (let i = 0; i < 5; i++) await send();

  await ui.open("/clients?q=till-42");
  const row = page.getByTestId("client-table").locator("[data-row]").first();
  await expect(row).toContainText("till-42");
  await expect(row).toContainText("127.0.0.1:");
  const { leader } = (await describeTopic(cluster, "exactly")).partitions[1]!;
  await page.getByTestId("client-filter-broker").selectOption(String(leader));
  await expect(page.getByTestId("client-table").locator("[data-row]")).toHaveCount(1);
  await expect(row).toContainText("Produce");
  await row.click();
  await expect(page.getByTestId("client-drawer")).toContainText(`broker ${leader}`);
  await page.reload();
  await ui.live();
  await expect(page.getByTestId("client-drawer")).toContainText("till-42");
  await page.getByTestId("dialog-close").click();

  await ui.open("/topics/exactly");
  await page.getByTestId("partition-0").click();
  await expect(page.getByTestId("producer-none")).toBeVisible();
  await page.getByTestId("dialog-close").click();
  await page.getByTestId("partition-1").click();
  const producers = page.getByTestId("producer-table").locator("[data-row]");
  await expect(producers).toHaveCount(1);
  const id = (await producers.first().getAttribute("data-row"))!;
  const cell = (name: string) => page.getByTestId(`producer-${id}-${name}`);
  await expect(cell("epoch")).toHaveText("0");
  // Ten records in this partition: numbered from 0, at the end of its log.
  await expect(cell("sequence")).toHaveText("9");
  await expect(cell("offset")).toHaveText("9");
  await send();
  await expect(cell("sequence")).toHaveText("11");
  const { high_watermark } = (await describeTopic(cluster, "exactly")).partitions[1]!;
  await expect.poll(async () => numberIn(await cell("offset").textContent())).toBe(high_watermark! - 1);

  // Another broker leads: it knows the producer as well, because it is in the log.
  expect((await cluster.control(`/brokers/${leader}/kill`)).status).toBe(200);
  await waitFor(async () => (await describeTopic(cluster, "exactly")).partitions[1]!.leader !== leader, {
    what: "the election",
  });
  await send();
  await expect(cell("sequence")).toHaveText("13");
  await producer.disconnect();
  expect((await cluster.control(`/brokers/${leader}/restart`)).status).toBe(200);
  await ui.open("/clients?q=till-42");
  await expect(page.getByTestId("client-table")).toBeHidden();
});

test("a client that tells its software is shown with name and version; the others with what they do not say", async ({
  ui,
}) => {
  const { page, cluster } = ui;
  const told = new Admin({ clientId: "teller", bootstrapBrokers: cluster.bootstrapServers.split(",") });
  await told.metadata({ topics: [] });
  const silent = kafkaOf(cluster.bootstrapServers, "silent").admin();
  await silent.connect();
  await ui.open("/clients?q=platformatic");
  const rows = page.getByTestId("client-table").locator("[data-row]");
  await expect(rows.first()).toContainText("teller");
  // Name and version as ApiVersions carries them (KIP-511).
  await expect(rows.first()).toContainText(/platformatic-kafka \d+\.\d+\.\d+/);
  await page.getByTestId("client-search").fill("silent");
  await expect(rows.first()).toContainText("does not say");
  // What comes over HTTP comes through the gateway, which says what it is, too.
  expect((await cluster.fetch("/groups")).status).toBe(200);
  await page.getByTestId("client-search").fill("vitrine-http");
  await expect(rows.first()).toContainText(/vitrine-http \d+\.\d+\.\d+/);
  await told.close();
  await silent.disconnect();
});

test("a client of another age is refused in words, with its name", async ({ ui }) => {
  const { page, cluster } = ui;
  const [host, port] = cluster.ready.brokers[0]!.kafka.split(":");
  const socket = connect(Number(port), host);
  socket.on("error", () => {});
  const answered = new Promise((resolve) => socket.once("data", resolve));
  socket.write(request({ apiKey: 18, version: 0, clientId: "time-traveller" }));
  await answered;
  // Metadata as a client from the future would ask for it.
  socket.write(request({ apiKey: 3, version: 99, clientId: "time-traveller" }));
  await ui.open("/clients?refused=1");
  await expect(page.getByTestId("client-refusals")).toContainText("time-traveller");
  await expect(page.getByTestId("client-refusals")).toContainText(/version 99/);
  socket.destroy();
});

/** A request of Kafka's protocol with a header and nothing else. */
function request({ apiKey, version, clientId }: { apiKey: number; version: number; clientId: string }): Buffer {
  const frame = Buffer.alloc(14 + clientId.length);
  frame.writeInt32BE(frame.length - 4);
  frame.writeInt16BE(apiKey, 4);
  frame.writeInt16BE(version, 6);
  frame.writeInt32BE(7, 8);
  frame.writeInt16BE(clientId.length, 12);
  frame.write(clientId, 14);
  return frame;
}
