/** The states of a classic group, in Kafka's words, and from where each may be entered (`ClassicGroupState.java`). */
export type ClassicGroupState = "Empty" | "PreparingRebalance" | "CompletingRebalance" | "Stable" | "Dead";

const MAY_FOLLOW: Readonly<Record<ClassicGroupState, readonly ClassicGroupState[]>> = {
  Empty: ["PreparingRebalance"],
  PreparingRebalance: ["Stable", "CompletingRebalance", "Empty"],
  CompletingRebalance: ["PreparingRebalance"],
  Stable: ["CompletingRebalance"],
  Dead: ["Stable", "PreparingRebalance", "CompletingRebalance", "Empty", "Dead"],
};

export function mayFollow(from: ClassicGroupState, to: ClassicGroupState): boolean {
  return MAY_FOLLOW[to].includes(from);
}
