/**
 * Where the replicas of new partitions go. Leaders go round all live brokers, followers shift by one more with each round so that no two
 * brokers share all their partitions, racks are spread first. A fenced broker gets a replica only where there are too few live ones.
 */
import type { NodeId, Random } from "@vitrine/core";
import { randomBelow } from "@vitrine/core";

export interface PlacementBroker {
  readonly id: NodeId;
  readonly rack: string | null;
  readonly fenced: boolean;
}

export type Placement =
  /** One list per partition, the preferred leader first. */
  | { readonly ok: true; readonly assignments: readonly (readonly NodeId[])[] }
  | { readonly ok: false; readonly message: string };

/** The same random source gives the same placement. */
export function placeReplicas(
  brokers: readonly PlacementBroker[],
  wanted: { readonly partitions: number; readonly replicationFactor: number },
  random: Random,
): Placement {
  const { partitions, replicationFactor } = wanted;
  if (replicationFactor > brokers.length)
    return {
      ok: false,
      message: `The target replication factor of ${replicationFactor} cannot be reached because only ${brokers.length} broker(s) are registered.`,
    };
  const live = byRackInTurn(
    brokers.filter((broker) => !broker.fenced),
    random,
  );
  if (live.length === 0) return { ok: false, message: "All brokers are currently fenced." };
  const fenced = byRackInTurn(
    brokers.filter((broker) => broker.fenced),
    random,
  );
  const start = randomBelow(random, live.length);
  const assignments: NodeId[][] = [];
  for (let partition = 0; partition < partitions; partition++)
    assignments.push(placeOne(live, fenced, start + partition, replicationFactor));
  return { ok: true, assignments };
}

function placeOne(
  live: readonly PlacementBroker[],
  fenced: readonly PlacementBroker[],
  turn: number,
  replicationFactor: number,
): NodeId[] {
  const leader = live[turn % live.length]!;
  const shift = Math.floor(turn / live.length);
  const followers = rotated(rotated(live, (turn % live.length) + 1).slice(0, -1), shift);
  const chosen: PlacementBroker[] = [leader];
  const fill = (pool: readonly PlacementBroker[], newRackOnly: boolean) => {
    for (const broker of pool) {
      if (chosen.length === replicationFactor) return;
      if (chosen.includes(broker)) continue;
      if (newRackOnly && chosen.some((other) => other.rack === broker.rack)) continue;
      chosen.push(broker);
    }
  };
  fill(followers, true);
  fill(followers, false);
  fill(rotated(fenced, turn), true);
  fill(rotated(fenced, turn), false);
  return chosen.map((broker) => broker.id);
}

/** One broker of each rack after the other, racks and brokers in random order. */
function byRackInTurn(brokers: readonly PlacementBroker[], random: Random): PlacementBroker[] {
  const racks = new Map<string | null, PlacementBroker[]>();
  for (const broker of shuffled(
    [...brokers].sort((a, b) => a.id - b.id),
    random,
  )) {
    const rack = racks.get(broker.rack);
    if (rack) rack.push(broker);
    else racks.set(broker.rack, [broker]);
  }
  const inTurn: PlacementBroker[] = [];
  for (let row = 0; inTurn.length < brokers.length; row++)
    for (const rack of racks.values()) {
      const broker = rack[row];
      if (broker) inTurn.push(broker);
    }
  return inTurn;
}

function shuffled<T>(items: T[], random: Random): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomBelow(random, last + 1);
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  if (items.length === 0) return [];
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
