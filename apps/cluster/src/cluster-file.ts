/** `cluster.json`: what a data directory knows of its cluster. Reading it and deciding whether a start fits it are pure. */
import { type Outcome, refused } from "./outcome.ts";

/** Grows when the layout of the directory changes; older ones are migrated, newer ones refused. */
export const FORMAT_VERSION = 1;

export interface ClusterFile {
  readonly formatVersion: number;
  readonly clusterId: string;
  /** Shared by all nodes; whoever has it may speak as a broker. */
  readonly secret: string;
  /** Ids of the brokers that ever were, from 1. */
  readonly brokers: readonly number[];
  /** Ids of the controllers in processes of their own, from 101; empty: brokers are the voters. */
  readonly controllers: readonly number[];
  /** The quorum. Fixed at the first start: a voter that others do not know of could split it. */
  readonly voters: readonly number[];
}

export interface WantedCluster {
  readonly brokers: number | null;
  readonly controllers: number | null;
}

const DEFAULT_BROKERS = 3;
const FIRST_CONTROLLER = 101;

/** A new cluster. */
export function newClusterFile(wanted: WantedCluster, random: { clusterId: string; secret: string }): ClusterFile {
  const brokers = sequence(1, wanted.brokers ?? DEFAULT_BROKERS);
  const controllers = sequence(FIRST_CONTROLLER, wanted.controllers ?? 0);
  const voters = controllers.length > 0 ? controllers : brokers.slice(0, voterCount(brokers.length));
  return { formatVersion: FORMAT_VERSION, ...random, brokers, controllers, voters };
}

/** What this start makes of a known cluster: brokers may be added, nothing may be taken away. */
export function fitClusterFile(known: ClusterFile, wanted: WantedCluster, dataDir: string): Outcome<ClusterFile> {
  const brokers = wanted.brokers ?? known.brokers.length;
  if (brokers < known.brokers.length) {
    return refused(
      `The cluster in ${dataDir} has ${known.brokers.length} brokers, and --brokers ${brokers} would leave out replicas that may hold the only copy; start it with --brokers ${known.brokers.length} or more, or choose another --data-dir.`,
    );
  }
  const controllers = wanted.controllers ?? known.controllers.length;
  if (controllers !== known.controllers.length) {
    return refused(
      `The quorum of the cluster in ${dataDir} was fixed at its first start (${describeQuorum(known)}); leave --controllers out, or choose another --data-dir.`,
    );
  }
  return { ok: true, value: { ...known, brokers: sequence(1, brokers) } };
}

/** Reads the text of cluster.json. */
export function parseClusterFile(text: string, path: string): Outcome<ClusterFile> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refused(`${path} is not valid JSON; restore it from a backup, or choose another --data-dir.`);
  }
  if (typeof parsed !== "object" || parsed === null)
    return refused(`${path} does not describe a cluster; choose another --data-dir.`);
  const formatVersion = "formatVersion" in parsed ? parsed.formatVersion : undefined;
  if (typeof formatVersion !== "number") return refused(`${path} says no format version; choose another --data-dir.`);
  if (formatVersion > FORMAT_VERSION) {
    return refused(
      `${path} was written by a newer Vitrine (format ${formatVersion}, this one knows ${FORMAT_VERSION}); start that version, or choose another --data-dir.`,
    );
  }
  const { clusterId, secret } = { clusterId: "", secret: "", ...parsed };
  const brokers = idsOf(parsed, "brokers");
  const controllers = idsOf(parsed, "controllers");
  const voters = idsOf(parsed, "voters");
  if (
    typeof clusterId !== "string" ||
    clusterId === "" ||
    typeof secret !== "string" ||
    secret === "" ||
    !brokers ||
    !controllers ||
    !voters
  ) {
    return refused(`${path} is incomplete; restore it from a backup, or choose another --data-dir.`);
  }
  return { ok: true, value: { formatVersion: FORMAT_VERSION, clusterId, secret, brokers, controllers, voters } };
}

/** An odd number, five at most: an even one tolerates no more losses than the odd one below it. */
function voterCount(brokers: number): number {
  return Math.min(5, brokers % 2 === 0 ? brokers - 1 : brokers);
}

function describeQuorum(known: ClusterFile): string {
  const who = known.controllers.length > 0 ? "controllers" : "brokers";
  return `${who} ${known.voters.join(", ")}`;
}

function sequence(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}

function idsOf(parsed: object, name: string): number[] | null {
  const value: unknown = Reflect.get(parsed, name);
  return Array.isArray(value) && value.every((id) => Number.isSafeInteger(id) && id >= 0) ? value : null;
}
