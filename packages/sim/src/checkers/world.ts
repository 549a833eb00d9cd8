/** What all checkers see: the nodes, the newest committed metadata, and the ledgers. */
import type { Broker } from "@vitrine/broker";
import type { NodeId } from "@vitrine/core";
import { METADATA_LOG, type LogKey } from "@vitrine/log";
import type { Cluster } from "../cluster.ts";
import { Ledger } from "./ledger.ts";

export type Image = Broker["image"];
type TopicImage = Image["topicsById"] extends ReadonlyMap<infer _Id, infer Topic> ? Topic : never;
export type PartitionImage = TopicImage["partitions"] extends ReadonlyMap<number, infer Partition> ? Partition : never;

export class World {
  readonly cluster: Cluster;
  readonly minInsyncReplicas: number;
  readonly #ledgers = new Map<LogKey, Ledger>();
  /** The image with the highest offset that any node has had. */
  newest: Image | null = null;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.minInsyncReplicas = cluster.options.minInsyncReplicas;
  }

  ledger(key: LogKey): Ledger {
    let ledger = this.#ledgers.get(key);
    if (!ledger) {
      const compacts = this.cluster.options.compacts && key !== METADATA_LOG;
      ledger = new Ledger(key === METADATA_LOG ? "metadata" : this.nameOf(key), compacts);
      this.#ledgers.set(key, ledger);
    }
    return ledger;
  }

  get ledgers(): ReadonlyMap<LogKey, Ledger> {
    return this.#ledgers;
  }

  /** `topic-0` for people. */
  nameOf(key: LogKey): string {
    for (const entry of this.partitions()) if (entry.key === key) return `${entry.name}-${entry.index}`;
    return key;
  }

  /** Every partition of the newest image. */
  *partitions(): Iterable<{ name: string; index: number; key: LogKey; partition: PartitionImage }> {
    if (!this.newest) return;
    for (const topic of this.newest.topicsById.values())
      for (const [index, partition] of topic.partitions)
        yield { name: topic.name, index, key: partitionKey(topic.id, index), partition };
  }

  durableEnd(nodeId: NodeId, key: LogKey): number {
    return this.cluster.node(nodeId)?.options.disk.durableEnd(key) ?? 0;
  }
}

export function partitionKey(topicId: string, index: number): LogKey {
  return `${topicId}-${index}` as LogKey;
}
