import { Offset, ZERO_UUID } from "@vitrine/core";
import { type Batch, type LogKey, QueuedStore } from "@vitrine/log";
import { expect, test } from "vitest";
import { bareBatch } from "../../test/bare-batch.ts";
import { Chance } from "../chance.ts";
import { VirtualTime } from "../scheduler.ts";
import { SimDisk } from "../sim-disk.ts";
import { batchesOf } from "./ledger.ts";

const KEY = "t-0" as LogKey;

test("what a truncation that is under way takes away is no part of the log, although the disk still has it (seed 667, swarm)", () => {
  const time = new VirtualTime();
  const faults = { commitMs: [1, 5], slowPercent: 0, slowMs: 5, failPercent: 0 } as const;
  const disk = new SimDisk({ directoryId: ZERO_UUID, time, chance: new Chance(1), faults, lies: false });
  const before = new QueuedStore(disk.open());
  const written = before.create({ key: KEY, topicId: ZERO_UUID, partition: 0, topicName: "t", retentionClass: "" });
  for (const offset of [0, 1, 2]) written.append(bareBatch(offset, 1));
  before.handOver();
  time.runUntil(100);
  disk.crash();

  // A new life: nothing is in memory, the newest batch is replaced, and the disk has not heard of it.
  const store = new QueuedStore(disk.open());
  const log = store.logs.get(KEY)!;
  log.truncateTo(Offset(2));
  log.append(bareBatch(2, 2));
  store.handOver();
  const epochs = (batches: readonly Batch[]) => batches.map(({ facts }) => [facts.baseOffset, facts.leaderEpoch]);
  expect(epochs(disk.logs.get(KEY)!.batches)).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
  ]);
  expect(epochs(batchesOf({ store, disk }, KEY, 0, 3))).toEqual([
    [0, 1],
    [1, 1],
    [2, 2],
  ]);
});
