/** SQLite keeps the contract that the memory store keeps. */
import { describeLogStoreContract, type LogStoreHarness } from "@vitrine/log/contract";
import { freshDir, removeDir, TestStore } from "../test/open-store.ts";

async function open(dir: string, tailBytesMax: number): Promise<LogStoreHarness> {
  const test = await TestStore.open(dir, { tailBytesMax, segmentBytes: Number(process.env["SEG"] ?? 100_000) });
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

describeLogStoreContract("SQLite", ({ tailBytesMax }) => open(freshDir(), tailBytesMax), { runs: Number(process.env["RUNS"] ?? 3) });
