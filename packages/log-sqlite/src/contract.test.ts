/** SQLite keeps the contract that the memory store keeps, also where every commit begins a new file and old files are emptied all the time. */
import { describeLogStoreContract, type LogStoreHarness } from "@vitrine/log/contract";
import { freshDir, removeDir, TestStore } from "../test/open-store.ts";

async function open(dir: string, tailBytesMax: number): Promise<LogStoreHarness> {
  const files = { segmentBytes: 1, copyForwardBelow: 2, careMs: 2 };
  const test = await TestStore.open(dir, { tailBytesMax, ...files });
  return {
    store: test.store,
    step: () => test.step(),
    crash: async () => {
      await test.disk.abandon();
      return open(dir, tailBytesMax);
    },
    reopen: () => open(dir, tailBytesMax),
    dispose: async () => {
      await test.disk.abandon();
      removeDir(dir);
    },
  };
}

describeLogStoreContract("SQLite", ({ tailBytesMax }) => open(freshDir(), tailBytesMax), {
  runs: 3,
});
