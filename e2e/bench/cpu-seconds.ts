import { readFileSync } from "node:fs";
import type { RunningCluster } from "../fixtures/cluster.ts";
import { gatewayPid } from "../fixtures/process-memory.ts";

/** User and system time of processes. null with a reason where it cannot be read. */
export interface CpuSeconds {
  readonly brokers: number | null;
  readonly gateway: number | null;
  /** This process: the load generator. */
  readonly client: number | null;
  readonly reason?: string;
}

/** /proc counts in USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of a process since its start, threads included; null where there is no /proc or no such process. */
export function cpuSecondsOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may contain blanks; fields 14 and 15 count from behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}

/** Adds up what a set of processes used while they were watched, also when they come and go. */
export class CpuMeter {
  readonly #before = new Map<number, number>();
  #spent = 0;
  #unreadable = false;

  /** From now on. A process that has just been started counts from its start. */
  watch(pid: number, fromItsStart = false): void {
    const now = cpuSecondsOf(pid);
    if (now === null) this.#unreadable = true;
    else this.#before.set(pid, fromItsStart ? 0 : now);
  }

  /** To be called just before a process ends: afterwards nobody can ask it. */
  settle(pid: number): void {
    const before = this.#before.get(pid);
    const now = cpuSecondsOf(pid);
    if (before === undefined || now === null) return;
    this.#spent += now - before;
    this.#before.delete(pid);
  }

  total(): number | null {
    if (this.#unreadable) return null;
    for (const pid of this.#before.keys()) this.settle(pid);
    return Number(this.#spent.toFixed(2));
  }
}

export interface ClusterCpu {
  readonly brokers: CpuMeter;
  readonly gateway: CpuMeter;
  result(): CpuSeconds;
}

/** Watches a cluster's processes and this one from now on. */
export function watchCpu(cluster: RunningCluster): ClusterCpu {
  const brokers = new CpuMeter();
  const gateway = new CpuMeter();
  for (const broker of cluster.ready.brokers) brokers.watch(broker.pid);
  if (process.platform === "linux") gateway.watch(gatewayPid(cluster));
  const before = process.cpuUsage();
  return {
    brokers,
    gateway,
    result() {
      const client = process.cpuUsage(before);
      const total = brokers.total();
      return {
        brokers: total,
        gateway: process.platform === "linux" ? gateway.total() : null,
        client: Number(((client.user + client.system) / 1e6).toFixed(2)),
        ...(total === null ? { reason: "/proc/PID/stat cannot be read on this system" } : {}),
      };
    },
  };
}

export function addCpu(all: readonly CpuSeconds[]): CpuSeconds {
  const sum = (of: (one: CpuSeconds) => number | null) => {
    const values = all.map(of);
    return values.some((value) => value === null)
      ? null
      : Number(values.reduce<number>((total, value) => total + (value ?? 0), 0).toFixed(2));
  };
  const reason = all.find((one) => one.reason !== undefined)?.reason;
  return {
    brokers: sum((one) => one.brokers),
    gateway: sum((one) => one.gateway),
    client: sum((one) => one.client),
    ...(reason ? { reason } : {}),
  };
}
