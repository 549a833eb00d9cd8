export * from "./broker.ts";
export * from "./config.ts";
export * from "./ports.ts";
export type { ChannelResult } from "./controller-channel.ts";
export type { CoordinatedGroup, GroupNotice, GroupObserver } from "./groups/groups.ts";
export type * from "./observer.ts";
export type { BrokerParts, Reply } from "./request.ts";
export type { Journal, LogLevel } from "./runtime.ts";
export { readSettings, type BrokerSettings } from "./settings.ts";
