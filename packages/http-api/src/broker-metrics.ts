/** OpenMetrics families of one broker: what went in and out, its disk, the partitions it leads, its part in the quorum. Read when /metrics is asked. */
import { Counter, Gauge } from "prom-client";
import type { OpenMetricsContentType, Registry } from "prom-client";

/** Numbers since the process began; they only grow. */
export interface BrokerTraffic {
  readonly recordsIn: number;
  readonly bytesIn: number;
  readonly recordsOut: number;
  readonly bytesOut: number;
}

/** A partition that the broker leads. */
export interface LedPartition {
  readonly isr: number;
  readonly replicas: number;
  readonly minIsr: number;
  /** Follower to the records it is behind the leader's end; followers that were not heard of in this leader epoch are left out. */
  readonly lag: ReadonlyMap<number, number>;
}

export interface BrokerReading {
  readonly total: BrokerTraffic;
  /** Bytes that followers fetched. */
  readonly replicationBytesOut: number;
  /** Records that had to be decoded on their way in; 0 where batches pass through untouched. */
  readonly decodedRecords: number;
  readonly byTopic: ReadonlyMap<string, BrokerTraffic>;
  /** Requests by name of the API. */
  readonly requests: ReadonlyMap<string, number>;
  readonly connections: number;
  readonly disk: {
    readonly online: boolean;
    readonly usedBytes: number;
    readonly freeBytes: number;
    readonly uncommittedBytes: number;
    readonly uncommittedBytesMax: number;
    readonly commits: number;
    readonly committedBytes: number;
    /** Of the newest commits. */
    readonly commitMs: { readonly p50: number; readonly p99: number; readonly max: number };
  };
  readonly led: readonly LedPartition[];
  /** Compaction, by Kafka's names. */
  readonly cleaner: {
    readonly maxDirtyPercent: number;
    readonly recopyPercent: number;
    readonly bufferUtilizationPercent: number;
    readonly cleanTimeMs: number;
    readonly uncleanablePartitions: number;
    readonly sinceLastLookMs: number;
    readonly compactions: number;
  };
  /** null where the process has no part in it. */
  readonly quorum: {
    readonly role: string;
    readonly epoch: number;
    readonly leader: number;
    readonly logEnd: number;
    readonly highWatermark: number;
  } | null;
}

/** Topics with series of their own: the first so many that had traffic; the others are summed under `(other)`, which is no name of a topic. */
const TOPIC_SERIES_MAX = 200;
const OTHER = "(other)";

const QUORUM_ROLES = ["leader", "follower", "candidate", "prospective", "unattached", "resigned", "observer"];

type Metrics = Registry<OpenMetricsContentType>;
/** Puts a reading into the families it has made. */
type Show = (now: BrokerReading) => void;

/** Adds the families; `read` is called once per scrape. */
export function brokerMetrics(registry: Metrics, read: () => BrokerReading): void {
  const shows: Show[] = [];
  // Families are asked in the order in which they were made: the first one reads for all.
  new Gauge({
    name: "vitrine_broker_up",
    help: "1 while the broker answers",
    registers: [registry],
    collect() {
      this.set(1);
      const now = read();
      for (const show of shows) show(now);
    },
  });
  shows.push(
    trafficFamilies(registry),
    diskFamilies(registry),
    partitionFamilies(registry),
    cleanerFamilies(registry),
    quorumFamilies(registry),
  );
}

function trafficFamilies(registry: Metrics): Show {
  const named = new Set<string>();
  const pairs = (["records_in", "bytes_in", "records_out", "bytes_out"] as const).map((name) => ({
    field: FIELDS[name],
    broker: counter(registry, `vitrine_broker_${name}`, `${TEXTS[name]} all topics`),
    topic: counter(registry, `vitrine_topic_${name}`, `${TEXTS[name]} a topic, through this broker`, ["topic"]),
  }));
  const replicated = counter(registry, "vitrine_broker_replication_bytes_out", "Bytes that followers fetched");
  const decoded = counter(
    registry,
    "vitrine_records_decoded",
    "Records decoded on their way in, because a setting of their topic needs their content",
  );
  const requests = counter(registry, "vitrine_broker_requests", "Requests of Kafka's protocol", ["api"]);
  const connections = gauge(registry, "vitrine_broker_connections", "Open connections of Kafka's protocol");
  return (now) => {
    const byTopic = bounded(now.byTopic, named);
    for (const { field, broker, topic } of pairs) {
      set(broker, now.total[field]);
      topic.reset();
      for (const [name, traffic] of byTopic) topic.inc({ topic: name }, traffic[field]);
    }
    set(replicated, now.replicationBytesOut);
    set(decoded, now.decodedRecords);
    requests.reset();
    for (const [api, count] of now.requests) requests.inc({ api }, count);
    connections.set(now.connections);
  };
}

function diskFamilies(registry: Metrics): Show {
  const commits = counter(registry, "vitrine_disk_commits", "Transactions committed");
  const committed = counter(registry, "vitrine_disk_committed_bytes", "Bytes of batches committed");
  const seconds = gauge(registry, "vitrine_disk_commit_seconds", "Time of the newest commits", ["quantile"]);
  const online = gauge(registry, "vitrine_disk_online", "1 while the log directory can be written");
  const used = gauge(registry, "vitrine_disk_used_bytes", "Bytes of all logs of this broker");
  const free = gauge(registry, "vitrine_disk_free_bytes", "Bytes free on the disk of the log directory");
  const waiting = gauge(registry, "vitrine_disk_uncommitted_bytes", "Bytes that wait to be committed");
  const waitingMax = gauge(registry, "vitrine_disk_uncommitted_bytes_max", "Bytes at which producers are not read");
  return ({ disk }) => {
    set(commits, disk.commits);
    set(committed, disk.committedBytes);
    seconds.set({ quantile: "0.5" }, disk.commitMs.p50 / 1000);
    seconds.set({ quantile: "0.99" }, disk.commitMs.p99 / 1000);
    seconds.set({ quantile: "1" }, disk.commitMs.max / 1000);
    online.set(disk.online ? 1 : 0);
    used.set(disk.usedBytes);
    free.set(disk.freeBytes);
    waiting.set(disk.uncommittedBytes);
    waitingMax.set(disk.uncommittedBytesMax);
  };
}

function partitionFamilies(registry: Metrics): Show {
  const leaders = gauge(registry, "vitrine_broker_leaders", "Partitions that this broker leads");
  const urp = gauge(registry, "vitrine_broker_under_replicated", "Led partitions with replicas out of sync");
  const belowMin = gauge(registry, "vitrine_broker_below_min_isr", "Led partitions that refuse acks=all");
  const isrSizes = gauge(registry, "vitrine_broker_isr_size", "Led partitions by number of in-sync replicas", ["size"]);
  const lagMax = gauge(registry, "vitrine_replication_lag_records_max", "Most records that a follower is behind");
  const lagHelp = "Most records that each follower is behind";
  const lag = gauge(registry, "vitrine_replication_lag_records", lagHelp, ["follower"]);
  return ({ led }) => {
    leaders.set(led.length);
    urp.set(led.filter((partition) => partition.isr < partition.replicas).length);
    belowMin.set(led.filter((partition) => partition.isr < Math.min(partition.minIsr, partition.replicas)).length);
    isrSizes.reset();
    lag.reset();
    const behind = new Map<number, number>();
    for (const partition of led) {
      isrSizes.inc({ size: partition.isr });
      for (const [follower, records] of partition.lag)
        behind.set(follower, Math.max(behind.get(follower) ?? 0, records));
    }
    for (const [follower, records] of behind) lag.set({ follower }, records);
    lagMax.set(Math.max(0, ...behind.values()));
  };
}

function cleanerFamilies(registry: Metrics): Show {
  const compactions = counter(registry, "vitrine_cleaner_compactions", "Compactions of a partition");
  const dirty = gauge(registry, "vitrine_cleaner_max_dirty_percent", "Dirty share of the log that has the largest");
  const recopy = gauge(registry, "vitrine_cleaner_recopy_percent", "Bytes that stayed of those last compacted");
  const buffer = gauge(registry, "vitrine_cleaner_max_buffer_utilization_percent", "How full the map of keys was");
  const seconds = gauge(registry, "vitrine_cleaner_max_clean_time_seconds", "How long the last compaction took");
  const help = "Partitions that cannot be compacted, because a batch is damaged";
  const uncleanable = gauge(registry, "vitrine_cleaner_uncleanable_partitions", help);
  const age = gauge(registry, "vitrine_cleaner_since_last_run_seconds", "Since the cleaner last looked at its logs");
  return ({ cleaner }) => {
    set(compactions, cleaner.compactions);
    dirty.set(cleaner.maxDirtyPercent);
    recopy.set(cleaner.recopyPercent);
    buffer.set(cleaner.bufferUtilizationPercent);
    seconds.set(cleaner.cleanTimeMs / 1000);
    uncleanable.set(cleaner.uncleanablePartitions);
    age.set(cleaner.sinceLastLookMs / 1000);
  };
}

function quorumFamilies(registry: Metrics): Show {
  const role = gauge(registry, "vitrine_quorum_role", "1 for the role in the metadata quorum", ["role"]);
  const epoch = gauge(registry, "vitrine_quorum_epoch", "Epoch of the metadata quorum");
  const leader = gauge(registry, "vitrine_quorum_leader", "Id of the active controller; -1: none is known");
  const logEnd = gauge(registry, "vitrine_quorum_log_end_offset", "End of the metadata log here");
  const committed = gauge(registry, "vitrine_quorum_high_watermark", "Offset below which metadata is committed");
  return ({ quorum }) => {
    for (const name of QUORUM_ROLES) role.set({ role: name }, quorum?.role === name ? 1 : 0);
    epoch.set(quorum?.epoch ?? -1);
    leader.set(quorum?.leader ?? -1);
    logEnd.set(quorum?.logEnd ?? -1);
    committed.set(quorum?.highWatermark ?? -1);
  };
}

const FIELDS = {
  records_in: "recordsIn",
  bytes_in: "bytesIn",
  records_out: "recordsOut",
  bytes_out: "bytesOut",
} as const;

const TEXTS = {
  records_in: "Records produced to",
  bytes_in: "Bytes of batches produced to",
  records_out: "Records fetched by consumers from",
  bytes_out: "Bytes of batches fetched by consumers from",
} as const;

/** Once named a topic stays named while it exists, so that its series and that of the others never shrink. */
function bounded(byTopic: ReadonlyMap<string, BrokerTraffic>, named: Set<string>): Map<string, BrokerTraffic> {
  for (const topic of named) if (!byTopic.has(topic)) named.delete(topic);
  const shown = new Map<string, BrokerTraffic>();
  const other = { recordsIn: 0, bytesIn: 0, recordsOut: 0, bytesOut: 0 };
  let others = 0;
  for (const [topic, traffic] of byTopic) {
    if (!named.has(topic) && named.size < TOPIC_SERIES_MAX) named.add(topic);
    if (named.has(topic)) shown.set(topic, traffic);
    else {
      others += 1;
      for (const field of Object.values(FIELDS)) other[field] += traffic[field];
    }
  }
  if (others > 0) shown.set(OTHER, other);
  return shown;
}

/** Its sum is kept elsewhere. */
function counter(registry: Metrics, name: string, help: string, labelNames: string[] = []) {
  return new Counter({ name, help, labelNames, registers: [registry] });
}

function set(family: Counter, value: number): void {
  family.reset();
  family.inc(value);
}

function gauge(registry: Metrics, name: string, help: string, labelNames: string[] = []) {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}
