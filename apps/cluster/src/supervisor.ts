/**
 * Starts the processes of a cluster, carries out verbs on them, and stops them in order. Nothing that it starts outlives it: children end
 * when their channel closes, and whoever is frozen at that moment is woken by the others, which know the frozen pids.
 */
import type { ProcessRow, ProcessVerb } from "@vitrine/api";
import type { CommandResult, ProcessCommandMessage } from "./control-messages.ts";
import { GatewayProcess, type GatewayPlan } from "./gateway-process.ts";
import type { Layout } from "./layout.ts";
import { ManagedProcess, type StartPlace } from "./managed-process.ts";
import { unsupportedOn, verbConflict } from "./verbs.ts";

export interface SupervisorOptions {
  readonly layout: Layout;
  readonly place: StartPlace;
  readonly gateway: GatewayPlan;
  readonly restartOnCrash: boolean;
  /** A process came, went or changed its state. */
  onChange(process: ManagedProcess | null): void;
  /** The set of pids is new. */
  onPids(pids: readonly number[]): void;
  /** The gateway died and is back, with a new ticket. */
  onGatewayRestart(ticket: string): void;
}

/** A broker that hands its leaders over needs a few round trips for it; after that it is killed, which loses nothing acknowledged. */
const STOP_WITHIN_MS = 10_000;
/** All stop at once: nothing to hand over, only files to close. */
const STOP_ALL_WITHIN_MS = 5_000;
const READY_WITHIN_MS = 60_000;
const ISOLATE_WITHIN_MS = 5_000;
/** Between two starts of a process that keeps crashing: doubled each time up to the bound, forgotten after a quiet minute. */
const RESTART_BACKOFF_MIN_MS = 500;
const RESTART_BACKOFF_MAX_MS = 30_000;
const QUIET_MS = 60_000;

export class Supervisor {
  readonly processes: readonly ManagedProcess[];
  readonly gateway: GatewayProcess;
  private readonly options: SupervisorOptions;
  private readonly backoffs = new Map<ManagedProcess, number>();
  private readonly restarts = new Set<NodeJS.Timeout>();
  private stopping = false;

  constructor(options: SupervisorOptions) {
    this.options = options;
    const hooks = {
      onChange: () => this.changed(null),
      onExit: (process: ManagedProcess) => this.onExit(process),
      onSignal: (process: ManagedProcess) => this.onChildSignal(process),
    };
    this.processes = options.layout.nodes.map((spec) => new ManagedProcess(spec, options.place, hooks));
    this.gateway = new GatewayProcess(options.gateway, options.place.env, {
      rows: () => this.rows(),
      run: (command) => this.run(command),
      onExit: () => this.changed(null),
      onRestart: (ticket) => options.onGatewayRestart(ticket),
    });
  }

  rows(): ProcessRow[] {
    return this.processes.map((process) => process.row());
  }

  /** Starts everything at once; resolves when all serve, or with the sentence of the first that cannot. */
  async start(): Promise<string | null> {
    for (const process of this.processes) process.start();
    this.gateway.start();
    const served = await Promise.all([
      ...this.processes.map((process) => this.served(process)),
      this.gateway.waitUntilReady(READY_WITHIN_MS),
    ]);
    return served.find((sentence) => sentence !== null) ?? null;
  }

  /** One verb. Rejects never. */
  async run(command: ProcessCommandMessage): Promise<CommandResult> {
    const process = this.processes.find(({ spec }) => spec.kind === command.kind && spec.id === command.id);
    if (!process)
      return { ok: false, reason: "unknown", detail: `there is no ${command.kind} ${command.id} in this cluster` };
    const missing = unsupportedOn(globalThis.process.platform)[command.verb];
    if (missing !== undefined) return { ok: false, reason: "unsupported", detail: missing };
    const conflict = this.stopping
      ? "the cluster is stopping"
      : verbConflict(command.verb, process.state, process.name);
    if (conflict !== null) return { ok: false, reason: "conflict", detail: conflict };
    const failure = await this.act(command.verb, process).catch((error: unknown) => String(error));
    if (failure !== null) return { ok: false, reason: "failed", detail: failure };
    return { ok: true, reply: { verb: command.verb, process: process.row() } };
  }

  /** Everything ends: brokers, then controllers, the gateway last. Bounded; whoever does not go is killed. */
  async stopAll(): Promise<void> {
    this.stopping = true;
    for (const timer of this.restarts) clearTimeout(timer);
    // A process that has no quorum or is cut off could not hand over anyway, and nobody stays to take it.
    await this.stopEach(this.processes.filter(({ spec }) => spec.kind === "broker"));
    await this.stopEach(this.processes.filter(({ spec }) => spec.kind === "controller"));
    await this.gateway.stop(STOP_ALL_WITHIN_MS);
  }

  /** Last resort, when stopping in order failed or must not wait: everything is killed now. */
  killAll(): void {
    this.stopping = true;
    for (const process of this.processes) process.kill("asked");
    this.gateway.kill();
  }

  private async act(verb: ProcessVerb, process: ManagedProcess): Promise<string | null> {
    switch (verb) {
      case "stop":
        return this.stopOne(process);
      case "kill":
        process.kill("killed");
        return this.reached(process, "exited", STOP_WITHIN_MS);
      case "restart":
        return this.restart(process);
      case "freeze":
        // The others learn of it first: should we die the next moment, they wake it.
        this.tellFrozen(process.pid);
        process.freeze();
        return null;
      case "unfreeze":
        process.unfreeze();
        this.tellFrozen(null);
        return null;
      case "isolate":
        process.send({ type: "isolate" });
        return this.reached(process, "isolated", ISOLATE_WITHIN_MS);
      case "rejoin":
        process.send({ type: "rejoin" });
        return this.reached(process, "running", ISOLATE_WITHIN_MS);
    }
  }

  private async stopOne(process: ManagedProcess): Promise<string | null> {
    process.askToStop(true, STOP_WITHIN_MS);
    if (await process.waitFor((state) => state === "exited", STOP_WITHIN_MS + 2_000)) return null;
    process.kill("asked");
    return this.reached(process, "exited", 2_000);
  }

  private async restart(process: ManagedProcess): Promise<string | null> {
    if (process.state === "frozen") process.kill("asked");
    else if (process.state !== "exited") await this.stopOne(process);
    if (!(await process.waitFor((state) => state === "exited", STOP_WITHIN_MS))) return `${process.name} does not end`;
    process.start();
    return this.served(process);
  }

  private async served(process: ManagedProcess): Promise<string | null> {
    const settled = await process.waitFor((state) => state !== "starting", READY_WITHIN_MS);
    if (process.state === "exited")
      return process.failedWith ?? `${process.name} ended while it started (${process.row().exit?.reason ?? "?"})`;
    return settled
      ? null
      : `${process.name} is not ready after ${READY_WITHIN_MS / 1000} s; see the logs in the data directory`;
  }

  private async reached(
    process: ManagedProcess,
    state: ManagedProcess["state"],
    withinMs: number,
  ): Promise<string | null> {
    const done = await process.waitFor((now) => now === state || now === "exited", withinMs);
    if (done && process.state === state) return null;
    return `${process.name} is ${process.state}, not ${state}, after ${withinMs / 1000} s`;
  }

  private async stopEach(processes: readonly ManagedProcess[]): Promise<void> {
    await Promise.all(
      processes.map(async (process) => {
        if (process.state === "exited") return;
        if (process.state === "frozen") process.signal("SIGCONT");
        process.askToStop(false, STOP_ALL_WITHIN_MS);
        if (await process.waitFor((state) => state === "exited", STOP_ALL_WITHIN_MS)) return;
        process.kill("asked");
        await process.waitFor((state) => state === "exited", 2_000);
      }),
    );
  }

  private onExit(process: ManagedProcess): void {
    if (!this.options.restartOnCrash || this.stopping || process.row().exit?.reason === "asked") return;
    const quiet = process.uptimeMs > QUIET_MS;
    const backoff = quiet ? RESTART_BACKOFF_MIN_MS : (this.backoffs.get(process) ?? RESTART_BACKOFF_MIN_MS);
    this.backoffs.set(process, Math.min(backoff * 2, RESTART_BACKOFF_MAX_MS));
    const timer = setTimeout(() => {
      this.restarts.delete(timer);
      if (!this.stopping && process.state === "exited") process.start();
    }, backoff);
    this.restarts.add(timer);
  }

  /** A child got SIGTERM or SIGINT. If the whole group did, we have it too, or will in a moment; else somebody means this one process. */
  private onChildSignal(process: ManagedProcess): void {
    setTimeout(() => {
      if (!this.stopping && process.state !== "exited" && process.state !== "stopping") void this.stopOne(process);
    }, 100);
  }

  private tellFrozen(freezing: number | null): void {
    const pids = this.processes.filter(({ state }) => state === "frozen").map(({ pid }) => pid);
    const frozen = [...pids, freezing].filter((pid) => pid !== null);
    for (const process of this.processes) process.send({ type: "frozen", pids: frozen });
    this.gateway.send({ type: "frozen", pids: frozen });
  }

  private changed(process: ManagedProcess | null): void {
    this.options.onPids([...this.processes.map(({ pid }) => pid), this.gateway.pid].filter((pid) => pid !== null));
    this.gateway.send({ type: "processes", rows: this.rows() });
    this.options.onChange(process);
  }
}
