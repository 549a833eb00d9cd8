/** Settings of single groups (KIP-848, KIP-932, KIP-1071): Kafka's names and bounds. They are kept and told; groups of these kinds are not served yet. */
import type { ConfigDef } from "@vitrine/core";
import { flag, int, text } from "./broker-configs/notation.ts";

/** A setting whose default is the broker's setting of the same name behind `group.`. */
function ofBroker(name: string, value: number, doc: string, min: number): ConfigDef {
  return int(name, value, doc, { min, brokerDefault: `group.${name}`, idle: true });
}

export const GROUP_CONFIGS: readonly ConfigDef[] = [
  ofBroker("consumer.assignment.interval.ms", 1_000, "Shortest time between assignments, in milliseconds.", 0),
  ofBroker(
    "consumer.heartbeat.interval.ms",
    5_000,
    "Time between heartbeats of a consumer group's members, in milliseconds.",
    1,
  ),
  ofBroker(
    "consumer.session.timeout.ms",
    45_000,
    "Silence after which a member of a consumer group is out, in milliseconds.",
    1,
  ),
  ofBroker("share.assignment.interval.ms", 1_000, "Shortest time between assignments, in milliseconds.", 0),
  text(
    "share.auto.offset.reset",
    "latest",
    "Where a share group begins: latest, earliest, or by_duration: with an ISO 8601 duration.",
    {
      idle: true,
      check: (value) =>
        /^(?:latest|earliest|by_duration:P(?=.)(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)$/.test(value)
          ? null
          : "must be latest, earliest, or by_duration: with an ISO 8601 duration",
    },
  ),
  ofBroker("share.delivery.count.limit", 5, "How often a record is delivered before it is given up.", 2),
  ofBroker(
    "share.heartbeat.interval.ms",
    5_000,
    "Time between heartbeats of a share group's members, in milliseconds.",
    1,
  ),
  text("share.isolation.level", "read_uncommitted", "Whether records of open transactions are delivered.", {
    oneOf: ["read_committed", "read_uncommitted"],
    idle: true,
  }),
  ofBroker(
    "share.partition.max.record.locks",
    2_000,
    "Records of a partition that may be with members at the same time.",
    100,
  ),
  ofBroker("share.record.lock.duration.ms", 30_000, "Time that a member has for a record, in milliseconds.", 1_000),
  flag("share.renew.acknowledge.enable", true, "Whether a member may ask for more time.", { idle: true }),
  ofBroker(
    "share.session.timeout.ms",
    45_000,
    "Silence after which a member of a share group is out, in milliseconds.",
    1,
  ),
  ofBroker("streams.assignment.interval.ms", 1_000, "Shortest time between assignments, in milliseconds.", 0),
  ofBroker(
    "streams.heartbeat.interval.ms",
    5_000,
    "Time between heartbeats of a streams group's members, in milliseconds.",
    1,
  ),
  ofBroker(
    "streams.initial.rebalance.delay.ms",
    3_000,
    "Wait for more members before the first assignment, in milliseconds.",
    0,
  ),
  ofBroker("streams.num.standby.replicas", 0, "Standby copies of each task.", 0),
  ofBroker(
    "streams.session.timeout.ms",
    45_000,
    "Silence after which a member of a streams group is out, in milliseconds.",
    1,
  ),
];

const byName = new Map(GROUP_CONFIGS.map((def) => [def.name, def]));

/** The definition of a group setting, or undefined where Kafka has none of that name. */
export function groupConfigDef(name: string): ConfigDef | undefined {
  return byName.get(name);
}

/**
 * Broker settings between which a group's own must lie: `group.consumer.min.session.timeout.ms` and `group.consumer.max.session.timeout.ms` for
 * `consumer.session.timeout.ms`. Not every setting has both.
 */
export function groupConfigBounds(name: string): { readonly min: string; readonly max: string } {
  const at = name.indexOf(".");
  const [kind, rest] = [name.slice(0, at), name.slice(at + 1)];
  const plain = rest === "num.standby.replicas" ? "standby.replicas" : rest;
  return { min: `group.${kind}.min.${plain}`, max: `group.${kind}.max.${plain}` };
}
