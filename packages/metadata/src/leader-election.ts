/**
 * Decides what becomes of one partition: who leads, who is in the ISR, who is eligible. Every change of a partition that the controller
 * makes goes through here, so that the invariants hold in one place:
 *   ISR subset of replicas; ISR and ELR disjoint; ELR empty while the ISR has min.insync.replicas members (KIP-966).
 * Election order: the leader stays where it may; else the first replica of the ISR that is alive; else, with an empty ISR, of the ELR; else
 * the last leader, once nobody is left to wait for; else, only if configured, anybody alive (unclean, data may be lost); else none.
 */
import type { NodeId, PartitionIndex, Uuid } from "@vitrine/core";
import { ZERO_UUID } from "@vitrine/core";
import type { LeaderRecoveryState, PartitionImage } from "./image.ts";
import type { RecordOf } from "./records.ts";
import { NO_LEADER, partitionChangeRecord } from "./records.ts";

/** "any": keep the leader if it may lead. "preferred": the first replica, if it may. "unclean": anybody rather than nobody. */
export type ElectionKind = "any" | "preferred" | "unclean";

export interface PartitionChange {
  readonly topicId: Uuid;
  readonly partitionId: PartitionIndex;
  readonly partition: PartitionImage;
  readonly election: ElectionKind;
  /** Alive, not shutting down, and not among those that this decision removes. */
  readonly mayLead: (id: NodeId) => boolean;
  /** Effective `min.insync.replicas`. */
  readonly minIsr: number;
  /** Whether KIP-966 is on. */
  readonly elr: boolean;
  /** The wanted ISR; the present one if absent. */
  readonly isr?: readonly NodeId[];
  readonly recoveryState?: LeaderRecoveryState;
  /** Replicas that may have lost data: they leave the ELR too. */
  readonly lossy?: ReadonlySet<NodeId>;
  /** A reassignment begins, changes or ends: the wanted lists. */
  readonly replicas?: readonly NodeId[];
  readonly addingReplicas?: readonly NodeId[];
  readonly removingReplicas?: readonly NodeId[];
}

export interface PartitionOutcome {
  readonly record: RecordOf<"PartitionChangeRecord">;
  /** The new leader may lack records that were acknowledged. */
  readonly unclean: boolean;
}

interface Target {
  replicas: readonly NodeId[];
  isr: readonly NodeId[];
  elr: readonly NodeId[];
  adding: readonly NodeId[];
  removing: readonly NodeId[];
}

/** The record that carries the change out, or null where nothing changes. */
export function changePartition(change: PartitionChange): PartitionOutcome | null {
  const old = change.partition;
  const target: Target = {
    replicas: change.replicas ?? old.replicas,
    isr: change.isr ?? old.isr,
    elr: old.elr,
    adding: change.addingReplicas ?? old.addingReplicas,
    removing: change.removingReplicas ?? old.removingReplicas,
  };
  completeReassignment(change, target);
  target.elr = eligible(change, target);
  const elected = elect(change, target);
  if (elected.unclean) {
    target.isr = [elected.leader];
    target.elr = [];
  } else if (elected.leader !== NO_LEADER && !target.isr.includes(elected.leader)) {
    target.isr = [elected.leader];
    target.elr = enough(change, target) ? [] : target.elr.filter((id) => id !== elected.leader);
  }
  // Without KIP-966 the last member stays in the ISR, so that it alone may lead when it returns.
  if (target.isr.length === 0 && !change.elr) target.isr = old.isr;

  const recovery = elected.unclean ? "RECOVERING" : (change.recoveryState ?? old.leaderRecoveryState);
  const removed = old.replicas.some((id) => !target.replicas.includes(id));
  const newEpoch = elected.leader !== old.leader || removed;
  const lastKnownElr = lastKnown(change, target, elected.leader);
  const fields = {
    ...(newEpoch ? { leader: elected.leader } : {}),
    ...(equal(target.isr, old.isr) ? {} : { isr: [...target.isr] }),
    ...(equal(target.elr, old.elr) ? {} : { eligibleLeaderReplicas: [...target.elr] }),
    ...(equal(lastKnownElr, old.lastKnownElr) ? {} : { lastKnownElr: [...lastKnownElr] }),
    ...(recovery === old.leaderRecoveryState ? {} : { leaderRecoveryState: recovery === "RECOVERING" ? 1 : 0 }),
    ...replicaFields(old, target),
  };
  if (Object.keys(fields).length === 0) return null;
  const record = partitionChangeRecord({ topicId: change.topicId, partitionId: change.partitionId }, fields);
  return { record, unclean: elected.unclean };
}

/** A reassignment ends when all wanted replicas are in the ISR and the ISR is large enough without those that go (KAFKA-15665). */
function completeReassignment(change: PartitionChange, target: Target): void {
  if (target.adding.length === 0 && target.removing.length === 0) return;
  const replicas = target.replicas.filter((id) => !target.removing.includes(id));
  const isr = target.isr.filter((id) => !target.removing.includes(id));
  if (replicas.length === 0 || !replicas.every((id) => isr.includes(id))) return;
  if (isr.length < Math.min(change.minIsr, replicas.length)) return;
  target.replicas = replicas;
  target.isr = isr;
  target.elr = target.elr.filter((id) => replicas.includes(id));
  target.adding = [];
  target.removing = [];
}

/** Who leaves the ISR while it is too small stays eligible: nothing is committed without it (KIP-966). */
function eligible(change: PartitionChange, target: Target): readonly NodeId[] {
  if (!change.elr || enough(change, target)) return [];
  const candidates = new Set([...target.elr, ...change.partition.isr]);
  return [...candidates].filter(
    (id) => target.replicas.includes(id) && !target.isr.includes(id) && !change.lossy?.has(id),
  );
}

function enough(change: PartitionChange, target: Target): boolean {
  return target.isr.length >= Math.min(change.minIsr, target.replicas.length);
}

function elect(change: PartitionChange, target: Target): { leader: NodeId; unclean: boolean } {
  const { partition, election } = change;
  const valid = (id: NodeId) =>
    change.mayLead(id) &&
    (target.isr.includes(id) || (change.elr && target.isr.length === 0 && target.elr.includes(id)));
  const clean = (leader: NodeId) => ({ leader, unclean: false });
  const preferred = target.replicas[0];
  if (election === "preferred" && preferred !== undefined && valid(preferred)) return clean(preferred);
  if (partition.leader !== NO_LEADER && target.replicas.includes(partition.leader) && valid(partition.leader))
    return clean(partition.leader);
  const first = target.replicas.find(valid);
  if (first !== undefined) return clean(first);
  const last = lastLeader(change, target);
  if (last !== null) return { leader: last, unclean: true };
  const anybody = election === "unclean" ? target.replicas.find(change.mayLead) : undefined;
  return anybody === undefined ? clean(NO_LEADER) : { leader: anybody, unclean: true };
}

/** With ISR and ELR empty nobody is known to be complete; the last leader is the best guess, and is reported as one. */
function lastLeader(change: PartitionChange, target: Target): NodeId | null {
  const [last, ...others] = change.partition.lastKnownElr;
  if (!change.elr || last === undefined || others.length > 0) return null;
  if (target.isr.length > 0 || target.elr.length > 0) return null;
  return target.replicas.includes(last) && change.mayLead(last) ? last : null;
}

/** Remembered from the moment the ISR is empty until there is a leader again. */
function lastKnown(change: PartitionChange, target: Target, leader: NodeId): readonly NodeId[] {
  if (!change.elr || leader !== NO_LEADER || target.isr.length > 0) return [];
  if (change.partition.lastKnownElr.length > 0) return change.partition.lastKnownElr;
  return change.partition.leader === NO_LEADER ? [] : [change.partition.leader];
}

function replicaFields(old: PartitionImage, target: Target) {
  const directory = new Map(old.replicas.map((id, at) => [id, old.directories[at] ?? ZERO_UUID]));
  return {
    ...(equal(target.replicas, old.replicas)
      ? {}
      : {
          replicas: [...target.replicas],
          directories: target.replicas.map((id) => directory.get(id) ?? ZERO_UUID),
        }),
    ...(equal(target.adding, old.addingReplicas) ? {} : { addingReplicas: [...target.adding] }),
    ...(equal(target.removing, old.removingReplicas) ? {} : { removingReplicas: [...target.removing] }),
  };
}

function equal(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  return a.length === b.length && a.every((id, at) => id === b[at]);
}
