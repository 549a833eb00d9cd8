import { partitionKey } from "@vitrine/api";
import type { LiveCluster, PositionFeed } from "./live-cluster.ts";
import { ClientRows } from "./client-rows.ts";
import { GroupFeed } from "./group-feed.ts";
import type { NodeReport } from "./node-board.ts";
import { ProducerRows } from "./producer-rows.ts";
import { quorumFieldsOf } from "./quorum-board.ts";
import type { NodeMetrics, NodePositions, PartitionPositions } from "./source.ts";

interface Tracked {
  positions: PartitionPositions;
  /** At the last second, to make rates of. */
  logEnd: number;
  bytesIn: number;
  epoch: number;
  inMsgs: number;
  inBytes: number;
}

/**
 * Fills the live state of a broker from its own positions: what the machines marked goes on the boards at a tick, rates once a second.
 * Partitions that nobody writes to cost nothing.
 */
export class BrokerPositionFeed implements PositionFeed {
  readonly #cluster: LiveCluster;
  readonly #node: NodePositions;
  readonly #selfId: number;
  readonly #clients: ClientRows;
  readonly #producers: ProducerRows;
  readonly #groups: GroupFeed | null;
  readonly #tracked = new Map<string, Tracked>();
  /** Written to since the last second, or with a rate that must fall to zero. */
  readonly #active = new Set<string>();
  #last: { readonly atMs: number; readonly metrics: NodeMetrics } | null = null;

  constructor(cluster: LiveCluster, selfId: number, node: NodePositions) {
    this.#cluster = cluster;
    this.#selfId = selfId;
    this.#node = node;
    this.#clients = new ClientRows(cluster.tables, selfId);
    this.#producers = new ProducerRows(cluster.tables, node);
    for (const positions of node.partitions()) this.#take(positions);
    this.#groups =
      node.groups === undefined
        ? null
        : new GroupFeed({
            tables: cluster.tables,
            board: cluster.groups,
            groups: node.groups,
            selfId,
            onEvents: (events) => cluster.tell(events),
          });
    cluster.setFeed(this);
  }

  refresh(_nowMs: number): void {
    for (const positions of this.#node.drainDirty()) this.#take(positions);
    const quorum = this.#node.quorum();
    if (quorum !== null) this.#cluster.quorum.setReport(this.#selfId, quorumFieldsOf(quorum));
    this.#groups?.refresh();
  }

  second(nowMs: number): void {
    const elapsedMs = this.#last === null ? 0 : nowMs - this.#last.atMs;
    const totals = { inMsgs: 0, inBytes: 0 };
    if (elapsedMs > 0) {
      for (const key of this.#active) this.#rate(key, elapsedMs, totals);
    }
    const metrics = this.#node.node();
    this.#cluster.nodes.setReport(this.#selfId, this.#report(metrics, totals, elapsedMs), nowMs);
    this.#clients.second(nowMs, this.#node.clients());
    this.#producers.sweep((topic, partition) => this.#cluster.partitions.has(topic, partition));
    this.#last = { atMs: nowMs, metrics };
  }

  #take(positions: PartitionPositions): void {
    const key = partitionKey(positions.topic, positions.partition);
    const tracked = this.#tracked.get(key);
    if (tracked === undefined || tracked.epoch !== positions.leaderEpoch) {
      const start = { logEnd: this.#ownEnd(positions), bytesIn: positions.bytesIn, epoch: positions.leaderEpoch };
      this.#tracked.set(key, { positions, ...start, inMsgs: 0, inBytes: 0 });
    } else tracked.positions = positions;
    this.#active.add(key);
    this.#show(key);
  }

  #rate(key: string, elapsedMs: number, totals: { inMsgs: number; inBytes: number }): void {
    const tracked = this.#tracked.get(key);
    if (tracked === undefined) {
      this.#active.delete(key);
      return;
    }
    const logEnd = this.#ownEnd(tracked.positions);
    tracked.inMsgs = perSecond(logEnd - tracked.logEnd, elapsedMs);
    tracked.inBytes = perSecond(tracked.positions.bytesIn - tracked.bytesIn, elapsedMs);
    tracked.logEnd = logEnd;
    tracked.bytesIn = tracked.positions.bytesIn;
    totals.inMsgs += tracked.inMsgs;
    totals.inBytes += tracked.inBytes;
    this.#show(key);
    const { topic, partition } = tracked.positions;
    this.#producers.refresh(topic, partition, tracked.epoch);
    if (tracked.inMsgs > 0 || tracked.inBytes > 0) return;
    this.#active.delete(key);
    if (!this.#cluster.partitions.has(topic, partition)) this.#tracked.delete(key);
  }

  #show(key: string): void {
    const tracked = this.#tracked.get(key);
    if (tracked === undefined) return;
    const { positions, inMsgs, inBytes } = tracked;
    const { topic, partition, bytesIn: _, ...shown } = positions;
    this.#cluster.partitions.setPositions(topic, partition, { ...shown, inMsgs, inBytes });
  }

  #ownEnd(positions: PartitionPositions): number {
    return positions.replicas.find((replica) => replica.node === this.#selfId)?.logEnd ?? positions.highWatermark;
  }

  #report(metrics: NodeMetrics, totals: { inMsgs: number; inBytes: number }, elapsedMs: number): NodeReport {
    const before = this.#last?.metrics ?? metrics;
    return {
      pid: metrics.pid,
      up_since: metrics.upSinceMs,
      in_msgs: totals.inMsgs,
      in_bytes: totals.inBytes,
      out_msgs: perSecond(metrics.recordsOut - before.recordsOut, elapsedMs),
      out_bytes: perSecond(metrics.bytesOut - before.bytesOut, elapsedMs),
      disk_used: metrics.diskUsed,
      disk_free: metrics.diskFree,
      rss: metrics.rss,
      cpu: Math.round(metrics.cpuPercent),
      connections: metrics.connections,
      uncommitted: metrics.uncommittedBytes,
      durability: metrics.durability,
      commit_ms: metrics.commitMs,
    };
  }
}

/** Growth over a time to a rate, rounded so that noise does not make rows differ. */
function perSecond(growth: number, elapsedMs: number): number {
  return elapsedMs <= 0 ? 0 : Math.max(0, Math.round((growth * 1000) / elapsedMs));
}
