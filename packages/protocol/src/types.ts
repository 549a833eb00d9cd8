/**
 * The pure entry (`@vitrine/protocol/types`): types of every message and record, constructors that fill defaults, numbers of the API keys.
 * Nothing here touches bytes or Node.
 */
export * from "./gen/types.ts";
export { ApiKey } from "./gen/api-map.ts";
export type { RequestMap, ResponseMap } from "./gen/api-map.ts";
export * from "./api-keys.ts";
export type { GroupRecord } from "./group-record.ts";
export * from "./metadata-record.ts";
export * from "./murmur2.ts";
export * from "./tags.ts";
