/**
 * The controller of the cluster, while this node leads the metadata quorum: decides commands, appends what was decided through raft, and
 * gives the replies out once the high watermark has passed them.
 *
 * Starts only when everything of earlier epochs is committed and applied (KAFKA-15345), and is dropped, never patched, when leadership
 * ends: whatever it decided and could not commit is then unknown, and its callers are told NOT_CONTROLLER.
 */
import { invariant, type NodeId, type Offset } from "@vitrine/core";
import {
  Controller,
  controllerSettings,
  type Command,
  type CommandType,
  type ControllerEvent,
  type ControllerSettings,
  type MetadataImage,
  type ReplyOf,
} from "@vitrine/metadata";
import { buildMetadataBatch } from "./metadata-batches.ts";
import type { MetadataLog } from "./metadata-log.ts";
import type { Quorum } from "./quorum.ts";
import type { Runtime } from "./runtime.ts";

interface ParkedReply {
  readonly endOffset: Offset;
  readonly answer: (committed: boolean) => void;
}

/** Decisions that wait for the high watermark at once. At the bound a command is refused as if this were not the controller: the caller tries again. */
const PARKED_MAX = 20_000;

export class ActiveController {
  readonly #runtime: Runtime;
  readonly #quorum: Quorum;
  readonly #metadata: MetadataLog;
  readonly #settings: ControllerSettings;
  readonly #onProbe: (nodes: readonly NodeId[]) => void;
  #controller: Controller | null = null;
  #epoch = -1;
  readonly #parked: ParkedReply[] = [];
  /** The last other node that led the metadata quorum; -1 = none yet. */
  #predecessor: NodeId = -1;
  /** This node leads the quorum, and may act once it has applied what earlier epochs left. */
  #ready: { readonly epoch: number; readonly epochStartOffset: Offset } | null = null;
  #suspect: { readonly brokerId: NodeId; readonly activeSinceMs: number; readonly deadlineMs: number } | null = null;

  constructor(runtime: Runtime, quorum: Quorum, metadata: MetadataLog, onProbe: (nodes: readonly NodeId[]) => void) {
    this.#runtime = runtime;
    this.#quorum = quorum;
    this.#metadata = metadata;
    this.#settings = controllerSettings(runtime.config.properties);
    this.#onProbe = onProbe;
  }

  get isActive(): boolean {
    return this.#controller !== null;
  }

  onLeaderChanged(leaderId: NodeId): void {
    if (leaderId >= 0 && leaderId !== this.#runtime.config.nodeId) this.#predecessor = leaderId;
  }

  /** Everything of earlier epochs is committed; what of it is not applied yet lies below `epochStartOffset`. */
  onLeaderReady(epoch: number, epochStartOffset: Offset): void {
    this.#ready = { epoch, epochStartOffset };
    this.onApplied();
  }

  onLostLeadership(): void {
    this.#ready = null;
    this.#deactivate();
  }

  /** More of the metadata log is applied. */
  onApplied(): void {
    const ready = this.#ready;
    if (!ready || this.isActive || this.#metadata.position <= ready.epochStartOffset) return;
    this.#ready = null;
    this.#activate(this.#metadata.image, ready.epoch);
  }

  /**
   * If the node that led the quorum before is a broker too and stays silent, its session is not counted from now: the voters that elected this
   * node have already waited `controller.quorum.fetch.timeout.ms` for it.
   */
  #activate(image: MetadataImage, epoch: number): void {
    const runtime = this.#runtime;
    const predecessor = this.#predecessor;
    this.#controller = new Controller({ settings: this.#settings, image, epoch, random: runtime.random });
    this.#epoch = epoch;
    runtime.journal("info", `node ${runtime.config.nodeId} is the active controller in epoch ${epoch}`);
    this.execute<"becameActive">({ type: "becameActive" }, (reply) => {
      if (reply) this.#onProbe(reply.probe);
    });
    const { nowMs, settings } = runtime;
    const isBroker = predecessor !== runtime.config.nodeId && image.brokers.get(predecessor)?.fenced === false;
    const patienceMs = Math.max(0, settings.sessionTimeoutMs - settings.quorumFetchTimeoutMs);
    this.#suspect = isBroker ? { brokerId: predecessor, activeSinceMs: nowMs, deadlineMs: nowMs + patienceMs } : null;
  }

  #deactivate(): void {
    if (!this.#controller) return;
    this.#controller = null;
    this.#suspect = null;
    this.#runtime.journal("info", `node ${this.#runtime.config.nodeId} is not the active controller any more`);
    for (const parked of this.#parked.splice(0)) parked.answer(false);
  }

  /** Decides and parks the reply; null = this is not the active controller, or it ceased to be before the decision was committed. */
  execute<Type extends CommandType>(command: Command<Type>, onReply: (reply: ReplyOf<Type> | null) => void): void {
    const controller = this.#controller;
    if (!controller || this.#parked.length >= PARKED_MAX) {
      onReply(null);
      return;
    }
    const nextOffset = this.#quorum.log.logEndOffset;
    const decision = controller.decide(command, { nowMs: this.#runtime.nowMs, nextOffset });
    for (const event of decision.events) this.#tell(event);
    if (decision.records.length > 0) {
      const batch = buildMetadataBatch(decision.records, {
        baseOffset: nextOffset,
        epoch: this.#epoch,
        nowMs: this.#runtime.clock.wallMs(),
      });
      const proposed = this.#quorum.raft.propose([batch], this.#runtime.nowMs);
      if (!proposed.ok) {
        // The working image is ahead of the log now, so this controller may not decide any more.
        this.#runtime.journal(
          "error",
          `the controller's decision was not taken by the metadata log: ${proposed.error}`,
        );
        this.#deactivate();
        this.#quorum.raft.resign(this.#runtime.nowMs);
        this.#quorum.drain();
        onReply(null);
        return;
      }
      invariant(proposed.firstOffset === nextOffset, "a decision was appended elsewhere than decided");
    }
    const reply = decision.reply as ReplyOf<Type>;
    this.#parked.push({ endOffset: decision.endOffset, answer: (committed) => onReply(committed ? reply : null) });
    this.#quorum.drain();
    this.onHighWatermark(this.#quorum.raft.view().highWatermark);
  }

  /** Gives out what is committed. Parked replies are in order of their end offset. */
  onHighWatermark(highWatermark: Offset): void {
    while (this.#parked.length > 0 && this.#parked[0]!.endOffset <= highWatermark) this.#parked.shift()!.answer(true);
  }

  tick(): void {
    this.#judgeSuspect();
    const deadline = this.#controller?.nextDeadlineMs() ?? null;
    if (deadline !== null && deadline <= this.#runtime.nowMs) this.execute({ type: "tick" }, () => {});
  }

  nextDeadlineMs(): number | null {
    const own = this.#controller?.nextDeadlineMs() ?? null;
    if (!this.#suspect) return own;
    return own === null ? this.#suspect.deadlineMs : Math.min(own, this.#suspect.deadlineMs);
  }

  #judgeSuspect(): void {
    const suspect = this.#suspect;
    if (!suspect || suspect.deadlineMs > this.#runtime.nowMs || !this.#controller) return;
    this.#suspect = null;
    const broker = this.#controller.image.brokers.get(suspect.brokerId);
    const heardMs = this.#controller.lastContactMs(suspect.brokerId) ?? -Infinity;
    if (!broker || broker.fenced || heardMs > suspect.activeSinceMs) return;
    const reason = "it led the metadata quorum, fell silent, and has not been heard since";
    this.execute({ type: "fenceBroker", brokerId: broker.id, brokerEpoch: broker.epoch, reason }, () => {});
  }

  #tell(event: ControllerEvent): void {
    const { journal } = this.#runtime;
    switch (event.type) {
      case "broker-registered":
        journal("info", `broker ${event.brokerId} registered with epoch ${event.brokerEpoch}`, {
          cleanShutdown: event.cleanShutdown,
        });
        return;
      case "broker-fenced":
        journal("warn", `broker ${event.brokerId} is fenced: ${event.reason}`);
        return;
      case "broker-unfenced":
        journal("info", `broker ${event.brokerId} is unfenced`);
        return;
      case "broker-shutting-down":
        journal("info", `broker ${event.brokerId} is shutting down`);
        return;
      case "unclean-election":
        journal(
          "error",
          `broker ${event.leader} leads ${event.topicName}-${event.partition} by unclean election: records may be lost`,
        );
        return;
      case "leaders-rebalanced":
        journal("info", `${event.partitions} partitions went back to their preferred leaders`);
        return;
    }
  }
}
