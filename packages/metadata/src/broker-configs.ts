/**
 * The settings of a broker or controller: all of Kafka 4.3 that DescribeConfigs lists, with its names, types, bounds and defaults (`vitrine
 * broker` runs with these; `vitrine up` overrides a few). `dynamic` ones can be changed while it runs, for one broker or for all.
 */
import type { ConfigDef } from "@vitrine/core";
import { CLUSTER } from "./broker-configs/cluster.ts";
import { CONNECTIONS } from "./broker-configs/connections.ts";
import { COORDINATORS } from "./broker-configs/coordinators.ts";
import { IDENTITY } from "./broker-configs/identity.ts";
import { LOG } from "./broker-configs/log.ts";
import { QUOTAS_AND_METRICS } from "./broker-configs/quotas-and-metrics.ts";
import { REMOTE_STORAGE } from "./broker-configs/remote-storage.ts";
import { REPLICATION } from "./broker-configs/replication.ts";
import { SASL } from "./broker-configs/sasl.ts";
import { SHARE_AND_STREAMS } from "./broker-configs/share-and-streams.ts";
import { TLS } from "./broker-configs/tls.ts";
import { TOPICS } from "./broker-configs/topics.ts";
import { TRANSACTIONS } from "./broker-configs/transactions.ts";

export const BROKER_CONFIGS: readonly ConfigDef[] = [
  ...IDENTITY,
  ...TOPICS,
  ...LOG,
  ...REPLICATION,
  ...CLUSTER,
  ...CONNECTIONS,
  ...COORDINATORS,
  ...SHARE_AND_STREAMS,
  ...TRANSACTIONS,
  ...QUOTAS_AND_METRICS,
  ...TLS,
  ...SASL,
  ...REMOTE_STORAGE,
].sort((a, b) => (a.name < b.name ? -1 : 1));

const byName = new Map(BROKER_CONFIGS.map((def) => [def.name, def]));

/** The definition of a broker setting, or undefined where Kafka has none of that name. */
export function brokerConfigDef(name: string): ConfigDef | undefined {
  return byName.get(name);
}

/** Another broker setting that stands in where one is not set: `log.retention.hours` for `log.retention.ms`, with the factor to its unit. */
export interface StandIn {
  readonly name: string;
  readonly factor: number;
}

const STAND_INS = new Map<string, readonly StandIn[]>([
  [
    "log.retention.ms",
    [
      { name: "log.retention.minutes", factor: 60_000 },
      { name: "log.retention.hours", factor: 3_600_000 },
    ],
  ],
  ["log.roll.ms", [{ name: "log.roll.hours", factor: 3_600_000 }]],
  ["log.roll.jitter.ms", [{ name: "log.roll.jitter.hours", factor: 3_600_000 }]],
  ["log.dirs", [{ name: "log.dir", factor: 1 }]],
]);

/** In order of precedence. */
export function standInsOf(name: string): readonly StandIn[] {
  return STAND_INS.get(name) ?? [];
}
