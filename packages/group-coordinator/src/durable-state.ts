/**
 * What the partition's records say: the last generation written of each group, and its offsets. Loading and running are the same `apply`.
 *
 * Each offset is held twice: `latest`, which includes what was appended a moment ago, and `committed`, which readers see: it moves when the
 * high watermark passes the record. Invariant: without pending records both are the same.
 */
import type { Offset, PartitionIndex } from "@vitrine/core";
import type { GroupMetadataValue, GroupRecord, OffsetCommitValue } from "@vitrine/protocol/types";
import { groupMetadataRecord, offsetCommitRecord } from "./records.ts";

export interface OffsetEntry {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: PartitionIndex;
  committed: OffsetCommitValue | null;
  latest: OffsetCommitValue | null;
  /** Records of this entry that are appended and not committed. */
  pending: number;
}

interface PendingOffset {
  readonly endOffset: Offset;
  readonly entry: OffsetEntry;
  readonly value: OffsetCommitValue | null;
}

type Topics = Map<string, Map<PartitionIndex, OffsetEntry>>;

export class DurableState {
  readonly #groups = new Map<string, GroupMetadataValue>();
  readonly #offsets = new Map<string, Topics>();
  /** In order of their offsets. */
  readonly #pending: PendingOffset[] = [];
  #offsetCount = 0;

  /** A record from the log that is committed already, as in loading. */
  applyCommitted(record: GroupRecord): void {
    if (record.type === "GroupMetadata") return this.#applyGroup(record.key.group, record.value);
    const entry = this.#entry(record.key.group, record.key.topic, record.key.partition);
    entry.latest = record.value;
    entry.committed = record.value;
    this.#settle(entry);
  }

  /** A record that was just appended; it ends at this offset, exclusive. */
  applyAppended(record: GroupRecord, endOffset: Offset): void {
    if (record.type === "GroupMetadata") return this.#applyGroup(record.key.group, record.value);
    const entry = this.#entry(record.key.group, record.key.topic, record.key.partition);
    entry.latest = record.value;
    entry.pending += 1;
    this.#pending.push({ endOffset, entry, value: record.value });
  }

  /** The high watermark has come so far; returns the groups whose offsets changed for readers. */
  advance(committedOffset: Offset): ReadonlySet<string> {
    const changed = new Set<string>();
    let count = 0;
    for (const { endOffset, entry, value } of this.#pending) {
      if (endOffset > committedOffset) break;
      count += 1;
      entry.committed = value;
      entry.pending -= 1;
      this.#settle(entry);
      changed.add(entry.groupId);
    }
    if (count > 0) this.#pending.splice(0, count);
    return changed;
  }

  metadataOf(groupId: string): GroupMetadataValue | undefined {
    return this.#groups.get(groupId);
  }

  /** Every group that has a generation or an offset. */
  groupIds(): ReadonlySet<string> {
    return new Set([...this.#groups.keys(), ...this.#offsets.keys()]);
  }

  offset(groupId: string, topic: string, partition: PartitionIndex): OffsetEntry | undefined {
    return this.#offsets.get(groupId)?.get(topic)?.get(partition);
  }

  *offsetsOf(groupId: string): Iterable<OffsetEntry> {
    for (const partitions of this.#offsets.get(groupId)?.values() ?? []) yield* partitions.values();
  }

  hasOffsets(groupId: string): boolean {
    for (const entry of this.offsetsOf(groupId)) if (entry.latest) return true;
    return false;
  }

  /** Offsets of one topic in every group, for when it is deleted. */
  *offsetsOfTopic(topic: string): Iterable<OffsetEntry> {
    for (const topics of this.#offsets.values()) yield* topics.get(topic)?.values() ?? [];
  }

  /** Names of all topics that any group has offsets of. */
  topics(): ReadonlySet<string> {
    return new Set([...this.#offsets.values()].flatMap((topics) => [...topics.keys()]));
  }

  /** How many records it takes to say all this anew. */
  get liveRecordCount(): number {
    return this.#groups.size + this.#offsetCount;
  }

  /** Those records: replayed on nothing they give the same state. */
  *records(): Iterable<GroupRecord> {
    for (const [groupId, value] of this.#groups) yield groupMetadataRecord(groupId, value);
    for (const topics of this.#offsets.values())
      for (const partitions of topics.values())
        for (const { groupId, topic, partition, latest } of partitions.values())
          if (latest) yield offsetCommitRecord(groupId, topic, partition, latest);
  }

  #applyGroup(groupId: string, value: GroupMetadataValue | null): void {
    if (value) this.#groups.set(groupId, value);
    else this.#groups.delete(groupId);
  }

  #entry(groupId: string, topic: string, partition: PartitionIndex): OffsetEntry {
    let topics = this.#offsets.get(groupId);
    if (!topics) this.#offsets.set(groupId, (topics = new Map()));
    let partitions = topics.get(topic);
    if (!partitions) topics.set(topic, (partitions = new Map()));
    let entry = partitions.get(partition);
    if (!entry) {
      entry = { groupId, topic, partition, committed: null, latest: null, pending: 0 };
      partitions.set(partition, entry);
      this.#offsetCount += 1;
    }
    return entry;
  }

  /** Forgets an entry that says nothing any more. */
  #settle(entry: OffsetEntry): void {
    if (entry.latest || entry.committed || entry.pending > 0) return;
    const topics = this.#offsets.get(entry.groupId);
    const partitions = topics?.get(entry.topic);
    if (!topics || !partitions?.delete(entry.partition)) return;
    this.#offsetCount -= 1;
    if (partitions.size === 0) topics.delete(entry.topic);
    if (topics.size === 0) this.#offsets.delete(entry.groupId);
  }
}
