/** How the process is: for the console memory, processor, disk, rates; for /metrics what the broker counts. */
import type { Broker, BrokerOptions } from "@vitrine/broker";
import type { BrokerReading, BrokerTraffic, LedPartition, NodeMetrics } from "@vitrine/http-api";
import type { DiskStats } from "@vitrine/log-sqlite";
import { apiName } from "@vitrine/protocol";

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

export interface BrokerReadingParts extends Pick<NodeMetricsParts, "broker" | "store" | "connections"> {
  readonly stats: () => DiskStats;
}

/** What /metrics tells of the broker; walks all partitions once per scrape. */
export function brokerReading({ broker, store, connections, stats }: BrokerReadingParts): BrokerReading {
  const { health } = store;
  const { commits, bytes, commitMs } = stats();
  let usedBytes = 0;
  for (const log of store.logs.values()) usedBytes += log.sizeBytes;
  const { freeBytes, uncommittedBytes, uncommittedBytesMax } = health;
  const disk = {
    usedBytes,
    freeBytes,
    uncommittedBytes,
    uncommittedBytesMax,
    commits,
    committedBytes: bytes,
    commitMs,
  };
  return {
    total: { ...broker.traffic.total },
    replicationBytesOut: broker.traffic.replicationBytesOut,
    decodedRecords: broker.traffic.decodedRecords,
    byTopic: trafficByTopic(broker, store),
    requests: new Map(Array.from(broker.traffic.byApi, ([key, count]) => [apiName(key), count])),
    connections: connections(),
    disk: { ...disk, online: health.state === "online" },
    led: ledPartitions(broker),
    cleaner: broker.cleanerReport(),
    quorum: broker.observer.quorum(),
  };
}

/** Of every log that is here, led or not: a counter must not fall when the leader moves. */
function trafficByTopic(broker: Broker, store: BrokerOptions["store"]): Map<string, BrokerTraffic> {
  const byTopic = new Map<string, BrokerTraffic>();
  for (const log of store.logs.values()) {
    const { key, topicName } = log.descriptor;
    const counted = broker.traffic.of(key);
    if (!counted) continue;
    const sum = byTopic.get(topicName);
    byTopic.set(topicName, {
      recordsIn: counted.recordsIn + (sum?.recordsIn ?? 0),
      bytesIn: counted.bytesIn + (sum?.bytesIn ?? 0),
      recordsOut: counted.recordsOut + (sum?.recordsOut ?? 0),
      bytesOut: counted.bytesOut + (sum?.bytesOut ?? 0),
    });
  }
  return byTopic;
}

function ledPartitions(broker: Broker): LedPartition[] {
  const { image, config } = broker;
  const led: LedPartition[] = [];
  for (const { topic, partition, replicas } of broker.observer.partitions()) {
    const assigned = image.topicsByName.get(topic)?.partitions.get(partition);
    if (!assigned) continue;
    const end = replicas.find(({ node }) => node === config.nodeId)?.logEnd ?? 0;
    const heard = replicas.filter(({ node, logEnd }) => node !== config.nodeId && logEnd >= 0);
    led.push({
      isr: assigned.isr.length,
      replicas: assigned.replicas.length,
      minIsr: minIsrOf(broker, topic),
      lag: new Map(heard.map(({ node, logEnd }) => [node, Math.max(0, end - logEnd)])),
    });
  }
  return led;
}

function minIsrOf({ image, settings }: Broker, topic: string): number {
  const name = "min.insync.replicas";
  const set = image.configs.get(`topic:${topic}`)?.get(name) ?? image.configs.get("broker:")?.get(name);
  return set === undefined ? settings.minInsyncReplicas : Number(set);
}
