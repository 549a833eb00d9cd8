/** Something that must never be false was false: a bug of ours. It ends the process; a broker that restarts from its log is safer than one that guesses. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
}

/** Throws InvariantViolation unless the condition holds. Operating errors are values; this is for bugs only. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** The end of a switch over a union: a new case breaks the build here. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unreachable case: ${JSON.stringify(value)}`);
}
