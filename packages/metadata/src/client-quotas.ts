/** Client quotas (KIP-13, 55, 124, 546, 599, 612): the keys there are, and DescribeClientQuotas. */
import type { ErrorName } from "@vitrine/core";
import { errorCode } from "@vitrine/core";
import type {
  ClientQuotaRecordEntityData,
  DescribeClientQuotasRequest,
  DescribeClientQuotasRequestComponentData,
  DescribeClientQuotasResponse,
} from "@vitrine/protocol/types";
import type { MetadataImage, QuotaEntity, QuotaEntityType } from "./image.ts";

/** Quotas of a user, a client id, or both. Bytes per second, percent of a thread, partitions made or deleted per second. */
export const CLIENT_QUOTAS: ReadonlyMap<string, QuotaKind> = new Map([
  ["producer_byte_rate", "long"],
  ["consumer_byte_rate", "long"],
  ["request_percentage", "fraction"],
  ["controller_mutation_rate", "fraction"],
]);

/** Quotas of an address: connections per second. */
export const IP_QUOTAS: ReadonlyMap<string, QuotaKind> = new Map([["connection_creation_rate", "int"]]);

/** Kafka's type of a quota's value. */
export type QuotaKind = "int" | "long" | "fraction";

const ENTITY_TYPES: readonly QuotaEntityType[] = ["user", "client-id", "ip"];

export function isQuotaEntityType(word: string): word is QuotaEntityType {
  return ENTITY_TYPES.some((type) => type === word);
}

/** An entity as records and answers carry it. */
export function wireEntity(entity: QuotaEntity): ClientQuotaRecordEntityData[] {
  return [...entity].map(([entityType, entityName]) => ({ entityType, entityName }));
}

const EXACT = 0;
const DEFAULT = 1;
const ANY = 2;

/** Every quota that the filter takes. Strict: of entities with no other parts than those the filter names. */
export function describeClientQuotas(
  image: MetadataImage,
  request: DescribeClientQuotasRequest,
): DescribeClientQuotasResponse {
  const wrong = wrongFilter(request.components);
  if (wrong)
    return { throttleTimeMs: 0, errorCode: errorCode(wrong.error), errorMessage: wrong.message, entries: null };
  const entries = [];
  for (const { entity, values } of image.clientQuotas.values()) {
    if (request.strict && entity.size !== request.components.length) continue;
    if (!request.components.every((component) => matches(entity, component))) continue;
    entries.push({ entity: wireEntity(entity), values: [...values].map(([key, value]) => ({ key, value })) });
  }
  return { throttleTimeMs: 0, errorCode: 0, errorMessage: null, entries };
}

function matches(entity: QuotaEntity, { entityType, matchType, match }: DescribeClientQuotasRequestComponentData) {
  if (!isQuotaEntityType(entityType) || !entity.has(entityType)) return false;
  const name = entity.get(entityType) ?? null;
  return matchType === ANY || (matchType === DEFAULT ? name === null : name === match);
}

function wrongFilter(
  components: readonly DescribeClientQuotasRequestComponentData[],
): { error: ErrorName; message: string } | null {
  const invalid = (message: string) => ({ error: "INVALID_REQUEST", message }) as const;
  const seen = new Set<string>();
  for (const { entityType, matchType, match } of components) {
    if (entityType === "") return invalid("Invalid empty entity type.");
    if (seen.has(entityType)) return invalid(`Entity type ${entityType} cannot appear more than once in the filter.`);
    seen.add(entityType);
    if (!isQuotaEntityType(entityType))
      return { error: "UNSUPPORTED_VERSION", message: `Unsupported entity type ${entityType}.` };
    if (matchType !== EXACT && matchType !== DEFAULT && matchType !== ANY)
      return invalid(`Unknown match type ${matchType}: 0 is exact, 1 the default, 2 any.`);
    if (matchType === EXACT && match === null)
      return invalid("The filter asks for an exact match, but names nothing to match.");
    if (matchType !== EXACT && match !== null)
      return invalid(`The filter names ${match}, but does not ask for an exact match.`);
  }
  if (seen.has("ip") && seen.size > 1)
    return invalid("Invalid entity filter component combination, specified both IP and user or client id.");
  return null;
}
