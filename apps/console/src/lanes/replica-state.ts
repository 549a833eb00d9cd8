export type ReplicaState = "leader" | "in-sync" | "catching-up" | "offline";

/** What a replica is, in one word: the leader, a member of the ISR, one that catches up, or one whose process is gone. */
export function replicaState({
  isLeader,
  inIsr,
  offline,
}: {
  readonly isLeader: boolean;
  readonly inIsr: boolean;
  readonly offline: boolean;
}): ReplicaState {
  if (isLeader) return "leader";
  if (offline) return "offline";
  return inIsr ? "in-sync" : "catching-up";
}
