/** The command line of the simulator. */
import { PROFILES, type Profile } from "./profiles.ts";

export interface Arguments {
  readonly from: number;
  readonly to: number;
  readonly profiles: readonly Profile[];
  readonly threads: number;
  readonly json: boolean;
  readonly planted: boolean;
  /** One seed only: its whole trace is printed. */
  readonly replay: boolean;
  readonly help: boolean;
}

export const USAGE = `pnpm sim [--seed N | --seeds A..B] [--profile P] [--threads N] [--json] [--planted]

  --seed N       one run, with its whole trace (profile swarm unless said)
  --seeds A..B   these seeds, shared among the profiles; default 1..2000
  --profile P    ${PROFILES.join(", ")}
  --threads N    worker threads; default: as many as there are processors
  --json         one line of JSON at the end
  --planted      checks instead that every planted bug is caught within its budget`;

/** Reads the arguments; throws an Error with one sentence when they make no sense. */
export function readArguments(argv: readonly string[], processors: number): Arguments {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  for (let at = 0; at < argv.length; at++) {
    const name = argv[at]!;
    if (name === "--") continue;
    if (["--json", "--planted", "--help"].includes(name)) flags.add(name);
    else if (["--seed", "--seeds", "--profile", "--threads"].includes(name)) {
      const value = argv[++at];
      if (value === undefined) throw new Error(`${name} needs a value`);
      values.set(name, value);
    } else throw new Error(`${name} is not an option; see --help`);
  }
  const one = values.get("--seed");
  const [from, to] =
    one === undefined ? readRange(values.get("--seeds") ?? "1..2000") : [readNumber(one), readNumber(one)];
  const named = values.get("--profile");
  const profiles = named === undefined ? (one === undefined ? PROFILES : (["swarm"] as const)) : [readProfile(named)];
  return {
    from,
    to,
    profiles,
    threads: readNumber(values.get("--threads") ?? String(processors)),
    json: flags.has("--json"),
    planted: flags.has("--planted"),
    replay: one !== undefined,
    help: flags.has("--help"),
  };
}

function readProfile(name: string): Profile {
  const profile = PROFILES.find((known) => known === name);
  if (!profile) throw new Error(`${name} is not a profile; there are ${PROFILES.join(", ")}`);
  return profile;
}

function readRange(text: string): [number, number] {
  const match = /^(\d+)\.\.(\d+)$/.exec(text);
  if (!match || Number(match[1]) > Number(match[2])) throw new Error(`${text} is not a range of seeds like 1..2000`);
  return [Number(match[1]), Number(match[2])];
}

function readNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${text} is not a whole number`);
  return Number(text);
}
