/** Runs the seeds it is given, one after the other, in a thread of its own. */
import { parentPort } from "node:worker_threads";
import type { PlantedBug } from "./planted-bugs.ts";
import type { Profile } from "./profiles.ts";
import { runSeed } from "./run.ts";

export interface Job {
  readonly seed: number;
  readonly profile: Profile;
  readonly bug: PlantedBug | null;
}

parentPort?.on("message", ({ seed, profile, bug }: Job) => {
  parentPort?.postMessage(runSeed({ seed, profile, ...(bug ? { bugs: new Set([bug]) } : {}) }));
});
