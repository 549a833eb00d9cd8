/** The gateway as a process under the supervisor: what to do comes over IPC, and so do the processes' rows. */
import { enableCompileCache } from "node:module";
import type { CommandResult, GatewayStart, ToGateway } from "./control-messages.ts";
import { errorCodeOf } from "./outcome.ts";
import { portSentence } from "./ports.ts";
import { RemoteProcessControl } from "./remote-process-control.ts";
import type { RunningGateway } from "./wire.ts";

enableCompileCache();

const ORPHAN_STOP_WITHIN_MS = 500;

let gateway: RunningGateway | null = null;
let control: RemoteProcessControl | null = null;
let frozen: readonly number[] = [];
let ending = false;

function send(message: object): void {
  if (process.connected && process.send) process.send(message);
}

function end(withinMs: number): void {
  if (ending) return;
  ending = true;
  // Tails and sockets of others cannot hold up the end.
  setTimeout(() => process.exit(0), withinMs).unref();
  void (gateway?.close() ?? Promise.resolve()).finally(() => process.exit(0));
}

async function begin(start: GatewayStart, awaitQuorum: boolean): Promise<void> {
  try {
    // Loaded while the brokers load, after the first message has been heard.
    const { openGateway } = await import("./wire.ts");
    control = new RemoteProcessControl(send, start.rows);
    gateway = await openGateway({ start, processControl: control, onFatal: fail });
    if (awaitQuorum) await gateway.following;
    send({ type: "ready" });
  } catch (error) {
    const code = errorCodeOf(error);
    const sentence =
      code === ""
        ? `The gateway cannot start: ${String(error)}`
        : portSentence({ name: "gateway", port: start.spec.port }, start.spec.host, code);
    process.stderr.write(`${error instanceof Error ? error.stack : sentence}\n`);
    process.send?.({ type: "failed", sentence }, () => process.exit(1));
  }
}

function fail(reason: string): void {
  process.stderr.write(`Error: ${reason}\n`);
  process.exit(2);
}

/** The supervisor is our parent and made these messages; the types are those of control-messages.ts. */
process.on("message", (message: ToGateway) => {
  switch (message.type) {
    case "start":
      void begin(message.start, message.awaitQuorum);
      return;
    case "processes":
      control?.setRows(message.rows);
      return;
    case "result": {
      const { requestId, result }: { requestId: number; result: CommandResult } = message;
      control?.settle(requestId, result);
      return;
    }
    case "frozen":
      frozen = message.pids;
      return;
    case "stop":
      end(message.withinMs);
      return;
  }
});

process.on("disconnect", () => {
  // The supervisor died. A frozen process cannot see it: woken, it does, and ends.
  for (const pid of frozen) {
    try {
      process.kill(pid, "SIGCONT");
    } catch {
      // It is gone already.
    }
  }
  end(ORPHAN_STOP_WITHIN_MS);
});

// The terminal's Ctrl-C goes to the whole group; the gateway is the last to leave, and the supervisor says when.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => send({ type: "signal", signal }));
