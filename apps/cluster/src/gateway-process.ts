/** The gateway's process under the supervisor: always wanted, started again when it dies, the voice of the console's commands. */
import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { randomBytes } from "node:crypto";
import type { ProcessRow } from "@vitrine/api";
import {
  type CommandResult,
  type GatewayStart,
  type ProcessCommandMessage,
  readFromChild,
  type ToGateway,
} from "./control-messages.ts";

export interface GatewayPlan {
  /** gateway-main.ts */
  readonly entry: string;
  /** Standard output and error. */
  readonly outputFile: string;
  readonly start: Omit<GatewayStart, "ticket" | "rows">;
  /** One-use ticket of the first URL. */
  readonly ticket: string;
}

export interface GatewayHooks {
  rows(): readonly ProcessRow[];
  run(command: ProcessCommandMessage): Promise<CommandResult>;
  onExit(): void;
  onRestart(ticket: string): void;
}

const RESTART_AFTER_MS = 200;

export class GatewayProcess {
  private readonly plan: GatewayPlan;
  private readonly env: NodeJS.ProcessEnv;
  private readonly hooks: GatewayHooks;
  private child: ChildProcess | null = null;
  private ready = false;
  private failure: string | null = null;
  private stopping = false;
  private waiters: (() => void)[] = [];

  constructor(plan: GatewayPlan, env: NodeJS.ProcessEnv, hooks: GatewayHooks) {
    this.plan = plan;
    this.env = env;
    this.hooks = hooks;
  }

  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  start(ticket: string = this.plan.ticket): void {
    const output = openSync(this.plan.outputFile, "a", 0o600);
    const child = fork(this.plan.entry, [], { stdio: ["ignore", output, output, "ipc"], env: this.env, execArgv: [] });
    closeSync(output);
    this.child = child;
    this.ready = false;
    child.on("message", (message) => this.onMessage(child, message));
    child.on("exit", () => this.onExit(child));
    child.on("error", () => {});
    const start = { ...this.plan.start, ticket, rows: this.hooks.rows() };
    this.send({ type: "start", start, awaitQuorum: ticket === this.plan.ticket });
  }

  send(message: ToGateway): void {
    if (this.child?.connected) this.child.send(message, () => {});
  }

  /** null when it serves, else the sentence that says why not. */
  async waitUntilReady(withinMs: number): Promise<string | null> {
    if (!this.ready && !this.failure) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    if (this.ready) return null;
    return this.failure ?? `the gateway is not ready after ${withinMs / 1000} s; see ${this.plan.outputFile}`;
  }

  async stop(withinMs: number): Promise<void> {
    this.stopping = true;
    const { child } = this;
    if (!child) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    this.send({ type: "stop", handOver: false, withinMs });
    const timer = setTimeout(() => child.kill("SIGKILL"), withinMs);
    await gone;
    clearTimeout(timer);
  }

  kill(): void {
    this.stopping = true;
    this.child?.kill("SIGKILL");
  }

  private onMessage(child: ChildProcess, raw: unknown): void {
    const message = readFromChild(raw);
    if (!message || child !== this.child) return;
    switch (message.type) {
      case "ready":
        this.ready = true;
        this.wake();
        return;
      case "failed":
        this.failure = message.sentence;
        this.wake();
        return;
      case "command": {
        const { requestId, command } = message;
        void this.hooks.run(command).then((result) => this.send({ type: "result", requestId, result }));
        return;
      }
      case "signal":
      case "isolation":
        return;
    }
  }

  private onExit(child: ChildProcess): void {
    if (child !== this.child) return;
    this.child = null;
    this.hooks.onExit();
    const wasReady = this.ready;
    this.ready = false;
    if (this.stopping) return;
    if (!wasReady) {
      this.failure ??= `the gateway ended while it started; see ${this.plan.outputFile}`;
      this.wake();
      return;
    }
    // Sessions of browsers die with the process; a new ticket lets a person in again.
    const ticket = randomBytes(24).toString("base64url");
    setTimeout(() => {
      if (this.stopping) return;
      this.start(ticket);
      this.hooks.onRestart(ticket);
    }, RESTART_AFTER_MS);
  }

  private wake(): void {
    for (const waiter of this.waiters.splice(0)) waiter();
  }
}
