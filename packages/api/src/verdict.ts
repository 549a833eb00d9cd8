import type { Row } from "./columns.ts";
import { inMask, isBelowMinIsr, isOffline, isUnderReplicated } from "./view-rows.ts";
import { nodeColumns, type NodeState, partitionColumns } from "./views.ts";

export type VerdictLevel = "ok" | "warning" | "critical";

export interface VerdictCause {
  readonly kind: "no-quorum" | "offline" | "below-min-isr" | "under-replicated" | "node" | "catching-up";
  readonly level: VerdictLevel;
  readonly text: string;
  /** Path of the console below `/c/:id` that shows the cause. */
  readonly link: string;
}

/** The one sentence at the top of the console, and what it rests on. */
export interface Verdict {
  readonly level: VerdictLevel;
  readonly text: string;
  readonly causes: readonly VerdictCause[];
}

export interface VerdictInput {
  readonly nodes: Iterable<Row>;
  readonly health: ClusterHealth;
  readonly quorum: { readonly has: boolean; readonly voters: readonly number[] };
  /** Wall clock, for "down for 41 s". */
  readonly nowMs: number;
}

/** Counts over all partitions; recomputed when leaders, replicas or node states change, not when positions do. */
export interface ClusterHealth {
  readonly partitions: number;
  readonly underReplicated: number;
  /** Without a leader that works: none elected, or its process is gone. */
  readonly offline: number;
  readonly belowMinIsr: number;
  /** Node to the number of partitions from whose in-sync replicas it is missing. */
  readonly missing: ReadonlyMap<number, number>;
  /** Name and number of one offline and one refusing partition, as examples to link to. */
  readonly firstOffline: string | null;
  readonly firstBelowMinIsr: string | null;
}

/** States in which a node serves nobody. */
export function isGone(state: NodeState): boolean {
  return state === "down" || state === "stopped" || state === "frozen" || state === "fenced" || state === "starting";
}

/** Counts the partition rows against the states of the nodes. */
export function clusterHealth(partitions: Iterable<Row>, nodes: Iterable<Row>): ClusterHealth {
  const dead = new Set<number>();
  for (const node of nodes) {
    const state = nodeColumns.get(node, "state");
    if (state === "down" || state === "stopped") dead.add(nodeColumns.get(node, "id"));
  }
  const missing = new Map<number, number>();
  let [count, underReplicated, offline, belowMinIsr] = [0, 0, 0, 0];
  let firstOffline: string | null = null;
  let firstBelowMinIsr: string | null = null;
  for (const row of partitions) {
    count++;
    if (isOffline(row) || dead.has(partitionColumns.get(row, "leader"))) {
      offline++;
      firstOffline ??= partitionColumns.get(row, "topic");
    } else if (isBelowMinIsr(row)) {
      belowMinIsr++;
      firstBelowMinIsr ??= partitionColumns.get(row, "topic");
    }
    if (!isUnderReplicated(row)) continue;
    underReplicated++;
    const isr = partitionColumns.get(row, "isr");
    partitionColumns.get(row, "replicas").forEach((node, index) => {
      if (!inMask(isr, index)) missing.set(node, (missing.get(node) ?? 0) + 1);
    });
  }
  return { partitions: count, underReplicated, offline, belowMinIsr, missing, firstOffline, firstBelowMinIsr };
}

/** "Writable; 3 partitions are under-replicated because broker 2 is down for 41 s": the state of the cluster in a sentence. */
export function verdict(input: VerdictInput): Verdict {
  const nodes = [...input.nodes];
  const causes: VerdictCause[] = [];
  const { health } = input;
  const troubled = nodes.filter((node) => nodeColumns.get(node, "state") !== "online");
  const why = because(input, nodes);
  if (!input.quorum.has) causes.push(noQuorum(input, nodes));
  if (health.offline > 0) causes.push(offlineCause(health));
  if (health.belowMinIsr > 0) causes.push(belowMinIsrCause(health));
  if (health.underReplicated > 0) causes.push(underReplicatedCause(health));
  for (const node of troubled) causes.push(nodeCause(node, input.nowMs));
  for (const [node, count] of health.missing) {
    if (!troubled.some((row) => nodeColumns.get(row, "id") === node)) causes.push(catchingUp(node, count));
  }
  const level = causes.some((cause) => cause.level === "critical") ? "critical" : causes.length > 0 ? "warning" : "ok";
  return { level, text: sentence(input, nodes, troubled, why), causes };
}

function sentence(input: VerdictInput, nodes: readonly Row[], troubled: readonly Row[], why: string): string {
  const { health } = input;
  if (!input.quorum.has) return noQuorum(input, nodes).text;
  if (health.offline > 0) {
    return `${partitionsAre(health.offline, "without a working leader")}${why}: no reads or writes there until one returns`;
  }
  if (health.belowMinIsr > 0) {
    return `Writes with acks=all are refused on ${partitions(health.belowMinIsr)}: fewer in-sync replicas than min.insync.replicas${why}`;
  }
  if (health.underReplicated > 0) return `Writable; ${partitionsAre(health.underReplicated, "under-replicated")}${why}`;
  if (troubled.length > 0) return `Writable; ${list(troubled.map((node) => nodeText(node, input.nowMs)))}`;
  const brokers = nodes.filter((node) => nodeColumns.get(node, "roles").includes("broker")).length;
  if (brokers === 0) return "No broker is known yet";
  const online = brokers === 1 ? "the broker is online" : `all ${brokers} brokers are online`;
  if (health.partitions === 0) return `All is well: ${online}, no topics yet`;
  return `All is well: ${online}, ${partitionsAre(health.partitions, "fully replicated")}`;
}

/** " because broker 2 is down for 41 s", or "" when nothing explains it. */
function because(input: VerdictInput, nodes: readonly Row[]): string {
  const reasons: string[] = [];
  const behind: string[] = [];
  for (const node of nodes) {
    const id = nodeColumns.get(node, "id");
    const state = nodeColumns.get(node, "state");
    if (!nodeColumns.get(node, "roles").includes("broker")) continue;
    if (state !== "online") reasons.push(nodeText(node, input.nowMs));
    else if (input.health.missing.has(id)) behind.push(`broker ${id} is catching up`);
  }
  // Who is behind is told only where nobody is away: that is then the whole reason.
  const told = reasons.length === 0 ? behind : reasons;
  return told.length === 0 ? "" : ` because ${list(told)}`;
}

function noQuorum(input: VerdictInput, nodes: readonly Row[]): VerdictCause {
  const { voters } = input.quorum;
  const away = nodes.filter(
    (node) =>
      voters.includes(nodeColumns.get(node, "id")) && !["online", "fenced"].includes(nodeColumns.get(node, "state")),
  );
  const who = away.length === 0 ? "" : ` because ${list(away.map((node) => nodeText(node, input.nowMs)))}`;
  return {
    kind: "no-quorum",
    level: "critical",
    text: `No controller quorum${who}: no elections and no changes; reads go on where a leader lives, writes with acks=all time out where an in-sync replica is gone`,
    link: "/quorum",
  };
}

function offlineCause(health: ClusterHealth): VerdictCause {
  const text = `${partitionsAre(health.offline, "without a working leader")}`;
  return { kind: "offline", level: "critical", text, link: topicLink(health.offline, health.firstOffline) };
}

function belowMinIsrCause(health: ClusterHealth): VerdictCause {
  const text = `${partitionsAre(health.belowMinIsr, "below min.insync.replicas")}: acks=all writes get NOT_ENOUGH_REPLICAS`;
  return {
    kind: "below-min-isr",
    level: "critical",
    text,
    link: topicLink(health.belowMinIsr, health.firstBelowMinIsr),
  };
}

function underReplicatedCause(health: ClusterHealth): VerdictCause {
  const text = partitionsAre(health.underReplicated, "under-replicated");
  return { kind: "under-replicated", level: "warning", text, link: "/topics" };
}

function nodeCause(node: Row, nowMs: number): VerdictCause {
  const link = nodeColumns.get(node, "roles").includes("broker")
    ? `/brokers/${nodeColumns.get(node, "id")}`
    : "/quorum";
  return { kind: "node", level: "warning", text: capital(nodeText(node, nowMs)), link };
}

function catchingUp(node: number, count: number): VerdictCause {
  const text = `Broker ${node} is catching up on ${partitions(count)}`;
  return { kind: "catching-up", level: "warning", text, link: `/brokers/${node}` };
}

const STATE_TEXT: Record<NodeState, string> = {
  online: "is online",
  fenced: "is fenced",
  starting: "is starting",
  stopping: "is stopping",
  stopped: "is stopped",
  down: "is down",
  frozen: "is frozen",
  isolated: "is isolated",
};

function nodeText(node: Row, nowMs: number): string {
  const kind = nodeColumns.get(node, "roles").includes("broker") ? "broker" : "controller";
  const since = nodeColumns.get(node, "state_since");
  const time = since === null ? "" : ` for ${durationText(nowMs - since)}`;
  return `${kind} ${nodeColumns.get(node, "id")} ${STATE_TEXT[nodeColumns.get(node, "state")]}${time}`;
}

/** 41 s, 3 min, 2 h, 5 d. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function topicLink(count: number, first: string | null): string {
  return count === 1 && first !== null ? `/topics/${encodeURIComponent(first)}` : "/topics";
}

function partitions(count: number): string {
  return count === 1 ? "1 partition" : `${count} partitions`;
}

function partitionsAre(count: number, what: string): string {
  return count === 1 ? `1 partition is ${what}` : `${count} partitions are ${what}`;
}

function list(items: readonly string[]): string {
  const shown = items.length > 4 ? [...items.slice(0, 3), `${items.length - 3} more`] : items;
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(", ")} and ${shown[shown.length - 1]}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
