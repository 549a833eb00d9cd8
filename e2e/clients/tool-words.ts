/** What the tests of Apache Kafka's tools say to them again and again. */
import { waitFor } from "../fixtures/cluster.ts";
import type { KafkaTools } from "./kafka-tools.ts";

/** The cells of the lines in a tool's table that have so many. */
export const rowsOf = (output: string, columns: number) =>
  output
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells.length === columns);

/** What `kafka-topics --describe` says of each partition. */
export async function describeTopic(tools: KafkaTools, topic: string) {
  const output = await tools.run("kafka-topics", ["--describe", "--topic", topic]);
  const numbers = (text: string) => text.split(",").map(Number);
  return [...output.matchAll(/Partition: (\d+)\s+Leader: (\d+)\s+Replicas: ([\d,]+)\s+Isr: ([\d,]+)/g)].map(
    ([, partition, leader, replicas, isr]) => ({
      partition: Number(partition),
      leader: Number(leader),
      replicas: numbers(replicas!),
      isr: numbers(isr!),
    }),
  );
}

/** Makes a topic and waits until it is described. */
export async function createTopic(tools: KafkaTools, topic: string, ...options: string[]): Promise<void> {
  await tools.run("kafka-topics", ["--create", "--topic", topic, ...options]);
  await waitFor(async () => (await describeTopic(tools, topic)).length > 0, { what: `${topic} to be described` });
}

/** Records with keys, as the console producer takes them. */
export const LINES = Array.from({ length: 30 }, (_, i) => `key-${i % 7}:größer als ${i} €`);

/** Writes them with the console producer; comes back when all are in. */
export async function produceLines(
  tools: KafkaTools,
  topic: string,
  lines: readonly string[],
  ...options: string[]
): Promise<void> {
  const reader = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"];
  await tools.run("kafka-console-producer", ["--topic", topic, ...reader, ...options], `${lines.join("\n")}\n`);
}
