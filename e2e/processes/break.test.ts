/** The break: brokers die, freeze and are cut off while producers write with acks=all; nothing that was acknowledged is lost, moved or doubled. */
import { afterEach, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { judge, readAll, WriteLoad } from "../fixtures/write-load.ts";

const PARTITIONS = 3;
/** `broker.session.timeout.ms` of `vitrine up`, and the second on top that a silent broker may cost. */
const SILENCE_BOUND_MS = 3_000 + 1_000;

let cluster: RunningCluster | null = null;
afterEach(async () => {
  await cluster?.stop();
  cluster = null;
});

interface TopicDetail {
  readonly partitions: readonly {
    partition: number;
    leader: number;
    leader_epoch: number;
    isr: number[];
    high_watermark: number | null;
  }[];
}

const topicOf = (name: string) => cluster!.json<TopicDetail>(`/topics/${name}`);

async function createTopic(name: string, config: Record<string, string> = {}): Promise<void> {
  const created = await cluster!.fetch(`/topics/${name}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ partitions: PARTITIONS, replication: 3, config }),
  });
  expect(created.status, await created.text()).toBe(201);
}

const isFull = async (name: string) =>
  (await topicOf(name)).partitions.every((partition) => partition.isr.length === 3);

async function expectNothingLost(load: WriteLoad, name: string): Promise<Awaited<ReturnType<WriteLoad["stop"]>>> {
  const report = await load.stop();
  for (let partition = 0; partition < PARTITIONS; partition++)
    expect(judge(report, partition, await readAll(cluster!, name, partition))).toEqual([]);
  expect(report.acknowledged.length).toBeGreaterThan(50);
  return report;
}

/** Does something to the leader of partition 0 under load; returns how long partition 0 was without acknowledgements. */
async function breakLeader(
  verb: "kill" | "freeze" | "isolate",
  heal: "restart" | "unfreeze" | "rejoin",
): Promise<number> {
  await createTopic("orders");
  const load = new WriteLoad(cluster!, "orders", { partitions: PARTITIONS });
  await waitFor(() => load.acknowledgedCount > 100, { what: "the first hundred acknowledgements" });
  const before = (await topicOf("orders")).partitions[0]!;
  const brokenAtMs = performance.now();
  expect((await cluster!.control(`/brokers/${before.leader}/${verb}`)).status).toBe(200);
  const after = await waitFor(
    async () => {
      const partition = (await topicOf("orders")).partitions[0]!;
      return partition.leader !== before.leader && partition.leader >= 0 ? partition : null;
    },
    { what: "a new leader of partition 0", everyMs: 10 },
  );
  expect(after.leader_epoch).toBe(before.leader_epoch + 1);
  const movedAtMs = performance.now();
  await waitFor(() => load.acknowledgedSince(movedAtMs, 0) > 20, { what: "writes of partition 0 to go on" });
  expect((await cluster!.control(`/brokers/${before.leader}/${heal}`)).status).toBe(200);
  await waitFor(() => isFull("orders"), { what: "every ISR to be full again", timeoutMs: 30_000 });
  const report = await expectNothingLost(load, "orders");
  const resumed = report.acknowledged.filter((item) => item.partition === 0);
  let gapMs = 0;
  for (let i = 1; i < resumed.length; i++)
    if (resumed[i]!.atMs > brokenAtMs) gapMs = Math.max(gapMs, resumed[i]!.atMs - resumed[i - 1]!.atMs);
  return gapMs;
}

test("a leader that is killed is replaced with epoch + 1, writes go on, nothing acknowledged is lost, and a restart fills the ISR", async () => {
  cluster = await startCluster();
  const gapMs = await breakLeader("kill", "restart");
  console.log(`longest gap between acknowledgements after a kill: ${Math.round(gapMs)} ms`);
});

test("a leader that is also the active controller is killed: the same", async () => {
  cluster = await startCluster();
  const { controller } = await cluster.json<{ controller: number }>("/cluster");
  // Partition 0 of a topic whose first replica is the controller.
  await cluster.fetch("/topics/led", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ assignments: { "0": [controller, ...[1, 2, 3].filter((id) => id !== controller)] } }),
  });
  const load = new WriteLoad(cluster, "led", { partitions: 1 });
  await waitFor(() => load.acknowledgedCount > 50, { what: "the first acknowledgements" });
  expect((await cluster.control(`/brokers/${controller}/kill`)).status).toBe(200);
  const killedAtMs = performance.now();
  await waitFor(() => load.acknowledgedSince(killedAtMs + 100, 0) > 20, { what: "writes to go on" });
  expect((await cluster.json<{ controller: number }>("/cluster")).controller).not.toBe(controller);
  const report = await load.stop();
  expect(judge(report, 0, await readAll(cluster, "led", 0))).toEqual([]);
});

test.each([
  ["freeze", "unfreeze"],
  ["isolate", "rejoin"],
] as const)(
  "a leader that falls silent (%s) is replaced within the session timeout and a second, and comes back (%s)",
  async (verb, heal) => {
    cluster = await startCluster();
    const gapMs = await breakLeader(verb, heal);
    console.log(
      `longest gap between acknowledgements after ${verb}: ${Math.round(gapMs)} ms (session ${SILENCE_BOUND_MS - 1_000} ms)`,
    );
  },
);

test("with min.insync.replicas=3 and one broker dead, producers read NOT_ENOUGH_REPLICAS in words and the high watermark stands", async () => {
  cluster = await startCluster();
  await createTopic("strict", { "min.insync.replicas": "3" });
  expect((await cluster.fetch("/topics/strict/values?partition=0", { method: "POST", body: "1" })).status).toBe(201);
  const before = (await topicOf("strict")).partitions[0]!;
  const victim = before.isr.find((id) => id !== before.leader)!;
  expect((await cluster.control(`/brokers/${victim}/kill`)).status).toBe(200);
  await waitFor(async () => (await topicOf("strict")).partitions[0]!.isr.length === 2, { what: "the ISR to shrink" });
  const refused = await cluster.fetch("/topics/strict/values?partition=0&timeout=2s", { method: "POST", body: "2" });
  const problem = (await refused.json()) as {
    kafka_error: string;
    detail: string;
    side_effects: string;
    retriable: boolean;
  };
  expect(refused.status).toBe(503);
  expect(problem.kafka_error).toBe("NOT_ENOUGH_REPLICAS");
  expect(problem.side_effects).toBe("none");
  expect(problem.retriable).toBe(true);
  expect(problem.detail).toMatch(/min\.insync\.replicas/);
  // acks=1 goes into the log, but nobody may read it.
  const weak = await cluster.fetch("/topics/strict/values?partition=0&acks=1", { method: "POST", body: "3" });
  expect(weak.status).toBe(201);
  expect((await topicOf("strict")).partitions[0]!.high_watermark).toBe(before.high_watermark);
  expect(await readAll(cluster, "strict", 0)).toHaveLength(1);
  expect((await cluster.control(`/brokers/${victim}/restart`)).status).toBe(200);
  await waitFor(async () => (await readAll(cluster!, "strict", 0)).length === 2, {
    what: "the high watermark to move on",
    timeoutMs: 30_000,
  });
});

test("with two of three dead the quorum is gone: writes end in words, reads below the high watermark go on, and one return heals everything", async () => {
  cluster = await startCluster();
  await createTopic("orders");
  for (let partition = 0; partition < PARTITIONS; partition++)
    expect(
      (await cluster.fetch(`/topics/orders/values?partition=${partition}`, { method: "POST", body: String(partition) }))
        .status,
    ).toBe(201);
  const survivor = (await topicOf("orders")).partitions[0]!.leader;
  const others = [1, 2, 3].filter((id) => id !== survivor);
  for (const id of others) expect((await cluster.control(`/brokers/${id}/kill`)).status).toBe(200);
  const write = await cluster.fetch("/topics/orders/values?partition=0&timeout=2s", { method: "POST", body: "9" });
  const problem = (await write.json()) as { detail: string };
  expect([503, 504]).toContain(write.status);
  expect(problem.detail).toMatch(/quorum|do not answer|does not answer/);
  expect(await readAll(cluster, "orders", 0)).toEqual([{ offset: 0, value: 0 }]);
  await waitFor(async () => (await cluster!.json<{ quorum: boolean }>("/cluster")).quorum === false, {
    what: "the loss of the quorum to be told",
  });
  expect((await cluster.control(`/brokers/${others[0]}/restart`)).status).toBe(200);
  await waitFor(
    async () =>
      (await cluster!.fetch("/topics/orders/values?partition=0&timeout=2s", { method: "POST", body: "10" })).status ===
      201,
    { what: "writes to be taken again", timeoutMs: 30_000 },
  );
  const values = (await readAll(cluster, "orders", 0)).map((record) => record.value);
  expect(values[0]).toBe(0);
  expect(values.at(-1)).toBe(10);
});

test("with --controllers all brokers but one can die and the last in-sync replica still serves", async () => {
  cluster = await startCluster({ args: ["--controllers", "3"] });
  await createTopic("orders", { "min.insync.replicas": "1" });
  expect((await cluster.fetch("/topics/orders/values?partition=0", { method: "POST", body: "1" })).status).toBe(201);
  const last = (await topicOf("orders")).partitions[0]!.leader;
  for (const id of [1, 2, 3].filter((other) => other !== last))
    expect((await cluster.control(`/brokers/${id}/kill`)).status).toBe(200);
  // Each try is a record of its own: one that timed out may still be committed.
  let attempt = 1;
  await waitFor(
    async () => {
      attempt += 1;
      return (
        (
          await cluster!.fetch("/topics/orders/values?partition=0&acks=all&timeout=2s", {
            method: "POST",
            body: String(attempt),
          })
        ).status === 201
      );
    },
    { what: "the last in-sync replica to take writes" },
  );
  const kept = (await readAll(cluster, "orders", 0)).map((record) => record.value);
  expect([kept[0], kept.at(-1)]).toEqual([1, attempt]);
  // A controller can be killed too: two of three still decide.
  const { id } = cluster.ready.controllers[0]!;
  expect((await cluster.control(`/controllers/${id}/kill`)).status).toBe(200);
  await waitFor(
    async () =>
      (
        await cluster!.fetch("/topics/another", {
          method: "PUT",
          headers: { "content-type": "application/json" },
          body: '{"replication":1}',
        })
      ).ok,
    {
      what: "a topic to be created without that controller",
    },
  );
});
