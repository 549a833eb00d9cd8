import type { Brand } from "./brand.ts";
import { InvariantViolation } from "./invariant.ts";

/**
 * A position in a log: a whole number in [0, 2^53). Kafka's int64 is narrowed here, at the only door
 * (wire reader, database row, JSON); 2^53 offsets last 285 years at a million records a second.
 */
export type Offset = Brand<number, "Offset">;

/** The door for offsets. Throws when the value is not a whole number in [0, 2^53). */
export function Offset(value: number): Offset {
  if (!Number.isSafeInteger(value) || value < 0) throw new InvariantViolation(`not an offset: ${value}`);
  return value as Offset;
}

/** Whether a number from outside may be taken for an offset. */
export function isOffset(value: number): value is Offset {
  return Number.isSafeInteger(value) && value >= 0;
}
