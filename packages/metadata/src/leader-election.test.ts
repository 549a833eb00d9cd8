import type { NodeId } from "@vitrine/core";
import { ZERO_UUID } from "@vitrine/core";
import { expect, test } from "vitest";
import type { PartitionImage } from "./image.ts";
import type { PartitionChange } from "./leader-election.ts";
import { changePartition } from "./leader-election.ts";
import { partitionChangeRecord } from "./records.ts";

const AT = { topicId: ZERO_UUID, partitionId: 0 };

function partition(change: Partial<PartitionImage> = {}): PartitionImage {
  return {
    replicas: [1, 2, 3],
    directories: [ZERO_UUID, ZERO_UUID, ZERO_UUID],
    isr: [1, 2, 3],
    elr: [],
    lastKnownElr: [],
    leader: 1,
    leaderEpoch: 4,
    partitionEpoch: 9,
    leaderRecoveryState: "RECOVERED",
    addingReplicas: [],
    removingReplicas: [],
    ...change,
  };
}

function outcome(old: Partial<PartitionImage>, change: Partial<PartitionChange> = {}, dead: readonly NodeId[] = []) {
  const mayLead = (id: NodeId) => !dead.includes(id);
  return changePartition({
    ...AT,
    partition: partition(old),
    election: "any",
    mayLead,
    minIsr: 2,
    elr: true,
    ...change,
  });
}

test("M30 nothing to change gives no record", () => {
  expect(outcome({})).toBeNull();
  expect(outcome({ leader: -1, isr: [], elr: [1], lastKnownElr: [1] }, {}, [1, 2, 3])).toBeNull();
});

test("M31 without eligible leader replicas the last member stays in the ISR, alone entitled to lead", () => {
  const gone = outcome({ isr: [1] }, { isr: [], elr: false }, [1]);
  expect(gone?.record).toEqual(partitionChangeRecord(AT, { leader: -1 }));
  expect(outcome({ isr: [1], leader: -1 }, { elr: false }, [1])).toBeNull();
  expect(outcome({ isr: [1], leader: -1 }, { elr: false })?.record).toEqual(partitionChangeRecord(AT, { leader: 1 }));
});

test("M36 a reassignment ends once every wanted replica is in the ISR, and the leader epoch grows because a replica goes", () => {
  const growing = {
    replicas: [1, 2, 4],
    directories: [ZERO_UUID, ZERO_UUID, ZERO_UUID],
    isr: [1, 2],
    addingReplicas: [4],
    removingReplicas: [1],
  };
  expect(outcome(growing)).toBeNull();
  expect(outcome(growing, { isr: [1, 2, 4] })?.record).toEqual(
    partitionChangeRecord(AT, {
      leader: 2,
      isr: [2, 4],
      replicas: [2, 4],
      directories: [ZERO_UUID, ZERO_UUID],
      addingReplicas: [],
      removingReplicas: [],
    }),
  );
  const staying = outcome({ ...growing, leader: 2 }, { isr: [1, 2, 4] });
  expect(staying?.record.leader).toBe(2);
});

test("M36 a reassignment does not end with a wanted replica missing (KAFKA-15665)", () => {
  expect(outcome({ isr: [1, 2, 3], removingReplicas: [2, 3] })?.record.replicas).toEqual([1]); // one wanted: one is enough
  expect(outcome({ isr: [1, 3], removingReplicas: [3] })).toBeNull(); // 2 is wanted
});
