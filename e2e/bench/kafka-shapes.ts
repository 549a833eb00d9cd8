/** The loads of `pnpm bench kafka`: what `rdkafka_performance` is told, against how many brokers, and what is measured. */

export interface Shape {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  readonly kind: "produce" | "consume" | "latency";
  readonly brokers: 1 | 3;
  readonly partitions: number;
  readonly replication: 1 | 3;
  readonly records: number;
  /** Records per second of an open loop. */
  readonly rate?: number;
  /** Properties of librdkafka (`-X`). */
  readonly properties: Readonly<Record<string, string>>;
  readonly acks: 1 | -1;
}

export const RECORD_BYTES = 100;

const LINGER_5_MS = { "linger.ms": "5" };
const BATCH_16_KB = { ...LINGER_5_MS, "batch.size": "16384" };
const ONE_PER_REQUEST = { "linger.ms": "0", "batch.num.messages": "1", "max.in.flight": "50" };

export const SHAPES: readonly Shape[] = [
  {
    name: "produce",
    title: "produce acks=1, RF 1, 1 MB batches",
    kind: "produce",
    brokers: 1,
    partitions: 1,
    replication: 1,
    records: 4_000_000,
    properties: LINGER_5_MS,
    acks: 1,
  },
  {
    name: "produce-16k",
    title: "produce acks=1, RF 1, batch.size=16384",
    kind: "produce",
    brokers: 1,
    partitions: 6,
    replication: 1,
    records: 4_000_000,
    properties: BATCH_16_KB,
    acks: 1,
  },
  {
    name: "one-per-request",
    title: "one record per request, one client",
    kind: "produce",
    brokers: 1,
    partitions: 1,
    replication: 1,
    records: 200_000,
    properties: ONE_PER_REQUEST,
    acks: 1,
  },
  {
    name: "consume",
    title: "consume from the beginning",
    kind: "consume",
    brokers: 1,
    partitions: 1,
    replication: 1,
    records: 4_000_000,
    properties: {},
    acks: 1,
  },
  {
    name: "latency",
    title: "produce RF 1, 6 partitions, open loop at 100,000 records/s, linger 1 ms",
    kind: "latency",
    brokers: 1,
    partitions: 6,
    replication: 1,
    records: 600_000,
    rate: 100_000,
    properties: { "linger.ms": "1" },
    acks: 1,
  },
  {
    name: "produce-rf3",
    title: "produce acks=all, RF 3, 6 partitions, batch.size=16384",
    kind: "produce",
    brokers: 3,
    partitions: 6,
    replication: 3,
    records: 2_000_000,
    properties: BATCH_16_KB,
    acks: -1,
  },
  {
    name: "latency-rf3",
    title: "produce acks=all, RF 3, 6 partitions, open loop at 20,000 records/s, linger 1 ms",
    kind: "latency",
    brokers: 3,
    partitions: 6,
    replication: 3,
    records: 120_000,
    rate: 20_000,
    properties: { "linger.ms": "1" },
    acks: -1,
  },
];
