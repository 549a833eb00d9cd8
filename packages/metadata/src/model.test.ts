/** P8, P9 of the reliability reference and the replay equalities, after every decision of random runs. */
import type { NodeId } from "@vitrine/core";
import { Offset, errorCode, invariant } from "@vitrine/core";
import {
  newAlterPartitionReassignmentsRequest,
  newCreatePartitionsRequest,
  newDeleteTopicsRequest,
  newElectLeadersRequest,
} from "@vitrine/protocol/types";
import fc from "fast-check";
import { test } from "vitest";
import { minIsrOf } from "./control/draft.ts";
import { sameCluster } from "./diff.ts";
import type { ControllerEvent } from "./controller-types.ts";
import type { MetadataImage, PartitionImage } from "./image.ts";
import { elrEnabled, isActive } from "./image.ts";
import { imageFromSnapshot, snapshotRecords } from "./snapshot.ts";
import { CLUSTER_ID, TestCluster } from "./test-cluster.ts";

const BROKERS: readonly NodeId[] = [1, 2, 3, 4];
const TOPICS = ["a", "b", "c"];
const NEW_LEADER_ELECTED = errorCode("NEW_LEADER_ELECTED");

interface Step {
  readonly kind: (typeof KINDS)[number];
  /** Choose broker, topic and variant. */
  readonly x: number;
  readonly y: number;
}

const KINDS = [
  "register",
  "register",
  "heartbeat",
  "heartbeat",
  "heartbeat",
  "heartbeat",
  "shutdown",
  "kill",
  "kill",
  "silence",
  "create",
  "create",
  "delete",
  "grow",
  "isr",
  "isr",
  "isr",
  "elect",
  "minIsr",
  "unclean",
  "failOver",
  "unregister",
  "fence",
  "reassign",
  "cancel",
] as const;

/** Members of an ISR that a leader proposed: it has seen that they hold everything. */
interface Proposal {
  readonly topic: string;
  readonly members: readonly NodeId[];
}

/** Returns the broker that may have lost its data by this step, or an ISR that a leader proposed and the controller took. */
function run(cluster: TestCluster, { kind, x, y }: Step): NodeId | Proposal | null {
  const id = BROKERS[x % BROKERS.length]!;
  const topic = TOPICS[x % TOPICS.length]!;
  const known = cluster.image.topicsByName.has(topic);
  switch (kind) {
    case "register": {
      const epoch = cluster.image.brokers.get(id)?.epoch ?? -1;
      const { reply } = cluster.register(id, { previousBrokerEpoch: y % 2 === 0 ? epoch : -1 });
      return reply.errorCode === 0 && (y % 2 === 1 || epoch === -1) ? id : null;
    }
    case "heartbeat":
      cluster.heartbeat(id);
      return null;
    case "shutdown":
      cluster.heartbeat(id, { shutDown: true });
      return null;
    case "fence":
      cluster.heartbeat(id, { fence: true });
      return null;
    case "kill":
      cluster.kill(id);
      return null;
    case "silence":
      cluster.nowMs += 3_000 * (y % 4);
      cluster.run({ type: "tick" });
      return null;
    case "create":
      cluster.create(topic, { numPartitions: 1 + (y % 3), replicationFactor: 1 + (y % 4) });
      return null;
    case "delete":
      cluster.run({ type: "deleteTopics", request: newDeleteTopicsRequest({ topicNames: [topic] }) });
      return null;
    case "grow":
      cluster.run({
        type: "createPartitions",
        request: newCreatePartitionsRequest({ topics: [{ name: topic, count: 4, assignments: null }] }),
      });
      return null;
    case "isr": {
      if (!known) return null;
      const { replicas, leader } = cluster.partition(topic);
      const members = replicas.filter((replica, at) => replica === leader || (y >> at) % 2 === 0);
      const { errorCode } = cluster.alterPartition(topic, members, y % 7 === 0 ? { partitionEpoch: 0 } : {});
      // A move that ends with it may give the partition another leader, and the proposer hears of that as of an error.
      return [0, NEW_LEADER_ELECTED].includes(errorCode) ? { topic, members } : null;
    }
    case "elect":
      cluster.run({
        type: "electLeaders",
        request: newElectLeadersRequest({ electionType: y % 2, topicPartitions: null }),
      });
      return null;
    case "minIsr":
      cluster.alterConfig(y % 2 === 0 ? 4 : 2, y % 2 === 0 ? "" : topic, "min.insync.replicas", 0, String(1 + (y % 3)));
      return null;
    case "unclean":
      cluster.alterConfig(2, topic, "unclean.leader.election.enable", 0, String(y % 2 === 0));
      return null;
    case "reassign":
    case "cancel": {
      const replicas = BROKERS.filter((_, at) => (y >> at) % 2 === 0 || at === x % BROKERS.length);
      const one = { partitionIndex: 0, replicas: kind === "cancel" ? null : replicas };
      cluster.run({
        type: "alterPartitionReassignments",
        request: newAlterPartitionReassignmentsRequest({ topics: [{ name: topic, partitions: [one] }] }),
      });
      return null;
    }
    case "failOver":
      cluster.failOver();
      return null;
    case "unregister":
      if (y % 3 === 0) cluster.run({ type: "unregisterBroker", request: { brokerId: id } });
      return null;
  }
}

function checkPartition(cluster: TestCluster, topicName: string, partition: PartitionImage): void {
  const { image } = cluster;
  const { replicas, isr, elr, lastKnownElr, leader } = partition;
  const minIsr = Math.min(minIsrOf(image, topicName, cluster.settings), replicas.length);
  const show = JSON.stringify(partition);
  invariant(new Set(replicas).size === replicas.length, `replicas are distinct: ${show}`);
  invariant(
    new Set(isr).size === isr.length && isr.every((id) => replicas.includes(id)),
    `ISR within replicas: ${show}`,
  );
  invariant(
    elr.every((id) => replicas.includes(id) && !isr.includes(id)),
    `ELR within replicas, outside ISR: ${show}`,
  );
  invariant(
    isr.every((id) => isActive(image, id)),
    `no fenced or leaving broker in the ISR: ${show}`,
  );
  invariant(isr.length < minIsr || elr.length === 0, `enough in the ISR, nobody in the ELR: ${show}`);
  invariant(leader === -1 ? isr.length === 0 : isr.includes(leader), `the leader is in the ISR: ${show}`);
  invariant(isr.length > 0 || elr.length > 0 || lastKnownElr.length === 1, `somebody to wait for: ${show}`);
  invariant(lastKnownElr.length === 0 || leader === -1, `the last leader is remembered only without one: ${show}`);
  invariant(!elr.some((id) => isActive(image, id)) || leader !== -1, `a live eligible replica leads: ${show}`);
  invariant(
    [...partition.addingReplicas, ...partition.removingReplicas].every((id) => replicas.includes(id)),
    `who comes and who goes are replicas: ${show}`,
  );
  invariant(partition.directories.length === replicas.length, `a directory per replica: ${show}`);
}

/** Who holds all that was committed, per partition: what a clean election may choose from, found by watching and not by asking the ISR. */
class Holders {
  readonly #complete = new Map<string, Set<NodeId>>();

  follow(
    cluster: TestCluster,
    before: MetadataImage,
    outcome: NodeId | Proposal | null,
    events: readonly ControllerEvent[],
  ): void {
    const { image } = cluster;
    const lossy = typeof outcome === "number" ? outcome : null;
    const proposal = typeof outcome === "number" ? null : outcome;
    for (const topic of image.topicsByName.values())
      for (const [index, partition] of topic.partitions) {
        const key = `${topic.id}-${index}`;
        let complete = this.#complete.get(key) ?? new Set(partition.replicas); // nothing is committed yet, all hold it
        if (lossy !== null) complete.delete(lossy);
        if (proposal?.topic === topic.name && index === 0) for (const id of proposal.members) complete.add(id);
        const old = before.topicsById.get(topic.id)?.partitions.get(index);
        const { leader } = partition;
        if (old && leader !== old.leader && leader !== -1) {
          const unclean = events.some(
            (e) => e.type === "unclean-election" && e.topicId === topic.id && e.partition === index,
          );
          if (unclean) complete = new Set([leader]);
          else
            invariant(
              complete.has(leader),
              `a clean election chose ${leader}, who may lack data: ${JSON.stringify(partition)}`,
            );
        }
        for (const id of partition.isr) complete.add(id);
        const minIsr = Math.min(minIsrOf(image, topic.name, cluster.settings), partition.replicas.length);
        if (partition.isr.length >= minIsr) complete = new Set(partition.isr); // something is committed with just these
        this.#complete.set(key, complete);
      }
  }
}

function checkEpochs(before: MetadataImage, after: MetadataImage): void {
  for (const topic of after.topicsById.values())
    for (const [index, partition] of topic.partitions) {
      const old = before.topicsById.get(topic.id)?.partitions.get(index);
      if (!old || JSON.stringify(old) === JSON.stringify(partition)) continue;
      invariant(partition.partitionEpoch > old.partitionEpoch, "a change grows the partition epoch");
      const elected = partition.leader !== old.leader;
      invariant(
        elected ? partition.leaderEpoch > old.leaderEpoch : partition.leaderEpoch >= old.leaderEpoch,
        "leader epoch",
      );
    }
  for (const [id, broker] of after.brokers)
    invariant(broker.epoch >= (before.brokers.get(id)?.epoch ?? 0), "broker epochs grow");
}

test("M38 random histories keep every invariant, no clean election loses what was committed, and snapshot and replay give the same cluster", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ kind: fc.constantFrom(...KINDS), x: fc.nat(11), y: fc.nat(63) }), {
        minLength: 20,
        maxLength: 120,
      }),
      (steps: Step[]) => {
        const cluster = TestCluster.of(3, { minInsyncReplicas: 2, defaultReplicationFactor: 3 });
        cluster.create("a", { replicationFactor: 3 });
        const holders = new Holders();
        holders.follow(cluster, cluster.image, null, []);
        for (const step of steps) {
          const before = cluster.image;
          cluster.events.length = 0;
          const lossy = run(cluster, step);
          holders.follow(cluster, before, lossy, cluster.events);
          const { image } = cluster;
          invariant(elrEnabled(image), "the cluster was born with eligible leader replicas");
          checkEpochs(before, image);
          for (const topic of image.topicsByName.values())
            for (const partition of topic.partitions.values()) checkPartition(cluster, topic.name, partition);
        }
        const { image } = cluster;
        const position = { offset: Offset(image.offset), epoch: image.epoch };
        invariant(
          sameCluster(imageFromSnapshot(CLUSTER_ID, snapshotRecords(image), position), image),
          "a snapshot is the image",
        );
      },
    ),
    { numRuns: 800 },
  );
  // Eight hundred histories of up to 120 steps: on a busy machine they take their time.
}, 60_000);
