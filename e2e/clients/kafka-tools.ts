/** Apache Kafka's command line tools, by the names of their scripts: most of them in one JVM that lives as long as this (KafkaTools.java). */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { JAVA_FLAGS } from "./available.ts";

const TOOLS = {
  "kafka-topics": "org.apache.kafka.tools.TopicCommand",
  "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
  "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
  "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
  "kafka-configs": "kafka.admin.ConfigCommand",
  "kafka-reassign-partitions": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
  "kafka-leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
  "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
  "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
  "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
  "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
  "kafka-acls": "org.apache.kafka.tools.AclCommand",
  "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
  "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
  "kafka-features": "org.apache.kafka.tools.FeatureCommand",
  "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
  "kafka-verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
  "kafka-verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
} as const;

type ToolName = keyof typeof TOOLS;

/** They do part of their work when their process ends, and so need one of their own. */
const ALONE: readonly ToolName[] = ["kafka-verifiable-producer", "kafka-verifiable-consumer"];

const LONGEST_RUN_MS = 60_000;

interface Outcome {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

type Reply = Outcome & { readonly id: number };

export class KafkaTools {
  readonly #classPath: string;
  readonly #child: ChildProcess;
  readonly #bootstrapServers: string;
  readonly #waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  #complaints = "";
  #nextId = 1;

  constructor(classPath: string, bootstrapServers: string) {
    this.#classPath = classPath;
    this.#bootstrapServers = bootstrapServers;
    this.#child = spawn("java", [...JAVA_FLAGS, "-cp", classPath, "KafkaTools"], { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr!.on("data", (chunk: Buffer) => (this.#complaints += chunk.toString()));
    this.#child.stdin!.on("error", () => {});
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      const reply = JSON.parse(line) as Reply;
      this.#waiting.get(reply.id)?.resolve(reply);
      this.#waiting.delete(reply.id);
    });
    this.#child.once("exit", (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the tools' JVM ended (${signal ?? code}): ${this.#complaints}`));
    });
  }

  /** Runs a tool to its end; gives what it printed. Throws when it fails. */
  async run(tool: ToolName, args: readonly string[], input = ""): Promise<string> {
    const reply = await this.#ask(tool, args, input);
    if (reply.exitCode !== 0)
      throw new Error(`${tool} ${args.join(" ")} ended with ${reply.exitCode}:\n${reply.output}\n${reply.errors}`);
    return reply.output;
  }

  /** Runs a tool that is to refuse; gives what it said. Throws when it does not fail. */
  async refused(tool: ToolName, args: readonly string[]): Promise<string> {
    const reply = await this.#ask(tool, args, "");
    if (reply.exitCode === 0) throw new Error(`${tool} ${args.join(" ")} was not refused:\n${reply.output}`);
    return reply.output + reply.errors;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  #ask(tool: ToolName, args: readonly string[], input: string): Promise<Outcome> {
    const servers = ["--bootstrap-server", this.#bootstrapServers];
    // Most take them before a subcommand, this one only behind it.
    const withServers = tool === "kafka-cluster" ? [...args, ...servers] : [...servers, ...args];
    if (ALONE.includes(tool)) return runAlone(this.#classPath, tool, withServers);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin!.write(`${JSON.stringify({ id, tool: TOOLS[tool], args: withServers, input })}\n`);
    });
  }
}

async function runAlone(classPath: string, tool: ToolName, args: readonly string[]): Promise<Outcome> {
  const child = spawn("java", [...JAVA_FLAGS, "-cp", classPath, TOOLS[tool], ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_RUN_MS);
  const exitCode = await new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 1)));
  clearTimeout(timer);
  return { exitCode, output, errors };
}

interface Partition {
  readonly topic: string;
  readonly partition: number;
}

/** What kafka-verifiable-consumer tells, one JSON object a line. */
type ConsumerEvent =
  | { readonly name: "startup_complete" | "shutdown_complete" | "offsets_committed" }
  | { readonly name: "partitions_assigned" | "partitions_revoked"; readonly partitions: readonly Partition[] }
  | {
      readonly name: "records_consumed";
      readonly partitions: readonly (Partition & { readonly minOffset: number; readonly maxOffset: number })[];
    };

/** A kafka-verifiable-consumer in a process of its own, so that it can be killed. */
export class VerifiableConsumer {
  readonly events: ConsumerEvent[] = [];
  readonly #child: ChildProcess;

  constructor(classPath: string, bootstrapServers: string, args: readonly string[]) {
    const flags = [...JAVA_FLAGS, "-cp", classPath, TOOLS["kafka-verifiable-consumer"]];
    this.#child = spawn("java", [...flags, "--bootstrap-server", bootstrapServers, ...args], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      if (line.startsWith("{")) this.events.push(JSON.parse(line) as ConsumerEvent);
    });
  }

  /** The partitions it has after what it was given and lost, as a cooperative member is told. */
  get assigned(): readonly number[] {
    const owned = new Set<number>();
    for (const event of this.events) {
      if (event.name === "partitions_assigned") for (const { partition } of event.partitions) owned.add(partition);
      if (event.name === "partitions_revoked") for (const { partition } of event.partitions) owned.delete(partition);
    }
    return [...owned].toSorted((a, b) => a - b);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#child.kill("SIGKILL");
    await exited;
  }
}
