export * from "./brokers.ts";
export * from "./common.ts";
export * from "./group-members.ts";
export * from "./groups.ts";
export * from "./process-control.ts";
export * from "./records.ts";
export * from "./topics.ts";
