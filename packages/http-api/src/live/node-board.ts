import {
  type LiveTables,
  nodeColumns,
  type NodeFields,
  type NodeRole,
  type NodeState,
  type ProcessRow,
} from "@vitrine/api";
import type { NodeId } from "@vitrine/core";
import type { BrokerInfo } from "@vitrine/engine";

/** A node that is in the configuration, whether it has registered or not: controllers of their own never register. */
export interface KnownNode {
  readonly id: NodeId;
  readonly roles: readonly NodeRole[];
  readonly host: string;
  readonly peerPort: number;
}

/** What a process says of itself; the columns of a row that come from there. */
export type NodeReport = Pick<
  NodeFields,
  | "pid"
  | "up_since"
  | "in_msgs"
  | "in_bytes"
  | "out_msgs"
  | "out_bytes"
  | "disk_used"
  | "disk_free"
  | "rss"
  | "cpu"
  | "connections"
  | "uncommitted"
  | "durability"
  | "commit_ms"
>;

/** Partitions that touch a node. */
export interface NodeLoad {
  readonly leaders: number;
  readonly replicas: number;
  readonly urp: number;
}

interface Held {
  known: KnownNode | null;
  broker: BrokerInfo | null;
  process: ProcessRow | null;
  report: NodeReport | null;
  load: NodeLoad;
  state: NodeState;
  since: number | null;
}

const NO_REPORT: NodeReport = {
  pid: null,
  up_since: null,
  in_msgs: null,
  in_bytes: null,
  out_msgs: null,
  out_bytes: null,
  disk_used: null,
  disk_free: null,
  rss: null,
  cpu: null,
  connections: null,
  uncommitted: null,
  durability: null,
  commit_ms: null,
};

/** Rows of the table `nodes`: the configuration, the metadata, the owner of the processes and the process itself, put together. */
export class NodeBoard {
  readonly #tables: LiveTables;
  readonly #held = new Map<NodeId, Held>();
  #controller: NodeId = -1;

  constructor(tables: LiveTables) {
    this.#tables = tables;
  }

  setKnown(node: KnownNode, nowMs: number): void {
    this.#change(node.id, nowMs, (held) => (held.known = node));
  }

  setBroker(broker: BrokerInfo, nowMs: number): void {
    this.#change(broker.id, nowMs, (held) => (held.broker = broker));
  }

  /** It was removed from the metadata; the row stays as long as somebody else knows the node. */
  removeBroker(id: NodeId, nowMs: number): void {
    this.#change(id, nowMs, (held) => (held.broker = null));
    const held = this.#held.get(id);
    if (held === undefined || held.known !== null || held.process !== null) return;
    this.#held.delete(id);
    this.#tables.remove("nodes", String(id));
  }

  setProcess(process: ProcessRow, nowMs: number): void {
    this.#change(process.id, nowMs, (held) => (held.process = process), process.since_ms);
  }

  setReport(id: NodeId, report: NodeReport, nowMs: number): void {
    this.#change(id, nowMs, (held) => (held.report = report));
  }

  /** It is no longer heard: what flowed does not, what it holds stays. */
  stopRates(id: NodeId, nowMs: number): void {
    this.#change(id, nowMs, (held) => {
      if (held.report !== null)
        held.report = { ...NO_REPORT, ...keptOf(held.report), pid: held.report.pid, up_since: held.report.up_since };
    });
  }

  setLoad(id: NodeId, load: NodeLoad, nowMs: number): void {
    this.#change(id, nowMs, (held) => (held.load = load));
  }

  setController(id: NodeId, nowMs: number): void {
    if (id === this.#controller) return;
    const before = this.#controller;
    this.#controller = id;
    for (const node of [before, id]) if (this.#held.has(node)) this.#change(node, nowMs, () => undefined);
  }

  /** What the row shows; null where there is no row. */
  stateOf(id: NodeId): NodeState | null {
    return this.#held.get(id)?.state ?? null;
  }

  /** Nodes that have the role controller, as far as is known here. */
  controllers(): NodeId[] {
    const controllers: NodeId[] = [];
    for (const [id, held] of this.#held)
      if (rolesOf(held.process, held.known).includes("controller")) controllers.push(id);
    return controllers;
  }

  ids(): IterableIterator<NodeId> {
    return this.#held.keys();
  }

  #change(id: NodeId, nowMs: number, apply: (held: Held) => void, sinceMs?: number): void {
    let held = this.#held.get(id);
    if (held === undefined) {
      const load = { leaders: 0, replicas: 0, urp: 0 };
      held = { known: null, broker: null, process: null, report: null, load, state: "starting", since: null };
      this.#held.set(id, held);
    }
    apply(held);
    const state = stateOf(held);
    if (state !== held.state || held.since === null) held.since = sinceMs ?? nowMs;
    held.state = state;
    this.#tables.set("nodes", String(id), nodeColumns.row(fieldsOf(id, held, this.#controller)));
  }
}

/** The owner of the process knows best whether it runs; of a running one the metadata knows whether it serves. */
function stateOf({ process, broker, known }: Held): NodeState {
  switch (process?.state) {
    case "exited":
      return process.exit?.reason === "asked" || process.exit?.code === 0 ? "stopped" : "down";
    case "starting":
      return "starting";
    case "stopping":
      return "stopping";
    case "frozen":
      return "frozen";
    case "isolated":
      return "isolated";
    case "running":
    case undefined:
      break;
  }
  if (broker === null) return rolesOf(process, known).includes("broker") ? "starting" : "online";
  if (broker.fenced) return "fenced";
  return broker.inControlledShutdown ? "stopping" : "online";
}

function rolesOf(process: ProcessRow | null, known: KnownNode | null): readonly NodeRole[] {
  return process?.roles ?? known?.roles ?? ["broker"];
}

function fieldsOf(id: NodeId, held: Held, controller: NodeId): NodeFields {
  const { broker, known, process, load } = held;
  const gone = process?.state === "exited";
  const report = gone || held.report === null ? { ...NO_REPORT, ...keptOf(held.report) } : held.report;
  return {
    ...report,
    id,
    roles: rolesOf(process, known),
    state: held.state,
    state_since: held.since,
    pid: process === null ? report.pid : process.pid,
    up_since: gone ? null : report.up_since,
    epoch: broker?.epoch ?? -1,
    host: broker?.host ?? known?.host ?? "",
    kafka_port: broker?.kafkaPort ?? 0,
    peer_port: broker?.peerPort ?? known?.peerPort ?? 0,
    http_port: broker?.httpPort ?? 0,
    rack: broker?.rack ?? null,
    active_controller: id === controller,
    ...load,
  };
}

/** What stays true of a process that is gone: its files. */
function keptOf(report: NodeReport | null): Partial<NodeReport> {
  return report === null
    ? {}
    : { disk_used: report.disk_used, disk_free: report.disk_free, durability: report.durability };
}
