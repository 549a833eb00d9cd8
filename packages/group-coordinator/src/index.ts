/** Consumer groups: who is in them, who has what, and how far they have read. Pure. */
export type { ClassicGroupState } from "./classic-group-state.ts";
export { commitRefusal } from "./commands/commit-offsets.ts";
export * from "./coordinator-types.ts";
export { GroupCoordinator } from "./coordinator.ts";
export type { CoordinatedGroup, CoordinatedMember, CoordinatedOffset } from "./group-view.ts";
export { groupPartition, javaStringHash } from "./partition-for.ts";
export { DEFAULT_GROUP_SETTINGS, type GroupCoordinatorSettings } from "./settings.ts";
