import type { FetchRequest } from "./messages.ts";

/** A fetch that waits at the leader for records, a higher high watermark, its deadline, or a cold read. */
export interface ParkedFetch {
  readonly replyTo: unknown;
  readonly request: FetchRequest;
  readonly deadlineMs: number;
  /** Id of the cold read it waits for, or null. */
  readonly readId: number | null;
}
