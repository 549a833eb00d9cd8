/** Settings of a controller, from the names and defaults of Kafka's table. */
import { brokerConfigDef } from "./broker-configs.ts";
import type { ControllerSettings } from "./controller-types.ts";

/** What was given at start, the rest by Kafka's defaults. */
export function controllerSettings(staticConfigs: ReadonlyMap<string, string>): ControllerSettings {
  const text = (name: string) => staticConfigs.get(name) ?? brokerConfigDef(name)?.default ?? "";
  const number = (name: string) => Number(text(name));
  const flag = (name: string) => text(name) === "true";
  return {
    sessionTimeoutMs: number("broker.session.timeout.ms"),
    defaultReplicationFactor: number("default.replication.factor"),
    numPartitions: number("num.partitions"),
    minInsyncReplicas: number("min.insync.replicas"),
    autoLeaderRebalance: flag("auto.leader.rebalance.enable"),
    leaderImbalanceCheckIntervalMs: number("leader.imbalance.check.interval.seconds") * 1_000,
    leaderImbalancePerBrokerPercentage: number("leader.imbalance.per.broker.percentage"),
    deleteTopicEnable: flag("delete.topic.enable"),
    staticConfigs,
  };
}

/** Kafka's defaults throughout. */
export function defaultControllerSettings(): ControllerSettings {
  return controllerSettings(new Map());
}
