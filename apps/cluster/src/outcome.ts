/** A value, or the one sentence that tells a person what happened, to what, and what to do. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly sentence: string };

export function refused(sentence: string): { readonly ok: false; readonly sentence: string } {
  return { ok: false, sentence };
}

/** The error code of Node's system errors, or "" when it is none. */
export function errorCodeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
