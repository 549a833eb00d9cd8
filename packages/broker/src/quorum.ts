/**
 * Drives raft: gives it what arrives, sends what it wants sent, through the disk gate where it says so.
 */
import { METADATA_LOG, type LogEvent, type PartitionLog } from "@vitrine/log";
import type { NodeId, Offset } from "@vitrine/core";
import {
  DEFAULT_RAFT_LIMITS,
  DEFAULT_RAFT_TIMINGS,
  Raft,
  type RaftConfig,
  type RaftEffect,
  type RaftEvent,
} from "@vitrine/raft";
import { buildLeaderChange, checkSnapshotBytes } from "./metadata-batches.ts";
import { METADATA_TOPIC, METADATA_TOPIC_ID } from "./metadata-topic.ts";
import type { PeerEvent } from "./ports.ts";
import { raftRequestFromWire, raftRequestToWire } from "./raft-wire/requests.ts";
import { raftResponseFromWire, raftResponseToWire } from "./raft-wire/responses.ts";
import type { Runtime } from "./runtime.ts";

/** What the rest of the broker hears of the quorum. */
export interface QuorumListener {
  onLeaderChanged(leaderId: NodeId, epoch: number): void;
  /** All of earlier epochs is committed; the controller may start once it has applied up to epochStartOffset. */
  onLeaderReady(epoch: number, epochStartOffset: Offset): void;
  onLostLeadership(epoch: number): void;
  onHighWatermark(offset: Offset): void;
  onSnapshotInstalled(): void;
}

export class Quorum {
  readonly raft: Raft;
  readonly log: PartitionLog;
  readonly #runtime: Runtime;
  readonly #listener: QuorumListener;
  #draining = false;

  constructor(runtime: Runtime, listener: QuorumListener) {
    this.#runtime = runtime;
    this.#listener = listener;
    const { config, settings, store } = runtime;
    this.log = store.create({
      key: METADATA_LOG,
      topicId: METADATA_TOPIC_ID,
      partition: 0,
      topicName: METADATA_TOPIC,
      retentionClass: "metadata",
    });
    const raftConfig: RaftConfig = {
      nodeId: config.nodeId,
      directoryId: store.directoryId,
      clusterId: config.clusterId,
      voters: config.voters.map((voter) => voter.nodeId),
      timings: {
        ...DEFAULT_RAFT_TIMINGS,
        electionTimeoutMs: settings.quorumElectionTimeoutMs,
        fetchTimeoutMs: settings.quorumFetchTimeoutMs,
        backoffMaxMs: settings.quorumElectionBackoffMaxMs,
        requestTimeoutMs: settings.quorumRequestTimeoutMs,
      },
      limits: DEFAULT_RAFT_LIMITS,
      random: runtime.random,
      makeLeaderChangeBatch: (change) => buildLeaderChange(change, runtime.clock.wallMs()),
      nextReadId: () => runtime.nextReadId(),
      checkSnapshot: (snapshot) => checkSnapshotBytes(snapshot.bytes),
    };
    this.raft = new Raft(raftConfig, store, this.log, runtime.nowMs);
  }

  step(event: RaftEvent): void {
    this.raft.step(event, this.#runtime.nowMs);
    this.drain();
  }

  /** A request of a peer. False when it is not about the metadata partition. */
  onRequest(apiKey: number, body: unknown, reply: (body: unknown) => void): boolean {
    const request = raftRequestFromWire(apiKey, body);
    if (!request) return false;
    this.step({ type: "request", replyTo: reply, request });
    return true;
  }

  onLogEvent(event: LogEvent): void {
    switch (event.type) {
      case "committed":
        this.step({ type: "committed" });
        return;
      case "failed":
        this.step({ type: "storeFailed" });
        return;
      case "read":
        this.step({ type: "read", id: event.id, batches: event.batches });
        return;
      case "read-failed":
        this.step({ type: "readFailed", id: event.id, error: event.error });
        return;
      case "found":
      case "kept":
      case "surveyed":
      case "cleaned":
      case "clean-failed":
        return;
    }
  }

  onPeerEvent(event: PeerEvent): void {
    if (event.type === "refused") this.step({ type: "peerRefused", nodeId: event.nodeId });
    else if (event.type === "connected") this.step({ type: "peerConnected", nodeId: event.nodeId });
  }

  /** Carries out what raft wants; effects of effects follow in order. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let effects = this.raft.drainEffects(); effects.length > 0; effects = this.raft.drainEffects())
        for (const effect of effects) this.#carryOut(effect);
    } finally {
      this.#draining = false;
    }
  }

  #carryOut(effect: RaftEffect): void {
    const runtime = this.#runtime;
    switch (effect.type) {
      case "send": {
        const { to, requestId, request, timeoutMs } = effect;
        runtime.afterTicket(effect.gate, () => {
          const wire = raftRequestToWire(request);
          const lane = request.type === "fetch" || request.type === "fetchSnapshot" ? "raft" : "vote";
          const apiRequest = {
            apiKey: wire.apiKey,
            apiVersion: -1,
            clientId: `node-${runtime.config.nodeId}`,
            body: wire.body,
          };
          runtime.network.request(to, lane, apiRequest, timeoutMs, (result) => {
            runtime.enqueue(() => {
              const response = result.ok ? raftResponseFromWire(wire.apiKey, result.body) : null;
              if (response) this.step({ type: "response", from: to, requestId, response });
              else
                this.step({ type: "requestFailed", to, requestId, reason: result.ok ? "disconnected" : result.reason });
            });
          });
        });
        return;
      }
      case "reply": {
        const reply = effect.replyTo as (body: unknown) => void;
        const { response } = effect;
        runtime.afterTicket(effect.gate, () => reply(raftResponseToWire(response)));
        return;
      }
      case "leaderChanged":
        this.#listener.onLeaderChanged(effect.leaderId, effect.epoch);
        return;
      case "becameLeader":
        runtime.journal("info", `node ${runtime.config.nodeId} leads the metadata quorum in epoch ${effect.epoch}`);
        return;
      case "leaderReady":
        this.#listener.onLeaderReady(effect.epoch, effect.epochStartOffset);
        return;
      case "lostLeadership":
        this.#listener.onLostLeadership(effect.epoch);
        return;
      case "highWatermarkAdvanced":
        this.#listener.onHighWatermark(effect.offset);
        return;
      case "snapshotInstalled":
        this.#listener.onSnapshotInstalled();
        return;
      case "truncated":
        runtime.journal(
          "warn",
          `uncommitted metadata from offset ${effect.offset} on is gone: another leader wrote there`,
        );
        return;
    }
  }
}
