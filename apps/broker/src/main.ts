/** One node as a process: `node main.ts --config broker.json`. Exit codes: 0 stopped in order, 1 could not start, 2 had to end (a failed disk, a bug). */
import { enableCompileCache } from "node:module";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parseNodeConfig, secretFrom } from "./config.ts";
import { joinSupervision } from "./supervision.ts";

enableCompileCache();

/** A supervisor that died left nobody to wait for; the files are whole at every moment. */
const ORPHAN_STOP_WITHIN_MS = 1_000;
const SIGNAL_STOP_WITHIN_MS = 10_000;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: "string" } } });
  // Signals and the supervisor's word may come while the rest is still being loaded.
  let node: {
    stop(options: { handOver: boolean; withinMs: number }): Promise<void>;
    isolate(on: boolean): void;
  } | null = null;
  let ending = false;
  const end = (options: { handOver: boolean; withinMs: number }) => {
    if (ending) return;
    ending = true;
    // Whatever hangs, the process ends.
    setTimeout(() => process.exit(2), options.withinMs + 500).unref();
    void (node?.stop(options) ?? Promise.resolve()).then(
      () => process.exit(0),
      () => process.exit(2),
    );
  };
  const supervision = joinSupervision({
    onControl(message) {
      switch (message.type) {
        case "stop":
          return end(message);
        case "isolate":
        case "rejoin":
          node?.isolate(message.type === "isolate");
          return supervision.isolation(message.type === "isolate");
      }
    },
    onOrphaned: () => end({ handOver: false, withinMs: ORPHAN_STOP_WITHIN_MS }),
  });
  if (!supervision.isSupervised) {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.on(signal, () => end({ handOver: true, withinMs: SIGNAL_STOP_WITHIN_MS }));
  }
  const refuse = async (sentence: string) => {
    process.stderr.write(`vitrine: ${sentence}\n`);
    await supervision.failed(sentence);
    process.exit(1);
  };

  const path = values.config;
  if (path === undefined) return refuse("say which configuration to use: --config broker.json");
  const text = readText(path);
  if (text === null) return refuse(`the configuration ${path} cannot be read`);
  const parsed = parseNodeConfig(text, process.env, path);
  if (!parsed.ok) return refuse(parsed.sentence);
  const { config } = parsed;
  const secret = secretFrom(readText(config.secretFile) ?? "");
  if (secret === null) return refuse(`no cluster secret in ${config.secretFile}`);
  const { startNode } = await import("./wire.ts");
  const started = await startNode({
    config,
    secret,
    onReady: () => supervision.ready(),
    onFatal(reason) {
      process.stderr.write(`Error: ${reason}\n`);
      process.exit(2);
    },
  });
  if (!started.ok) return refuse(started.sentence);
  node = started.node;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

await main();
