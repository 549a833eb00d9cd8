export {
  type Assignment,
  type Assignor,
  type AssignorMember,
  type PartitionCounts,
  type PartitionRacks,
  partitionId,
  type TopicPartition,
} from "./assignors/assignor.ts";
export { assignRange } from "./assignors/range.ts";
export { assignRoundRobin } from "./assignors/round-robin.ts";
export { assignCooperativeSticky, assignSticky } from "./assignors/sticky.ts";
export {
  readAssignment,
  readSubscription,
  type Subscription,
  writeAssignment,
  writeSubscription,
} from "./consumer-protocol.ts";
export { GroupMember } from "./group-member.ts";
export type * from "./member-types.ts";
