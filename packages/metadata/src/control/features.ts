/** UpdateFeatures (KIP-584, KIP-778): finalized levels go up, and down only where that is asked for by name; all of a request or nothing. */
import type { UpdateFeaturesRequestFeatureUpdateKey } from "@vitrine/protocol/types";
import type { Command, ReplyOf } from "../controller-types.ts";
import { SUPPORTED_FEATURES } from "../features.ts";
import type { MetadataImage } from "../image.ts";
import { configOf } from "../image.ts";
import type { MetadataRecord } from "../records.ts";
import { BROKER_RESOURCE, configRecord, featureLevelRecord, partitionChangeRecord } from "../records.ts";
import type { Control, Refusal } from "./draft.ts";
import { Draft, errorFields, refuse } from "./draft.ts";

const ELR = "eligible.leader.replicas.version";
const MIN_ISR = "min.insync.replicas";

const UPGRADE = 1;
const SAFE_DOWNGRADE = 2;
const UNSAFE_DOWNGRADE = 3;

export function updateFeatures(
  control: Control,
  draft: Draft,
  { request }: Command<"updateFeatures">,
): ReplyOf<"updateFeatures"> {
  const updates = request.featureUpdates;
  const into = new Draft(draft.image, draft.at, draft.image.epoch);
  let refusal: Refusal | null = updates.length === 0 ? refuse("INVALID_REQUEST", "No feature was named.") : null;
  for (const update of updates) refusal ??= updateOne(control, into, update);
  if (!refusal && !request.validateOnly) draft.add(into.records);
  return {
    throttleTimeMs: 0,
    ...errorFields(refusal),
    // Up to version 1 each feature has an answer of its own; it is the one of the whole.
    results: updates.map(({ feature }) => ({ feature, ...errorFields(refusal) })),
  };
}

function updateOne(control: Control, draft: Draft, update: UpdateFeaturesRequestFeatureUpdateKey): Refusal | null {
  const { feature, maxVersionLevel: level } = update;
  const wrong = (why: string) =>
    refuse("INVALID_UPDATE_VERSION", `Invalid update version ${level} for feature ${feature}. ${why}`);
  const mayGoDown =
    update.allowDowngrade || update.upgradeType === SAFE_DOWNGRADE || update.upgradeType === UNSAFE_DOWNGRADE;
  if (!mayGoDown && update.upgradeType !== UPGRADE)
    return wrong("The controller does not support the given upgrade type.");
  if (level < 0) return wrong("A feature version cannot be less than 0.");
  const unsupported = notSupported(draft.image, feature, level);
  if (unsupported) return wrong(unsupported);
  const present = draft.image.features.get(feature) ?? 0;
  if (level < present && !mayGoDown)
    return wrong(
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    );
  if (level > present && update.upgradeType !== UPGRADE) return wrong("Can't downgrade to a newer version.");
  if (level === present) return null;
  if (feature === ELR) {
    const refusal = level === 0 ? forgetEligible(draft) : agreeOnMinIsr(control, draft);
    if (refusal) return wrong(refusal);
  }
  draft.add([featureLevelRecord({ name: feature, featureLevel: level })]);
  return null;
}

/** Why a level cannot be: this controller or a registered broker does not know it. A broker that says nothing is of this version. */
function notSupported(image: MetadataImage, feature: string, level: number): string | null {
  const own = SUPPORTED_FEATURES.get(feature);
  if (!own) return "The controller does not support this feature.";
  if (level > own.max) return `The controller only supports versions ${own.min}-${own.max}.`;
  for (const broker of image.brokers.values()) {
    const range = broker.features.get(feature);
    if (range && (level < range.min || level > range.max))
      return `Broker ${broker.id} only supports versions ${range.min}-${range.max}.`;
  }
  return null;
}

/** Without the feature the last member of an ISR stays in it; a partition that has none is known by its eligible replicas alone. */
function forgetEligible(draft: Draft): string | null {
  const records: MetadataRecord[] = [];
  for (const topic of draft.image.topicsById.values())
    for (const [partitionId, partition] of topic.partitions) {
      if (partition.isr.length === 0)
        return `Partition ${topic.name}-${partitionId} has no in-sync replica, only eligible ones are known to be complete: bring their brokers back first.`;
      if (partition.elr.length > 0 || partition.lastKnownElr.length > 0)
        records.push(
          partitionChangeRecord({ topicId: topic.id, partitionId }, { eligibleLeaderReplicas: [], lastKnownElr: [] }),
        );
    }
  draft.add(records);
  return null;
}

/** All of a cluster must agree on min.insync.replicas: one value for all brokers, none of a broker's own. */
function agreeOnMinIsr(control: Control, draft: Draft): null {
  const records: MetadataRecord[] = [];
  const set = (resourceName: string, value: string | null) =>
    records.push(configRecord({ resourceType: BROKER_RESOURCE, resourceName, name: MIN_ISR, value }));
  if (!configOf(draft.image, "broker", "").has(MIN_ISR)) set("", String(control.settings.minInsyncReplicas));
  for (const [key, configs] of draft.image.configs)
    if (key.startsWith("broker:") && key !== "broker:" && configs.has(MIN_ISR)) set(key.slice("broker:".length), null);
  draft.add(records);
  return null;
}
