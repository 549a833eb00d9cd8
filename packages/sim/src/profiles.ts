/** Which faults a run has, drawn from its seed: a profile names the theme, swarm picks two or three kinds within it. */
import type { Chance } from "./chance.ts";
import type { DiskFaults } from "./sim-disk.ts";
import type { NetFaults } from "./sim-net.ts";
import type { WorkloadOptions } from "./workload.ts";

export const PROFILES = [
  "no-fault",
  "network",
  "crash",
  "disk",
  "leader",
  "quiet",
  "swarm",
  "moves",
  "compact",
] as const;
export type Profile = (typeof PROFILES)[number];

/** Things that are done to nodes from time to time. */
export type FaultKind =
  | "crash"
  | "pause"
  | "isolate"
  | "one-way"
  | "crash-leader"
  | "crash-controller"
  | "crash-many"
  | "stop"
  | "disk-full"
  | "reassign";

export interface RunPlan {
  readonly brokers: number;
  readonly controllers: number;
  readonly minInsyncReplicas: number;
  readonly encode: boolean;
  readonly skewed: boolean;
  readonly compacts: boolean;
  readonly net: NetFaults;
  readonly disk: DiskFaults;
  readonly faults: readonly FaultKind[];
  /** Between two faults. */
  readonly everyMs: readonly [number, number];
  readonly faultMs: number;
  readonly workload: WorkloadOptions;
}

const CALM_NET: NetFaults = { delayMs: [0.1, 1], tailPercent: 0, tailMs: 1, resetPercent: 0 };
const CALM_DISK: DiskFaults = { commitMs: [0.2, 3], slowPercent: 0, slowMs: 3, failPercent: 0 };
const ROUGH_NET: NetFaults = { delayMs: [0.1, 2], tailPercent: 3, tailMs: 150, resetPercent: 0.5 };
const SLOW_DISK: DiskFaults = { commitMs: [0.5, 8], slowPercent: 10, slowMs: 200, failPercent: 0 };
const BAD_DISK: DiskFaults = { commitMs: [0.5, 8], slowPercent: 5, slowMs: 150, failPercent: 0.05 };

const KINDS: Readonly<Record<Profile, readonly FaultKind[]>> = {
  "no-fault": [],
  network: ["isolate", "one-way", "isolate", "one-way"],
  crash: ["crash", "pause", "crash-many", "stop"],
  disk: ["crash", "disk-full", "crash-leader"],
  leader: ["crash-leader", "crash-controller", "isolate"],
  quiet: ["crash-leader", "crash-controller", "isolate", "pause"],
  swarm: [
    "crash",
    "pause",
    "isolate",
    "one-way",
    "crash-leader",
    "crash-controller",
    "crash-many",
    "stop",
    "disk-full",
  ],
  compact: ["crash", "crash-leader", "isolate", "stop", "reassign"],
  moves: ["reassign", "reassign", "crash", "isolate", "crash-leader", "crash-controller"],
};

/** Everything about a run but its events. */
export function planRun(profile: Profile, chance: Chance): RunPlan {
  const separate = chance.percent(25);
  const brokers = separate ? chance.pick([2, 3]) : chance.pick([3, 3, 3, 3, 4, 1]);
  const kinds = KINDS[profile];
  const faults = kinds.filter(() => kinds.length <= 3 || chance.percent(55));
  const isQuiet = profile === "quiet";
  const compacts = profile === "compact";
  const replicationFactor = Math.min(brokers, chance.pick([3, 3, 2]));
  return {
    brokers,
    controllers: separate ? chance.pick([1, 3]) : 0,
    minInsyncReplicas: Math.min(replicationFactor, chance.pick([2, 2, 2, 1])),
    encode: chance.percent(15),
    skewed: chance.percent(30),
    compacts,
    net: netOf(profile, chance),
    disk: diskOf(profile, chance),
    // Whatever else is drawn, in the profile of moves something moves.
    faults: [
      ...(faults.length > 0 ? faults : kinds.slice(0, 1)),
      ...(profile === "moves" ? ["reassign" as const] : []),
    ],
    everyMs: isQuiet ? [150, 900] : [200, 1500],
    faultMs: 3500,
    workload: {
      topics: chance.pick([1, 1, 2]),
      partitions: chance.pick([1, 2]),
      replicationFactor,
      writers: isQuiet ? 1 : 1 + chance.below(4),
      readers: chance.below(3),
      pauseMs: isQuiet ? [100, 800] : [2, chance.pick([40, 100, 250])],
      weakPercent: 20,
      committers: chance.pick([0, 1, 2]),
      compacts,
    },
  };
}

function netOf(profile: Profile, chance: Chance): NetFaults {
  if (profile === "network") return ROUGH_NET;
  return profile !== "no-fault" && chance.percent(25) ? ROUGH_NET : CALM_NET;
}

function diskOf(profile: Profile, chance: Chance): DiskFaults {
  if (profile === "disk") return chance.pick([SLOW_DISK, BAD_DISK]);
  return profile !== "no-fault" && chance.percent(30) ? SLOW_DISK : CALM_DISK;
}
