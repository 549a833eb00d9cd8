/** Spreads runs over threads. Each thread has one job at a time; results come in the order they are done. */
import { Worker } from "node:worker_threads";
import type { RunReport } from "./run.ts";
import type { Job } from "./worker.ts";

/** Runs jobs until they are through, or until `onReport` says stop. */
export async function runJobs(
  jobs: Iterable<Job>,
  threads: number,
  onReport: (report: RunReport, job: Job) => "go on" | "stop",
): Promise<void> {
  const source = jobs[Symbol.iterator]();
  let stopped = false;
  const runWorker = async (): Promise<void> => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url));
    try {
      await new Promise<void>((resolve, reject) => {
        let job: Job;
        const next = () => {
          const item = stopped ? { done: true as const, value: undefined } : source.next();
          if (item.done) return resolve();
          job = item.value;
          worker.postMessage(job);
        };
        worker.on("error", reject);
        worker.on("message", (report: RunReport) => {
          if (!stopped && onReport(report, job) === "stop") stopped = true;
          next();
        });
        next();
      });
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, threads) }, () => runWorker()));
}
