/** The agent's side of agent.ts, for clients that live in Node: lines in, lines out. */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentEvent } from "./agent.ts";

export type Handlers = Readonly<Record<string, (args: never) => Promise<unknown>>>;

export function tell(event: AgentEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** Answers each line with what its handler gives, as they come, until the input ends. */
export function serve(handlers: Handlers): void {
  createInterface({ input: process.stdin })
    .on("line", (line) => void answer(handlers, line))
    .on("close", () => process.exit(0));
}

let isFinishing = false;

/** From now on a sequence has only so many more to send. */
export function finishSequence(): void {
  isFinishing = true;
}

/** Hands over `0`, `1`, ..., ten at a time, until told to finish and `more` after that; gives how many. */
export async function sendSequence(more: number, send: (values: readonly string[]) => Promise<void>): Promise<number> {
  let count = 0;
  for (let left = more; left > 0; left -= isFinishing ? 10 : 0) {
    await send(Array.from({ length: 10 }, (_, i) => String(count + i)));
    count += 10;
    tell({ event: "sent", count });
    await sleep(5);
  }
  return count;
}

async function answer(handlers: Handlers, line: string): Promise<void> {
  const { id, op, args } = JSON.parse(line) as { id: number; op: string; args: never };
  try {
    const handler = handlers[op];
    if (handler === undefined) throw new Error(`this client has no ${op}`);
    const result = await handler(args);
    process.stdout.write(`${JSON.stringify({ id, result: result ?? {} })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ id, error: textOf(error) })}\n`);
  }
}

/** The message, with those of the errors inside. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error);
  const parts = error as { errors?: unknown[]; partitions?: { error?: unknown }[] };
  const inner = [...(parts.errors ?? []), ...(parts.partitions ?? []).map((one) => one.error)].map((one) =>
    textOf(one),
  );
  return [error.message, ...inner].join(": ");
}
