/** One node whose neighbours are played by hand. */
import { Offset, ZERO_UUID, type ErrorName, type Uuid } from "@vitrine/core";
import { expect } from "vitest";
import type { FetchRequest, RaftEffect, RaftRequest, RaftResponse, VoteRequest } from "../src/index.ts";
import { makeBatch } from "./batches.ts";
import { TestNode, type Answer, type Envelope, type NodeOptions, type Wire } from "./test-node.ts";

/** Collects what leaves the node. */
class Recorder implements Wire {
  sent: Envelope[] = [];
  answers: Answer[] = [];
  effects: RaftEffect[] = [];
  send(envelope: Envelope): void {
    this.sent.push(envelope);
  }
  answer(answer: Answer): void {
    this.answers.push(answer);
  }
  noted(_node: TestNode, effect: RaftEffect): void {
    this.effects.push(effect);
  }
}

export class Bench {
  readonly wire = new Recorder();
  readonly node: TestNode;
  nowMs = 0;

  constructor(options: Partial<NodeOptions> = {}) {
    this.node = new TestNode({ id: 1, voters: [1, 2, 3], ...options }, this.wire);
    this.node.start(0);
  }

  get view() {
    return this.node.raft!.view();
  }

  tick(ms = 0): void {
    this.nowMs += ms;
    this.node.step({ type: "tick" }, this.nowMs);
  }

  commit(): void {
    while (this.node.commit(this.nowMs));
  }

  /** Asks; gives the answer once the disk has what it depends on. */
  ask(request: RaftRequest, from = 2): RaftResponse | undefined {
    const envelope: Envelope = { from, to: 1, requestId: 0, life: 1, timeoutMs: 1000, request };
    const before = this.wire.answers.length;
    this.node.step({ type: "request", replyTo: envelope, request }, this.nowMs);
    this.commit();
    return this.wire.answers.slice(before).find((answer) => answer.envelope === envelope)?.response;
  }

  /** Answers the newest request of the type to a node. */
  respond(to: number, response: RaftResponse): void {
    const sent = this.wire.sent.findLast((envelope) => envelope.to === to && envelope.request.type === response.type)!;
    this.node.step({ type: "response", from: to, requestId: sent.requestId, response }, this.nowMs);
  }

  lastSent(type: RaftRequest["type"]): Envelope | undefined {
    return this.wire.sent.findLast((envelope) => envelope.request.type === type);
  }

  /** Wins an election with 2's help. */
  lead(): this {
    this.tick();
    this.respond(2, vote({ granted: true, epoch: this.view.epoch }));
    this.commit();
    this.respond(2, vote({ granted: true, epoch: this.view.epoch }));
    this.commit();
    expect(this.view.role).toBe("leader");
    return this;
  }

  /** Follows 2 in an epoch, with a fresh answer. */
  follow(epoch = 1): this {
    this.ask(begin({ leaderId: 2, epoch }));
    this.respond(2, fetched({ epoch, leaderId: 2 }));
    expect(this.view).toMatchObject({ role: "follower", leaderId: 2, epoch });
    return this;
  }

  propose(text: string): void {
    expect(this.node.propose(text, this.nowMs)).toHaveProperty("offset");
  }
}

export function voteRequest(parts: Partial<VoteRequest> = {}): VoteRequest {
  return {
    type: "vote",
    clusterId: "test",
    preVote: false,
    candidateEpoch: 1,
    candidateId: 2,
    candidateDirectoryId: "AAAAAAAAAAAAAAAAAAAAAg" as Uuid,
    voterId: 1,
    voterDirectoryId: ZERO_UUID,
    lastEpoch: 0,
    lastOffset: Offset(0),
    ...parts,
  };
}

export function vote(options: { granted: boolean; epoch: number; leaderId?: number }): RaftResponse {
  const { granted, epoch, leaderId = -1 } = options;
  return { type: "vote", error: "NONE", leaderEpoch: epoch, leaderId, voteGranted: granted };
}

export function begin(options: { leaderId: number; epoch: number }): RaftRequest {
  const { leaderId, epoch } = options;
  return {
    type: "beginQuorumEpoch",
    clusterId: "test",
    leaderId,
    leaderEpoch: epoch,
    voterId: 1,
    voterDirectoryId: ZERO_UUID,
  };
}

export function fetchRequest(parts: Partial<FetchRequest> = {}): FetchRequest {
  return {
    type: "fetch",
    clusterId: "test",
    replicaId: 2,
    replicaDirectoryId: ZERO_UUID,
    currentLeaderEpoch: 1,
    fetchOffset: Offset(0),
    lastFetchedEpoch: 0,
    highWatermark: 0,
    maxBytes: 1000,
    maxWaitMs: 500,
    ...parts,
  };
}

export function fetched(options: {
  epoch: number;
  leaderId: number;
  highWatermark?: number;
  texts?: readonly { at: number; epoch: number; text: string }[];
  diverging?: { epoch: number; endOffset: number };
  error?: ErrorName;
}): RaftResponse {
  return {
    type: "fetch",
    error: options.error ?? "NONE",
    leaderEpoch: options.epoch,
    leaderId: options.leaderId,
    highWatermark: options.highWatermark ?? 0,
    logStartOffset: 0,
    batches: (options.texts ?? []).map(({ at, epoch, text }) => makeBatch({ baseOffset: at, epoch, text })),
    divergingEpoch: options.diverging
      ? { epoch: options.diverging.epoch, endOffset: Offset(options.diverging.endOffset) }
      : null,
    snapshotId: null,
  };
}
