export * from "./partition-log.ts";
