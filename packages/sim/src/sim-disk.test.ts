import { ZERO_UUID } from "@vitrine/core";
import type { DiskReport, HandOver, LogKey, LogOp, Ticket } from "@vitrine/log";
import { expect, test } from "vitest";
import { bareBatch } from "../test/bare-batch.ts";
import { Chance } from "./chance.ts";
import { VirtualTime } from "./scheduler.ts";
import { type DiskFaults, SimDisk } from "./sim-disk.ts";

const KEY = "t-0" as LogKey;
const GOOD: DiskFaults = { commitMs: [1, 5], slowPercent: 0, slowMs: 5, failPercent: 0 };

function setUp(faults: DiskFaults, seed = 1) {
  const time = new VirtualTime();
  const disk = new SimDisk({ directoryId: ZERO_UUID, time, chance: new Chance(seed), faults, lies: false });
  const reports: DiskReport[] = [];
  const session = disk.open();
  session.onReport((report) => reports.push(report));
  const write = (ticket: number, ops: LogOp[]) =>
    session.write({ ticket: ticket as Ticket, ops, bytes: 0 } satisfies HandOver);
  write(1, [
    { type: "create", descriptor: { key: KEY, topicId: ZERO_UUID, partition: 0, topicName: "t", retentionClass: "" } },
  ]);
  const append = (ticket: number) => write(ticket, [{ type: "append", key: KEY, batch: bareBatch(ticket - 2) }]);
  return { time, disk, reports, append };
}

test("S3 commits are reported in order, and only then is it certain to be there", () => {
  const { time, disk, reports, append } = setUp(GOOD);
  for (let ticket = 2; ticket <= 6; ticket++) append(ticket);
  expect(reports).toEqual([]);
  time.runUntil(100);
  expect(reports.at(-1)).toMatchObject({ type: "committed", ticket: 6 });
  expect(disk.durableEnd(KEY)).toBe(5);
});

test("S3 a crash keeps what was reported and the first few of the rest", () => {
  const ends = new Set<number>();
  for (let seed = 0; seed < 50; seed++) {
    const { time, disk, append } = setUp(GOOD, seed);
    append(2);
    time.runUntil(100);
    for (let ticket = 3; ticket <= 5; ticket++) append(ticket);
    disk.crash();
    ends.add(disk.durableEnd(KEY));
    expect(disk.open().loaded.logs[0]?.logEndOffset).toBe(disk.durableEnd(KEY));
  }
  expect([...ends].sort((a, b) => a - b)).toEqual([1, 2, 3, 4]);
});

test("a failed sync is told once, and nothing is committed after it", () => {
  const { time, reports, append } = setUp({ ...GOOD, failPercent: 100 });
  append(2);
  time.runUntil(100);
  append(3);
  time.runUntil(200);
  expect(reports).toEqual([{ type: "failed", reason: "simulated: fsync failed" }]);
});
