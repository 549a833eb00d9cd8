/**
 * What the suite asks of Kafka's `kafka-topics.sh`: create, alter and delete a topic. Over kafkajs, so that the suite needs no Java.
 * `node kafka-topics.ts --bootstrap-server A,B --create --topic T --partitions N --replication-factor R --config k=v`
 */
import { parseArgs } from "node:util";
import { Kafka, logLevel } from "kafkajs";

const { values } = parseArgs({
  options: {
    "bootstrap-server": { type: "string" },
    create: { type: "boolean" },
    alter: { type: "boolean" },
    delete: { type: "boolean" },
    topic: { type: "string" },
    partitions: { type: "string" },
    "replication-factor": { type: "string" },
    config: { type: "string", multiple: true },
  },
});
const topic = values.topic ?? "";
const brokers = (values["bootstrap-server"] ?? "").split(",");
const admin = new Kafka({ clientId: "kafka-topics", brokers, logLevel: logLevel.ERROR }).admin();
await admin.connect();
try {
  if (values.create) {
    const configEntries = (values.config ?? []).map((entry) => ({
      name: entry.slice(0, entry.indexOf("=")),
      value: entry.slice(entry.indexOf("=") + 1),
    }));
    const numPartitions = Number(values.partitions ?? -1);
    const replicationFactor = Number(values["replication-factor"] ?? -1);
    await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor, configEntries }] });
  } else if (values.alter) {
    await admin.createPartitions({ topicPartitions: [{ topic, count: Number(values.partitions) }] });
  } else if (values.delete) {
    await admin.deleteTopics({ topics: [topic] });
  } else {
    throw new Error("one of --create, --alter and --delete is needed");
  }
} finally {
  await admin.disconnect();
}
