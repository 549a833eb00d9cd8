export * from "./epoch-cache.ts";
export * from "./log-disk.ts";
export * from "./log-op.ts";
export * from "./memory-disk.ts";
export * from "./memory-log.ts";
export * from "./partition-log.ts";
export * from "./producer-state.ts";
export * from "./queued-store.ts";
