import {
  clusterColumns,
  type ClusterHealth,
  clusterHealth,
  type ClusterInfo,
  isUnderReplicated,
  type LiveTables,
  METRICS_SAMPLES,
  metricsColumns,
  nodeColumns,
  partitionColumns,
  type Row,
  type Verdict,
  verdict,
  worstLag,
} from "@vitrine/api";
import type { NodeId } from "@vitrine/core";
import type { Engine } from "@vitrine/engine";
import type { NodeBoard, NodeLoad } from "./node-board.ts";

export interface SummaryParts {
  readonly engine: Engine;
  readonly version: string;
  readonly tables: LiveTables;
  readonly nodes: NodeBoard;
  readonly voters: () => readonly NodeId[];
  readonly hasQuorum: (nowMs: number) => boolean;
  readonly processControl?: boolean;
}

/** What is made of all rows together: load of the nodes, counts, the verdict, the sample of the charts. */
export class ClusterSummary {
  readonly #parts: SummaryParts;
  #health: ClusterHealth | null = null;
  readonly #samples: string[] = [];

  constructor(parts: SummaryParts) {
    this.#parts = parts;
  }

  /** Reads all rows once; a millisecond or so for ten thousand partitions. */
  update(nowMs: number, topics: number): void {
    const { tables, nodes, engine } = this.#parts;
    for (const [id, load] of this.#loads()) nodes.setLoad(id, load, nowMs);
    const health = clusterHealth(tables.rows("partitions"), tables.rows("nodes"));
    this.#health = health;
    const rows = tables.snapshot("nodes");
    const voters = this.#parts.voters();
    const quorum = { has: this.#parts.hasQuorum(nowMs), voters };
    const judged = verdict({ nodes: rows, health, quorum, nowMs });
    const counts = countsOf(rows, health, topics);
    const controller = engine.controllerId();
    const info: ClusterInfo = {
      cluster_id: engine.clusterId,
      version: this.#parts.version,
      verdict: judged,
      controller,
      quorum: { leader: quorum.has ? controller : -1, epoch: engine.metadataPosition().epoch, ...quorum },
      counts,
      process_control: this.#parts.processControl === true,
    };
    tables.setInfo("cluster", info);
    tables.set("clusters", engine.clusterId, this.#clusterRow(judged, counts));
  }

  /** Adds a sample of this second to the table `metrics`; the oldest goes after five minutes. */
  sample(nowMs: number): void {
    const { tables } = this.#parts;
    const ts = Math.floor(nowMs / 1000) * 1000;
    const key = String(ts);
    let [inMsgs, inBytes, outMsgs, outBytes, lag] = [0, 0, 0, 0, 0];
    for (const row of tables.rows("partitions")) {
      inMsgs += partitionColumns.get(row, "in_msgs");
      inBytes += partitionColumns.get(row, "in_bytes");
      lag = Math.max(lag, worstLag(row));
    }
    for (const row of tables.rows("nodes")) {
      outMsgs += nodeColumns.get(row, "out_msgs") ?? 0;
      outBytes += nodeColumns.get(row, "out_bytes") ?? 0;
    }
    const sample = metricsColumns.row({
      ts,
      in_msgs: inMsgs,
      out_msgs: outMsgs,
      in_bytes: inBytes,
      out_bytes: outBytes,
      worst_lag: lag,
      urp: this.#health?.underReplicated ?? 0,
      offline: this.#health?.offline ?? 0,
      below_min_isr: this.#health?.belowMinIsr ?? 0,
    });
    if (tables.get("metrics", key) === undefined) this.#samples.push(key);
    tables.set("metrics", key, sample);
    while (this.#samples.length > METRICS_SAMPLES) tables.remove("metrics", this.#samples.shift()!);
  }

  #loads(): Map<NodeId, NodeLoad> {
    const loads = new Map<NodeId, { leaders: number; replicas: number; urp: number }>();
    for (const id of this.#parts.nodes.ids()) loads.set(id, { leaders: 0, replicas: 0, urp: 0 });
    for (const row of this.#parts.tables.rows("partitions")) {
      const leader = partitionColumns.get(row, "leader");
      const under = isUnderReplicated(row);
      for (const node of partitionColumns.get(row, "replicas")) {
        const load = loads.get(node);
        if (load === undefined) continue;
        load.replicas++;
        if (node === leader) load.leaders++;
        if (under) load.urp++;
      }
    }
    return loads;
  }

  #clusterRow(judged: Verdict, counts: ClusterInfo["counts"]): Row {
    const { engine, version } = this.#parts;
    return clusterColumns.row({
      id: engine.clusterId,
      name: "local",
      kind: "own",
      level: judged.level,
      text: judged.text,
      version,
      brokers: counts.brokers,
      brokers_online: counts.brokers_online,
      topics: counts.topics,
      partitions: counts.partitions,
    });
  }
}

function countsOf(nodes: readonly Row[], health: ClusterHealth, topics: number): ClusterInfo["counts"] {
  const brokers = nodes.filter((row) => nodeColumns.get(row, "roles").includes("broker"));
  return {
    brokers: brokers.length,
    brokers_online: brokers.filter((row) => nodeColumns.get(row, "state") === "online").length,
    topics,
    partitions: health.partitions,
    urp: health.underReplicated,
    offline: health.offline,
    below_min_isr: health.belowMinIsr,
  };
}
