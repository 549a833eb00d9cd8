export type { BatchFacts } from "./batch-facts.ts";
export type { Brand } from "./brand.ts";
export * from "./config-def.ts";
export * from "./errors.ts";
export * from "./ids.ts";
export * from "./invariant.ts";
export * from "./offset.ts";
export * from "./random.ts";
export * from "./topic-name.ts";
