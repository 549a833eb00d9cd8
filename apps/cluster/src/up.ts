/** `vitrine up`: from options to a running cluster, and to its orderly end. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type DataDirectory, openDataDirectory } from "./data-directory.ts";
import { type ConsoleBuild, prepareConsole } from "./console-build.ts";
import { hostPort, planLayout, reachable } from "./layout.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { choosePorts, type ClusterPorts } from "./ports.ts";
import { processIdentity } from "./process-identity.ts";
import type { Outcome } from "./outcome.ts";
import { createProgress, type Progress } from "./progress.ts";
import { readyReport, removeReadyFile, writeReadyFile } from "./ready-file.ts";
import { Supervisor } from "./supervisor.ts";
import { parseUpOptions, type RawUpOptions, type UpOptions } from "./up-options.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
/** A supervisor that was killed a moment ago leaves children that are just ending. */
const LEFTOVERS_WITHIN_MS = 5_000;

export async function up(raw: RawUpOptions): Promise<void> {
  const startedAtMs = performance.now();
  const progress = createProgress(process.stdout, process.stderr, raw.json ?? false);
  const options = parseUpOptions(raw);
  if (!options.ok) return refuse(progress, options.sentence);
  const directory = openDataDirectory(options.value.dataDir, options.value);
  if (!directory.ok) return refuse(progress, directory.sentence);
  await leftoversGone(directory.value.leftovers);
  const ports = await portsFor(options.value, directory.value);
  if (!ports.ok) {
    directory.value.release();
    return refuse(progress, ports.sentence);
  }
  await run({ options: options.value, directory: directory.value, ports: ports.value, progress, startedAtMs });
}

function refuse(progress: Progress, sentence: string): void {
  progress.refuse(sentence);
  process.exitCode = 1;
}

function portsFor(options: UpOptions, directory: DataDirectory): Promise<Outcome<ClusterPorts>> {
  const { cluster } = directory;
  const { port, host } = options;
  return choosePorts({ port, host, brokers: cluster.brokers.length, controllers: cluster.controllers.length });
}

async function leftoversGone(pids: readonly number[]): Promise<void> {
  const identities = pids.map((pid) => ({ pid, identity: processIdentity(pid) }));
  const deadlineMs = performance.now() + LEFTOVERS_WITHIN_MS;
  const alive = () => identities.some(({ pid, identity }) => identity !== null && processIdentity(pid) === identity);
  while (alive() && performance.now() < deadlineMs) await new Promise((next) => setTimeout(next, 20));
}

interface Run {
  readonly options: UpOptions;
  readonly directory: DataDirectory;
  readonly ports: ClusterPorts;
  readonly progress: Progress;
  readonly startedAtMs: number;
}

async function run({ options, directory, ports, progress, startedAtMs }: Run): Promise<void> {
  const { cluster } = directory;
  const layout = planLayout({
    cluster,
    ports,
    dataDir: directory.path,
    host: options.host,
    rackPrefix: options.rackPrefix,
  });
  const console = prepareConsole(join(ROOT, "apps/console"));
  const token = randomBytes(24).toString("base64url");
  const ticket = randomBytes(24).toString("base64url");
  const gatewayUrl = `http://${hostPort(reachable(options.host), ports.gateway)}`;
  progress.line(headline(layout.nodes.length - cluster.controllers.length, cluster.controllers.length, directory));
  const report = () => readyReport({ pid: process.pid, gateway: gatewayUrl, token, nodes: supervisor.processes });
  const noted = { pids: "" };
  const states = new Map<ManagedProcess, string>();
  const supervisor = new Supervisor({
    layout,
    place: { entry: join(ROOT, "apps/broker/src/main.ts"), env: childEnv() },
    gateway: {
      entry: join(import.meta.dirname, "gateway-main.ts"),
      outputFile: join(directory.path, "logs", "gateway.out"),
      ticket,
      start: {
        spec: layout.gateway,
        secret: cluster.secret,
        token,
        insecure: options.insecure,
        consoleDir: join(ROOT, "apps/console/dist"),
        docsDir: join(ROOT, "apps/docs"),
        logFile: join(directory.path, "logs", "gateway.log"),
      },
    },
    restartOnCrash: options.restartOnCrash,
    onChange: () => tellChanges(supervisor, states, progress, startedAtMs),
    onPids(pids) {
      if (noted.pids === pids.join()) return;
      noted.pids = pids.join();
      try {
        directory.noteProcesses(pids);
      } catch {
        // The note only helps the next start; a full disk must not end the cluster.
      }
    },
    onGatewayRestart: (newTicket) => progress.gatewayBack(report(), newTicket),
  });
  const stop = stopOnce({ supervisor, directory, options, progress, console });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));
  process.on("uncaughtException", (error) => {
    progress.refuse(`The supervisor failed: ${error.stack ?? error.message}`);
    supervisor.killAll();
    process.exit(1);
  });

  const sentence = await supervisor.start();
  if (stop.begun) return;
  if (sentence !== null) {
    progress.refuse(sentence);
    await stop(1);
    return;
  }
  progress.ready({
    ready: report(),
    ticket,
    dataDir: directory.path,
    startedInMs: performance.now() - startedAtMs,
    consoleState: console.state,
  });
  if (options.readyFile !== null) writeReady(options.readyFile, report(), progress);
  const failed = await console.run();
  if (stop.begun) return;
  if (failed !== null) progress.line(failed);
  else if (console.state === "building") progress.line("The console is built.");
}

function headline(brokers: number, controllers: number, directory: DataDirectory): string {
  const parts = [`${brokers} ${brokers === 1 ? "broker" : "brokers"}`];
  if (controllers > 0) parts.push(`${controllers} ${controllers === 1 ? "controller" : "controllers"}`);
  const where = directory.isNew ? `a new cluster in ${directory.path}` : `the cluster in ${directory.path}`;
  return `Vitrine: starting ${parts.join(", ")} and a gateway for ${where}`;
}

/** Each process's changes of state, once. */
function tellChanges(
  supervisor: Supervisor,
  states: Map<ManagedProcess, string>,
  progress: Progress,
  startedAtMs: number,
): void {
  for (const managed of supervisor.processes) {
    const { state } = managed;
    const notStartedYet = state === "exited" && managed.row().exit === null;
    if (notStartedYet || states.get(managed) === state) continue;
    const isFirst = !states.has(managed);
    states.set(managed, state);
    if (isFirst && state === "starting") continue;
    const after = `${Math.round(Math.min(managed.uptimeMs, performance.now() - startedAtMs))} ms`;
    const why =
      state === "exited" ? ` (${managed.row().exit?.reason ?? "?"})` : state === "running" ? ` (${after})` : "";
    progress.process(managed.name, `${state}${why}`);
  }
}

type Stop = ((exitCode: number) => Promise<void>) & { begun: boolean };

function stopOnce(parts: {
  supervisor: Supervisor;
  directory: DataDirectory;
  options: UpOptions;
  progress: Progress;
  console: ConsoleBuild;
}): Stop {
  const { supervisor, directory, options, progress, console } = parts;
  const stop: Stop = Object.assign(
    async (exitCode: number) => {
      if (stop.begun) return;
      stop.begun = true;
      if (options.readyFile !== null) removeReadyFile(options.readyFile);
      console.stop();
      progress.line("Stopping everything in order ...");
      await supervisor.stopAll();
      directory.release();
      progress.line("Stopped.");
      process.exit(exitCode);
    },
    { begun: false },
  );
  return stop;
}

function writeReady(path: string, report: ReturnType<typeof readyReport>, progress: Progress): void {
  try {
    mkdirSync(dirname(resolve(path)), { recursive: true });
    writeReadyFile(path, report);
  } catch (error) {
    progress.line(
      `The ready file ${path} could not be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Compiled code is kept between starts: parsing and stripping types costs each process some hundred milliseconds otherwise. */
function childEnv(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(ROOT, "node_modules/.cache/vitrine-compile"),
  };
}
