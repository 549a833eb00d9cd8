/** What the supervisor and its children say to each other over the IPC channel. Everything that arrives is `unknown` until one of the readers here has looked at it. */
import type { ProcessRow, ProcessVerb } from "@vitrine/api";
import { PROCESS_VERBS } from "@vitrine/api";
import type { GatewaySpec } from "./layout.ts";

/** To every child. */
export type ToChild =
  /** End in order. `handOver`: give leadership away first, because the cluster goes on without you. */
  | { readonly type: "stop"; readonly handOver: boolean; readonly withinMs: number }
  /** Who is frozen now. A child whose channel closes wakes them, so that they see it too and end. */
  | { readonly type: "frozen"; readonly pids: readonly number[] };

/** To brokers and controllers: cut the peer listener and peer connections, or heal the cut. Answered by `isolation`. */
export type ToNode = ToChild | { readonly type: "isolate" } | { readonly type: "rejoin" };

export interface GatewayStart {
  readonly spec: GatewaySpec;
  readonly secret: string;
  /** For process control; null where there is none (`vitrine gateway`). */
  readonly token: string | null;
  readonly ticket: string | null;
  readonly insecure: boolean;
  readonly consoleDir: string;
  readonly docsDir: string;
  /** null: standard output. */
  readonly logFile: string | null;
  readonly rows: readonly ProcessRow[];
}

export interface ProcessCommandMessage {
  readonly verb: ProcessVerb;
  readonly kind: "broker" | "controller";
  readonly id: number;
}

export type CommandRefusal = "unknown" | "unsupported" | "conflict" | "failed";

export type CommandResult =
  | { readonly ok: true; readonly reply: { readonly verb: ProcessVerb; readonly process: ProcessRow } }
  | { readonly ok: false; readonly reason: CommandRefusal; readonly detail: string };

export type ToGateway =
  | ToChild
  /** `awaitQuorum`: "ready" waits until the cluster can be heard. A gateway that is started again beside a lost quorum must serve and say so. */
  | { readonly type: "start"; readonly start: GatewayStart; readonly awaitQuorum: boolean }
  | { readonly type: "processes"; readonly rows: readonly ProcessRow[] }
  | { readonly type: "result"; readonly requestId: number; readonly result: CommandResult };

export type FromChild =
  /** Serves: a broker is registered and unfenced, a controller votes, the gateway listens. */
  | { readonly type: "ready" }
  /** Cannot start; the sentence is for people. The process ends by itself. */
  | { readonly type: "failed"; readonly sentence: string }
  /** A signal reached the child itself. What it means is the supervisor's to say: it may have had the same one. */
  | { readonly type: "signal"; readonly signal: string }
  | { readonly type: "isolation"; readonly isolated: boolean }
  /** From the gateway: somebody asks for a verb. */
  | { readonly type: "command"; readonly requestId: number; readonly command: ProcessCommandMessage };

/** Reads what a child sent; null = not understood, dropped. */
export function readFromChild(message: unknown): FromChild | null {
  if (typeof message !== "object" || message === null || !("type" in message)) return null;
  const fields: Record<string, unknown> = { ...message };
  switch (message.type) {
    case "ready":
      return { type: "ready" };
    case "failed":
      return { type: "failed", sentence: String(fields["sentence"]) };
    case "signal":
      return { type: "signal", signal: String(fields["signal"]) };
    case "isolation":
      return { type: "isolation", isolated: fields["isolated"] === true };
    case "command": {
      const command = readCommand(fields["command"]);
      return command && typeof fields["requestId"] === "number"
        ? { type: "command", requestId: fields["requestId"], command }
        : null;
    }
    default:
      return null;
  }
}

function readCommand(value: unknown): ProcessCommandMessage | null {
  if (typeof value !== "object" || value === null) return null;
  const { verb, kind, id } = { verb: undefined, kind: undefined, id: undefined, ...value };
  const known = PROCESS_VERBS.find((candidate) => candidate === verb);
  if (!known || (kind !== "broker" && kind !== "controller") || typeof id !== "number") return null;
  return { verb: known, kind, id };
}
