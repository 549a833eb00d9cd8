import type { ProducerFields } from "./client-rows.ts";
import type { Verdict } from "./verdict.ts";

/** `info` of the views `cluster`, `quorum` and `events`. */
export interface ClusterInfo {
  readonly cluster_id: string;
  /** Version of Vitrine. */
  readonly version: string;
  readonly verdict: Verdict;
  /** The active controller; -1: none known. */
  readonly controller: number;
  readonly quorum: {
    readonly leader: number;
    /** Epoch of the metadata log. */
    readonly epoch: number;
    readonly voters: readonly number[];
    readonly has: boolean;
  };
  readonly counts: {
    readonly brokers: number;
    readonly brokers_online: number;
    readonly topics: number;
    readonly partitions: number;
    readonly urp: number;
    readonly offline: number;
    readonly below_min_isr: number;
  };
  /** Whether processes can be stopped, killed, frozen ... through this node. */
  readonly process_control: boolean;
}

/** `info` of `topic:NAME`. */
export interface TopicViewInfo {
  readonly topic: string;
  readonly topic_id: string;
  readonly internal: boolean;
  readonly min_isr: number;
  /** Partition to its replicas, the preferred leader first. */
  readonly replicas: Readonly<Record<string, readonly number[]>>;
}

/** `info` of `partition:NAME/N`. */
export interface PartitionViewInfo extends TopicViewInfo {
  /** Idempotent producers that its leader remembers, the newest batch first; at most PRODUCERS_SHOWN. */
  readonly producers: readonly ProducerFields[];
}
