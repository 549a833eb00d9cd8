/**
 * What the console sees of this node. Machines only mark what changed; whoever shows it reads the marked partitions once per tick.
 */
import type { NodeId, PartitionIndex } from "@vitrine/core";
import type { LogKey } from "@vitrine/log";
import type { Partition } from "@vitrine/replication";
import { partitionLogKey } from "./partitions.ts";
import type { BrokerParts } from "./request.ts";

export interface ObservedReplica {
  readonly node: NodeId;
  /** -1: not heard of in this leader epoch. */
  readonly logEnd: number;
  readonly durableEnd: number;
}

/** A partition that this node leads, at this moment. */
export interface ObservedPartition {
  readonly topic: string;
  readonly partition: PartitionIndex;
  readonly leaderEpoch: number;
  readonly logStart: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  /** As the leader has it: the controller's answer to its last change may be ahead of the metadata that this node has applied. */
  readonly isr: readonly NodeId[];
  readonly replicas: readonly ObservedReplica[];
  readonly sizeBytes: number;
  /** Bytes appended here since the process began. */
  readonly bytesIn: number;
}

/** An idempotent producer as a partition's log remembers it. */
export interface ObservedProducer {
  readonly producerId: number;
  readonly epoch: number;
  /** Of its newest batch; -1: only a marker of a transaction is known. */
  readonly lastSequence: number;
  readonly lastOffset: number;
  readonly lastTimestampMs: number;
}

export interface ObservedQuorumPeer {
  readonly node: NodeId;
  readonly voter: boolean;
  readonly logEnd: number;
  readonly fetchAgeMs: number | null;
}

export interface ObservedQuorum {
  readonly node: NodeId;
  readonly role: "leader" | "follower" | "candidate" | "prospective" | "unattached" | "resigned" | "observer";
  readonly voter: boolean;
  readonly epoch: number;
  readonly votedFor: NodeId;
  readonly leader: NodeId;
  readonly logEnd: number;
  readonly durableEnd: number;
  readonly highWatermark: number;
  readonly snapshotEnd: number;
  readonly peers: readonly ObservedQuorumPeer[];
}

export class Observer {
  readonly #parts: BrokerParts;
  readonly #dirty = new Set<LogKey>();
  readonly #now: () => number;

  constructor(parts: BrokerParts, now: () => number) {
    this.#parts = parts;
    this.#now = now;
  }

  /** Bounded by the number of partitions: a set of keys. */
  mark(key: string): void {
    this.#dirty.add(key as LogKey);
  }

  *partitions(): Iterable<ObservedPartition> {
    for (const partition of this.#parts.partitions.all()) if (partition.isLeader) yield this.#observe(partition);
  }

  /** Those that changed since the last call and are led here. */
  drainDirty(): ObservedPartition[] {
    const changed: ObservedPartition[] = [];
    if (this.#dirty.size === 0) return changed;
    for (const key of this.#dirty) {
      const partition = this.#parts.partitions.byKey(key);
      if (partition?.isLeader) changed.push(this.#observe(partition));
    }
    this.#dirty.clear();
    return changed;
  }

  /** Producers of a partition that this node leads, who wrote last first, at most `limit`; null where it does not lead it. */
  producers(topicName: string, index: PartitionIndex, limit: number): readonly ObservedProducer[] | null {
    const topic = this.#parts.image().topicsByName.get(topicName);
    const partition = topic && this.#parts.partitions.get(topic.id, index);
    if (!partition?.isLeader) return null;
    return partition.log.producers.entries
      .slice(-limit)
      .reverse()
      .map(({ producerId, producerEpoch, batches }) => {
        const last = batches.at(-1);
        return {
          producerId,
          epoch: producerEpoch,
          lastSequence: last?.lastSequence ?? -1,
          lastOffset: last?.lastOffset ?? -1,
          lastTimestampMs: last?.timestampMs ?? -1,
        };
      });
  }

  quorum(): ObservedQuorum {
    const { quorum, runtime } = this.#parts;
    const view = quorum.raft.view();
    const nowMs = this.#now();
    return {
      node: runtime.config.nodeId,
      role: view.isVoter ? view.role : "observer",
      voter: view.isVoter,
      epoch: view.epoch,
      votedFor: view.votedId,
      leader: view.leaderId,
      logEnd: quorum.log.logEndOffset,
      durableEnd: quorum.log.durableEndOffset,
      highWatermark: view.highWatermark,
      snapshotEnd: runtime.store.latestSnapshot()?.endOffset ?? -1,
      peers: quorum.raft
        .replicaStates(nowMs)
        .filter((state) => state.nodeId !== runtime.config.nodeId)
        .map((state) => ({
          node: state.nodeId,
          voter: state.isVoter,
          logEnd: state.logEndOffset,
          fetchAgeMs: state.lastFetchMs < 0 ? null : Math.max(0, Math.round(nowMs - state.lastFetchMs)),
        })),
    };
  }

  #observe(partition: Partition): ObservedPartition {
    const { log } = partition;
    const key = partitionLogKey(partition.topicId, partition.index);
    return {
      topic: partition.topicName,
      partition: partition.index,
      leaderEpoch: partition.leaderEpoch,
      logStart: log.logStartOffset,
      highWatermark: log.highWatermark,
      lastStableOffset: log.highWatermark,
      isr: partition.isr,
      replicas: partition.replicaViews(this.#now()).map((replica) => ({
        node: replica.replicaId,
        logEnd: replica.logEndOffset ?? -1,
        durableEnd: replica.durableEndOffset ?? -1,
      })),
      sizeBytes: log.sizeBytes,
      bytesIn: this.#parts.traffic.of(key)?.bytesIn ?? 0,
    };
  }
}
