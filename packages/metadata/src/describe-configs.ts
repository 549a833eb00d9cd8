/** DescribeConfigs: every setting of a topic or broker with value, source, synonyms and documentation. Also answers REST and the console's form. */
import type { ConfigDef, ErrorName } from "@vitrine/core";
import { checkTopicName, errorCode } from "@vitrine/core";
import { BROKER_CONFIGS, brokerConfigDef } from "./broker-configs.ts";
import type { ConfigLayer, ConfigSource, NodeConfigs } from "./effective-configs.ts";
import { brokerConfigLayers, groupConfigLayers, topicConfigLayers } from "./effective-configs.ts";
import { GROUP_CONFIGS } from "./group-configs.ts";
import type { MetadataImage } from "./image.ts";
import { configOf } from "./image.ts";
import {
  BROKER_LOGGER_RESOURCE,
  BROKER_RESOURCE,
  CLIENT_METRICS_RESOURCE,
  TOPIC_RESOURCE,
  resourceTypeOf,
} from "./records.ts";
import { TOPIC_CONFIGS } from "./topic-configs.ts";
import type {
  DescribeConfigsRequest,
  DescribeConfigsRequestDescribeConfigsResource,
  DescribeConfigsResponse,
  DescribeConfigsResponseDescribeConfigsResourceResult,
  DescribeConfigsResponseDescribeConfigsResult,
} from "@vitrine/protocol/types";

/** Kafka's numbers of `ConfigSource`. */
export const CONFIG_SOURCE_CODES: Readonly<Record<ConfigSource, number>> = {
  DYNAMIC_TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  DYNAMIC_BROKER_LOGGER: 6,
  DYNAMIC_GROUP: 8,
};

const CONFIG_TYPE_CODES: Readonly<Record<ConfigDef["type"], number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
};

/** One setting as people see it. */
export interface ConfigEntry {
  readonly name: string;
  /** null: not set and without default, or a secret. */
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  readonly type: ConfigDef["type"];
  readonly documentation: string;
  /** In order of precedence; the first is in effect. */
  readonly synonyms: readonly { readonly name: string; readonly value: string | null; readonly source: ConfigSource }[];
}

/** Every setting of a topic; null: as a new topic would have it. */
export function topicConfigEntries(image: MetadataImage, topicName: string | null, node: NodeConfigs): ConfigEntry[] {
  return TOPIC_CONFIGS.map((def) => entry(def, topicConfigLayers(image, topicName, def, node), false));
}

/** Every setting of the broker `node` is. */
export function brokerConfigEntries(image: MetadataImage, node: NodeConfigs): ConfigEntry[] {
  return BROKER_CONFIGS.map((def) => entry(def, brokerConfigLayers(image, def.name, node), def.dynamic !== true));
}

/** Every setting of a group, whether there is such a group or not. */
export function groupConfigEntries(image: MetadataImage, groupId: string, node: NodeConfigs): ConfigEntry[] {
  return GROUP_CONFIGS.map((def) => entry(def, groupConfigLayers(image, groupId, def, node), false));
}

/** What was set for all brokers at run time; nothing else, as in Kafka. */
export function clusterDefaultEntries(image: MetadataImage): ConfigEntry[] {
  return [...configOf(image, "broker", "")].flatMap(([name, value]) => {
    const def = brokerConfigDef(name);
    const layer: ConfigLayer = { name, value, source: "DYNAMIC_DEFAULT_BROKER", effective: value };
    return def ? [entry(def, [layer], def.dynamic !== true)] : [];
  });
}

function entry(def: ConfigDef, layers: readonly ConfigLayer[], readOnly: boolean): ConfigEntry {
  const sensitive = def.type === "password";
  return {
    name: def.name,
    value: sensitive ? null : (layers[0]?.effective ?? null),
    source: layers[0]?.source ?? "DEFAULT",
    readOnly,
    sensitive,
    type: def.type,
    documentation: def.idle ? `${def.doc} Has no effect here.` : def.doc,
    synonyms: layers.map(({ name, value, source }) => ({ name, value: sensitive ? null : value, source })),
  };
}

/** The whole answer, as the broker `node` gives it. Settings of other brokers have to be asked for there. */
export function describeConfigs(
  image: MetadataImage,
  request: DescribeConfigsRequest,
  node: NodeConfigs,
): DescribeConfigsResponse {
  return {
    throttleTimeMs: 0,
    results: request.resources.map((resource) => describeResource(image, resource, request, node)),
  };
}

function describeResource(
  image: MetadataImage,
  resource: DescribeConfigsRequestDescribeConfigsResource,
  request: DescribeConfigsRequest,
  node: NodeConfigs,
): DescribeConfigsResponseDescribeConfigsResult {
  const { resourceType, resourceName, configurationKeys } = resource;
  const found = entriesOf(image, resourceType, resourceName, node);
  if (!found.ok)
    return { errorCode: errorCode(found.error), errorMessage: found.message, resourceType, resourceName, configs: [] };
  const wanted = configurationKeys === null || configurationKeys.length === 0 ? null : new Set(configurationKeys);
  return {
    errorCode: 0,
    errorMessage: null,
    resourceType,
    resourceName,
    configs: found.entries.filter((one) => wanted === null || wanted.has(one.name)).map((one) => wire(one, request)),
  };
}

type Found =
  | { readonly ok: true; readonly entries: readonly ConfigEntry[] }
  | { readonly ok: false; readonly error: ErrorName; readonly message: string };

function entriesOf(image: MetadataImage, type: number, name: string, node: NodeConfigs): Found {
  if (type === TOPIC_RESOURCE) {
    const wrong = checkTopicName(name);
    if (wrong) return { ok: false, error: "INVALID_TOPIC_EXCEPTION", message: wrong };
    if (!image.topicsByName.has(name))
      return { ok: false, error: "UNKNOWN_TOPIC_OR_PARTITION", message: `Topic ${name} does not exist.` };
    return { ok: true, entries: topicConfigEntries(image, name, node) };
  }
  if (type === BROKER_RESOURCE) {
    if (name === "") return { ok: true, entries: clusterDefaultEntries(image) };
    if (name === String(node.brokerId)) return { ok: true, entries: brokerConfigEntries(image, node) };
    const message = `Settings of broker ${name} were asked for on broker ${node.brokerId}; ask broker ${name} itself.`;
    return { ok: false, error: "INVALID_REQUEST", message };
  }
  if (type === BROKER_LOGGER_RESOURCE) {
    if (name === String(node.brokerId)) return { ok: true, entries: [loggerEntry(node)] };
    const message = `Loggers of broker ${name} were asked for on broker ${node.brokerId}; ask broker ${name} itself.`;
    return { ok: false, error: "INVALID_REQUEST", message };
  }
  if (name !== "" && type === CLIENT_METRICS_RESOURCE) return { ok: true, entries: [] }; // nobody subscribes to clients' metrics
  if (name !== "" && resourceTypeOf(type) === "group")
    return { ok: true, entries: groupConfigEntries(image, name, node) };
  const message =
    name === "" ? "A group and a subscription have a name." : `Resources of type ${type} have no settings here.`;
  return { ok: false, error: "INVALID_REQUEST", message };
}

/** One logger for all that a broker says; its level is set at the start. */
function loggerEntry(node: NodeConfigs): ConfigEntry {
  const value = (node.staticConfigs.get("vitrine.log.level") ?? "info").toUpperCase();
  const source = "DYNAMIC_BROKER_LOGGER";
  const documentation =
    "What the broker writes into its log: DEBUG, INFO, WARN or ERROR. Set by vitrine.log.level at the start.";
  const synonyms = [{ name: "root", value, source } as const];
  return { name: "root", value, source, readOnly: true, sensitive: false, type: "string", documentation, synonyms };
}

function wire(one: ConfigEntry, request: DescribeConfigsRequest): DescribeConfigsResponseDescribeConfigsResourceResult {
  return {
    name: one.name,
    value: one.value,
    readOnly: one.readOnly,
    configSource: CONFIG_SOURCE_CODES[one.source],
    isSensitive: one.sensitive,
    synonyms: request.includeSynonyms
      ? one.synonyms.map(({ name, value, source }) => ({ name, value, source: CONFIG_SOURCE_CODES[source] }))
      : [],
    configType: CONFIG_TYPE_CODES[one.type],
    documentation: request.includeDocumentation ? one.documentation : null,
  };
}
