/** What a controller does first, and what it does as time passes. */
import type { Command, ReplyOf } from "../controller-types.ts";
import type { MetadataRecord } from "../records.ts";
import { BROKER_RESOURCE, configRecord, featureLevelRecord } from "../records.ts";
import type { Control, Draft } from "./draft.ts";

/** Levels a new cluster is born with. Only features that work here are finalized, because clients change their ways by them. */
export const BORN_WITH: ReadonlyMap<string, number> = new Map([["eligible.leader.replicas.version", 1]]);

/**
 * Every unfenced broker gets a full session. All of them are to be probed at once: one that died together with the old controller would
 * otherwise be noticed only when its session ends.
 */
export function becameActive(
  control: Control,
  draft: Draft,
  _command: Command<"becameActive">,
): ReplyOf<"becameActive"> {
  if (isUnborn(draft)) draft.add(firstRecords(control));
  const probe: number[] = [];
  for (const broker of draft.image.brokers.values()) {
    if (broker.fenced) continue;
    control.sessions.begin(broker.id, draft.at.nowMs);
    probe.push(broker.id);
  }
  return { probe };
}

function isUnborn({ image }: Draft): boolean {
  return image.features.size === 0 && image.brokers.size === 0 && image.topicsById.size === 0;
}

/** min.insync.replicas is written down for the whole cluster: with eligible leader replicas all nodes must agree on it. */
function firstRecords(control: Control): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const [name, featureLevel] of BORN_WITH) records.push(featureLevelRecord({ name, featureLevel }));
  const value = String(control.settings.minInsyncReplicas);
  records.push(configRecord({ resourceType: BROKER_RESOURCE, resourceName: "", name: "min.insync.replicas", value }));
  return records;
}
