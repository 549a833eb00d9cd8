import { randomBytes } from "node:crypto";

const prefix = randomBytes(5).toString("hex");
let counter = 0;

/** Id of a request, unique over restarts: a random prefix per process and a counter. Never taken from the caller. */
export function requestId(): string {
  counter += 1;
  return `${prefix}-${counter.toString(36)}`;
}
