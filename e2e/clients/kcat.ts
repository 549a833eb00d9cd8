/** kcat, the command line of an old librdkafka (2.0.2 in Debian 12), in the words of agent.ts: it produces, reads and joins groups. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentEvent, ClientAgent, Codec, RecordRead, RecordToSend } from "./agent.ts";

/** Ends a message on kcat's input, and a key; they stand in no value of ours. */
const DELIMITER = "\u0001";
const KEY_DELIMITER = "\u0002";
const LONGEST_RUN_MS = 60_000;
/** Between ten records of a sequence and the next ten. */
const PAUSE_MS = 5;

interface Envelope {
  readonly partition: number;
  readonly offset: number;
  readonly ts: number;
  readonly headers?: readonly string[];
  readonly key: string | null;
  readonly payload: string | null;
}

export class Kcat implements ClientAgent {
  readonly name = "kcat";
  readonly events: AgentEvent[] = [];
  readonly #servers: string;
  #member: ChildProcess | null = null;
  #isFinishing = false;

  constructor(bootstrapServers: string) {
    this.#servers = bootstrapServers;
  }

  async call(op: string, args: unknown): Promise<never> {
    const does: Record<string, (given: never) => Promise<unknown>> = {
      produce: (given) => this.#produce(given),
      read: (given) => this.#read(given),
      sequence: (given) => this.#sequence(given),
      finish: async () => {
        this.#isFinishing = true;
      },
      join: (given) => this.#join(given),
      leave: () => this.#end("SIGTERM"),
    };
    if (does[op] === undefined) throw new Error(`kcat has no ${op}`);
    return (await does[op](args as never)) as never;
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** One run for each record: key and headers are options. */
  async #produce(args: { topic: string; records: readonly RecordToSend[]; codec: Codec; messageBytesMax?: number }) {
    for (const record of args.records) {
      const options = ["-P", "-Z", "-t", args.topic, "-D", DELIMITER, "-X", "topic.partitioner=murmur2_random"];
      options.push("-X", "acks=-1", "-X", `compression.codec=${args.codec}`);
      if (args.messageBytesMax !== undefined) options.push("-X", `message.max.bytes=${args.messageBytesMax}`);
      if (record.partition !== undefined) options.push("-p", String(record.partition));
      // Only a line with a key and nothing behind it becomes a tombstone.
      const isTombstone = record.key !== null && record.value === null;
      if (isTombstone) options.push("-K", KEY_DELIMITER);
      else if (record.key !== null) options.push("-k", record.key);
      for (const [name, value] of Object.entries(record.headers ?? {})) options.push("-H", `${name}=${value}`);
      const text = isTombstone ? `${record.key}${KEY_DELIMITER}` : (record.value ?? "");
      await this.#run(options, `${text}${DELIMITER}`);
    }
  }

  /** One run that is fed ten lines at a time; it does not tell what was acknowledged, so `sent` means handed to it. */
  async #sequence({ topic, more }: { topic: string; more: number }) {
    const options = ["-P", "-t", topic, "-p", "0", "-X", "enable.idempotence=true", "-X", "linger.ms=0"];
    let count = 0;
    const feed = async (input: Writable) => {
      for (let left = more; left > 0; left -= this.#isFinishing ? 10 : 0) {
        input.write(Array.from({ length: 10 }, (_, i) => `${count + i}\n`).join(""));
        count += 10;
        this.events.push({ event: "sent", count });
        await sleep(PAUSE_MS);
      }
      input.end();
    };
    await this.#run(options, feed);
    return { count };
  }

  async #read(args: { topic: string; count: number; fromMs?: number; messageBytesMax?: number }) {
    const start = args.fromMs === undefined ? "beginning" : `s@${args.fromMs}`;
    const options = ["-C", "-J", "-u", "-q", "-t", args.topic, "-o", start, "-c", String(args.count)];
    if (args.messageBytesMax !== undefined) options.push("-X", `fetch.message.max.bytes=${args.messageBytesMax}`);
    const output = await this.#run(options, "");
    const lines = output.split("\n").filter((line) => line !== "");
    return lines.map(readEnvelope);
  }

  async #join(args: { group: string; topic: string; sessionTimeoutMs: number; autoCommit: boolean }) {
    const settings = {
      "session.timeout.ms": args.sessionTimeoutMs,
      "heartbeat.interval.ms": 300,
      "topic.metadata.refresh.interval.ms": 1_000,
      "auto.offset.reset": "earliest",
      "enable.auto.commit": args.autoCommit,
      "auto.commit.interval.ms": 300,
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-X", `${name}=${value}`]);
    const child = spawn("kcat", ["-b", this.#servers, "-J", "-u", ...options, "-G", args.group, args.topic], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#member = child;
    createInterface({ input: child.stdout }).on("line", (line) =>
      this.events.push({ event: "record", record: readEnvelope(line) }),
    );
    createInterface({ input: child.stderr }).on("line", (line) => {
      const assigned = /assigned: (.*)$/.exec(line)?.[1];
      if (assigned === undefined) return;
      const partitions = [...assigned.matchAll(/\[(\d+)\]/g)].map((found) => Number(found[1]));
      this.events.push({ event: "assigned", partitions });
    });
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#member;
    this.#member = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    await exited;
  }

  async #run(options: readonly string[], input: string | ((stdin: Writable) => Promise<void>)): Promise<string> {
    const child = spawn("kcat", ["-b", this.#servers, ...options], { stdio: ["pipe", "pipe", "pipe"] });
    const output: Buffer[] = [];
    let complaints = "";
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
    child.stdin.on("error", () => {});
    if (typeof input === "string") child.stdin.end(input);
    else void input(child.stdin);
    const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_RUN_MS);
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    clearTimeout(timer);
    if (code !== 0) throw new Error(`kcat ${options.join(" ").slice(0, 300)} ended with ${code}: ${complaints}`);
    return Buffer.concat(output).toString();
  }
}

function readEnvelope(line: string): RecordRead {
  const { partition, offset, ts, headers = [], key, payload } = JSON.parse(line) as Envelope;
  const pairs = headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]!] as const] : []));
  return { partition, offset, timestampMs: ts, key, value: payload, headers: Object.fromEntries(pairs) };
}
