import { Harness } from "./harness.ts";
const n = Number(process.argv[2] ?? 100); const from = Number(process.argv[3] ?? 1);
const sum: Record<string, number> = {}; const t = performance.now(); let failed = 0;
for (let seed = from; seed < from + n; seed++) {
  const replicas = 2 + (seed % 2);
  const h = new Harness({ seed, replicas, minIsr: 1 + (seed % 3 === 0 ? 1 : 0), lostPerMille: seed % 5 === 0 ? 0 : 20, doubledPerMille: 20, troublesPerSecond: seed % 7 === 0 ? 0 : 2, troubledMs: 8000 });
  try { h.run(); } catch (e) { failed++; console.log((e as Error).message); if (process.argv[4]) console.log((e as Error).cause); }
  for (const [k, v] of Object.entries(h.counts)) sum[k] = (sum[k] ?? 0) + v;
}
console.log(sum, failed, "failed", Math.round(performance.now() - t), "ms");
