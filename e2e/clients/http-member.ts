/** A group member that speaks HTTP (a loop of curl would do the same), in the words of agent.ts. */
import type { AgentEvent, ClientAgent, Operation, Operations } from "./agent.ts";

interface Reply {
  readonly records?: readonly {
    partition: number;
    offset: number;
    timestamp: number;
    key: string | null;
    value: string;
  }[];
  readonly assignment: Readonly<Record<string, readonly number[]>>;
}

/** An answer may wait for the others to join. */
const ANSWER_TIMEOUT_MS = 50_000;

export class HttpMember implements ClientAgent {
  readonly name = "a member over HTTP";
  readonly events: AgentEvent[] = [];
  readonly #url: string;
  #path = "";
  #polling: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(url: string) {
    this.#url = url;
  }

  async call<O extends Operation>(op: O, args: Operations[O][0]): Promise<Operations[O][1]> {
    if (op === "join") await this.#join(args as Operations["join"][0]);
    else if (op === "leave") await this.#leave();
    else throw new Error(`this member has no ${op}`);
    return {} as Operations[O][1];
  }

  kill(): Promise<void> {
    this.#isStopped = true;
    return this.#polling;
  }

  async #join({ group, topic }: Operations["join"][0]): Promise<void> {
    const member = { topics: [topic], member: "curl", assignor: "range", from: "earliest" };
    const joined = await this.#ask("POST", `/groups/${group}/members`, member);
    this.#path = `/groups/${group}/members/curl`;
    this.#tell(topic, joined);
    this.#polling = this.#poll(topic);
  }

  async #poll(topic: string): Promise<void> {
    while (!this.#isStopped) this.#tell(topic, await this.#ask("GET", `${this.#path}/records?wait=300ms`));
  }

  #tell(topic: string, { records = [], assignment }: Reply): void {
    this.events.push({ event: "assigned", partitions: assignment[topic] ?? [] });
    for (const { partition, offset, timestamp, key, value } of records)
      this.events.push({
        event: "record",
        record: { partition, offset, timestampMs: timestamp, key, value: String(value), headers: {} },
      });
  }

  async #leave(): Promise<void> {
    await this.kill();
    await this.#ask("DELETE", this.#path);
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Reply> {
    const reply = await fetch(new URL(path, this.#url), {
      method,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    if (!reply.ok) throw new Error(`${method} ${path} answers ${reply.status}: ${await reply.text()}`);
    return (await reply.json()) as Reply;
  }
}
