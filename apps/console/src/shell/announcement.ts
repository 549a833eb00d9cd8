import { describeEvent } from "@vitrine/api";
import type { LiveEvent } from "@vitrine/api";
import { plural } from "../format/numbers.ts";

/** What a screen reader says about a burst of events; null where nothing in it concerns a listener. */
export function summariseEvents(events: readonly LiveEvent[]): string | null {
  const parts: string[] = [];
  for (const e of events) {
    if (e.type === "process" && ["down", "stopped", "frozen", "isolated", "online"].includes(e.state))
      parts.push(describeEvent(e));
    else if (e.type === "controller") parts.push(describeEvent(e));
  }
  const elections = events.filter((e) => e.type === "leader");
  const leaderless = elections.filter((e) => e.leader < 0).length;
  const shrunk = events.filter((e) => e.type === "isr" && e.removed.length > 0).length;
  const grown = events.filter((e) => e.type === "isr" && e.added.length > 0).length;
  const [only] = elections;
  if (elections.length === 1 && only) parts.push(describeEvent(only));
  else if (elections.length > 1)
    parts.push(
      `${plural(elections.length, "leader election")}${leaderless > 0 ? `, ${leaderless} without a leader` : ""}`,
    );
  if (shrunk > 0) parts.push(`${plural(shrunk, "in-sync set")} shrank`);
  if (grown > 0) parts.push(`${plural(grown, "in-sync set")} grew`);
  return parts.length === 0 ? null : `${parts.slice(-6).join(". ")}.`;
}
