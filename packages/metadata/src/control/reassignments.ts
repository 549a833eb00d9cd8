/**
 * AlterPartitionReassignments and ListPartitionReassignments (KIP-455, KIP-860). A move begins with one record that adds the new replicas to
 * the old ones; the record that ends it is written when the leader reports an ISR that suffices (`leader-election.ts`).
 */
import type { NodeId } from "@vitrine/core";
import { errorCode } from "@vitrine/core";
import type {
  AlterPartitionReassignmentsRequestReassignablePartition,
  ListPartitionReassignmentsResponseOngoingPartitionReassignment,
} from "@vitrine/protocol/types";
import type { Command, ReplyOf } from "../controller-types.ts";
import type { PartitionImage, TopicImage } from "../image.ts";
import { elrEnabled, isActive } from "../image.ts";
import type { PartitionChange } from "../leader-election.ts";
import { changePartition } from "../leader-election.ts";
import { checkAssignment } from "./assignments.ts";
import type { Control, Draft, Refusal } from "./draft.ts";
import { errorFields, minIsrOf, refuse, uncleanElectionOf } from "./draft.ts";

/** Partitions of one request: they are one batch of the metadata log. Beyond it the whole request is refused. */
const PARTITIONS_MAX = 10_000;

export function alterPartitionReassignments(
  control: Control,
  draft: Draft,
  { request }: Command<"alterPartitionReassignments">,
): ReplyOf<"alterPartitionReassignments"> {
  const { allowReplicationFactorChange, topics } = request;
  let total = 0;
  for (const { partitions } of topics) total += partitions.length;
  if (total > PARTITIONS_MAX) {
    const tooMany = refuse("POLICY_VIOLATION", `At most ${PARTITIONS_MAX} partitions can be moved by one request.`);
    return { throttleTimeMs: 0, allowReplicationFactorChange, ...errorFields(tooMany), responses: [] };
  }
  const responses = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((target) => ({
      partitionIndex: target.partitionIndex,
      ...errorFields(alterOne(control, draft, name, target, allowReplicationFactorChange)),
    })),
  }));
  return { throttleTimeMs: 0, allowReplicationFactorChange, ...errorFields(null), responses };
}

function alterOne(
  control: Control,
  draft: Draft,
  topicName: string,
  target: AlterPartitionReassignmentsRequestReassignablePartition,
  allowFactorChange: boolean,
): Refusal | null {
  const topic = draft.image.topicsByName.get(topicName);
  if (!topic) return refuse("UNKNOWN_TOPIC_OR_PARTITION", `Unable to find a topic named ${topicName}.`);
  const partition = topic.partitions.get(target.partitionIndex);
  if (!partition)
    return refuse("UNKNOWN_TOPIC_OR_PARTITION", `Unable to find partition ${topicName}:${target.partitionIndex}.`);
  return target.replicas === null
    ? cancel(control, draft, topic, target.partitionIndex, partition)
    : move(control, draft, topic, target.partitionIndex, partition, target.replicas, allowFactorChange);
}

/** Begins a move, or gives one that is under way another target. What need not wait for a new replica is done at once. */
function move(
  control: Control,
  draft: Draft,
  topic: TopicImage,
  partitionId: number,
  partition: PartitionImage,
  wanted: readonly NodeId[],
  allowFactorChange: boolean,
): Refusal | null {
  const refusal = checkAssignment(draft.image, wanted, null);
  if (refusal) return refusal;
  const present = partition.replicas.length - partition.removingReplicas.length;
  if (!allowFactorChange && wanted.length !== present)
    return refuse(
      "INVALID_REPLICATION_FACTOR",
      `The replication factor is changed from ${present} to ${wanted.length}.`,
    );
  // Those that were on their way in, are wanted no longer and have brought nothing yet are forgotten at once.
  const counts = (id: NodeId) =>
    !partition.addingReplicas.includes(id) || partition.isr.includes(id) || partition.elr.includes(id);
  const removing = partition.replicas.filter((id) => !wanted.includes(id) && counts(id)).toSorted((a, b) => a - b);
  const original = partition.replicas.filter((id) => !partition.addingReplicas.includes(id));
  const adding = wanted.filter((id) => !original.includes(id)).toSorted((a, b) => a - b);
  change(control, draft, topic, partitionId, partition, {
    replicas: [...wanted, ...removing],
    addingReplicas: adding,
    removingReplicas: removing,
  });
  return null;
}

/** Goes back to the replicas that were there before. */
function cancel(
  control: Control,
  draft: Draft,
  topic: TopicImage,
  partitionId: number,
  partition: PartitionImage,
): Refusal | null {
  if (!isMoving(partition)) return refuse("NO_REASSIGNMENT_IN_PROGRESS", "No partition reassignment is in progress.");
  const replicas = partition.replicas.filter((id) => !partition.addingReplicas.includes(id));
  const isr = partition.isr.filter((id) => replicas.includes(id));
  const active = (id: NodeId) => isActive(draft.image, id);
  const back = { replicas, addingReplicas: [], removingReplicas: [] };
  // A partition that nobody leads goes back as it is, and one whose eligible replica lives has lost nothing.
  const isClean =
    isr.length > 0 || partition.isr.length === 0 || partition.elr.some((id) => replicas.includes(id) && active(id));
  if (isClean) {
    change(control, draft, topic, partitionId, partition, { ...back, isr });
    return null;
  }
  const first = replicas.find(active);
  if (first === undefined || !uncleanElectionOf(draft.image, topic.name, control.settings))
    return refuse(
      "INVALID_REPLICA_ASSIGNMENT",
      `Unable to revert partition assignment for ${topic.name}:${partitionId} because it would require an unclean leader election.`,
    );
  change(control, draft, topic, partitionId, partition, { ...back, isr: [first], recoveryState: "RECOVERING" });
  draft.note({
    type: "unclean-election",
    topicName: topic.name,
    topicId: topic.id,
    partition: partitionId,
    leader: first,
  });
  return null;
}

function change(
  control: Control,
  draft: Draft,
  topic: TopicImage,
  partitionId: number,
  partition: PartitionImage,
  wanted: Pick<PartitionChange, "replicas" | "addingReplicas" | "removingReplicas" | "isr" | "recoveryState">,
): void {
  const outcome = changePartition({
    topicId: topic.id,
    partitionId,
    partition,
    election: "any",
    mayLead: (id) => isActive(draft.image, id),
    minIsr: minIsrOf(draft.image, topic.name, control.settings),
    elr: elrEnabled(draft.image),
    ...wanted,
  });
  if (outcome) draft.add([outcome.record]);
}

function isMoving(partition: PartitionImage): boolean {
  return partition.addingReplicas.length > 0 || partition.removingReplicas.length > 0;
}

/** Whoever names topics hears of theirs; partitions that do not move, or do not exist, are left out. */
export function listPartitionReassignments(
  _control: Control,
  draft: Draft,
  { request }: Command<"listPartitionReassignments">,
): ReplyOf<"listPartitionReassignments"> {
  const { image } = draft;
  const asked =
    request.topics?.map(({ name, partitionIndexes }) => ({
      topic: image.topicsByName.get(name),
      partitionIndexes,
    })) ?? [...image.topicsByName.values()].map((topic) => ({ topic, partitionIndexes: [...topic.partitions.keys()] }));
  const topics = [];
  for (const { topic, partitionIndexes } of asked) {
    if (!topic) continue;
    const partitions: ListPartitionReassignmentsResponseOngoingPartitionReassignment[] = [];
    for (const partitionIndex of partitionIndexes) {
      const partition = topic.partitions.get(partitionIndex);
      if (!partition || !isMoving(partition)) continue;
      partitions.push({
        partitionIndex,
        replicas: [...partition.replicas],
        addingReplicas: [...partition.addingReplicas],
        removingReplicas: [...partition.removingReplicas],
      });
    }
    if (partitions.length > 0) topics.push({ name: topic.name, partitions });
  }
  return { throttleTimeMs: 0, errorCode: errorCode("NONE"), errorMessage: null, topics };
}
