/**
 * One language for every client under test. A client that nobody here wrote runs in a process of its own, driven by a small program (an
 * agent) that takes one JSON object a line (`{id, op, args}`), answers each with `{id, result}` or `{id, error}`, and tells between them
 * what it lives through as a group member (`{event, ...}`). So a scenario is written once, and a member dies as members die: by its pid.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { waitFor } from "../fixtures/cluster.ts";

export const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
export type Codec = (typeof CODECS)[number];

export interface RecordToSend {
  readonly partition?: number;
  readonly key: string | null;
  /** null: a tombstone. */
  readonly value: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timestampMs?: number;
}

export interface RecordRead {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

interface GroupDescription {
  /** In Kafka's words, lower case, without spaces: `stable`, `empty`, `dead`, ... */
  readonly state: string;
  readonly members: readonly { readonly instanceId: string | null; readonly clientId: string }[];
}

export interface CommittedOffset {
  readonly partition: number;
  readonly offset: number;
  /** null: the client does not tell. */
  readonly metadata: string | null;
}

/** What an agent may be asked for: what goes in, what comes out. */
export interface Operations {
  createTopic: [
    { topic: string; partitions: number; replication: number; configs?: Record<string, string> },
    Record<string, never>,
  ];
  deleteTopic: [{ topic: string }, Record<string, never>];
  createPartitions: [{ topic: string; count: number }, Record<string, never>];
  topics: [Record<string, never>, string[]];
  topicConfig: [{ topic: string }, Record<string, string>];
  setTopicConfig: [{ topic: string; configs: Record<string, string> }, Record<string, never>];
  /** Purges a partition up to that offset; then the log starts there. */
  deleteRecords: [{ topic: string; partition: number; before: number }, Record<string, never>];
  offsets: [{ topic: string }, { partition: number; low: number; high: number }[]];
  groups: [Record<string, never>, string[]];
  describeGroup: [{ group: string }, GroupDescription];
  committed: [{ group: string; topic: string }, CommittedOffset[]];
  deleteGroup: [{ group: string }, Record<string, never>];
  /** Sends as one producer with acks=all and Java's rule for keys, and comes back when everything is acknowledged. */
  produce: [
    { topic: string; records: readonly RecordToSend[]; codec: Codec; messageBytesMax?: number },
    Record<string, never>,
  ];
  /** Reads every partition from its earliest record, or from the first at that time, until so many are there. */
  read: [{ topic: string; count: number; fromMs?: number; messageBytesMax?: number }, RecordRead[]];
  /**
   * An idempotent producer sends `0`, `1`, ... to partition 0, ten at a time, whatever happens meanwhile, until `finish` and so many more.
   * Tells `sent` with how many are acknowledged; gives how many there are in the end.
   */
  sequence: [{ topic: string; more: number }, { count: number }];
  finish: [Record<string, never>, Record<string, never>];
  /** Joins and consumes from the earliest record where nothing is committed. Tells `assigned` (all it now has) and `record`. */
  join: [
    {
      group: string;
      topic: string;
      sessionTimeoutMs: number;
      maxPollIntervalMs?: number;
      instanceId?: string;
      autoCommit: boolean;
    },
    Record<string, never>,
  ];
  /** Polls no more, at the latest when the next record is there, without a word to the group, until `resume`; heartbeats go on. */
  stall: [Record<string, never>, Record<string, never>];
  resume: [Record<string, never>, Record<string, never>];
  /** As the member it is. */
  commit: [{ offsets: readonly { topic: string; partition: number; offset: number; metadata: string }[] }, object];
  leave: [Record<string, never>, Record<string, never>];
}

export type Operation = keyof Operations;

export type AgentEvent =
  | { readonly event: "assigned"; readonly partitions: readonly number[] }
  | { readonly event: "record"; readonly record: RecordRead }
  | { readonly event: "sent"; readonly count: number };

/** What scenarios talk to. */
export interface ClientAgent {
  readonly name: string;
  call<O extends Operation>(op: O, args: Operations[O][0]): Promise<Operations[O][1]>;
  readonly events: readonly AgentEvent[];
  /** Ends it without a word. */
  kill(): Promise<void>;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** How long an answer may take: less than a test may, so that the failure names what was asked. */
const ANSWER_TIMEOUT_MS = 50_000;
/** A sequence goes on until it is told to finish, which others' records are waited for. */
const SEQUENCE_TIMEOUT_MS = 150_000;

/** Lines of an agent's own noise that are kept for the message of a failure. */
const NOISE_LINES_MAX = 40;

/** An agent in a process of its own. */
export class AgentProcess implements ClientAgent {
  readonly name: string;
  readonly events: AgentEvent[] = [];
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #noise: string[] = [];
  #nextId = 1;

  constructor(name: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.name = name;
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => this.#take(line));
    createInterface({ input: this.#child.stderr! }).on("line", (line) => this.#keep(line));
    this.#child.stdin!.on("error", () => {});
    this.#child.on("exit", (code, signal) => this.#fail(`ended (${signal ?? code})`));
    // Also where it could not be started at all; then nobody tells of an exit.
    this.#child.on("error", (error) => this.#fail(`has failed: ${error.message}`));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  call<O extends Operation>(op: O, args: Operations[O][0]): Promise<Operations[O][1]> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        reject(this.#failure("has ended"));
        return;
      }
      const timeoutMs = op === "sequence" ? SEQUENCE_TIMEOUT_MS : ANSWER_TIMEOUT_MS;
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(this.#failure(`has not answered ${op} ${JSON.stringify(args).slice(0, 200)} for ${timeoutMs} ms`));
      }, timeoutMs);
      this.#pending.set(id, {
        resolve: (result) => resolve(result as Operations[O][1]),
        reject,
        timer,
      });
      this.#child.stdin!.write(`${JSON.stringify({ id, op, args })}\n`);
    });
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#child.kill("SIGKILL");
    await exited;
  }

  #take(line: string): void {
    let message: { id?: number; result?: unknown; error?: string } & Partial<AgentEvent>;
    try {
      message = JSON.parse(line);
    } catch {
      this.#keep(line);
      return;
    }
    if (message.id === undefined) {
      this.events.push(message as AgentEvent);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    clearTimeout(pending?.timer);
    if (message.error === undefined) pending?.resolve(message.result);
    else pending?.reject(this.#failure(`answers: ${message.error}`));
  }

  #fail(what: string): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(this.#failure(what));
    }
    this.#pending.clear();
  }

  #keep(line: string): void {
    this.#noise.push(line.slice(0, 500));
    if (this.#noise.length > NOISE_LINES_MAX) this.#noise.shift();
  }

  #failure(what: string): Error {
    const noise = this.#noise.length === 0 ? "" : `; it also said:\n${this.#noise.join("\n")}`;
    return new Error(`${this.name} ${what}${noise}`);
  }
}

/** The partitions a member has now; null before it was told of any assignment. */
export function assignedTo(member: ClientAgent): readonly number[] | null {
  const last = member.events.findLast((event) => event.event === "assigned");
  return last === undefined ? null : last.partitions.toSorted((a, b) => a - b);
}

/** What a member has read so far. */
export function recordsOf(member: ClientAgent): readonly RecordRead[] {
  return member.events.flatMap((event) => (event.event === "record" ? [event.record] : []));
}

/** Waits until the members share exactly these partitions, each at least one and none twice. */
export async function untilShared(members: readonly ClientAgent[], partitions: readonly number[]): Promise<void> {
  const wanted = partitions.join();
  const shares = () => members.map((member) => assignedTo(member) ?? []);
  await waitFor(
    () =>
      shares().every((share) => share.length > 0) &&
      shares()
        .flat()
        .toSorted((a, b) => a - b)
        .join() === wanted,
    {
      what: () =>
        `partitions ${wanted} to be shared; they are ${members.map(({ name }, at) => `${name}'s ${JSON.stringify(shares()[at])}`).join(", ")}`,
      timeoutMs: 40_000,
    },
  );
}
