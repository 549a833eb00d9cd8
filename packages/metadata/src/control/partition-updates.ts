/** Changes many partitions at once because brokers came or went. */
import type { NodeId } from "@vitrine/core";
import { elrEnabled, isActive } from "../image.ts";
import type { PartitionImage } from "../image.ts";
import type { PartitionChange } from "../leader-election.ts";
import { changePartition } from "../leader-election.ts";
import type { MetadataRecord } from "../records.ts";
import { NO_LEADER } from "../records.ts";
import type { Control, Draft } from "./draft.ts";
import { minIsrOf, uncleanElectionOf } from "./draft.ts";

export interface BrokerMoves {
  /** They leave every ISR and lead nothing. All that go at the same time, so that no leader is chosen that goes too (KAFKA-13173). */
  readonly leaving?: ReadonlySet<NodeId>;
  /** Of those, the ones that may have lost data: they leave the ELR too. */
  readonly lossy?: ReadonlySet<NodeId>;
  /** Unfenced already: partitions without a leader look again. */
  readonly coming?: NodeId;
}

const NONE: ReadonlySet<NodeId> = new Set();

/** Adds the records for every partition the moves touch, and nothing for the others. */
export function updatePartitions(control: Control, draft: Draft, moves: BrokerMoves): void {
  const { image } = draft;
  const leaving = moves.leaving ?? NONE;
  const lossy = moves.lossy ?? NONE;
  const mayLead = (id: NodeId) => !leaving.has(id) && isActive(image, id);
  const touched = (partition: PartitionImage) =>
    partition.isr.some((id) => leaving.has(id)) ||
    partition.elr.some((id) => lossy.has(id)) ||
    (moves.coming !== undefined && partition.leader === NO_LEADER && partition.replicas.includes(moves.coming));
  const elr = elrEnabled(image);
  const records: MetadataRecord[] = [];
  for (const topic of image.topicsById.values()) {
    let shared: Pick<PartitionChange, "election" | "minIsr"> | null = null; // looked up once per topic
    for (const [partitionId, partition] of topic.partitions) {
      if (!touched(partition)) continue;
      shared ??= {
        election: uncleanElectionOf(image, topic.name, control.settings) ? "unclean" : "any",
        minIsr: minIsrOf(image, topic.name, control.settings),
      };
      const isr = partition.isr.filter((id) => !leaving.has(id));
      const outcome = changePartition({
        topicId: topic.id,
        partitionId,
        partition,
        mayLead,
        elr,
        isr,
        lossy,
        ...shared,
      });
      if (!outcome) continue;
      records.push(outcome.record);
      if (outcome.unclean)
        draft.note({
          type: "unclean-election",
          topicName: topic.name,
          topicId: topic.id,
          partition: partitionId,
          leader: outcome.record.leader,
        });
    }
  }
  draft.add(records);
}

/** Whether the broker leads any partition. */
export function leadsAny(draft: Draft, id: NodeId): boolean {
  return somePartition(draft, (partition) => partition.leader === id);
}

/** Whether the broker is in any ISR. */
export function inAnyIsr(draft: Draft, id: NodeId): boolean {
  return somePartition(draft, (partition) => partition.isr.includes(id));
}

function somePartition(draft: Draft, test: (partition: PartitionImage) => boolean): boolean {
  for (const topic of draft.image.topicsById.values())
    for (const partition of topic.partitions.values()) if (test(partition)) return true;
  return false;
}
