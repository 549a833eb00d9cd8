/**
 * Snapshots between nodes (KIP-630): the leader serves chunks of its newest one; the follower collects, checks, and then in one
 * hand-over saves it and begins its log anew at the snapshot's end.
 */
import { Offset } from "@vitrine/core";
import { refresh } from "./follower.ts";
import type { FetchSnapshotRequest, FetchSnapshotResponse } from "./messages.ts";
import type { Follower, Leader } from "./quorum-state.ts";
import type { RaftCore } from "./raft-core.ts";
import { learn } from "./transitions.ts";

const NO_BYTES = new Uint8Array(0);

export function serveSnapshot(
  core: RaftCore,
  state: Leader,
  arrived: { replyTo: unknown; request: FetchSnapshotRequest },
  nowMs: number,
): void {
  const { replyTo, request } = arrived;
  if (request.replicaId >= 0 && request.replicaId !== core.selfId) state.progress.heard(request.replicaId, nowMs);
  const snapshot = core.store.latestSnapshot();
  const { snapshotId, position } = request;
  if (!snapshot || snapshot.endOffset !== snapshotId.endOffset || snapshot.epoch !== snapshotId.epoch)
    return refuseSnapshot(core, replyTo, request, "SNAPSHOT_NOT_FOUND");
  if (position < 0 || position > snapshot.bytes.length)
    return refuseSnapshot(core, replyTo, request, "POSITION_OUT_OF_RANGE");
  const sizeBytes = snapshot.bytes.length;
  const chunkBytes = Math.min(Math.max(1, request.maxBytes), core.config.limits.snapshotChunkBytes);
  const bytes = snapshot.bytes.subarray(position, position + chunkBytes);
  core.reply(replyTo, { ...answerTo(core, request, "NONE"), sizeBytes, bytes });
}

/** Serves nothing and says why. */
export function refuseSnapshot(
  core: RaftCore,
  replyTo: unknown,
  request: FetchSnapshotRequest,
  error: FetchSnapshotResponse["error"],
): void {
  core.reply(replyTo, answerTo(core, request, error));
}

function answerTo(
  core: RaftCore,
  request: FetchSnapshotRequest,
  error: FetchSnapshotResponse["error"],
): FetchSnapshotResponse {
  return {
    type: "fetchSnapshot",
    error,
    leaderEpoch: core.epoch,
    leaderId: core.leaderId,
    snapshotId: request.snapshotId,
    sizeBytes: 0,
    position: request.position,
    bytes: NO_BYTES,
  };
}

export function handleSnapshotResponse(core: RaftCore, response: FetchSnapshotResponse, nowMs: number): void {
  const before = core.state;
  learn(core, { epoch: response.leaderEpoch, leaderId: response.leaderId }, nowMs);
  const { state } = core;
  if (state !== before || state.role !== "follower" || !state.download) return;
  if (response.leaderEpoch !== state.epoch || response.error !== "NONE") return startOver(core, state, nowMs);
  const { id } = state.download;
  if (response.snapshotId.endOffset !== id.endOffset || response.snapshotId.epoch !== id.epoch)
    return startOver(core, state, nowMs);
  refresh(core, state, nowMs);
  switch (state.download.take(response, core.config.limits.snapshotMaxBytes)) {
    case "more":
      return;
    case "restart":
      return startOver(core, state, nowMs);
    case "done":
      return install(core, state, nowMs);
  }
}

/** Forgets the download; the next fetch tells what to do. */
function startOver(core: RaftCore, state: Follower, nowMs: number): void {
  state.download = null;
  state.fetchAtMs = nowMs + core.config.timings.retryBackoffMs;
}

function install(core: RaftCore, state: Follower, nowMs: number): void {
  if (!state.download) return;
  const snapshot = state.download.file();
  if (core.config.checkSnapshot(snapshot) !== null || snapshot.endOffset < core.log.highWatermark)
    return startOver(core, state, nowMs);
  state.download = null;
  core.store.saveSnapshot(snapshot);
  core.log.truncateFullyAndStartAt(snapshot.endOffset);
  core.log.assignEpochStart(snapshot.epoch, snapshot.endOffset);
  core.log.setHighWatermark(snapshot.endOffset);
  core.writtenTicket = core.store.nextTicket;
  core.emit({ type: "snapshotInstalled", endOffset: snapshot.endOffset, epoch: snapshot.epoch });
  core.emit({ type: "highWatermarkAdvanced", offset: snapshot.endOffset });
}

/** A snapshot of everything below endOffset is saved: older records may go, but for some that spare slow followers the download. */
export function moveLogStart(core: RaftCore, endOffset: Offset): void {
  const start = Math.min(endOffset, core.log.highWatermark) - core.config.limits.recordsKeptBelowSnapshot;
  if (start > core.log.logStartOffset) core.log.setLogStartOffset(Offset(start));
}
