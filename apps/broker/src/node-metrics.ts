/** How the process is, for the console: memory, processor, disk, rates. */
import type { Broker, BrokerOptions } from "@vitrine/broker";
import type { NodeMetrics } from "@vitrine/http-api";

export interface NodeMetricsParts {
  readonly broker: Broker;
  readonly store: BrokerOptions["store"];
  readonly connections: () => number;
  /** Median time of the newest commits; null while there were none. */
  readonly commitMs: () => number | null;
}

/** Read once a second or so; the share of the processor is that since the last call. */
export function nodeMetricsReader(parts: NodeMetricsParts): () => NodeMetrics {
  const { broker, store, connections, commitMs } = parts;
  const upSinceMs = Math.round(Date.now() - process.uptime() * 1000);
  let last = { atMs: performance.now(), cpu: process.cpuUsage(), percent: 0 };
  return () => {
    const atMs = performance.now();
    // Too short a time gives noise: the last share stands.
    if (atMs - last.atMs >= 500) {
      const cpu = process.cpuUsage();
      const usedMs = (cpu.user - last.cpu.user + cpu.system - last.cpu.system) / 1000;
      last = { atMs, cpu, percent: (usedMs / (atMs - last.atMs)) * 100 };
    }
    const { health } = store;
    let diskUsed = 0;
    for (const log of store.logs.values()) diskUsed += log.sizeBytes;
    return {
      pid: process.pid,
      upSinceMs,
      rss: process.memoryUsage.rss(),
      cpuPercent: last.percent,
      connections: connections(),
      diskUsed,
      diskFree: health.freeBytes,
      uncommittedBytes: health.uncommittedBytes,
      durability: health.durability,
      commitMs: commitMs(),
      recordsOut: broker.traffic.total.recordsOut,
      bytesOut: broker.traffic.total.bytesOut,
    };
  };
}
