/** Record batches of the metadata log and of its snapshots. */
import { invariant, ZERO_UUID } from "@vitrine/core";
import type { Batch, SnapshotFile } from "@vitrine/log";
import type { MetadataRecord } from "@vitrine/metadata";
import {
  buildControlBatch,
  buildMetadataBatch as encodeMetadataBatch,
  verifyBatchCrc,
  readMetadataBatch as decodeMetadataBatch,
} from "@vitrine/protocol";
import { isBatchError, readBatchFacts, splitBatches } from "@vitrine/protocol/batch";
import type { LeaderChange } from "@vitrine/raft";

/** A batch of bytes with the facts of its header. Ours are always readable. */
function batchOf(bytes: Uint8Array): Batch {
  const facts = readBatchFacts(bytes);
  invariant(!isBatchError(facts), "a batch that was just built cannot be read");
  return { facts, bytes };
}

export function buildMetadataBatch(
  records: readonly MetadataRecord[],
  at: { readonly baseOffset: number; readonly epoch: number; readonly nowMs: number },
): Batch {
  return batchOf(encodeMetadataBatch(records, at.nowMs, { baseOffset: at.baseOffset, leaderEpoch: at.epoch }));
}

export function readMetadataBatch(bytes: Uint8Array): MetadataRecord[] {
  return decodeMetadataBatch(bytes).map(({ record }) => record);
}

/** The control record that opens a leader's epoch. */
export function buildLeaderChange(change: LeaderChange, wallMs: number): Batch {
  const voter = (voterId: number) => ({ voterId, voterDirectoryId: ZERO_UUID });
  const message = {
    version: 1,
    leaderId: change.leaderId,
    voters: change.voters.map(voter),
    grantingVoters: change.grantingVoters.map(voter),
  };
  const options = { baseOffset: change.baseOffset, leaderEpoch: change.epoch };
  return batchOf(buildControlBatch([{ type: "LEADER_CHANGE", message }], wallMs, options));
}

/** Records of one batch of a snapshot. */
const SNAPSHOT_BATCH_RECORDS = 1_000;

/** All records below a position as batches, between a header and a footer (KIP-630). */
export function buildSnapshot(
  records: readonly MetadataRecord[],
  at: Pick<SnapshotFile, "endOffset" | "epoch">,
  wallMs: number,
): SnapshotFile {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const options = () => ({ baseOffset: offset, leaderEpoch: at.epoch });
  parts.push(
    buildControlBatch(
      [{ type: "SNAPSHOT_HEADER", message: { version: 0, lastContainedLogTimestamp: wallMs } }],
      wallMs,
      options(),
    ),
  );
  offset += 1;
  for (let from = 0; from < records.length; from += SNAPSHOT_BATCH_RECORDS) {
    const some = records.slice(from, from + SNAPSHOT_BATCH_RECORDS);
    parts.push(encodeMetadataBatch(some, wallMs, options()));
    offset += some.length;
  }
  parts.push(buildControlBatch([{ type: "SNAPSHOT_FOOTER", message: { version: 0 } }], wallMs, options()));
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.byteLength;
  }
  return { ...at, bytes };
}

/** The sentence that says what is wrong with a snapshot, or null. */
export function checkSnapshotBytes(bytes: Uint8Array): string | null {
  const { batches, error } = splitBatches(bytes);
  if (error) return error.message;
  const damaged = batches.findIndex((batch) => !verifyBatchCrc(batch.bytes));
  if (damaged >= 0) return `batch ${damaged} of the snapshot is damaged`;
  const last = batches.at(-1);
  if (!last?.facts.isControl) return "the snapshot has no footer: it is not whole";
  const end = batches.reduce((size, batch) => size + batch.bytes.byteLength, 0);
  return end === bytes.byteLength ? null : "the snapshot is cut off";
}

export function readSnapshot(bytes: Uint8Array): MetadataRecord[] {
  const wrong = checkSnapshotBytes(bytes);
  invariant(wrong === null, `the metadata snapshot cannot be used: ${wrong}`);
  return splitBatches(bytes).batches.flatMap((batch) => (batch.facts.isControl ? [] : readMetadataBatch(batch.bytes)));
}
