/**
 * IncrementalAlterConfigs (KIP-339) and AlterConfigs for topics, brokers and groups, and the settings a topic is created with. A resource changes as a whole or not
 * at all. A smaller min.insync.replicas clears eligible leaders that are no longer needed for what is committed from now on (KIP-966).
 */
import type { ConfigDef } from "@vitrine/core";
import { checkConfigValue } from "@vitrine/core";
import type {
  CreateTopicsRequestCreatableTopic,
  IncrementalAlterConfigsRequestAlterConfigsResource,
  IncrementalAlterConfigsRequestAlterableConfig,
} from "@vitrine/protocol/types";
import { brokerConfigDef } from "../broker-configs.ts";
import type { Command, ControllerSettings, ReplyOf } from "../controller-types.ts";
import { effectiveBrokerValue, effectiveTopicValue } from "../effective-configs.ts";
import { groupConfigBounds, groupConfigDef } from "../group-configs.ts";
import type { MetadataImage, ResourceType } from "../image.ts";
import { configOf, elrEnabled } from "../image.ts";
import type { MetadataRecord } from "../records.ts";
import {
  BROKER_LOGGER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  configRecord,
  partitionChangeRecord,
  resourceTypeOf,
} from "../records.ts";
import { TOPIC_CONFIGS, checkTopicConfigs, topicConfigDef } from "../topic-configs.ts";
import type { Control, Refusal } from "./draft.ts";
import { Draft, clusterConfigs, errorFields, minIsrOf, refuse } from "./draft.ts";
import { electLeaderless } from "./elections.ts";

const MIN_ISR = "min.insync.replicas";
/** Kafka's bound on one value; a longer one is refused. */
const VALUE_LENGTH_MAX = 32_767;

const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

export function incrementalAlterConfigs(
  control: Control,
  draft: Draft,
  { request }: Command<"incrementalAlterConfigs">,
): ReplyOf<"incrementalAlterConfigs"> {
  const into = request.validateOnly ? new Draft(draft.image, draft.at, draft.image.epoch) : draft;
  const keys = request.resources.map((resource) => `${resource.resourceType}:${resource.resourceName}`);
  return {
    throttleTimeMs: 0,
    responses: request.resources.map((resource, at) => {
      const twice = keys.indexOf(keys[at] ?? "") !== keys.lastIndexOf(keys[at] ?? "");
      const refusal = twice
        ? refuse("INVALID_REQUEST", "Each resource must appear at most once.")
        : alterResource(control, into, resource);
      return { ...errorFields(refusal), resourceType: resource.resourceType, resourceName: resource.resourceName };
    }),
  };
}

/**
 * AlterConfigs, the older way: what is named is set, everything else that was set on the resource is taken away. Done as the incremental
 * operations that lead there, so that one set of rules holds.
 */
export function alterConfigs(
  control: Control,
  draft: Draft,
  { request }: Command<"alterConfigs">,
): ReplyOf<"alterConfigs"> {
  const resources = request.resources.map(({ resourceType, resourceName, configs }) => {
    const type = resourceTypeOf(resourceType);
    const present = type === null ? [] : [...configOf(draft.image, type, resourceName).keys()];
    const named = new Set(configs.map(({ name }) => name));
    const operations = [
      ...present.filter((name) => !named.has(name)).map((name) => ({ name, configOperation: DELETE, value: null })),
      ...configs.map(({ name, value }) => ({ name, configOperation: SET, value })),
    ];
    return { resourceType, resourceName, configs: operations };
  });
  return incrementalAlterConfigs(control, draft, {
    type: "incrementalAlterConfigs",
    request: { resources, validateOnly: request.validateOnly },
  });
}

function alterResource(
  control: Control,
  draft: Draft,
  resource: IncrementalAlterConfigsRequestAlterConfigsResource,
): Refusal | null {
  const { resourceName, configs } = resource;
  const type = resourceTypeOf(resource.resourceType);
  if (type === null) return refuse("INVALID_REQUEST", whyNot(resource.resourceType));
  const missing = refuseResource(draft.image, type, resourceName);
  if (missing) return missing;
  if (new Set(configs.map((config) => config.name)).size !== configs.length)
    return refuse("INVALID_REQUEST", "Error due to duplicate config keys");
  const old = configOf(draft.image, type, resourceName);
  const values = new Map(old);
  for (const config of configs) {
    const refusal = alterOne(control, draft.image, type, resourceName, config, values);
    if (refusal) return refusal;
  }
  const conflict = type === "topic" ? checkTopicConfigs(withDefaults(draft.image, values, control.settings)) : null;
  if (conflict) return refuse("INVALID_CONFIG", conflict);
  writeChanges(control, draft, { resourceType: resource.resourceType, resourceName }, old, values);
  return null;
}

/** Kafka writes what changed, and nothing for a value set again. */
function writeChanges(
  control: Control,
  draft: Draft,
  resource: { readonly resourceType: number; readonly resourceName: string },
  old: ReadonlyMap<string, string>,
  values: ReadonlyMap<string, string>,
): void {
  const records: MetadataRecord[] = [];
  for (const name of new Set([...values.keys(), ...old.keys()])) {
    const value = values.get(name) ?? null;
    if (value !== (old.get(name) ?? null)) records.push(configRecord({ ...resource, name, value }));
  }
  draft.add(records);
  const changed = (name: string) => (values.get(name) ?? null) !== (old.get(name) ?? null);
  if (changed(MIN_ISR)) clearNeedlessElr(control, draft);
  if (changed("unclean.leader.election.enable")) electLeaderless(control, draft);
}

/** One operation on the map of values. */
function alterOne(
  control: Control,
  image: MetadataImage,
  type: ResourceType,
  resourceName: string,
  config: IncrementalAlterConfigsRequestAlterableConfig,
  values: Map<string, string>,
): Refusal | null {
  const { name, configOperation: operation, value } = config;
  const def = definitionOf(type, name);
  // What is set and no longer known can still be taken away.
  if (operation === DELETE && (def || values.has(name))) {
    values.delete(name);
    return type === "broker" ? refuseMinIsr(image, resourceName, name, operation) : null;
  }
  if (!def) return refuse("INVALID_CONFIG", `Unknown ${type} config name: ${name}`);
  if (type === "broker" && def.dynamic !== true)
    return refuse(
      "INVALID_REQUEST",
      `Cannot update these configs dynamically: ${name}. Change it where the broker is started.`,
    );
  if (value === null) return refuse("INVALID_REQUEST", `Null value not supported for : ${name}`);
  if (operation !== SET && operation !== APPEND && operation !== SUBTRACT)
    return refuse(
      "INVALID_REQUEST",
      `Unknown operation ${operation} on ${name}: 0 sets, 1 deletes, 2 appends, 3 subtracts.`,
    );
  if (operation !== SET && def.type !== "list")
    return refuse(
      "INVALID_CONFIG",
      `Can't ${operation === APPEND ? "APPEND" : "SUBTRACT"} to key ${name} because its type is not LIST.`,
    );
  const next =
    operation === SET
      ? value
      : editedList(presentList(control, image, type, resourceName, def, values), operation, value);
  const refusal =
    refuseValue(def, next) ??
    (type === "broker" ? refuseMinIsr(image, resourceName, name, operation) : null) ??
    (type === "group" ? refuseBeyondBroker(image, control.settings, name, Number(next)) : null);
  if (!refusal) values.set(name, next);
  return refusal;
}

function refuseValue(def: ConfigDef, value: string): Refusal | null {
  const wrong = checkConfigValue(def, value);
  if (wrong) return refuse("INVALID_CONFIG", wrong);
  return value.length > VALUE_LENGTH_MAX
    ? refuse(
        "INVALID_CONFIG",
        `The value of ${def.name} is ${value.length} characters long, the longest allowed is ${VALUE_LENGTH_MAX}.`,
      )
    : null;
}

/** All of a cluster must agree on it, else a leader commits what the controller does not count (KIP-966). */
function refuseMinIsr(image: MetadataImage, resourceName: string, name: string, operation: number): Refusal | null {
  if (name !== MIN_ISR || !elrEnabled(image)) return null;
  if (resourceName !== "")
    return refuse(
      "INVALID_CONFIG",
      `Broker-level ${MIN_ISR} cannot be altered while ELR is enabled. Set it for the cluster or for a topic.`,
    );
  return operation === DELETE
    ? refuse("INVALID_CONFIG", `Cluster-level ${MIN_ISR} cannot be removed while ELR is enabled.`)
    : null;
}

function presentList(
  control: Control,
  image: MetadataImage,
  type: ResourceType,
  resourceName: string,
  def: ConfigDef,
  values: ReadonlyMap<string, string>,
): string {
  const own = values.get(def.name);
  if (own !== undefined) return own;
  const node = clusterConfigs(control.settings);
  return (
    (type === "topic"
      ? effectiveTopicValue(image, resourceName, def.name, node)
      : effectiveBrokerValue(image, def.name, node)) ?? ""
  );
}

function editedList(present: string, operation: typeof APPEND | typeof SUBTRACT, value: string): string {
  const words = (text: string) =>
    text
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "");
  const edited = words(value);
  if (operation === SUBTRACT)
    return words(present)
      .filter((word) => !edited.includes(word))
      .join(",");
  return [...new Set([...words(present), ...edited])].join(",");
}

function definitionOf(type: ResourceType, name: string): ConfigDef | undefined {
  switch (type) {
    case "topic":
      return topicConfigDef(name);
    case "broker":
      return brokerConfigDef(name);
    case "group":
      return groupConfigDef(name);
  }
}

function whyNot(code: number): string {
  if (code === BROKER_LOGGER_RESOURCE) return "Log levels are set at the start, by vitrine.log.level.";
  if (code === CLIENT_METRICS_RESOURCE) return "Clients' metrics are not collected here, so there is nothing to set.";
  return `Resources of type ${code} have no settings here.`;
}

function refuseResource(image: MetadataImage, type: ResourceType, name: string): Refusal | null {
  if (type === "topic") return refuseTopic(image, name);
  if (type === "broker") return refuseBroker(image, name);
  return name === "" ? refuse("INVALID_REQUEST", "Default group resources are not allowed.") : null;
}

/** A group's own setting lies between the broker's bounds for it. */
function refuseBeyondBroker(
  image: MetadataImage,
  settings: ControllerSettings,
  name: string,
  value: number,
): Refusal | null {
  const { min, max } = groupConfigBounds(name);
  const bound = (of: string) => effectiveBrokerValue(image, of, clusterConfigs(settings));
  const [least, most] = [bound(min), bound(max)];
  if (least !== undefined && value < Number(least))
    return refuse("INVALID_CONFIG", `${name} must be greater than or equal to ${min} (${least}).`);
  if (most !== undefined && value > Number(most))
    return refuse("INVALID_CONFIG", `${name} must be less than or equal to ${max} (${most}).`);
  return null;
}

function refuseTopic(image: MetadataImage, name: string): Refusal | null {
  return image.topicsByName.has(name)
    ? null
    : refuse("UNKNOWN_TOPIC_OR_PARTITION", `The topic '${name}' does not exist.`);
}

function refuseBroker(image: MetadataImage, name: string): Refusal | null {
  if (name === "") return null;
  if (!/^\d+$/.test(name))
    return refuse("INVALID_REQUEST", `'${name}' is not the number of a broker; the empty name stands for all brokers.`);
  return image.brokers.has(Number(name))
    ? null
    : refuse("BROKER_ID_NOT_REGISTERED", `No broker with id ${name} found.`);
}

/** Values as the topic would have them, for rules between settings. */
function withDefaults(
  image: MetadataImage,
  own: ReadonlyMap<string, string>,
  settings: ControllerSettings,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const def of TOPIC_CONFIGS) {
    const value = own.get(def.name) ?? effectiveTopicValue(image, null, def.name, clusterConfigs(settings));
    if (value !== undefined) values.set(def.name, value);
  }
  return values;
}

/** What is wrong with the settings a topic is to be created with, or null. */
export function checkNewTopicConfigs(
  image: MetadataImage,
  wanted: CreateTopicsRequestCreatableTopic,
  settings: ControllerSettings,
): Refusal | null {
  const own = new Map<string, string>();
  for (const { name, value } of wanted.configs) {
    const def = topicConfigDef(name);
    if (!def) return refuse("INVALID_CONFIG", `Unknown topic config name: ${name}`);
    if (value === null) return refuse("INVALID_CONFIG", `Null value not supported for topic configs: ${name}`);
    const refusal = own.has(name)
      ? refuse("INVALID_REQUEST", "Error due to duplicate config keys")
      : refuseValue(def, value);
    if (refusal) return refusal;
    own.set(name, value);
  }
  if (own.size === 0) return null;
  const conflict = checkTopicConfigs(withDefaults(image, own, settings));
  return conflict === null ? null : refuse("INVALID_CONFIG", conflict);
}

/** With a smaller minimum the ISR alone commits: replicas outside it may miss that, so they are eligible no longer. */
function clearNeedlessElr(control: Control, draft: Draft): void {
  const { image } = draft;
  const records: MetadataRecord[] = [];
  for (const topic of image.topicsById.values()) {
    const minIsr = minIsrOf(image, topic.name, control.settings);
    for (const [partitionId, partition] of topic.partitions)
      if (partition.elr.length > 0 && partition.isr.length >= Math.min(minIsr, partition.replicas.length))
        records.push(
          partitionChangeRecord({ topicId: topic.id, partitionId }, { eligibleLeaderReplicas: [], lastKnownElr: [] }),
        );
  }
  draft.add(records);
}
