/**
 * What will happen if these nodes go down: the preflight before a stop, a kill or a freeze. It runs the controller's own fencing on a copy
 * of the image, so that it cannot promise what the controller would not do.
 */
import type { NodeId, PartitionIndex, Uuid } from "@vitrine/core";
import { seededRandom } from "@vitrine/core";
import { BrokerSessions } from "./control/broker-sessions.ts";
import { fenceBrokers } from "./control/brokers.ts";
import { Draft, minIsrOf } from "./control/draft.ts";
import { controllerSettings } from "./controller-settings.ts";
import { diffImages } from "./diff.ts";
import type { MetadataImage, PartitionImage } from "./image.ts";
import { NO_LEADER } from "./records.ts";

export interface PreviewQuestion {
  /** Nodes that will be down: brokers, controllers or both. */
  readonly down: ReadonlySet<NodeId>;
  /** Voters of the metadata quorum. */
  readonly voters: readonly NodeId[];
  /** Voters that cannot be heard already now. */
  readonly votersDown: ReadonlySet<NodeId>;
  /** Broker settings given at start, as the controllers have them. */
  readonly staticConfigs: ReadonlyMap<string, string>;
}

export interface PartitionPreview {
  readonly topicId: Uuid;
  readonly topicName: string;
  readonly partition: PartitionIndex;
  readonly leaderBefore: NodeId;
  /** -1: nobody will lead; neither reads nor writes. */
  readonly leaderAfter: NodeId;
  readonly isrBefore: readonly NodeId[];
  readonly isrAfter: readonly NodeId[];
  readonly minInsyncReplicas: number;
  /** Writes with acks=all will be refused (NOT_ENOUGH_REPLICAS), and nothing new becomes visible to consumers. */
  readonly refusesWrites: boolean;
  /** It refuses them now already. */
  readonly refusedBefore: boolean;
}

export interface QuorumPreview {
  readonly voters: number;
  readonly majority: number;
  /** Voters alive afterwards. */
  readonly left: number;
  /** False: nothing of the cluster's metadata can change, no leader moves, nobody is fenced. */
  readonly hasMajority: boolean;
  readonly hadMajority: boolean;
}

export interface Preview {
  /** Every partition that changes, ordered by topic and number. */
  readonly partitions: readonly PartitionPreview[];
  readonly leadersMove: number;
  readonly leaderless: number;
  /** Partitions that take writes with acks=all now and would not afterwards, those without a leader among them. */
  readonly stopWrites: number;
  readonly quorum: QuorumPreview;
}

export function previewNodesDown(image: MetadataImage, question: PreviewQuestion): Preview {
  const settings = controllerSettings(question.staticConfigs);
  const quorum = quorumAfter(question);
  // Without a majority nobody fences and elects: the partitions stay as they are, with dead leaders.
  const after = quorum.hasMajority ? afterFencing(image, question) : withoutLeaders(image, question.down);
  const partitions: PartitionPreview[] = [];
  for (const delta of diffImages(image, after).partitions) {
    if (!delta.before || !delta.after) continue;
    const minInsyncReplicas = minIsrOf(image, delta.topicName, settings);
    partitions.push({
      topicId: delta.topicId,
      topicName: delta.topicName,
      partition: delta.partition,
      leaderBefore: delta.before.leader,
      leaderAfter: delta.after.leader,
      isrBefore: delta.before.isr,
      isrAfter: delta.after.isr,
      minInsyncReplicas,
      refusesWrites: refuses(delta.after, minInsyncReplicas) || waitsForDead(delta.before, quorum, question.down),
      refusedBefore: refuses(delta.before, minInsyncReplicas),
    });
  }
  partitions.sort((a, b) =>
    a.topicName === b.topicName ? a.partition - b.partition : a.topicName < b.topicName ? -1 : 1,
  );
  return {
    partitions,
    leadersMove: partitions.filter((one) => one.leaderAfter !== NO_LEADER && one.leaderAfter !== one.leaderBefore)
      .length,
    leaderless: partitions.filter((one) => one.leaderAfter === NO_LEADER).length,
    stopWrites: partitions.filter((one) => one.refusesWrites && !one.refusedBefore).length,
    quorum,
  };
}

function quorumAfter({ voters, down, votersDown }: PreviewQuestion): QuorumPreview {
  const majority = Math.floor(voters.length / 2) + 1;
  const alive = voters.filter((id) => !votersDown.has(id));
  const left = alive.filter((id) => !down.has(id)).length;
  return {
    voters: voters.length,
    majority,
    left,
    hasMajority: left >= majority,
    hadMajority: alive.length >= majority,
  };
}

function afterFencing(image: MetadataImage, { down, staticConfigs }: PreviewQuestion): MetadataImage {
  const settings = controllerSettings(staticConfigs);
  const control = { settings, random: seededRandom(0), sessions: new BrokerSessions() };
  const draft = new Draft(image, { nowMs: 0, nextOffset: image.offset }, image.epoch);
  fenceBrokers(control, draft, new Map([...down].map((id) => [id, "preview"])));
  return draft.image;
}

/** The same image, but what is led by the dead is led by nobody. */
function withoutLeaders(image: MetadataImage, down: ReadonlySet<NodeId>): MetadataImage {
  const topicsById = new Map(image.topicsById);
  for (const topic of image.topicsById.values()) {
    const partitions = new Map<PartitionIndex, PartitionImage>();
    for (const [index, partition] of topic.partitions)
      partitions.set(index, {
        ...partition,
        leader: down.has(partition.leader) ? NO_LEADER : partition.leader,
        // What the ISR is worth: a dead member stays in it, and is waited for.
        isr: partition.isr.filter((id) => !down.has(id)),
      });
    topicsById.set(topic.id, { ...topic, partitions });
  }
  return { ...image, topicsById };
}

function refuses(partition: PartitionImage, minInsyncReplicas: number): boolean {
  return (
    partition.leader === NO_LEADER || partition.isr.length < Math.min(minInsyncReplicas, partition.replicas.length)
  );
}

/** Nobody can take a dead replica out of the ISR without a quorum, so every write waits for it in vain. */
function waitsForDead(partition: PartitionImage, quorum: QuorumPreview, down: ReadonlySet<NodeId>): boolean {
  return !quorum.hasMajority && partition.isr.some((id) => down.has(id));
}
