/**
 * The active controller of the metadata quorum.
 *
 * It owns the working image: everything decided so far, also what is not committed yet. Beside it only soft state (when brokers were last
 * heard of). A controller that loses leadership is dropped; the next one begins from the image that replay gives (T-rules, architecture 3.2).
 *
 * Made when this node has become leader and has replayed the log up to the beginning of its epoch (KAFKA-15345); the first command
 * is `becameActive`.
 */
import type { Offset, Random } from "@vitrine/core";
import { Offset as toOffset, invariant } from "@vitrine/core";
import { becameActive } from "./control/activation.ts";
import { alterPartition } from "./control/alter-partition.ts";
import { BrokerSessions } from "./control/broker-sessions.ts";
import { expireSessions, fenceBroker, registerBroker, unregisterBroker } from "./control/brokers.ts";
import { alterClientQuotas } from "./control/client-quotas.ts";
import { alterConfigs, incrementalAlterConfigs } from "./control/config-changes.ts";
import { createTopics } from "./control/create-topics.ts";
import type { Control } from "./control/draft.ts";
import { Draft } from "./control/draft.ts";
import { electLeaders, rebalanceLeaders } from "./control/elections.ts";
import { updateFeatures } from "./control/features.ts";
import { brokerHeartbeat } from "./control/heartbeats.ts";
import { allocateProducerIds } from "./control/producer-ids.ts";
import { alterPartitionReassignments, listPartitionReassignments } from "./control/reassignments.ts";
import { alterUserScramCredentials } from "./control/scram-credentials.ts";
import { createPartitions, deleteTopics } from "./control/topics.ts";
import type { At, Command, CommandType, ControllerSettings, Decision, ReplyOf } from "./controller-types.ts";
import type { MetadataImage } from "./image.ts";

export interface ControllerOptions {
  readonly settings: ControllerSettings;
  /** All that the log holds below the beginning of this epoch. */
  readonly image: MetadataImage;
  /** Epoch of the quorum in which this node leads. */
  readonly epoch: number;
  readonly random: Random;
}

type Handlers = { [T in CommandType]: (control: Control, draft: Draft, command: Command<T>) => ReplyOf<T> };

export class Controller {
  readonly #control: Control;
  readonly #epoch: number;
  #image: MetadataImage;
  #rebalanceAtMs: number | null = null;

  constructor(options: ControllerOptions) {
    this.#control = { settings: options.settings, random: options.random, sessions: new BrokerSessions() };
    this.#image = options.image;
    this.#epoch = options.epoch;
  }

  /** With everything decided, committed or not. */
  get image(): MetadataImage {
    return this.#image;
  }

  /** Decides one command. Its records count as applied: they must be appended at `at.nextOffset`, or this controller must be dropped. */
  decide<T extends CommandType>(command: { readonly type: T } & Command<T>, at: At): Decision<ReplyOf<T>> {
    invariant(
      at.nextOffset >= this.#image.offset,
      `the controller has decided up to ${this.#image.offset}, the log ends at ${at.nextOffset}`,
    );
    const draft = new Draft(this.#image, at, this.#epoch);
    const reply = this.#handlers[command.type](this.#control, draft, command);
    this.#image = draft.image;
    return { records: draft.records, reply, endOffset: draft.endOffset, events: draft.events };
  }

  /** When the next `tick` is due, monotonic milliseconds; null: never, as things stand. */
  nextDeadlineMs(): number | null {
    let deadline = this.#rebalanceAtMs;
    for (const broker of this.#image.brokers.values()) {
      const last = broker.fenced ? null : this.#control.sessions.lastContactMs(broker.id);
      if (last === null) continue;
      const end = last + this.#control.settings.sessionTimeoutMs;
      if (deadline === null || end < deadline) deadline = end;
    }
    return deadline;
  }

  /** When a broker was last heard of by this controller, monotonic milliseconds. */
  lastContactMs(brokerId: number): number | null {
    return this.#control.sessions.lastContactMs(brokerId);
  }

  /** Last metadata offset a broker said it has applied; -1 before its first heartbeat here. */
  brokerMetadataOffset(brokerId: number): Offset | -1 {
    const offset = this.#control.sessions.metadataOffset(brokerId);
    return offset < 0 ? -1 : toOffset(offset);
  }

  readonly #handlers: Handlers = {
    registerBroker,
    brokerHeartbeat,
    unregisterBroker,
    fenceBroker,
    alterPartition,
    createTopics,
    deleteTopics,
    createPartitions,
    alterPartitionReassignments,
    listPartitionReassignments,
    incrementalAlterConfigs,
    alterConfigs,
    alterClientQuotas,
    alterUserScramCredentials,
    updateFeatures,
    electLeaders,
    allocateProducerIds,
    becameActive: (control, draft, command) => {
      if (control.settings.autoLeaderRebalance) this.#scheduleRebalance(draft.at.nowMs);
      return becameActive(control, draft, command);
    },
    tick: (control, draft) => {
      expireSessions(control, draft);
      if (this.#rebalanceAtMs !== null && draft.at.nowMs >= this.#rebalanceAtMs) {
        this.#scheduleRebalance(draft.at.nowMs);
        rebalanceLeaders(control, draft);
      }
      return null;
    },
  };

  #scheduleRebalance(nowMs: number): void {
    this.#rebalanceAtMs = nowMs + this.#control.settings.leaderImbalanceCheckIntervalMs;
  }
}
