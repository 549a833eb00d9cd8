/** Why a test of the suite does not pass, where it does not. A test asserts that each of those has a reason here. */
export interface Finding {
  readonly tests: readonly string[];
  /** One or two sentences for the page. */
  readonly reason: string;
}

export const FINDINGS: readonly Finding[] = [];
