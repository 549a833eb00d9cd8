import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The repository's root directory. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
  readonly seconds: number;
}

export interface CommandOptions {
  /** Copies the output to this process as it comes. */
  readonly echo?: boolean;
  readonly env?: Record<string, string>;
  /** Where it runs; the repository's root unless told otherwise. */
  readonly cwd?: string;
  /** The child is ended after this; the result then has exit code 124. */
  readonly timeoutMs?: number;
}

/** Runs a program of this workspace (its `node_modules/.bin` is on the PATH) to its end. Never rejects. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? ROOT,
      env: {
        ...process.env,
        ...options.env,
        PATH: `${ROOT}node_modules/.bin:${ROOT}e2e/node_modules/.bin:${process.env["PATH"]}`,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      if (options.echo) process.stdout.write(chunk);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    let timedOut = false;
    const timer = setTimeout(
      () => {
        timedOut = true;
        child.kill("SIGKILL");
      },
      options.timeoutMs ?? 15 * 60_000,
    );
    const done = (exitCode: number) => {
      clearTimeout(timer);
      resolve({ exitCode: timedOut ? 124 : exitCode, output, seconds: (performance.now() - started) / 1000 });
    };
    child.on("error", (error) => {
      output += String(error);
      done(127);
    });
    child.on("close", (code) => done(code ?? 1));
  });
}
