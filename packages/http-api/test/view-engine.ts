/** The engine port with metadata that a test sets piece by piece, for the live views; it carries no requests. */
import { Offset, randomUuid, seededRandom } from "@vitrine/core";
import type { BrokerInfo, CallResult, Engine, PartitionInfo, TopicInfo } from "@vitrine/engine";

export class ViewEngine implements Engine {
  readonly selfId: number | null;
  readonly clusterId = "ViewClusterOfTests0000";
  controller = 1;
  quorum = true;
  readonly #random = seededRandom(11);
  readonly #topics = new Map<string, TopicInfo>();
  readonly #brokers = new Map<number, BrokerInfo>();
  readonly #listeners = new Set<() => void>();
  #offset = 0;

  constructor(selfId: number | null = null) {
    this.selfId = selfId;
    for (const id of [1, 2, 3]) this.#brokers.set(id, broker(id));
  }

  topic(name: string): TopicInfo | undefined {
    return this.#topics.get(name);
  }

  topicById(id: string): TopicInfo | undefined {
    return [...this.#topics.values()].find((topic) => topic.topicId === id);
  }

  topics(): Iterable<TopicInfo> {
    return this.#topics.values();
  }

  broker(id: number): BrokerInfo | undefined {
    return this.#brokers.get(id);
  }

  brokers(): readonly BrokerInfo[] {
    return [...this.#brokers.values()];
  }

  controllerId(): number {
    return this.quorum ? this.controller : -1;
  }

  hasQuorum(): boolean {
    return this.quorum;
  }

  metadataPosition() {
    return { offset: Offset(this.#offset), epoch: 1 };
  }

  quota(): null {
    return null;
  }

  onMetadata(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  call<Body>(): Promise<CallResult<Body>> {
    return Promise.resolve({ ok: false, reason: "not-sent" });
  }

  ages(): ReadonlyMap<number, number> {
    return new Map([...this.#brokers.keys()].map((id) => [id, 7]));
  }

  create(name: string, partitions: number): void {
    const rows = Array.from({ length: partitions }, (_, partition): PartitionInfo => {
      const replicas = [0, 1, 2].map((i) => ((partition + i) % 3) + 1);
      return { partition, leader: replicas[0]!, leaderEpoch: 0, partitionEpoch: 0, replicas, isr: replicas, elr: [] };
    });
    this.#topics.set(name, {
      topicId: randomUuid(this.#random),
      name,
      internal: false,
      partitions: rows,
      config: new Map(),
    });
    this.changed();
  }

  delete(name: string): void {
    if (this.#topics.delete(name)) this.changed();
  }

  setConfig(name: string, key: string, value: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    this.#topics.set(name, { ...topic, config: new Map([...topic.config, [key, value]]) });
    this.changed();
  }

  setPartition(
    name: string,
    partition: number,
    change: Partial<Pick<PartitionInfo, "leader" | "isr" | "replicas">>,
  ): void {
    const topic = this.#topics.get(name);
    if (topic?.partitions[partition] === undefined) return;
    const partitions = topic.partitions.map((row) => {
      if (row.partition !== partition) return row;
      const moved = change.leader !== undefined && change.leader !== row.leader;
      return {
        ...row,
        ...change,
        partitionEpoch: row.partitionEpoch + 1,
        leaderEpoch: row.leaderEpoch + (moved ? 1 : 0),
      };
    });
    this.#topics.set(name, { ...topic, partitions });
    this.changed();
  }

  setBroker(id: number, change: Partial<BrokerInfo>): void {
    this.#brokers.set(id, { ...(this.#brokers.get(id) ?? broker(id)), ...change });
    this.changed();
  }

  changed(): void {
    this.#offset++;
    for (const listener of this.#listeners) listener();
  }
}

function broker(id: number): BrokerInfo {
  return {
    id,
    epoch: 10 + id,
    host: "127.0.0.1",
    kafkaPort: 9091 + id,
    peerPort: 9191 + id,
    httpPort: 8091 + id,
    rack: null,
    fenced: false,
    inControlledShutdown: false,
  };
}
