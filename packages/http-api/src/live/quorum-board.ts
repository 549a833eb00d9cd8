import { type LiveTables, quorumColumns, type QuorumFields, type Row } from "@vitrine/api";
import type { NodeId } from "@vitrine/core";
import type { QuorumReport } from "./source.ts";

/**
 * Rows of the table `quorum`, put together from reports: each node knows its own role, epoch, vote and log; only the leader knows how far
 * the others are and when they last fetched. A leader of a later epoch overrules an earlier one.
 */
export class QuorumBoard {
  readonly #tables: LiveTables;
  /** Reporter to what it says of each node. */
  readonly #reports = new Map<NodeId, ReadonlyMap<NodeId, QuorumFields>>();
  readonly #silent = new Set<NodeId>();

  constructor(tables: LiveTables) {
    this.#tables = tables;
  }

  /** Takes all that one node says. */
  setReport(reporter: NodeId, fields: Iterable<QuorumFields>): void {
    this.#reports.set(reporter, new Map(Array.from(fields, (row) => [row.node, row])));
    this.#silent.delete(reporter);
    this.#show();
  }

  /** A reporter is no longer heard: its log positions stay, its role is unknown. */
  setSilent(reporter: NodeId): void {
    if (!this.#reports.has(reporter) || this.#silent.has(reporter)) return;
    this.#silent.add(reporter);
    this.#show();
  }

  #show(): void {
    const leader = this.#leaderReport();
    const nodes = new Set<NodeId>();
    for (const [reporter, report] of this.#reports) {
      if (report.has(reporter)) nodes.add(reporter);
    }
    for (const node of leader?.keys() ?? []) nodes.add(node);
    for (const node of nodes) this.#tables.set("quorum", String(node), this.#row(node, leader));
    for (const row of this.#tables.snapshot("quorum")) {
      const node = quorumColumns.get(row, "node");
      if (!nodes.has(node)) this.#tables.remove("quorum", String(node));
    }
  }

  #row(node: NodeId, leader: ReadonlyMap<NodeId, QuorumFields> | null): Row {
    const own = this.#reports.get(node)?.get(node);
    const seen = leader?.get(node);
    const base = own ?? seen;
    if (base === undefined) throw new RangeError(`no report speaks of node ${node}`);
    const silent = own !== undefined && this.#silent.has(node);
    return quorumColumns.row({
      ...base,
      role: silent ? "unknown" : base.role,
      leo: silent && seen !== undefined ? Math.max(base.leo, seen.leo) : base.leo,
      lag: seen?.lag ?? null,
      fetch_age: seen?.fetch_age ?? null,
    });
  }

  #leaderReport(): ReadonlyMap<NodeId, QuorumFields> | null {
    let best: ReadonlyMap<NodeId, QuorumFields> | null = null;
    let epoch = -1;
    for (const [reporter, report] of this.#reports) {
      const own = report.get(reporter);
      if (own?.role !== "leader" || this.#silent.has(reporter) || own.epoch <= epoch) continue;
      epoch = own.epoch;
      best = report;
    }
    return best;
  }
}

/** A node's report as rows: its own, and where it leads one for each peer. */
export function quorumFieldsOf(report: QuorumReport): QuorumFields[] {
  const leads = report.role === "leader";
  const own: QuorumFields = {
    node: report.node,
    role: report.role,
    voter: report.voter,
    epoch: report.epoch,
    voted: report.votedFor,
    leader: report.leader,
    leo: report.logEnd,
    durable: report.durableEnd,
    hw: report.highWatermark,
    lag: leads ? 0 : null,
    fetch_age: leads ? 0 : null,
    snapshot: report.snapshotEnd,
  };
  const peers = report.peers.map((peer): QuorumFields => ({
    node: peer.node,
    role: peer.voter ? "follower" : "observer",
    voter: peer.voter,
    epoch: report.epoch,
    voted: -1,
    leader: report.node,
    leo: peer.logEnd,
    durable: -1,
    hw: -1,
    lag: peer.logEnd < 0 ? null : Math.max(0, report.logEnd - peer.logEnd),
    fetch_age: peer.fetchAgeMs,
    snapshot: -1,
  }));
  return [own, ...peers];
}
