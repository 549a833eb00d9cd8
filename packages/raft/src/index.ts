export * from "./config.ts";
export * from "./events.ts";
export * from "./messages.ts";
export type { RaftBug } from "./planted-bugs.ts";
export { type ProposeResult, Raft, type RaftRole, type RaftView, type ReplicaState } from "./raft.ts";
