/**
 * What a setting is in effect, and where that comes from. Order for a topic: set on the topic, on the broker, for all brokers, in the
 * broker's file, Kafka's default.
 */
import type { ConfigDef, NodeId } from "@vitrine/core";
import { brokerConfigDef, standInsOf } from "./broker-configs.ts";
import type { MetadataImage } from "./image.ts";
import { configOf } from "./image.ts";
import { TOPIC_CONFIGS, topicConfigDef } from "./topic-configs.ts";

/** Kafka's `ConfigSource`. */
export type ConfigSource =
  | "DYNAMIC_TOPIC"
  | "DYNAMIC_BROKER"
  | "DYNAMIC_DEFAULT_BROKER"
  | "STATIC_BROKER"
  | "DEFAULT"
  | "DYNAMIC_BROKER_LOGGER"
  | "DYNAMIC_GROUP";

/** The node whose view is asked for: settings of one broker may differ from the next one's. */
export interface NodeConfigs {
  /** null: a node that is no broker. */
  readonly brokerId: NodeId | null;
  /** What was given at start, by Kafka's names. */
  readonly staticConfigs: ReadonlyMap<string, string>;
}

/** One place that could decide a setting. */
export interface ConfigLayer {
  /** Name of the setting in that place. */
  readonly name: string;
  /** As written there. */
  readonly value: string;
  readonly source: ConfigSource;
  /** In the unit of the setting asked for (hours turned into milliseconds). */
  readonly effective: string;
}

/** The layers of a broker setting that have a value; the first decides. Defaults of Kafka count as a layer. */
export function brokerConfigLayers(image: MetadataImage, name: string, node: NodeConfigs): ConfigLayer[] {
  const layers: ConfigLayer[] = [];
  const add = (source: ConfigSource, at: string, value: string | null | undefined, factor = 1) => {
    if (value !== undefined && value !== null)
      layers.push({ name: at, value, source, effective: scaled(value, factor) });
  };
  if (node.brokerId !== null) add("DYNAMIC_BROKER", name, configOf(image, "broker", String(node.brokerId)).get(name));
  add("DYNAMIC_DEFAULT_BROKER", name, configOf(image, "broker", "").get(name));
  const standIns = standInsOf(name);
  add("STATIC_BROKER", name, node.staticConfigs.get(name));
  for (const other of standIns) add("STATIC_BROKER", other.name, node.staticConfigs.get(other.name), other.factor);
  add("DEFAULT", name, brokerConfigDef(name)?.default);
  for (const other of standIns) add("DEFAULT", other.name, brokerConfigDef(other.name)?.default, other.factor);
  return layers;
}

/** The layers of a topic setting. `topicName` null: as a new topic would have it. */
export function topicConfigLayers(
  image: MetadataImage,
  topicName: string | null,
  def: ConfigDef,
  node: NodeConfigs,
): ConfigLayer[] {
  const own = topicName === null ? undefined : configOf(image, "topic", topicName).get(def.name);
  return ownLayers(image, def, own, "DYNAMIC_TOPIC", node);
}

/** The layers of a group's setting. Groups have settings before they have members. */
export function groupConfigLayers(
  image: MetadataImage,
  groupId: string,
  def: ConfigDef,
  node: NodeConfigs,
): ConfigLayer[] {
  return ownLayers(image, def, configOf(image, "group", groupId).get(def.name), "DYNAMIC_GROUP", node);
}

function ownLayers(
  image: MetadataImage,
  def: ConfigDef,
  own: string | undefined,
  source: ConfigSource,
  node: NodeConfigs,
): ConfigLayer[] {
  const layers: ConfigLayer[] = [];
  if (own !== undefined) layers.push({ name: def.name, value: own, source, effective: own });
  if (def.brokerDefault !== undefined) layers.push(...brokerConfigLayers(image, def.brokerDefault, node));
  if (layers.at(-1)?.source !== "DEFAULT" && def.default !== null)
    layers.push({ name: def.brokerDefault ?? def.name, value: def.default, source: "DEFAULT", effective: def.default });
  return layers;
}

/** -1 says "no limit" in every unit. */
function scaled(value: string, factor: number): string {
  return factor === 1 || Number(value) < 0 ? value : String(Number(value) * factor);
}

/** What a leader, a log and a validator of records need to know of a topic, as numbers. Infinity and -1 mean no limit, as each field says. */
export interface TopicConfig {
  /** Every setting as text, by Kafka's name. */
  readonly values: ReadonlyMap<string, string>;
  readonly minInsyncReplicas: number;
  readonly uncleanLeaderElection: boolean;
  readonly cleanupPolicy: { readonly delete: boolean; readonly compact: boolean };
  /** -1: for ever. */
  readonly retentionMs: number;
  /** -1: no limit. */
  readonly retentionBytes: number;
  readonly segmentMs: number;
  readonly segmentBytes: number;
  readonly maxMessageBytes: number;
  readonly messageTimestampType: "CreateTime" | "LogAppendTime";
  /** Infinity: no limit. */
  readonly messageTimestampBeforeMaxMs: number;
  /** Infinity: no limit. */
  readonly messageTimestampAfterMaxMs: number;
  readonly compressionType: string;
  readonly deleteRetentionMs: number;
}

/** A topic's settings in effect on a node. A topic without settings, or one that does not exist yet, has the defaults. */
export function effectiveTopicConfig(image: MetadataImage, topicName: string | null, node: NodeConfigs): TopicConfig {
  const values = new Map<string, string>();
  for (const def of TOPIC_CONFIGS) {
    const value = topicConfigLayers(image, topicName, def, node)[0]?.effective;
    if (value !== undefined) values.set(def.name, value);
  }
  return topicConfigOf(values);
}

/** One topic setting in effect, as text: cheaper than all of them. */
export function effectiveTopicValue(
  image: MetadataImage,
  topicName: string | null,
  name: string,
  node: NodeConfigs,
): string | undefined {
  const def = topicConfigDef(name);
  return def && topicConfigLayers(image, topicName, def, node)[0]?.effective;
}

/** One broker setting in effect, as text. */
export function effectiveBrokerValue(image: MetadataImage, name: string, node: NodeConfigs): string | undefined {
  return brokerConfigLayers(image, name, node)[0]?.effective;
}

function topicConfigOf(values: ReadonlyMap<string, string>): TopicConfig {
  const number = (name: string) => Number(values.get(name));
  const unlimited = (name: string) => (number(name) >= LONG_MAX ? Infinity : number(name));
  const policy = (values.get("cleanup.policy") ?? "").split(",").map((word) => word.trim());
  return {
    values,
    minInsyncReplicas: number("min.insync.replicas"),
    uncleanLeaderElection: values.get("unclean.leader.election.enable") === "true",
    cleanupPolicy: { delete: policy.includes("delete"), compact: policy.includes("compact") },
    retentionMs: number("retention.ms"),
    retentionBytes: number("retention.bytes"),
    segmentMs: number("segment.ms"),
    segmentBytes: number("segment.bytes"),
    maxMessageBytes: number("max.message.bytes"),
    messageTimestampType: values.get("message.timestamp.type") === "LogAppendTime" ? "LogAppendTime" : "CreateTime",
    messageTimestampBeforeMaxMs: unlimited("message.timestamp.before.max.ms"),
    messageTimestampAfterMaxMs: unlimited("message.timestamp.after.max.ms"),
    compressionType: values.get("compression.type") ?? "producer",
    deleteRetentionMs: number("delete.retention.ms"),
  };
}

const LONG_MAX = 2 ** 63;
