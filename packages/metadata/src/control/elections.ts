/** ElectLeaders, and the automatic return of leadership to preferred leaders. */
import type { NodeId } from "@vitrine/core";
import { errorCode } from "@vitrine/core";
import type {
  ElectLeadersResponsePartitionResult,
  ElectLeadersResponseReplicaElectionResult,
} from "@vitrine/protocol/types";
import type { Command, ReplyOf } from "../controller-types.ts";
import type { PartitionImage, TopicImage } from "../image.ts";
import { elrEnabled, isActive } from "../image.ts";
import type { PartitionOutcome } from "../leader-election.ts";
import { changePartition } from "../leader-election.ts";
import type { MetadataRecord } from "../records.ts";
import { NO_LEADER } from "../records.ts";
import type { Control, Draft, Refusal } from "./draft.ts";
import { errorFields, minIsrOf, refuse, uncleanElectionOf } from "./draft.ts";

/** Elections of one automatic round; the rest waits for the next. Bounds the batch and the movement. */
const REBALANCE_MAX = 1_000;

/** Elections that one change of a setting leads to: they are one batch of the metadata log. */
const LEADERLESS_MAX = 10_000;

type Kind = "preferred" | "unclean";

export function electLeaders(
  control: Control,
  draft: Draft,
  { request }: Command<"electLeaders">,
): ReplyOf<"electLeaders"> {
  const kind: Kind | null = request.electionType === 0 ? "preferred" : request.electionType === 1 ? "unclean" : null;
  if (kind === null) return { throttleTimeMs: 0, errorCode: errorCode("INVALID_REQUEST"), replicaElectionResults: [] };
  const all = request.topicPartitions === null;
  const wanted =
    request.topicPartitions ??
    [...draft.image.topicsByName.values()].map(({ name, partitions }) => ({
      topic: name,
      partitions: [...partitions.keys()],
    }));
  const results: ElectLeadersResponseReplicaElectionResult[] = [];
  for (const { topic, partitions } of wanted) {
    const partitionResult: ElectLeadersResponsePartitionResult[] = [];
    for (const partitionId of partitions) {
      const refusal = electOne(control, draft, topic, partitionId, kind);
      // Whoever asks for all partitions hears only of those where something was to be done.
      if (all && refusal?.error === "ELECTION_NOT_NEEDED") continue;
      partitionResult.push({ partitionId, ...errorFields(refusal) });
    }
    if (!all || partitionResult.length > 0) results.push({ topic, partitionResult });
  }
  return { throttleTimeMs: 0, errorCode: 0, replicaElectionResults: results };
}

function electOne(control: Control, draft: Draft, topicName: string, partitionId: number, kind: Kind): Refusal | null {
  const topic = draft.image.topicsByName.get(topicName);
  const partition = topic?.partitions.get(partitionId);
  if (!topic || !partition)
    return refuse("UNKNOWN_TOPIC_OR_PARTITION", `No such partition as ${topicName}-${partitionId}`);
  if (kind === "preferred" ? partition.leader === partition.replicas[0] : partition.leader !== NO_LEADER)
    return refuse("ELECTION_NOT_NEEDED", "Leader election not needed for topic partition.");
  const outcome = attempt(control, draft, topic, partitionId, partition, kind);
  const leader = outcome?.record.leader ?? NO_LEADER;
  if (!outcome || leader < 0 || (kind === "preferred" && leader !== partition.replicas[0]))
    return kind === "preferred"
      ? refuse("PREFERRED_LEADER_NOT_AVAILABLE", "The preferred leader was not available.")
      : refuse("ELIGIBLE_LEADERS_NOT_AVAILABLE", "No replica of the partition is alive.");
  draft.add([outcome.record]);
  if (outcome.unclean)
    draft.note({ type: "unclean-election", topicName, topicId: topic.id, partition: partitionId, leader });
  return null;
}

function attempt(
  control: Control,
  draft: Draft,
  topic: TopicImage,
  partitionId: number,
  partition: PartitionImage,
  election: Kind,
): PartitionOutcome | null {
  const { image } = draft;
  return changePartition({
    topicId: topic.id,
    partitionId,
    partition,
    election,
    mayLead: (id) => isActive(image, id),
    minIsr: minIsrOf(image, topic.name, control.settings),
    elr: elrEnabled(image),
  });
}

/** Unclean election was allowed: what nobody leads is led by whoever is alive, at once. As many as one batch may hold; the rest by ElectLeaders. */
export function electLeaderless(control: Control, draft: Draft): void {
  let left = LEADERLESS_MAX;
  for (const topic of draft.image.topicsByName.values()) {
    if (![...topic.partitions.values()].some(({ leader }) => leader === NO_LEADER)) continue;
    if (!uncleanElectionOf(draft.image, topic.name, control.settings)) continue;
    for (const [partitionId, partition] of topic.partitions)
      if (partition.leader === NO_LEADER && left-- > 0) electOne(control, draft, topic.name, partitionId, "unclean");
  }
}

/** Gives leadership back to preferred leaders where a broker leads too few of its own (`leader.imbalance.per.broker.percentage`). */
export function rebalanceLeaders(control: Control, draft: Draft): void {
  const unbalanced = unbalancedBrokers(draft, control.settings.leaderImbalancePerBrokerPercentage);
  if (unbalanced.size === 0) return;
  const records: MetadataRecord[] = [];
  for (const topic of draft.image.topicsById.values())
    for (const [partitionId, partition] of topic.partitions) {
      const preferred = partition.replicas[0];
      if (records.length === REBALANCE_MAX || preferred === undefined) break;
      if (!unbalanced.has(preferred) || partition.leader === preferred) continue;
      const outcome = attempt(control, draft, topic, partitionId, partition, "preferred");
      if (outcome && outcome.record.leader === preferred) records.push(outcome.record);
    }
  if (records.length === 0) return;
  draft.add(records);
  draft.note({ type: "leaders-rebalanced", partitions: records.length });
}

function unbalancedBrokers(draft: Draft, percentage: number): Set<NodeId> {
  const own = new Map<NodeId, { preferred: number; elsewhere: number }>();
  for (const topic of draft.image.topicsById.values())
    for (const { replicas, leader } of topic.partitions.values()) {
      const [id] = replicas;
      if (id === undefined || !isActive(draft.image, id)) continue;
      const count = own.get(id) ?? { preferred: 0, elsewhere: 0 };
      count.preferred++;
      if (leader !== id) count.elsewhere++;
      own.set(id, count);
    }
  const unbalanced = new Set<NodeId>();
  for (const [id, { preferred, elsewhere }] of own) if (elsewhere * 100 > preferred * percentage) unbalanced.add(id);
  return unbalanced;
}
