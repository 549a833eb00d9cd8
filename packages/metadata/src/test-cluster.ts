/** A controller with a log and a follower, for tests: every decision is also replayed record by record, and both images must be equal. */
import type { NodeId } from "@vitrine/core";
import { Offset, invariant, randomUuid, seededRandom } from "@vitrine/core";
import {
  newAlterPartitionRequest,
  newAlterPartitionRequestPartitionData,
  newBrokerHeartbeatRequest,
  newBrokerRegistrationRequest,
  newCreateTopicsRequest,
  newCreateTopicsRequestCreatableTopic,
  newIncrementalAlterConfigsRequest,
} from "@vitrine/protocol/types";
import { applyRecords } from "./apply.ts";
import type {
  Command,
  CommandType,
  ControllerEvent,
  ControllerSettings,
  Decision,
  ReplyOf,
} from "./controller-types.ts";
import { defaultControllerSettings } from "./controller-settings.ts";
import { Controller } from "./controller.ts";
import { sameCluster } from "./diff.ts";
import type { MetadataImage, PartitionImage } from "./image.ts";
import { emptyImage } from "./image.ts";
import type { MetadataRecord } from "./records.ts";

export const CLUSTER_ID = "Vd5cXyTtQ7W8DqTzA0Ib3g";

export class TestCluster {
  readonly settings: ControllerSettings;
  readonly random = seededRandom(7);
  readonly log: MetadataRecord[] = [];
  /** All that was noted, in order. */
  readonly events: ControllerEvent[] = [];
  nowMs = 1_000;
  epoch = 1;
  controller: Controller;
  /** What a node that follows the log knows. */
  follower: MetadataImage = emptyImage(CLUSTER_ID);

  constructor(settings: Partial<ControllerSettings> = {}) {
    this.settings = { ...defaultControllerSettings(), ...settings };
    this.controller = this.#newController();
    this.run({ type: "becameActive" });
  }

  /** A cluster with unfenced brokers 1 to n. */
  static of(brokers: number, settings: Partial<ControllerSettings> = {}): TestCluster {
    const cluster = new TestCluster(settings);
    for (let id = 1; id <= brokers; id++) cluster.join(id);
    return cluster;
  }

  run<T extends CommandType>(command: { readonly type: T } & Command<T>): Decision<ReplyOf<T>> {
    const decision = this.controller.decide(command, { nowMs: this.nowMs, nextOffset: Offset(this.log.length) });
    this.events.push(...decision.events);
    for (const record of decision.records) {
      this.log.push(record);
      this.follower = applyRecords(this.follower, [record], {
        offset: Offset(this.log.length),
        epoch: this.epoch,
      }).image;
    }
    invariant(decision.endOffset === this.log.length, "a decision ends where its records end");
    invariant(sameCluster(this.follower, this.controller.image), "a follower knows what the controller knows");
    return decision;
  }

  /** Another node takes over: what it knows is what the log holds. */
  failOver(): readonly NodeId[] {
    this.epoch++;
    this.controller = this.#newController();
    return this.run({ type: "becameActive" }).reply.probe;
  }

  get image(): MetadataImage {
    return this.controller.image;
  }

  partition(topic: string, index = 0): PartitionImage {
    const partition = this.image.topicsByName.get(topic)?.partitions.get(index);
    invariant(partition, `no partition ${topic}-${index}`);
    return partition;
  }

  /** Leader, leader epoch, ISR, ELR and last known leader in one line: `1@2 isr 1,2 elr 3 last -`. */
  line(topic: string, index = 0): string {
    const { leader, leaderEpoch, isr, elr, lastKnownElr } = this.partition(topic, index);
    const list = (ids: readonly NodeId[]) => (ids.length === 0 ? "-" : ids.join(","));
    return `${leader}@${leaderEpoch} isr ${list(isr)} elr ${list(elr)} last ${list(lastKnownElr)}`;
  }

  register(id: NodeId, options: { rack?: string; previousBrokerEpoch?: number } = {}) {
    return this.run({
      type: "registerBroker",
      request: newBrokerRegistrationRequest({
        brokerId: id,
        clusterId: CLUSTER_ID,
        incarnationId: randomUuid(this.random),
        listeners: [{ name: "CLIENT", host: "127.0.0.1", port: 9_091 + id, securityProtocol: 0 }],
        features: [],
        rack: options.rack ?? null,
        previousBrokerEpoch: options.previousBrokerEpoch ?? -1,
      }),
    });
  }

  /** A heartbeat of a broker that has applied everything and wants to serve. */
  heartbeat(id: NodeId, wants: { fence?: boolean; shutDown?: boolean; metadataOffset?: number } = {}) {
    return this.run({
      type: "brokerHeartbeat",
      request: newBrokerHeartbeatRequest({
        brokerId: id,
        brokerEpoch: this.image.brokers.get(id)?.epoch ?? -1,
        currentMetadataOffset: wants.metadataOffset ?? this.log.length - 1,
        wantFence: wants.fence ?? false,
        wantShutDown: wants.shutDown ?? false,
      }),
    });
  }

  join(id: NodeId, options: { rack?: string; previousBrokerEpoch?: number } = {}): void {
    invariant(this.register(id, options).reply.errorCode === 0, `broker ${id} was refused`);
    this.heartbeat(id);
  }

  /** The process is gone: a reconnect was refused. */
  kill(id: NodeId) {
    return this.run({ type: "fenceBroker", brokerId: id, brokerEpoch: -1, reason: "connection refused" });
  }

  create(
    name: string,
    topic: Partial<ReturnType<typeof newCreateTopicsRequestCreatableTopic>> = {},
    validateOnly = false,
  ) {
    const defaults = { numPartitions: -1, replicationFactor: -1 };
    const full = newCreateTopicsRequestCreatableTopic({ name, ...defaults, ...topic });
    const { reply, records } = this.run({
      type: "createTopics",
      request: newCreateTopicsRequest({ topics: [full], validateOnly }),
    });
    const result = reply.topics[0];
    invariant(result, "one topic, one result");
    return { result, records };
  }

  /** A topic with replicas as given. */
  createWith(
    name: string,
    replicas: readonly (readonly NodeId[])[],
    configs: Readonly<Record<string, string>> = {},
  ): void {
    const { result } = this.create(name, {
      assignments: replicas.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    });
    invariant(result.errorCode === 0, result.errorMessage ?? "");
  }

  /** A leader proposes an ISR, with what it knows taken from the image unless said otherwise. */
  alterPartition(
    topic: string,
    isr: readonly NodeId[],
    said: Partial<{
      sender: NodeId;
      leaderEpoch: number;
      partitionEpoch: number;
      recoveryState: number;
      memberEpoch: number;
    }> = {},
  ) {
    const partition = this.partition(topic);
    const sender = said.sender ?? partition.leader;
    const decision = this.run({
      type: "alterPartition",
      request: newAlterPartitionRequest({
        brokerId: sender,
        brokerEpoch: this.image.brokers.get(sender)?.epoch ?? -1,
        topics: [
          {
            topicId: this.image.topicsByName.get(topic)!.id,
            partitions: [
              newAlterPartitionRequestPartitionData({
                partitionIndex: 0,
                leaderEpoch: said.leaderEpoch ?? partition.leaderEpoch,
                partitionEpoch: said.partitionEpoch ?? partition.partitionEpoch,
                leaderRecoveryState: said.recoveryState ?? 0,
                newIsrWithEpochs: isr.map((brokerId) => ({
                  brokerId,
                  brokerEpoch: said.memberEpoch ?? this.image.brokers.get(brokerId)?.epoch ?? -1,
                })),
              }),
            ],
          },
        ],
      }),
    });
    const result = decision.reply.topics[0]?.partitions[0];
    return { errorCode: result?.errorCode ?? decision.reply.errorCode, result, records: decision.records };
  }

  alterConfig(
    type: number,
    resourceName: string,
    name: string,
    configOperation: number,
    value: string | null,
    validateOnly = false,
  ) {
    const { reply, records } = this.run({
      type: "incrementalAlterConfigs",
      request: newIncrementalAlterConfigsRequest({
        resources: [{ resourceType: type, resourceName, configs: [{ name, configOperation, value }] }],
        validateOnly,
      }),
    });
    const response = reply.responses[0];
    invariant(response, "one resource, one response");
    return { errorCode: response.errorCode, errorMessage: response.errorMessage, records };
  }

  #newController(): Controller {
    return new Controller({ settings: this.settings, image: this.follower, epoch: this.epoch, random: this.random });
  }
}
