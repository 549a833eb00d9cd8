import { unreachable } from "@vitrine/core";
import type { GroupState } from "./group-rows.ts";
import type { NodeState } from "./views.ts";

/** A partition has a new leader, or none (-1). */
export interface LeaderEvent {
  readonly type: "leader";
  readonly topic: string;
  readonly p: number;
  readonly leader: number;
  readonly from: number;
  readonly epoch: number;
  readonly partition_epoch: number;
  readonly isr: readonly number[];
  readonly replicas: readonly number[];
}

/** The in-sync replicas of a partition changed while its leader stayed. */
export interface IsrEvent {
  readonly type: "isr";
  readonly topic: string;
  readonly p: number;
  readonly leader: number;
  readonly epoch: number;
  readonly partition_epoch: number;
  readonly isr: readonly number[];
  readonly replicas: readonly number[];
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

/** A broker as the metadata log sees it. */
export interface BrokerEvent {
  readonly type: "broker";
  readonly broker: number;
  readonly change: "registered" | "restarted" | "fenced" | "unfenced" | "shutting-down" | "unregistered";
  readonly epoch: number;
  /** State of its row after the change; null when the row is gone. */
  readonly state: NodeState | null;
}

/** The active controller changed, or the quorum was lost or found. */
export interface ControllerEvent {
  readonly type: "controller";
  /** -1: none known. */
  readonly controller: number;
  readonly from: number;
  /** Epoch of the metadata log. */
  readonly epoch: number;
  readonly has_quorum: boolean;
}

export interface ConfigEvent {
  readonly type: "config";
  readonly resource: "topic" | "broker" | "cluster";
  readonly name: string;
  /** null: not set (the default holds). */
  readonly changes: readonly { readonly key: string; readonly old: string | null; readonly value: string | null }[];
}

export interface AdminEvent {
  readonly type: "admin";
  readonly action: "topic-created" | "topic-deleted" | "partitions-added" | "replicas-changed";
  readonly topic: string;
  readonly topic_id: string;
  /** Partitions after the act. */
  readonly partitions: number;
  readonly rf: number;
}

/** What whoever owns the processes did or saw. */
export interface ProcessEvent {
  readonly type: "process";
  readonly node: number;
  readonly state: NodeState;
  readonly from: NodeState | null;
  readonly pid: number | null;
  /** How it ended, in words, where it ended ("signal SIGKILL", "exit code 1"). */
  readonly reason: string | null;
}

/** What happened to a consumer group, as its coordinator tells. */
export interface GroupEvent {
  readonly type: "group";
  readonly group: string;
  /** coordinator: another broker coordinates it now. */
  readonly change: "state" | "member-joined" | "member-left" | "coordinator" | "deleted";
  readonly state: GroupState;
  readonly from: GroupState | null;
  readonly generation: number;
  /** Members after the change. */
  readonly members: number;
  readonly coordinator: number;
  /** The member that came or went. */
  readonly member: string | null;
  readonly client_id: string | null;
  /** Why, in the coordinator's words ("session expired"); null: it did not say. */
  readonly reason: string | null;
}

/** A discrete change, pushed at once and never sampled. */
export type LiveEvent =
  | LeaderEvent
  | IsrEvent
  | BrokerEvent
  | ControllerEvent
  | ConfigEvent
  | AdminEvent
  | ProcessEvent
  | GroupEvent;

export type LiveEventType = LiveEvent["type"];

export const LIVE_EVENT_TYPES = [
  "leader",
  "isr",
  "broker",
  "controller",
  "config",
  "admin",
  "process",
  "group",
] as const;

/** The one sentence for an event: timeline, log line and screen reader say the same. */
export function describeEvent(e: LiveEvent): string {
  switch (e.type) {
    case "leader":
      return describeLeader(e);
    case "isr":
      return describeIsr(e);
    case "broker":
      return describeBroker(e);
    case "controller":
      return describeController(e);
    case "config":
      return describeConfig(e);
    case "admin":
      return describeAdmin(e);
    case "process":
      return describeProcess(e);
    case "group":
      return describeGroup(e);
    default:
      return unreachable(e);
  }
}

function describeLeader(e: LeaderEvent): string {
  const partition = `${e.topic}-${e.p}`;
  if (e.leader < 0) return `${partition} has no leader (was broker ${e.from}): no eligible replica is alive`;
  const before = e.from >= 0 && e.from !== e.leader ? ` instead of broker ${e.from}` : "";
  const isr = `${e.isr.length} of ${e.replicas.length} in sync`;
  return `Broker ${e.leader} leads ${partition}${before}, epoch ${e.epoch}, ${isr}`;
}

function describeIsr(e: IsrEvent): string {
  const partition = `${e.topic}-${e.p}`;
  const parts: string[] = [];
  if (e.removed.length > 0) parts.push(`${brokers(e.removed)} fell out of`);
  if (e.added.length > 0) parts.push(`${brokers(e.added)} joined`);
  const what = parts.length > 0 ? parts.join(", ") : "a change in";
  return `${capital(what)} the in-sync replicas of ${partition}: ${e.isr.length} of ${e.replicas.length} in sync`;
}

function describeBroker(e: BrokerEvent): string {
  switch (e.change) {
    case "registered":
      return `Broker ${e.broker} registered, broker epoch ${e.epoch}`;
    case "restarted":
      return `Broker ${e.broker} started again, broker epoch ${e.epoch}`;
    case "fenced":
      return `Broker ${e.broker} is fenced: it leads nothing until its heartbeats return`;
    case "unfenced":
      return `Broker ${e.broker} is online`;
    case "shutting-down":
      return `Broker ${e.broker} hands over its partitions before it stops`;
    case "unregistered":
      return `Broker ${e.broker} was removed from the cluster`;
    default:
      return unreachable(e.change);
  }
}

function describeController(e: ControllerEvent): string {
  if (!e.has_quorum)
    return "The controllers have no quorum: no election, no change of metadata until a majority is back";
  if (e.controller < 0) return "No active controller is known";
  const before = e.from >= 0 && e.from !== e.controller ? ` instead of node ${e.from}` : "";
  return `Node ${e.controller} is the active controller${before}, epoch ${e.epoch}`;
}

function describeConfig(e: ConfigEvent): string {
  const changes = e.changes.map(
    (change) => `${change.key} ${change.old ?? "(default)"} → ${change.value ?? "(default)"}`,
  );
  const resource = e.resource === "cluster" ? "the cluster" : `${e.resource} ${e.name}`;
  return `Config of ${resource} changed: ${changes.join(", ")}`;
}

function describeAdmin(e: AdminEvent): string {
  const partitions = `${e.partitions} ${e.partitions === 1 ? "partition" : "partitions"}`;
  switch (e.action) {
    case "topic-created":
      return `Topic ${e.topic} was created: ${partitions}, replication factor ${e.rf}`;
    case "topic-deleted":
      return `Topic ${e.topic} was deleted`;
    case "partitions-added":
      return `Topic ${e.topic} grew to ${partitions}`;
    case "replicas-changed":
      return `Replicas of topic ${e.topic} were moved`;
    default:
      return unreachable(e.action);
  }
}

function describeProcess(e: ProcessEvent): string {
  const process = `The process of node ${e.node}`;
  const pid = e.pid === null ? "" : ` (pid ${e.pid})`;
  const reason = e.reason === null ? "" : `: ${e.reason}`;
  switch (e.state) {
    case "online":
      if (e.from === "frozen") return `${process} runs again${pid}`;
      return e.from === "isolated" ? `Node ${e.node} is back on the network${pid}` : `${process} is up${pid}`;
    case "fenced":
      return `${process} runs${pid}, fenced`;
    case "starting":
      return `${process} starts${pid}`;
    case "stopping":
      return `${process} is stopping${pid}`;
    case "stopped":
      return `${process} stopped${reason}`;
    case "down":
      return `${process} is down${reason}`;
    case "frozen":
      return `${process} is frozen${pid}`;
    case "isolated":
      return `Node ${e.node} is cut off from its peers${pid}`;
    default:
      return unreachable(e.state);
  }
}

function describeGroup(e: GroupEvent): string {
  const reason = e.reason === null ? "" : `: ${e.reason}`;
  const members = e.members === 1 ? "1 member" : `${e.members} members`;
  const who = e.member === null ? "A member" : `Member ${e.member}`;
  switch (e.change) {
    case "member-joined":
      return `${who} joined group ${e.group}, ${members} now${reason}`;
    case "member-left":
      return `${who} left group ${e.group}, ${members} now${reason}`;
    case "coordinator":
      return `Broker ${e.coordinator} coordinates group ${e.group} now${reason}`;
    case "deleted":
      return `Group ${e.group} was deleted${reason}`;
    case "state":
      return describeGroupState(e, members, reason);
    default:
      return unreachable(e.change);
  }
}

function describeGroupState(e: GroupEvent, members: string, reason: string): string {
  switch (e.state) {
    case "PreparingRebalance":
      return `Group ${e.group} rebalances: ${members}${reason}`;
    case "CompletingRebalance":
      return `Group ${e.group} has generation ${e.generation} with ${members} and waits for its assignment`;
    case "Stable":
      return `Group ${e.group} is stable in generation ${e.generation} with ${members}`;
    case "Empty":
      return `Group ${e.group} has no members any more${reason}`;
    case "Dead":
      return `Group ${e.group} is gone${reason}`;
    default:
      return unreachable(e.state);
  }
}

function brokers(ids: readonly number[]): string {
  return ids.length === 1 ? `broker ${ids[0]}` : `brokers ${ids.join(", ")}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
