/** Unmodified Kafka clients produce and read: kafkajs from npm, librdkafka inside the Python package confluent-kafka where Python and its registry are at hand. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { ROOT } from "../run-command.ts";

let cluster: RunningCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(async () => {
  await cluster?.stop();
});

const inOrder = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

interface ReadReply {
  readonly records: readonly {
    partition: number;
    offset: number;
    key: string | null;
    headers: Record<string, string> | [string, string][];
    value: unknown;
  }[];
}

test("kafkajs creates a topic, produces with keys and headers, and HTTP reads the same records; kafkajs lists their offsets", async () => {
  const kafka = new Kafka({ clientId: "e2e", brokers: cluster.bootstrapServers.split(","), logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  expect(await admin.createTopics({ topics: [{ topic: "kafkajs", numPartitions: 3, replicationFactor: 3 }] })).toBe(
    true,
  );
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const messages = Array.from({ length: 200 }, (_, i) => ({
    key: `k${i % 17}`,
    value: `value ${i}`,
    headers: { n: String(i) },
  }));
  const sent = await producer.send({ topic: "kafkajs", acks: -1, messages });
  expect(sent.every((partition) => partition.errorCode === 0)).toBe(true);
  await producer.disconnect();
  const reply = await cluster.json<ReadReply>("/topics/kafkajs/records?offset=earliest&limit=1000");
  expect(reply.records.map((record) => String(record.value)).toSorted(inOrder)).toEqual(
    messages.map((message) => message.value).toSorted(inOrder),
  );
  const offsets = await admin.fetchTopicOffsets("kafkajs");
  expect(offsets.reduce((sum, partition) => sum + Number(partition.high), 0)).toBe(200);
  expect(offsets.every((partition) => Number(partition.low) === 0)).toBe(true);
  await admin.deleteTopics({ topics: ["kafkajs"] });
  await admin.disconnect();
  await waitFor(async () => (await cluster.fetch("/topics/kafkajs")).status === 404, {
    what: "the gateway to know of the deletion",
  });
});

const PYTHON_ENV = join(ROOT, ".cache", "librdkafka");

/** The Python of a private environment with confluent-kafka (librdkafka is inside its wheel), or why there is none. */
function librdkafkaPython(): { python: string } | { reason: string } {
  const python = join(PYTHON_ENV, "bin", "python3");
  const imports = () => existsSync(python) && spawnSync(python, ["-c", "import confluent_kafka"]).status === 0;
  if (imports()) return { python };
  if (spawnSync("python3", ["--version"]).status !== 0)
    return { reason: "there is no python3 here to load librdkafka with" };
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  const made = spawnSync("python3", ["-m", "venv", PYTHON_ENV], { encoding: "utf8", timeout: 60_000 });
  if (made.status !== 0)
    return { reason: `python3 cannot make a virtual environment: ${made.stderr.trim().split("\n").at(-1)}` };
  const installed = spawnSync(
    python,
    ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", "confluent-kafka"],
    {
      encoding: "utf8",
      timeout: 120_000,
    },
  );
  return imports()
    ? { python }
    : { reason: `confluent-kafka cannot be installed: ${installed.stderr.trim().split("\n").at(-1)}` };
}

const librdkafka = librdkafkaPython();
if ("reason" in librdkafka) console.log(`skipped: librdkafka is not tested, because ${librdkafka.reason}`);

const PROGRAM = String.raw`
import json, sys
from confluent_kafka import Producer, Consumer, TopicPartition, OFFSET_BEGINNING, version, libversion
from confluent_kafka.admin import AdminClient, NewTopic
servers, topic = sys.argv[1], sys.argv[2]
admin = AdminClient({"bootstrap.servers": servers})
for future in admin.create_topics([NewTopic(topic, num_partitions=3, replication_factor=3)]).values():
    future.result(20)
failed, delivered = [], []
def report(error, message):
    (failed if error else delivered).append(str(error) if error else [message.partition(), message.offset()])
for compression in ("none", "gzip", "snappy", "lz4", "zstd"):
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "compression.type": compression, "linger.ms": 5})
    for i in range(100):
        producer.produce(topic, key="key-%d" % (i % 7), value="%s value %d" % (compression, i), on_delivery=report)
    producer.flush(30)
consumer = Consumer({"bootstrap.servers": servers, "group.id": "e2e", "enable.auto.commit": False, "enable.partition.eof": True})
consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(3)])
read, ends = [], 0
while ends < 3:
    message = consumer.poll(20)
    if message is None:
        break
    if message.error():
        if message.error().name() == "_PARTITION_EOF":
            ends += 1
            continue
        failed.append(str(message.error()))
        break
    read.append([message.partition(), message.offset(), message.value().decode()])
consumer.close()
print(json.dumps({"version": libversion()[0], "failed": failed, "delivered": delivered, "read": read}))
`;

test.skipIf("reason" in librdkafka)(
  "librdkafka creates a topic, produces with every codec and reads everything back, in order",
  async () => {
    if ("reason" in librdkafka) return;
    const file = join(PYTHON_ENV, "produce-and-read.py");
    writeFileSync(file, PROGRAM);
    const run = spawnSync(librdkafka.python, [file, cluster.bootstrapServers, "rdkafka"], {
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(run.status, run.stderr).toBe(0);
    const result = JSON.parse(run.stdout) as {
      version: string;
      failed: string[];
      delivered: [number, number][];
      read: [number, number, string][];
    };
    console.log(`librdkafka ${result.version}`);
    expect(result.failed).toEqual([]);
    expect(result.delivered).toHaveLength(500);
    expect(result.read).toHaveLength(500);
    for (const partition of [0, 1, 2]) {
      const offsets = result.read.filter(([p]) => p === partition).map(([, offset]) => offset);
      expect(offsets).toEqual(offsets.map((_, index) => index));
    }
    const reply = await cluster.json<ReadReply>("/topics/rdkafka/records?offset=earliest&limit=1000");
    expect(reply.records.map((record) => String(record.value)).toSorted(inOrder)).toEqual(
      result.read.map(([, , value]) => value).toSorted(inOrder),
    );
  },
);
