/** `vitrine gateway`: HTTP, WebSocket and the console for a cluster of ours that runs elsewhere; nothing here starts or stops a broker. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { GatewaySpec } from "./layout.ts";
import { errorCodeOf } from "./outcome.ts";
import { portSentence } from "./ports.ts";
import { isLoopback } from "./up-options.ts";
import { openGateway } from "./wire.ts";

export interface RawGatewayOptions {
  readonly controllers: string;
  readonly clusterId: string;
  readonly secretFile: string;
  readonly port: string;
  readonly host: string;
  readonly insecure?: boolean;
}

export async function startGateway(raw: RawGatewayOptions): Promise<void> {
  const voters = parseVoters(raw.controllers);
  if (!voters) return refuse(`--controllers must look like 1@host:9192,2@host:9193, not ${raw.controllers}.`);
  const port = Number(raw.port);
  if (!Number.isSafeInteger(port) || port < 1 || port > 65_535)
    return refuse(`--port takes a whole number from 1 to 65535, not ${raw.port}.`);
  if (!isLoopback(raw.host) && !raw.insecure) {
    return refuse(
      `--host ${raw.host} would let other machines in without encryption or accounts; say --insecure if that is what you want.`,
    );
  }
  const secret = readSecret(raw.secretFile);
  if (secret === null) return refuse(`No cluster secret can be read from ${raw.secretFile}.`);
  const root = resolve(import.meta.dirname, "../../..");
  const nodes = voters.map(({ nodeId, host, port: peerPort }) => ({
    id: nodeId,
    roles: ["controller" as const],
    host,
    peerPort,
  }));
  const spec: GatewaySpec = { host: raw.host, port, clusterId: raw.clusterId, voters, nodes, minInsyncReplicas: 1 };
  try {
    const gateway = await openGateway({
      start: {
        spec,
        secret,
        token: null,
        ticket: null,
        insecure: raw.insecure ?? false,
        consoleDir: join(root, "apps/console/dist"),
        docsDir: join(root, "apps/docs"),
        logFile: null,
        rows: [],
      },
      processControl: null,
      onFatal(reason) {
        process.stderr.write(`Error: ${reason}\n`);
        process.exit(2);
      },
    });
    process.stdout.write(`The gateway serves at ${gateway.url}\n`);
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => void gateway.close().then(() => process.exit(0)));
  } catch (error) {
    refuse(portSentence({ name: "gateway", port }, raw.host, errorCodeOf(error) || String(error)));
  }
}

function refuse(sentence: string): void {
  process.stderr.write(`vitrine: ${sentence}\n`);
  process.exitCode = 1;
}

/** `1@127.0.0.1:9192,2@127.0.0.1:9193` */
export function parseVoters(text: string): { nodeId: number; host: string; port: number }[] | null {
  const voters = text.split(",").map((item) => {
    const match = /^(\d{1,9})@(?:\[([0-9a-fA-F:.]+)\]|([^:@\s]+)):(\d{1,5})$/.exec(item.trim());
    return match && { nodeId: Number(match[1]), host: match[2] ?? match[3]!, port: Number(match[4]) };
  });
  return voters.every((voter) => voter !== null) ? voters : null;
}

/** A cluster.json, or the bare secret. */
function readSecret(file: string): string | null {
  try {
    const text = readFileSync(file, "utf8").trim();
    const parsed: unknown = text.startsWith("{") ? JSON.parse(text) : { secret: text };
    const secret: unknown = typeof parsed === "object" && parsed !== null ? Reflect.get(parsed, "secret") : null;
    return typeof secret === "string" && secret !== "" ? secret : null;
  } catch {
    return null;
  }
}
