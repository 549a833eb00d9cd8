/** What a member does about an error, by the request that it answers (M3 to M5, M10, M11). */
import type { ErrorName } from "@vitrine/core";

/**
 * - `go on`: nothing; the next heartbeat asks again.
 * - `join`: at once, as who it is. `join anew`: what it had is lost. `join later`, `find later`: after a pause.
 * - `rebalance`: gives up what it must, then joins.
 * - `look for the coordinator`: beside the membership, which lives on.
 * - `end`: no repeat can mend it.
 */
export type Remedy =
  | "go on"
  | "join"
  | "join anew"
  | "join later"
  | "find later"
  | "rebalance"
  | "look for the coordinator"
  | "end";

export function afterFind(error: ErrorName): Remedy {
  return FATAL.has(error) ? "end" : "find later";
}

export function afterJoin(error: ErrorName): Remedy {
  switch (error) {
    case "MEMBER_ID_REQUIRED":
      return "join";
    case "UNKNOWN_MEMBER_ID":
      return "join anew";
    case "ILLEGAL_GENERATION":
    case "REBALANCE_IN_PROGRESS":
      return "join later";
    default:
      return ofCoordinator(error);
  }
}

export function afterSync(error: ErrorName): Remedy {
  switch (error) {
    case "REBALANCE_IN_PROGRESS":
      return "join";
    case "UNKNOWN_MEMBER_ID":
    case "ILLEGAL_GENERATION":
      return "join anew";
    default:
      return ofCoordinator(error);
  }
}

/** For a heartbeat, a commit or whatever else a member asks. */
export function asMember(error: ErrorName): Remedy {
  switch (error) {
    case "UNKNOWN_MEMBER_ID":
    case "ILLEGAL_GENERATION":
      return "join anew";
    case "REBALANCE_IN_PROGRESS":
      return "rebalance";
    case "NOT_COORDINATOR":
    case "COORDINATOR_NOT_AVAILABLE":
      return "look for the coordinator";
    default:
      return FATAL.has(error) ? "end" : "go on";
  }
}

function ofCoordinator(error: ErrorName): Remedy {
  if (FATAL.has(error)) return "end";
  return error === "COORDINATOR_LOAD_IN_PROGRESS" ? "join later" : "find later";
}

/** Errors after which trying again is of no use. */
const FATAL: ReadonlySet<ErrorName> = new Set<ErrorName>([
  "FENCED_INSTANCE_ID",
  "UNRELEASED_INSTANCE_ID",
  "GROUP_AUTHORIZATION_FAILED",
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_MAX_SIZE_REACHED",
  "INCONSISTENT_GROUP_PROTOCOL",
  "INVALID_GROUP_ID",
  "INVALID_SESSION_TIMEOUT",
  "INVALID_REQUEST",
  "UNSUPPORTED_VERSION",
]);
