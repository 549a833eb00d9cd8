/** Verbs on the processes of a cluster, the rows that show their state, and the answers of the routes that run them. */
import Type from "typebox";
import type { Static } from "typebox";

export const PROCESS_VERBS = ["stop", "kill", "restart", "freeze", "unfreeze", "isolate", "rejoin"] as const;

/**
 * stop: SIGTERM, controlled shutdown. kill: SIGKILL. restart: start again (stops it first where it runs). freeze: SIGSTOP. unfreeze: SIGCONT.
 * isolate: cut from its peers, still reachable by clients. rejoin: the cut is healed.
 */
export type ProcessVerb = (typeof PROCESS_VERBS)[number];

export const ProcessVerbSchema = Type.Union([
  Type.Literal("stop"),
  Type.Literal("kill"),
  Type.Literal("restart"),
  Type.Literal("freeze"),
  Type.Literal("unfreeze"),
  Type.Literal("isolate"),
  Type.Literal("rejoin"),
]);

/** `isolated` is a running process whose peers are cut; `exited` is a process that is gone, by whatever cause (`exit`). */
export const ProcessState = Type.Union([
  Type.Literal("starting"),
  Type.Literal("running"),
  Type.Literal("stopping"),
  Type.Literal("frozen"),
  Type.Literal("isolated"),
  Type.Literal("exited"),
]);
export type ProcessState = Static<typeof ProcessState>;

export const ProcessRow = Type.Object({
  kind: Type.Union([Type.Literal("broker"), Type.Literal("controller")]),
  id: Type.Integer(),
  /** Kafka's `process.roles`. A voter of the quorum has "controller" in it. */
  roles: Type.Array(Type.Union([Type.Literal("broker"), Type.Literal("controller")])),
  pid: Type.Union([Type.Integer(), Type.Null()]),
  state: ProcessState,
  since_ms: Type.Integer({ description: "wall clock at which this state began, milliseconds since 1970" }),
  exit: Type.Union([
    Type.Object({
      code: Type.Union([Type.Integer(), Type.Null()]),
      signal: Type.Union([Type.String(), Type.Null()]),
      reason: Type.String({ description: "asked, killed, crashed, or the last line of its log" }),
    }),
    Type.Null(),
  ]),
  verbs: Type.Array(ProcessVerbSchema, { description: "verbs that mean something in this state" }),
  unsupported: Type.Record(Type.String(), Type.String(), { description: "verb to why this platform cannot" }),
});
export type ProcessRow = Static<typeof ProcessRow>;

/** Answer of `POST /brokers/{id}/{verb}`: the row afterwards. */
export const ProcessReply = Type.Object({ verb: ProcessVerbSchema, process: ProcessRow });
export type ProcessReply = Static<typeof ProcessReply>;
