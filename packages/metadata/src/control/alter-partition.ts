/** AlterPartition: a leader proposes its new ISR (KIP-497, KIP-841, KIP-903). The order of the checks is part of the protocol. */
import type { ErrorName, NodeId } from "@vitrine/core";
import { errorCode } from "@vitrine/core";
import { changedPartition } from "../apply.ts";
import type { Command, ReplyOf } from "../controller-types.ts";
import type { MetadataImage, PartitionImage, TopicImage } from "../image.ts";
import { elrEnabled, isActive } from "../image.ts";
import { changePartition } from "../leader-election.ts";
import { NO_LEADER_CHANGE } from "../records.ts";
import type {
  AlterPartitionRequest,
  AlterPartitionRequestPartitionData,
  AlterPartitionResponsePartitionData,
} from "@vitrine/protocol/types";
import type { Control, Draft } from "./draft.ts";
import { checkBrokerEpoch, minIsrOf, uncleanElectionOf } from "./draft.ts";

export function alterPartition(
  control: Control,
  draft: Draft,
  { request }: Command<"alterPartition">,
): ReplyOf<"alterPartition"> {
  const stale = checkBrokerEpoch(draft.image, request.brokerId, request.brokerEpoch);
  if (stale) return { throttleTimeMs: 0, errorCode: errorCode(stale.error), topics: [] };
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    topics: request.topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map((wanted) => {
        const topic = draft.image.topicsById.get(topicId);
        if (!topic) return refused(wanted, "UNKNOWN_TOPIC_ID");
        return alterOne(control, draft, request, topic, wanted);
      }),
    })),
  };
}

function alterOne(
  control: Control,
  draft: Draft,
  request: AlterPartitionRequest,
  topic: TopicImage,
  wanted: AlterPartitionRequestPartitionData,
): AlterPartitionResponsePartitionData {
  const partitionId = wanted.partitionIndex;
  const partition = topic.partitions.get(partitionId);
  if (!partition) return refused(wanted, "UNKNOWN_TOPIC_OR_PARTITION");
  const error = checkProposal(draft.image, request.brokerId, partition, wanted);
  if (error) return refused(wanted, error);
  const outcome = changePartition({
    topicId: topic.id,
    partitionId,
    partition,
    election: uncleanElectionOf(draft.image, topic.name, control.settings) ? "unclean" : "any",
    mayLead: (id) => isActive(draft.image, id),
    minIsr: minIsrOf(draft.image, topic.name, control.settings),
    elr: elrEnabled(draft.image),
    isr: proposedIsr(wanted).map((member) => member.brokerId),
    recoveryState: wanted.leaderRecoveryState === 1 ? "RECOVERING" : "RECOVERED",
  });
  if (!outcome) return accepted(wanted, partition);
  draft.add([outcome.record]);
  const { leader } = outcome.record;
  if (leader !== NO_LEADER_CHANGE && leader !== request.brokerId) return refused(wanted, "NEW_LEADER_ELECTED");
  return accepted(wanted, changedPartition(partition, outcome.record));
}

/** What is wrong with a proposal, or null. */
function checkProposal(
  image: MetadataImage,
  sender: NodeId,
  partition: PartitionImage,
  wanted: AlterPartitionRequestPartitionData,
): ErrorName | null {
  // A leader that is ahead of us has heard of a newer controller: we are the stale one (KAFKA-14154).
  if (wanted.leaderEpoch > partition.leaderEpoch || wanted.partitionEpoch > partition.partitionEpoch)
    return "NOT_CONTROLLER";
  if (wanted.leaderEpoch < partition.leaderEpoch) return "FENCED_LEADER_EPOCH";
  if (partition.leader !== sender) return "INVALID_REQUEST";
  if (wanted.partitionEpoch < partition.partitionEpoch) return "INVALID_UPDATE_VERSION";
  const isr = proposedIsr(wanted);
  const ids = isr.map((member) => member.brokerId);
  if (new Set(ids).size !== ids.length || !ids.every((id) => partition.replicas.includes(id))) return "INVALID_REQUEST";
  if (!ids.includes(sender)) return "INVALID_REQUEST";
  const recovering = wanted.leaderRecoveryState === 1;
  if (recovering && ids.length > 1) return "INVALID_REQUEST";
  if (recovering && partition.leaderRecoveryState === "RECOVERED") return "INVALID_REQUEST";
  return isr.every((member) => mayJoin(image, member)) ? null : "INELIGIBLE_REPLICA";
}

interface ProposedMember {
  readonly brokerId: NodeId;
  /** -1: not known to the leader, not checked. */
  readonly brokerEpoch: number;
}

/** Version 3 names broker epochs; older ones only ids. */
function proposedIsr(wanted: AlterPartitionRequestPartitionData): readonly ProposedMember[] {
  if (wanted.newIsrWithEpochs.length > 0) return wanted.newIsrWithEpochs;
  return wanted.newIsr.map((brokerId) => ({ brokerId, brokerEpoch: -1 }));
}

/** A fenced or leaving broker, or one that has restarted since it fetched, must not come back into the ISR (KAFKA-13916, KIP-903). */
function mayJoin(image: MetadataImage, { brokerId, brokerEpoch }: ProposedMember): boolean {
  return isActive(image, brokerId) && (brokerEpoch === -1 || image.brokers.get(brokerId)?.epoch === brokerEpoch);
}

function accepted(
  { partitionIndex }: AlterPartitionRequestPartitionData,
  partition: PartitionImage,
): AlterPartitionResponsePartitionData {
  return {
    partitionIndex,
    errorCode: 0,
    leaderId: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    isr: [...partition.isr],
    leaderRecoveryState: partition.leaderRecoveryState === "RECOVERING" ? 1 : 0,
    partitionEpoch: partition.partitionEpoch,
  };
}

function refused(
  { partitionIndex }: AlterPartitionRequestPartitionData,
  error: ErrorName,
): AlterPartitionResponsePartitionData {
  return {
    partitionIndex,
    errorCode: errorCode(error),
    leaderId: 0,
    leaderEpoch: 0,
    isr: [],
    leaderRecoveryState: 0,
    partitionEpoch: 0,
  };
}
