/** Features of the cluster (KIP-584): what this program knows, in Kafka's names. Clients hear of them through ApiVersions. */
import type { FeatureRange } from "./image.ts";

/** Only features that work here stand in the table: clients change their ways by them. */
export const SUPPORTED_FEATURES: ReadonlyMap<string, FeatureRange> = new Map([
  // Eligible leader replicas (KIP-966).
  ["eligible.leader.replicas.version", { min: 0, max: 1 }],
]);
