/**
 * How a leader answers fetches of the log. The order of checks matters: epoch, then divergence, and only then does a fetch offset count
 * (KAFKA-13141). A fetch with nothing to get is parked as data and answered on new records, a higher high watermark, its deadline, or
 * loss of leadership.
 */
import { type ErrorName, Offset } from "@vitrine/core";
import type { Batch } from "@vitrine/log";
import type { FetchRequest, FetchResponse, SnapshotId } from "./messages.ts";
import type { ParkedFetch } from "./parked-fetches.ts";
import type { Leader } from "./quorum-state.ts";
import type { RaftCore } from "./raft-core.ts";

/** What the leader's log says about a position. */
export type PositionCheck =
  | { readonly kind: "valid" }
  | { readonly kind: "diverging"; readonly epoch: number; readonly endOffset: Offset }
  | { readonly kind: "snapshot"; readonly id: SnapshotId };

/** Does a replica's log that ends at (fetchOffset, lastFetchedEpoch) begin ours? Else: cut there, or take the snapshot. */
export function checkPosition(core: RaftCore, request: FetchRequest): PositionCheck {
  const { log, store } = core;
  const { fetchOffset, lastFetchedEpoch } = request;
  if (core.hasBug("no-divergence-check")) return { kind: "valid" };
  const snapshot = store.latestSnapshot();
  const asSnapshot: PositionCheck | null = snapshot && {
    kind: "snapshot",
    id: { endOffset: snapshot.endOffset, epoch: snapshot.epoch },
  };
  if (fetchOffset < log.logStartOffset && asSnapshot) return asSnapshot;
  if (snapshot && fetchOffset === snapshot.endOffset && lastFetchedEpoch === snapshot.epoch) return { kind: "valid" };
  if (fetchOffset === 0 && log.logStartOffset === 0) return { kind: "valid" };
  const first = log.epochs.entries[0];
  // Below the first epoch we know nothing of what was there: only a snapshot is certain.
  if (log.logStartOffset > 0 && asSnapshot && (!first || lastFetchedEpoch < first.epoch)) return asSnapshot;
  const end = log.epochs.endOffsetFor(lastFetchedEpoch, log.logEndOffset);
  if (end.epoch === -1) return { kind: "diverging", epoch: 0, endOffset: log.logStartOffset };
  if (end.epoch === lastFetchedEpoch && fetchOffset <= end.endOffset) return { kind: "valid" };
  return { kind: "diverging", epoch: end.epoch, endOffset: Offset(end.endOffset) };
}

/** A fetch of the current epoch arrived at the leader. */
export function serveFetch(
  core: RaftCore,
  state: Leader,
  arrived: { replyTo: unknown; request: FetchRequest },
  nowMs: number,
): void {
  const { replyTo, request } = arrived;
  const isReplica = request.replicaId >= 0 && request.replicaId !== core.selfId;
  if (isReplica && core.hasBug("progress-before-divergence-check")) noteProgress(core, state, request, nowMs);
  const check = checkPosition(core, request);
  if (check.kind !== "valid") {
    if (isReplica) state.progress.heard(request.replicaId, nowMs);
    const told = check.kind === "diverging" ? { divergingEpoch: check } : { snapshotId: check.id };
    return core.reply(replyTo, fetchResponse(core, told));
  }
  if (isReplica) noteProgress(core, state, request, nowMs);
  const waitMs = Math.min(Math.max(0, request.maxWaitMs), core.config.timings.fetchMaxWaitMs);
  dropEarlierFetch(core, state, request);
  const parked: ParkedFetch = { replyTo, request, deadlineMs: nowMs + waitMs, readId: null };
  if (state.parked.length >= core.config.limits.parkedFetchesMax) answerFetch(core, state, parked);
  else state.parked.push(parked);
}

function noteProgress(core: RaftCore, state: Leader, request: FetchRequest, nowMs: number): void {
  state.progress.fetched(request.replicaId, {
    fetchOffset: request.fetchOffset,
    leaderEndOffset: core.log.logEndOffset,
    nowMs,
  });
}

/** A replica has one fetch: an earlier one that is still parked is of a connection that is gone. */
function dropEarlierFetch(core: RaftCore, state: Leader, request: FetchRequest): void {
  if (request.replicaId < 0) return;
  const at = state.parked.findIndex((parked) => parked.request.replicaId === request.replicaId);
  if (at === -1) return;
  const [earlier] = state.parked.splice(at, 1);
  if (earlier) core.reply(earlier.replyTo, fetchResponse(core, {}));
}

/** Answers what can be answered: at the end of each turn, and at deadlines. */
export function answerParked(core: RaftCore, state: Leader, nowMs: number): void {
  const waiting = state.parked.splice(0);
  for (const parked of waiting) {
    if (parked.readId === null && (isWorthAnswering(core, parked.request) || nowMs >= parked.deadlineMs))
      answerFetch(core, state, parked);
    else state.parked.push(parked);
  }
}

function isWorthAnswering(core: RaftCore, request: FetchRequest): boolean {
  if (request.fetchOffset < readableEnd(core, request)) return true;
  return request.highWatermark !== null && core.log.highWatermark > request.highWatermark;
}

/** Replicas read what is appended (T9); everybody else what is committed. */
function readableEnd(core: RaftCore, request: FetchRequest): Offset {
  return request.replicaId >= 0 ? core.log.logEndOffset : core.log.highWatermark;
}

function answerFetch(core: RaftCore, state: Leader, parked: ParkedFetch): void {
  const { request, replyTo } = parked;
  const upTo = readableEnd(core, request);
  if (request.fetchOffset >= upTo) return core.reply(replyTo, fetchResponse(core, {}));
  const maxBytes = Math.min(Math.max(1, request.maxBytes), core.config.limits.fetchMaxBytes);
  const spec = { from: request.fetchOffset, upTo, maxBytes };
  const read = core.log.readTail(spec);
  switch (read.kind) {
    case "batches":
      return core.reply(replyTo, fetchResponse(core, { batches: read.batches }));
    case "cold": {
      const readId = core.config.nextReadId();
      state.parked.push({ ...parked, readId });
      return core.log.readCold(readId, spec);
    }
    case "out-of-range":
      // The log start moved past it while it was parked; asked again, it gets the snapshot.
      return core.reply(replyTo, fetchResponse(core, {}));
  }
}

/** A cold read came back. Epoch and leadership are the same as when it was asked, or the fetch would not be parked any more. */
export function finishColdRead(
  core: RaftCore,
  id: number,
  result: { batches: readonly Batch[] } | { error: ErrorName },
): void {
  const { state } = core;
  if (state.role !== "leader") return;
  const at = state.parked.findIndex((parked) => parked.readId === id);
  if (at === -1) return;
  const [parked] = state.parked.splice(at, 1);
  if (!parked) return;
  core.reply(parked.replyTo, fetchResponse(core, result));
}

/** An answer of this node in its present state. */
export function fetchResponse(core: RaftCore, parts: Partial<FetchResponse>): FetchResponse {
  return {
    type: "fetch",
    error: "NONE",
    leaderEpoch: core.epoch,
    leaderId: core.leaderId,
    highWatermark: core.log.highWatermark,
    logStartOffset: core.log.logStartOffset,
    batches: [],
    divergingEpoch: null,
    snapshotId: null,
    ...parts,
  };
}

/** The answer that serves nothing and says why, and who leads. */
export function refuseFetch(core: RaftCore, replyTo: unknown, error: ErrorName): void {
  core.reply(replyTo, fetchResponse(core, { error, highWatermark: -1, logStartOffset: -1 }));
}
