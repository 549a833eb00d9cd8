import { cpus, loadavg, platform, release, totalmem } from "node:os";

/** Where a figure was measured: without it a figure cannot be compared with another. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly node: string;
  readonly system: string;
  /** Load average of the last minute before the run, over all cores: above the number of cores others were working too. */
  readonly loadBefore: number;
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    system: `${platform()} ${release()}`,
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(1)),
  };
}
