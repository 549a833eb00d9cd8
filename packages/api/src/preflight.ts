/**
 * What an act on a process will move, decided before it happens: a pure function of the topics, the processes and the voters.
 * Used by `?dry_run=1`, by the console's dialog and by the tests; it reads nothing and changes nothing.
 */
import type { NodeId, PartitionIndex } from "@vitrine/core";
import type { ProcessVerb } from "./rest/process-control.ts";

export interface PreflightPartition {
  readonly partition: PartitionIndex;
  /** -1: no leader. */
  readonly leader: NodeId;
  readonly leaderEpoch: number;
  readonly replicas: readonly NodeId[];
  readonly isr: readonly NodeId[];
  readonly elr: readonly NodeId[];
}

export interface PreflightTopic {
  readonly name: string;
  readonly minInsyncReplicas: number;
  readonly uncleanLeaderElection: boolean;
  readonly partitions: readonly PreflightPartition[];
}

export interface PreflightNode {
  readonly id: NodeId;
  readonly roles: readonly ("broker" | "controller")[];
  /** Its process runs and its peers can hear it (not frozen, isolated or gone). */
  readonly alive: boolean;
  /** Brokers: registered and not fenced. */
  readonly active: boolean;
}

export interface PreflightInput {
  readonly verb: ProcessVerb;
  readonly node: NodeId;
  readonly topics: readonly PreflightTopic[];
  readonly nodes: readonly PreflightNode[];
  readonly voters: readonly NodeId[];
  /** -1: none known. */
  readonly controllerId: NodeId;
}

/** none: nothing changes. notice: leaders move. warning: writes or redundancy suffer. danger: data or the quorum stops. */
export type PreflightSeverity = "none" | "notice" | "warning" | "danger";

export interface LeaderMove {
  readonly topic: string;
  readonly partition: PartitionIndex;
  readonly from: NodeId;
  /** -1: nobody can take over. */
  readonly to: NodeId;
  /** The leader epoch after the move. */
  readonly epoch: number;
}

export interface PartitionLoss {
  readonly topic: string;
  readonly partition: PartitionIndex;
  readonly isr: readonly NodeId[];
  readonly min_insync_replicas: number;
}

export interface PreflightReport {
  readonly verb: ProcessVerb;
  readonly node: NodeId;
  readonly severity: PreflightSeverity;
  /** One sentence for the head of the dialog. */
  readonly verdict: string;
  readonly sentences: readonly string[];
  readonly moves: readonly LeaderMove[];
  /** Partitions that would refuse acks=all afterwards and do not now. */
  readonly below_min_isr: readonly PartitionLoss[];
  /** Partitions that would have no leader afterwards and have one now. */
  readonly leaderless: readonly PartitionLoss[];
  readonly quorum: {
    readonly voters: readonly NodeId[];
    readonly majority: number;
    readonly alive_before: number;
    readonly alive_after: number;
    readonly lost: boolean;
    /** The quorum is lost only because brokers are the voters: separate controllers (`--controllers`) would have kept it. */
    readonly saved_by_controllers: boolean;
    /** The active controller moves. */
    readonly controller_moves: boolean;
  };
  /** The dialog asks to type the id: writes or the quorum would be lost. */
  readonly confirm: boolean;
}

/** What `verb` on `node` would do to leaders, writes and the quorum, in numbers and in sentences. */
export function preflight(input: PreflightInput): PreflightReport {
  const quorum = quorumAfter(input);
  const removes = !bringsBack(input);
  const moves: LeaderMove[] = [];
  const below: PartitionLoss[] = [];
  const leaderless: PartitionLoss[] = [];
  if (removes) {
    const active = new Set(input.nodes.filter((node) => node.active && node.id !== input.node).map((node) => node.id));
    for (const topic of input.topics)
      for (const partition of topic.partitions) {
        if (!partition.replicas.includes(input.node)) continue;
        const fate = fateOf(topic, partition, input.node, active, quorum.lost);
        const loss = {
          topic: topic.name,
          partition: partition.partition,
          isr: fate.isr,
          min_insync_replicas: fate.minIsr,
        };
        if (partition.leader === input.node)
          moves.push({
            topic: topic.name,
            partition: partition.partition,
            from: input.node,
            to: fate.leader,
            epoch: fate.leader === -1 ? partition.leaderEpoch : partition.leaderEpoch + 1,
          });
        if (partition.leader !== -1 && fate.leader === -1) leaderless.push(loss);
        else if (fate.refusesWrites && partition.isr.length >= fate.minIsr) below.push(loss);
      }
  }
  const severity = severityOf(quorum, { moves: moves.length, below: below.length, leaderless: leaderless.length });
  const report = { verb: input.verb, node: input.node, moves, below_min_isr: below, leaderless, quorum };
  const sentences = sentencesOf(input, report);
  return {
    ...report,
    severity,
    verdict: sentences[0]!,
    sentences,
    confirm: severity === "danger" || below.length > 0,
  };
}

type Quorum = PreflightReport["quorum"];
type Findings = Pick<PreflightReport, "moves" | "below_min_isr" | "leaderless" | "quorum">;

/** A restart of a process that is away takes nothing away. */
function bringsBack({ verb, node, nodes }: Pick<PreflightInput, "verb" | "node" | "nodes">): boolean {
  if (verb === "unfreeze" || verb === "rejoin") return true;
  return verb === "restart" && nodes.some((row) => row.id === node && !row.alive);
}

function quorumAfter(input: PreflightInput): Quorum {
  const { voters, node } = input;
  const returns = bringsBack(input);
  const byId = new Map(input.nodes.map((row) => [row.id, row]));
  const majority = Math.floor(voters.length / 2) + 1;
  const aliveBefore = voters.filter((id) => byId.get(id)?.alive === true);
  const aliveAfter = returns
    ? voters.filter((id) => id === node || aliveBefore.includes(id))
    : aliveBefore.filter((id) => id !== node);
  const lost = !returns && voters.includes(node) && aliveAfter.length < majority;
  const missing = voters.filter((id) => !aliveAfter.includes(id));
  return {
    voters,
    majority,
    alive_before: aliveBefore.length,
    alive_after: aliveAfter.length,
    lost,
    saved_by_controllers: lost && missing.every((id) => byId.get(id)?.roles.includes("broker") === true),
    controller_moves: !returns && input.controllerId === node,
  };
}

interface Fate {
  readonly leader: NodeId;
  readonly isr: readonly NodeId[];
  readonly minIsr: number;
  readonly refusesWrites: boolean;
}

/** Without a quorum nobody can shrink an ISR or elect: what the node led stays without a leader, and acks=all waits for it in vain. */
function fateOf(
  topic: PreflightTopic,
  partition: PreflightPartition,
  node: NodeId,
  active: ReadonlySet<NodeId>,
  quorumLost: boolean,
): Fate {
  // The smaller of the setting and the replica count counts, as in Kafka's leader.
  const minIsr = Math.min(topic.minInsyncReplicas, partition.replicas.length);
  const inSync = partition.isr.includes(node);
  if (quorumLost)
    return {
      leader: partition.leader === node ? -1 : partition.leader,
      isr: partition.isr,
      minIsr,
      refusesWrites: inSync,
    };
  const isr = partition.isr.filter((id) => id !== node);
  // The last member of an ISR stays in it (KIP-966): nobody else may hold all committed records.
  const isrAfter = isr.length === 0 ? partition.isr : isr;
  const leader = partition.leader === node ? nextLeader(topic, partition, isr, active) : partition.leader;
  return { leader, isr: isrAfter, minIsr, refusesWrites: isr.length < minIsr };
}

function nextLeader(
  topic: PreflightTopic,
  partition: PreflightPartition,
  isr: readonly NodeId[],
  active: ReadonlySet<NodeId>,
): NodeId {
  const candidates = partition.replicas.filter((id) => active.has(id));
  return (
    candidates.find((id) => isr.includes(id)) ??
    candidates.find((id) => partition.elr.includes(id)) ??
    (topic.uncleanLeaderElection ? candidates[0] : undefined) ??
    -1
  );
}

function severityOf(quorum: Quorum, counts: { moves: number; below: number; leaderless: number }): PreflightSeverity {
  if (quorum.lost || counts.leaderless > 0) return "danger";
  if (counts.below > 0) return "warning";
  return counts.moves > 0 || quorum.controller_moves ? "notice" : "none";
}

const ACTS: Record<ProcessVerb, string> = {
  stop: "Stopping",
  kill: "Killing",
  restart: "Restarting",
  freeze: "Freezing",
  unfreeze: "Unfreezing",
  isolate: "Isolating",
  rejoin: "Rejoining",
};

function sentencesOf(input: PreflightInput, found: Findings): string[] {
  const own = input.nodes.find((row) => row.id === input.node);
  const noun = own !== undefined && !own.roles.includes("broker") ? "controller" : "broker";
  const act = `${ACTS[input.verb]} ${noun} ${input.node}`;
  const rest: string[] = [];
  const { quorum, moves, leaderless, below_min_isr: below } = found;
  if (quorum.lost) {
    rest.push(
      `Only ${quorum.alive_after} of ${quorum.voters.length} controllers would be left, ${quorum.majority} are needed: no leader can be elected, no topic created, no in-sync set shrunk until one returns.`,
    );
    rest.push(
      quorum.saved_by_controllers
        ? "Controllers in processes of their own (vitrine up --controllers 3) would have kept the quorum."
        : "The controllers run in processes of their own; start one of them again first.",
    );
  } else if (quorum.controller_moves) {
    rest.push(`It is the active controller: another of the ${quorum.alive_after} living controllers takes over.`);
  }
  const moving = moves.filter((move) => move.to !== -1);
  if (moving.length > 0)
    rest.push(
      `${count(moving.length, "partition")} ${moving.length === 1 ? "gets" : "get"} a new leader: ${listed(moving, (move) => `${move.topic}-${move.partition} to broker ${move.to} at epoch ${move.epoch}`)}.`,
    );
  if (leaderless.length > 0)
    rest.push(`${count(leaderless.length, "partition")} would have no leader: ${listed(leaderless, nameOf)}.`);
  if (below.length > 0)
    rest.push(
      quorum.lost
        ? `${count(below.length, "partition")} would time out writes with acks=all: ${listed(below, nameOf)}.`
        : `${count(below.length, "partition")} would refuse writes with acks=all: ${listed(below, (loss) => `${nameOf(loss)} (ISR [${loss.isr.join(",")}], min.insync.replicas ${loss.min_insync_replicas})`)}.`,
    );
  if ((input.verb === "freeze" || input.verb === "isolate") && moves.length > 0 && !quorum.lost)
    rest.push("The others notice only by its silence, so leaders move when its session times out.");
  return [headline(act, bringsBack(input), found), ...rest];
}

function headline(act: string, returns: boolean, found: Findings): string {
  if (returns) return `${act} brings it back: it catches up and joins its in-sync sets.`;
  if (found.quorum.lost) return `${act} loses the controller quorum.`;
  if (found.leaderless.length > 0)
    return `${act} leaves ${count(found.leaderless.length, "partition")} without a leader.`;
  if (found.below_min_isr.length > 0)
    return `${act} stops writes with acks=all to ${count(found.below_min_isr.length, "partition")}.`;
  if (found.moves.length > 0)
    return `${act} moves ${count(found.moves.length, "leader")}; all partitions stay writable.`;
  if (found.quorum.controller_moves) return `${act} moves the active controller; all partitions stay writable.`;
  return `${act} moves no leader; all partitions stay as they are.`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

function nameOf(loss: PartitionLoss): string {
  return `${loss.topic}-${loss.partition}`;
}

const NAMED_MAX = 3;

function listed<Item>(items: readonly Item[], name: (item: Item) => string): string {
  const named = items.slice(0, NAMED_MAX).map(name).join(", ");
  return items.length > NAMED_MAX ? `${named} and ${items.length - NAMED_MAX} more` : named;
}
