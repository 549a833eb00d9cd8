import { topicOf } from "@vitrine/api";
import type { LiveEvent, LiveEventType } from "@vitrine/api";

export type EventTone = "good" | "warn" | "bad" | "note" | "quiet" | "accent";

/** Which nodes an event is about: it is drawn in their lanes and found by their number. */
export function nodesOf(e: LiveEvent): readonly number[] {
  switch (e.type) {
    case "leader":
      return [e.leader, e.from].filter((node, at, all) => node >= 0 && all.indexOf(node) === at);
    case "isr":
      return [...e.added, ...e.removed];
    case "broker":
      return [e.broker];
    case "controller":
      return [e.controller, e.from].filter((node, at, all) => node >= 0 && all.indexOf(node) === at);
    case "process":
      return [e.node];
    case "config":
      return e.resource === "broker" && /^\d+$/.test(e.name) ? [Number(e.name)] : [];
    case "admin":
      return [];
    case "group":
      return e.coordinator >= 0 ? [e.coordinator] : [];
  }
}

/** How serious an event is, for its icon and its mark. */
export function toneOf(e: LiveEvent): EventTone {
  switch (e.type) {
    case "leader":
      return e.leader < 0 ? "bad" : "accent";
    case "isr":
      return e.removed.length > 0 ? "warn" : "good";
    case "broker":
      return e.change === "fenced" || e.change === "unregistered"
        ? "bad"
        : e.change === "shutting-down"
          ? "warn"
          : "good";
    case "controller":
      return e.has_quorum && e.controller >= 0 ? "accent" : "bad";
    case "process":
      return e.state === "online"
        ? "good"
        : e.state === "down"
          ? "bad"
          : e.state === "frozen" || e.state === "isolated"
            ? "note"
            : "quiet";
    case "group":
      return e.change === "member-left" || e.state === "PreparingRebalance" ? "note" : "quiet";
    case "config":
    case "admin":
      return "quiet";
  }
}

/** The word of a type. */
export const typeWords: Record<LiveEventType, string> = {
  leader: "Leader",
  isr: "In-sync set",
  broker: "Broker",
  controller: "Controller",
  config: "Config",
  admin: "Topic",
  process: "Process",
  group: "Group",
};

export interface EventFilter {
  readonly type: LiveEventType | null;
  readonly node: number | null;
  /** Part of a topic's name or of a group's id. */
  readonly topic: string;
  /** Whether the cluster's own topics are shown, too. */
  readonly internal: boolean;
}

/** The topic or the group that an event is about; null: neither. */
export function subjectOf(e: LiveEvent): string | null {
  return e.type === "group" ? e.group : topicOf(e);
}

/** Whether an event is about a topic of the cluster itself: a broker that dies moves dozens of their partitions. */
export function isInternal(e: LiveEvent): boolean {
  return topicOf(e)?.startsWith("__") ?? false;
}

/** Whether an event passes the filter of the timeline. */
export function passes(e: LiveEvent, filter: EventFilter): boolean {
  if (!filter.internal && isInternal(e)) return false;
  if (filter.type !== null && e.type !== filter.type) return false;
  if (filter.node !== null && !nodesOf(e).includes(filter.node)) return false;
  return filter.topic === "" || (subjectOf(e)?.toLowerCase().includes(filter.topic.toLowerCase()) ?? false);
}
