/**
 * How fast the disk takes batches: closed loop, one batch per hand-over, at most 32 MB on their way. Prints one line of JSON per row.
 *   node packages/log-sqlite/bench/append.ts [fsync|os] [seconds per row]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Offset, Uuid } from "@vitrine/core";
import type { HandOver, LogKey, Ticket } from "@vitrine/log";
import { openSqliteDisk } from "../src/index.ts";
import { makeBatch } from "../test/batches.ts";

const IN_FLIGHT_BYTES = 32 * 1024 * 1024;
const durability = process.argv[2] === "os" ? "os" : "fsync";
const seconds = Number(process.argv[3] ?? 3);
const key = "AAAAAAAAAAAAAAAAAAAAAQ-0" as LogKey;

for (const sizeBytes of [16 * 1024, 64 * 1024, 1024 * 1024]) {
  const dir = mkdtempSync(join(process.env["BENCH_DIR"] ?? tmpdir(), "vitrine-append-"));
  const disk = await openSqliteDisk({ dir, durability, ballastBytes: 0, freeBytesMin: 0 });
  let committed = 0;
  let wake = () => {};
  disk.onReport((report) => {
    if (report.type === "failed") throw new Error(report.reason);
    if (report.type === "committed") committed = report.ticket;
    wake();
  });
  let ticket = 0;
  const write = (ops: HandOver["ops"], bytes: number) => disk.write({ ticket: ++ticket as Ticket, ops, bytes });
  const descriptor = {
    key,
    topicId: Uuid("AAAAAAAAAAAAAAAAAAAAAQ"),
    partition: 0,
    topicName: "bench",
    retentionClass: "delete:604800000:-1",
  };
  write([{ type: "create", descriptor }], 0);
  const template = makeBatch({ baseOffset: 0, sizeBytes });
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  let rows = 0;
  while (performance.now() - startedMs < seconds * 1000) {
    while ((ticket - committed) * sizeBytes < IN_FLIGHT_BYTES && performance.now() - startedMs < seconds * 1000) {
      const bytes = disk.allocate(sizeBytes);
      bytes.set(template.bytes);
      const facts = { ...template.facts, baseOffset: Offset(rows), lastOffset: Offset(rows) };
      rows++;
      write([{ type: "append", key, batch: { facts, bytes } }], sizeBytes);
      if (rows % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise<void>((resolve) => (wake = resolve));
  }
  while (committed < ticket) await new Promise<void>((resolve) => (wake = resolve));
  const elapsedSeconds = (performance.now() - startedMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const cpuSeconds = (cpu.user + cpu.system) / 1e6;
  const { commitMs, commits } = disk.stats();
  const megabytes = (rows * sizeBytes) / 1e6;
  console.log(
    JSON.stringify({
      sizeBytes,
      durability,
      rows,
      commits,
      mbPerSecond: Math.round(megabytes / elapsedSeconds),
      cpuSeconds: Number(cpuSeconds.toFixed(2)),
      mbPerCpuSecond: Math.round(megabytes / cpuSeconds),
      commitMs: {
        p50: Number(commitMs.p50.toFixed(2)),
        p99: Number(commitMs.p99.toFixed(2)),
        max: Number(commitMs.max.toFixed(1)),
      },
      rssMb: Math.round(process.memoryUsage.rss() / 1e6),
    }),
  );
  await disk.close(-1);
  rmSync(dir, { recursive: true });
}
