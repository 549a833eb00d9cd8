/**
 * One broker or controller process under the supervisor, from start to exit and on to the next start.
 *
 *   exited -> starting -> running <-> frozen
 *                 |         |  ^
 *                 |         v  |  isolate / rejoin
 *                 |       isolated
 *                 `-> stopping -> exited          (kill, crash: any -> exited)
 */
import { type ChildProcess, fork } from "node:child_process";
import { closeSync, mkdirSync, openSync, readSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ProcessRow, ProcessState } from "@vitrine/api";
import { readFromChild, type ToGateway, type ToNode } from "./control-messages.ts";
import type { NodeSpec } from "./layout.ts";
import { unsupportedOn, verbsIn } from "./verbs.ts";

export interface ManagedProcessHooks {
  onChange(): void;
  onExit(process: ManagedProcess): void;
  /** A signal reached the child itself. */
  onSignal(process: ManagedProcess, signal: string): void;
}

export interface StartPlace {
  /** apps/broker/src/main.ts */
  readonly entry: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Why it is going away, as far as we asked for it. */
type ExitReason = "asked" | "killed" | null;

export class ManagedProcess {
  readonly spec: NodeSpec;
  readonly name: string;
  private readonly place: StartPlace;
  private readonly hooks: ManagedProcessHooks;
  private child: ChildProcess | null = null;
  private current: ProcessState = "exited";
  private sinceMs = Date.now();
  private exit: ProcessRow["exit"] = null;
  private reason: ExitReason = null;
  private failure: string | null = null;
  private startedAtMs = 0;
  /** Where it goes on when it wakes. */
  private beforeFreeze: ProcessState = "running";
  private waiters: { done: (state: ProcessState) => boolean; resolve: () => void }[] = [];

  constructor(spec: NodeSpec, place: StartPlace, hooks: ManagedProcessHooks) {
    this.spec = spec;
    this.name = `${spec.kind} ${spec.id}`;
    this.place = place;
    this.hooks = hooks;
  }

  get state(): ProcessState {
    return this.current;
  }

  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  /** The sentence with which the last start failed; null when it did not. */
  get failedWith(): string | null {
    return this.failure;
  }

  /** Whether the last exit was nobody's wish. */
  get crashed(): boolean {
    return this.current === "exited" && this.exit !== null && this.reason === null;
  }

  get uptimeMs(): number {
    return performance.now() - this.startedAtMs;
  }

  row(): ProcessRow {
    return {
      kind: this.spec.kind,
      id: this.spec.id,
      roles: [...this.spec.roles],
      pid: this.pid,
      state: this.current,
      since_ms: this.sinceMs,
      exit: this.exit,
      verbs: verbsIn(this.current, process.platform),
      unsupported: unsupportedOn(process.platform),
    };
  }

  start(): void {
    if (this.child) return;
    const { spec } = this;
    mkdirSync(spec.dir, { recursive: true, mode: 0o700 });
    const config = join(spec.dir, "broker.json");
    writeFileSync(config, `${JSON.stringify(spec.properties, null, 2)}\n`, { mode: 0o600 });
    const output = openSync(this.outputFile, "a", 0o600);
    this.startedAtMs = performance.now();
    this.exit = null;
    this.reason = null;
    this.failure = null;
    const child = fork(this.place.entry, ["--config", config], {
      stdio: ["ignore", output, output, "ipc"],
      env: this.place.env,
      execArgv: [],
    });
    closeSync(output);
    this.child = child;
    child.on("message", (message) => this.onMessage(child, message));
    child.on("exit", (code, signal) => this.onExit(child, code, signal));
    child.on("error", (error) => this.onSpawnError(child, error));
    this.enter("starting");
  }

  send(message: ToNode | ToGateway): void {
    // The callback takes the error of a channel that has just closed: the exit event tells the rest.
    if (this.child?.connected) this.child.send(message, () => {});
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  askToStop(handOver: boolean, withinMs: number): void {
    this.reason = "asked";
    this.enter("stopping");
    this.send({ type: "stop", handOver, withinMs });
  }

  kill(reason: "asked" | "killed"): void {
    this.reason = reason;
    this.signal("SIGKILL");
  }

  freeze(): void {
    this.beforeFreeze = this.current;
    this.signal("SIGSTOP");
    this.enter("frozen");
  }

  unfreeze(): void {
    this.signal("SIGCONT");
    this.enter(this.beforeFreeze);
  }

  /** Resolves true when a state is reached, false when the time is over first. */
  waitFor(done: (state: ProcessState) => boolean, withinMs: number): Promise<boolean> {
    if (done(this.current)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter = {
        done,
        resolve: () => {
          clearTimeout(timer);
          resolve(true);
        },
      };
      const timer = setTimeout(() => {
        this.waiters = this.waiters.filter((other) => other !== waiter);
        resolve(false);
      }, withinMs);
      this.waiters.push(waiter);
    });
  }

  private get outputFile(): string {
    const dataDir = dirname(this.spec.dir);
    return join(dataDir, "logs", `${this.spec.kind}-${this.spec.id}.out`);
  }

  private onMessage(child: ChildProcess, raw: unknown): void {
    const message = readFromChild(raw);
    if (!message || child !== this.child) return;
    switch (message.type) {
      case "ready":
        if (this.current === "starting") this.enter("running");
        return;
      case "failed":
        this.failure = message.sentence;
        return;
      case "isolation":
        if (this.current === "running" && message.isolated) this.enter("isolated");
        if (this.current === "isolated" && !message.isolated) this.enter("running");
        return;
      case "signal":
        this.hooks.onSignal(this, message.signal);
        return;
      case "command":
        return;
    }
  }

  private onExit(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (child !== this.child) return;
    this.child = null;
    this.exit = {
      code,
      signal,
      reason: this.reason ?? `crashed: ${this.failure ?? this.lastOutput() ?? "no word in its log"}`,
    };
    this.enter("exited");
    this.hooks.onExit(this);
  }

  private onSpawnError(child: ChildProcess, error: Error): void {
    // A process that never came to be has no exit event.
    if (child.pid !== undefined) return;
    this.failure = `${this.name} could not be started: ${error.message}`;
    this.onExit(child, null, null);
  }

  /** The last line that the process wrote outside its log: the message of an uncaught error, as a rule. */
  private lastOutput(): string | null {
    try {
      const { size } = statSync(this.outputFile);
      const length = Math.min(size, 4096);
      const file = openSync(this.outputFile, "r");
      const bytes = Buffer.alloc(length);
      readSync(file, bytes, 0, length, size - length);
      closeSync(file);
      const lines = bytes
        .toString("utf8")
        .split("\n")
        .map((line) => line.trim());
      const said = lines.filter((line) => line !== "" && !line.startsWith("at ") && !line.startsWith("Node.js v"));
      return said.findLast((line) => /^[A-Za-z]*(Error|InvariantViolation)\b/.test(line)) ?? said.at(-1) ?? null;
    } catch {
      return null;
    }
  }

  private enter(state: ProcessState): void {
    this.current = state;
    this.sinceMs = Date.now();
    this.hooks.onChange();
    const reached = this.waiters.filter((waiter) => waiter.done(state));
    this.waiters = this.waiters.filter((waiter) => !reached.includes(waiter));
    for (const waiter of reached) waiter.resolve();
  }
}
