import { Offset, Uuid } from "@vitrine/core";
import { expect, test } from "vitest";
import { testBatch } from "../test/batches.ts";
import { descriptorOf, type LogStoreHarness, type OpenStore } from "../test/store-driver.ts";
import type { DurableState } from "./memory-disk.ts";
import { MemoryLogStore } from "./memory-log.ts";
import { describeLogStoreContract } from "./partition-log.contract.ts";
import type { LogEvent } from "./partition-log.ts";

const DIRECTORY = Uuid("a0000000000000000000aA");

/** Commits and answers by turns. A crash keeps, by turns, none to all of what waits. */
function harnessOf(from: Uuid | DurableState, options: { tailBytesMax: number }, life = 0): LogStoreHarness {
  const store = new MemoryLogStore(from, options);
  let steps = 0;
  return {
    store,
    step: async () =>
      void (steps++ % 2 === 0
        ? store.disk.answerRead() || store.disk.commitNext()
        : store.disk.commitNext() || store.disk.answerRead()),
    crash: async () => harnessOf(store.disk.crash(life % (store.disk.pendingTickets.length + 1)), options, life + 1),
    reopen: async () => harnessOf(store.disk.crash(), options, life),
    dispose: async () => {},
  };
}

/** Commits before it answers: what is asked has left memory when the answer comes. */
function lateReads(from: Uuid | DurableState, options: { tailBytesMax: number }): LogStoreHarness {
  const store = new MemoryLogStore(from, options);
  return {
    store,
    step: async () => void (store.disk.commitNext() || store.disk.answerRead()),
    crash: async () => lateReads(store.disk.crash(store.disk.pendingTickets.length), options),
    reopen: async () => lateReads(store.disk.crash(), options),
    dispose: async () => {},
  };
}

const openWith =
  (make: (from: Uuid, options: { tailBytesMax: number }) => LogStoreHarness): OpenStore =>
  async (options) =>
    make(DIRECTORY, options);

describeLogStoreContract(
  "memory",
  openWith((from, options) => harnessOf(from, options)),
  { runs: 80 },
);
describeLogStoreContract("memory, reads late", openWith(lateReads), { runs: 80 });

test("L40 after a failure nothing is ever committed, and the store says so", () => {
  const events: LogEvent[] = [];
  const store = new MemoryLogStore(DIRECTORY);
  store.onEvent((event) => events.push(event));
  const log = store.create(descriptorOf(0));
  log.append(testBatch({ baseOffset: 0 }));
  store.handOver();
  store.disk.failNow("fsync failed");
  log.append(testBatch({ baseOffset: 1 }));
  store.handOver();
  store.disk.settle();
  expect(events).toEqual([{ type: "failed", reason: "fsync failed" }]);
  expect(store.health.state).toBe("offline");
  expect([log.durableEndOffset, store.committedTicket]).toEqual([0, 0]);
});

test("L41 with `auto` the disk commits and answers by itself, outside of the call", () => {
  const due: (() => void)[] = [];
  const events: string[] = [];
  const store = new MemoryLogStore(DIRECTORY, { auto: (run) => due.push(run) });
  store.onEvent((event) => events.push(event.type));
  const log = store.create(descriptorOf(0));
  log.append(testBatch({ baseOffset: 0 }));
  store.handOver();
  log.findTimestamp(1, 0, Offset(1));
  expect(events).toEqual([]);
  for (const run of due) run();
  expect(events).toEqual(["committed", "found"]);
  expect(log.durableEndOffset).toBe(1);
});
