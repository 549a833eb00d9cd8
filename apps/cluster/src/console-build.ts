/** The console's files: built once with Vite when they are missing or older than their sources, as soon as the cluster serves. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, setPriority } from "node:os";
import { dirname, join } from "node:path";

export type ConsoleState = "ready" | "building" | "missing";

export interface ConsoleBuild {
  /** "building": a build is needed, and `run` makes it. */
  readonly state: ConsoleState;
  /**
   * Builds what has to be built; call it once, when the cluster serves: on two cores a build beside the brokers' start costs them a second.
   * Resolves with null, or with a sentence when the build failed. At once when nothing had to be built.
   */
  run(): Promise<string | null>;
  stop(): void;
}

const READY: ConsoleBuild = { state: "ready", run: () => Promise.resolve(null), stop: () => {} };

/** Looks at `apps/console`. `distDir` always exists afterwards, with a page that says so while there is nothing better. */
export function prepareConsole(consoleApp: string): ConsoleBuild {
  const distDir = join(consoleApp, "dist");
  if (isFresh(consoleApp, distDir)) return READY;
  if (!existsSync(join(distDir, "index.html"))) placeholder(distDir);
  // Built in a directory of its own, moved in place when whole: a browser never gets half a build. What a killed start leaves there is in nobody's way.
  const draft = join(consoleApp, "node_modules/.cache", `console-${process.pid}`);
  const vite = viteEntry(consoleApp);
  if (vite === null) {
    return {
      state: "missing",
      run: () => Promise.resolve("The console cannot be built: Vite is not installed; run `npx -y pnpm@12 install`."),
      stop: () => {},
    };
  }
  let child: ChildProcess | null = null;
  return {
    state: "building",
    run: () => finished((child = build(consoleApp, vite, draft)), draft, distDir),
    stop() {
      child?.kill("SIGKILL");
      rmSync(draft, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Sources: everything that Vite reads, apart from packages, which change with a new checkout. */
function isFresh(consoleApp: string, distDir: string): boolean {
  const index = join(distDir, "index.html");
  if (!existsSync(index) || existsSync(join(distDir, PLACEHOLDER))) return false;
  const builtMs = statSync(index).mtimeMs;
  const sources = ["src", "public", "index.html", "vite.config.ts", "package.json"].map((name) =>
    join(consoleApp, name),
  );
  return sources.every((path) => newestMs(path) <= builtMs);
}

function newestMs(path: string): number {
  if (!existsSync(path)) return 0;
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return readdirSync(path, { withFileTypes: true }).reduce(
    (newest, entry) => Math.max(newest, newestMs(join(path, entry.name))),
    mtimeMs,
  );
}

const PLACEHOLDER = ".being-built";

/** No script, so that the page is at home under the gateway's content security policy. */
function placeholder(distDir: string): void {
  mkdirSync(distDir, { recursive: true });
  writeFileSync(join(distDir, PLACEHOLDER), "");
  writeFileSync(
    join(distDir, "index.html"),
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Vitrine</title>
<p style="font:16px system-ui;margin:3rem">The console is being built for the first time. This page loads again by itself.</p></html>\n`,
  );
}

function build(consoleApp: string, vite: string, draft: string): ChildProcess {
  const child = spawn(process.execPath, [vite, "build", "--outDir", draft, "--emptyOutDir", "--logLevel", "error"], {
    cwd: consoleApp,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_ENV: "production" },
  });
  yieldToBrokers(child.pid);
  return child;
}

async function finished(child: ChildProcess, draft: string, distDir: string): Promise<string | null> {
  let said = "";
  const hear = (chunk: Buffer) => (said = (said + chunk.toString("utf8")).slice(-2000));
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  const failure = await new Promise<string | null>((resolve) => {
    child.once("error", (error) => resolve(`The console cannot be built: ${error.message}.`));
    child.once("exit", (code) =>
      resolve(
        code === 0
          ? install(draft, distDir)
          : `The console could not be built: ${lastLine(said) || `vite ended with code ${code}`}`,
      ),
    );
  });
  rmSync(draft, { recursive: true, force: true });
  return failure;
}

function install(draft: string, distDir: string): string | null {
  try {
    // Assets first, the page that names them last; the directory itself stays, because the gateway serves from it.
    const entries = readdirSync(draft).sort((a, b) => Number(a === "index.html") - Number(b === "index.html"));
    for (const name of entries) {
      if (name === "index.html") renameSync(join(draft, name), join(distDir, name));
      else cpSync(join(draft, name), join(distDir, name), { recursive: true });
    }
    rmSync(join(distDir, PLACEHOLDER), { force: true });
    return null;
  } catch (error) {
    return `The console was built and could not be put in place: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function viteEntry(consoleApp: string): string | null {
  try {
    const require = createRequire(join(consoleApp, "package.json"));
    return join(dirname(require.resolve("vite/package.json")), "bin", "vite.js");
  } catch {
    return null;
  }
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split("\n")
      .findLast((line) => line.trim() !== "")
      ?.trim() ?? ""
  );
}

/** A first start is waited for by someone: the processor goes to the brokers as long as they want it. */
function yieldToBrokers(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, or the system knows no priorities: the build is as good.
  }
}
