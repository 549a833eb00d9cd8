import { LiveTables, maskOf, partitionColumns, partitionKey, type Row } from "@vitrine/api";
import type { PartitionInfo } from "@vitrine/engine";
import type { PartitionPositions } from "./source.ts";

/** Positions as they are shown: those that a leader reported, and how fast they grow. */
export type ShownPositions = Omit<PartitionPositions, "topic" | "partition" | "bytesIn"> & {
  readonly inMsgs: number;
  readonly inBytes: number;
};

/** Partitions whose metadata is awaited. */
const EARLY_MAX = 20_000;

interface Held {
  topic: string;
  partition: number;
  info: PartitionInfo;
  minIsr: number;
  positions: ShownPositions | null;
}

/**
 * Rows of the table `partitions`: metadata (leader, epochs, replicas, ISR) from this process's own view of the metadata log, positions from
 * whoever leads. Positions are taken by leader epoch, never by time of arrival: a deposed leader's late report changes nothing,
 * and what a dead leader said last stays until its successor speaks.
 */
export class PartitionBoard {
  readonly #tables: LiveTables;
  readonly #held = new Map<string, Held>();
  /** Reports that know more than our metadata does yet; they are shown when it arrives. At the bound the oldest goes. */
  readonly #early = new Map<string, ShownPositions>();

  constructor(tables: LiveTables) {
    this.#tables = tables;
  }

  /** Takes metadata of a partition that is new or has changed. */
  setMetadata(topic: string, info: PartitionInfo, minIsr: number): void {
    const key = partitionKey(topic, info.partition);
    const held = this.#held.get(key);
    if (held === undefined) this.#held.set(key, { topic, partition: info.partition, info, minIsr, positions: null });
    else {
      held.info = info;
      held.minIsr = minIsr;
    }
    const early = this.#early.get(key);
    if (early !== undefined && early.leaderEpoch <= info.leaderEpoch) {
      this.#early.delete(key);
      this.setPositions(topic, info.partition, early);
    }
    this.#show(key);
  }

  /** Takes a leader's report; nothing changes where a later epoch has already spoken. */
  setPositions(topic: string, partition: number, positions: ShownPositions): void {
    const key = partitionKey(topic, partition);
    const held = this.#held.get(key);
    if (held === undefined || positions.leaderEpoch > held.info.leaderEpoch) this.#keepEarly(key, positions);
    else if (positions.leaderEpoch >= (held.positions?.leaderEpoch ?? 0)) {
      held.positions = positions;
      this.#show(key);
    }
  }

  has(topic: string, partition: number): boolean {
    return this.#held.has(partitionKey(topic, partition));
  }

  /** Shows that nothing comes in: the leader is gone. */
  stopRates(topic: string, partition: number): void {
    const key = partitionKey(topic, partition);
    const held = this.#held.get(key);
    if (held?.positions == null || (held.positions.inMsgs === 0 && held.positions.inBytes === 0)) return;
    held.positions = { ...held.positions, inMsgs: 0, inBytes: 0 };
    this.#show(key);
  }

  remove(topic: string, partition: number): void {
    const key = partitionKey(topic, partition);
    this.#held.delete(key);
    this.#early.delete(key);
    this.#tables.remove("partitions", key);
  }

  #keepEarly(key: string, positions: ShownPositions): void {
    this.#early.delete(key);
    this.#early.set(key, positions);
    if (this.#early.size > EARLY_MAX) for (const oldest of this.#early.keys()) if (this.#early.delete(oldest)) break;
  }

  #show(key: string): void {
    const held = this.#held.get(key);
    if (held !== undefined) this.#tables.set("partitions", key, rowOf(held));
  }
}

function rowOf({ topic, info, minIsr, positions }: Held): Row {
  const byNode = new Map(positions?.replicas.map((replica) => [replica.node, replica]));
  return partitionColumns.row({
    p: info.partition,
    leader: info.leader,
    epoch: info.leaderEpoch,
    log_start: positions?.logStart ?? 0,
    hw: positions?.highWatermark ?? 0,
    lso: positions?.lastStableOffset ?? 0,
    isr: maskOf(info.isr, info.replicas),
    leo: info.replicas.map((node) => byNode.get(node)?.logEnd ?? -1),
    durable: info.replicas.map((node) => byNode.get(node)?.durableEnd ?? -1),
    size: positions?.sizeBytes ?? 0,
    in_msgs: positions?.inMsgs ?? 0,
    in_bytes: positions?.inBytes ?? 0,
    replicas: info.replicas,
    elr: maskOf(info.elr, info.replicas),
    partition_epoch: info.partitionEpoch,
    min_isr: Math.min(minIsr, info.replicas.length),
    positions_epoch: positions?.leaderEpoch ?? -1,
    topic,
  });
}

/** A row of another process's `partitions` back to what its leader reported; null where no leader spoke. */
export function positionsOfRow(row: Row): ShownPositions | null {
  const fields = partitionColumns.fields(row);
  if (fields.positions_epoch < 0) return null;
  return {
    leaderEpoch: fields.positions_epoch,
    logStart: fields.log_start,
    highWatermark: fields.hw,
    lastStableOffset: fields.lso,
    replicas: fields.replicas.map((node, index) => ({
      node,
      logEnd: fields.leo[index] ?? -1,
      durableEnd: fields.durable[index] ?? -1,
    })),
    sizeBytes: fields.size,
    inMsgs: fields.in_msgs,
    inBytes: fields.in_bytes,
  };
}
