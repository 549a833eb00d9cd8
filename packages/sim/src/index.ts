export { PLANTED_BUGS, type PlantedBug } from "./planted-bugs.ts";
export { type Profile, PROFILES } from "./profiles.ts";
export { runSeed, type RunOptions, type RunReport } from "./run.ts";
