/** Which verbs mean something for a process in a state, and which this platform cannot do. Pure. */
import type { ProcessState, ProcessVerb } from "@vitrine/api";

const BY_STATE: Readonly<Record<ProcessState, readonly ProcessVerb[]>> = {
  starting: ["stop", "kill"],
  running: ["stop", "kill", "restart", "freeze", "isolate"],
  stopping: ["kill"],
  frozen: ["unfreeze", "kill", "restart"],
  isolated: ["rejoin", "stop", "kill", "restart", "freeze"],
  exited: ["restart"],
};

export function verbsIn(state: ProcessState, platform: string): ProcessVerb[] {
  const missing = unsupportedOn(platform);
  return BY_STATE[state].filter((verb) => missing[verb] === undefined);
}

/** Verb to the reason, in words. */
export function unsupportedOn(platform: string): Partial<Record<ProcessVerb, string>> {
  if (platform !== "win32") return {};
  const reason = "Windows has no signal that stops a process and lets it go on later";
  return { freeze: reason, unfreeze: reason };
}

/** Why a verb cannot be carried out now; null = it can. */
export function verbConflict(verb: ProcessVerb, state: ProcessState, name: string): string | null {
  if (BY_STATE[state].includes(verb)) return null;
  const possible = BY_STATE[state].join(", ");
  return `${name} is ${state}, so it cannot ${verb}; possible now: ${possible}`;
}
