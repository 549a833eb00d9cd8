/** AlterClientQuotas (KIP-546, KIP-612): each entity changes as a whole or not at all; only what changes is written. */
import type { AlterClientQuotasRequestEntryData } from "@vitrine/protocol/types";
import { CLIENT_QUOTAS, IP_QUOTAS, isQuotaEntityType, type QuotaKind, wireEntity } from "../client-quotas.ts";
import type { Command, ReplyOf } from "../controller-types.ts";
import type { QuotaEntity, QuotaEntityType } from "../image.ts";
import { quotaKey } from "../image.ts";
import { canonicalAddress } from "../ip-address.ts";
import type { MetadataRecord } from "../records.ts";
import { clientQuotaRecord } from "../records.ts";
import type { Control, Refusal } from "./draft.ts";
import { Draft, errorFields, refuse } from "./draft.ts";

/** Entities that may have quotas; every broker keeps them all in memory. Beyond it new ones are refused. */
const ENTITIES_MAX = 100_000;
/** Kafka's Integer.MAX_VALUE, and its Long.MAX_VALUE as near as a float64 comes. */
const WHOLE_MAX = { int: 2 ** 31 - 1, long: 2 ** 63 };

export function alterClientQuotas(
  _control: Control,
  draft: Draft,
  { request }: Command<"alterClientQuotas">,
): ReplyOf<"alterClientQuotas"> {
  const into = request.validateOnly ? new Draft(draft.image, draft.at, draft.image.epoch) : draft;
  const seen = new Set<string>();
  return {
    throttleTimeMs: 0,
    entries: request.entries.map((entry) => ({
      ...errorFields(alterOne(into, entry, seen)),
      entity: entry.entity.map(({ entityType, entityName }) => ({ entityType, entityName })),
    })),
  };
}

function alterOne(draft: Draft, { entity: parts, ops }: AlterClientQuotasRequestEntryData, seen: Set<string>) {
  const entity = new Map<QuotaEntityType, string | null>();
  const wrong = readEntity(parts, entity);
  if (wrong) return wrong;
  const at = quotaKey(entity);
  if (seen.has(at)) return refuse("INVALID_REQUEST", `Ignoring duplicate entity ${shown(entity)}`);
  seen.add(at);
  const present = draft.image.clientQuotas.get(at)?.values;
  if (!present && draft.image.clientQuotas.size >= ENTITIES_MAX)
    return refuse("POLICY_VIOLATION", `There are quotas for ${ENTITIES_MAX} entities already: remove some first.`);
  const quotas = entity.has("ip") ? IP_QUOTAS : CLIENT_QUOTAS;
  const records: MetadataRecord[] = [];
  const keys = new Set<string>();
  for (const { key, value, remove } of ops) {
    if (keys.has(key))
      return refuse(
        "INVALID_REQUEST",
        `Duplicate quota key ${key} not updating quota for this entity ${shown(entity)}`,
      );
    keys.add(key);
    const refusal = remove ? null : refuseValue(quotas, key, value);
    if (refusal) return refusal;
    const old = present?.get(key);
    if (remove ? old === undefined : old === value) continue;
    records.push(clientQuotaRecord({ entity: wireEntity(entity), key, value: remove ? 0 : value, remove }));
  }
  draft.add(records);
  return null;
}

function readEntity(
  parts: AlterClientQuotasRequestEntryData["entity"],
  entity: Map<QuotaEntityType, string | null>,
): Refusal | null {
  if (parts.length === 0) return refuse("INVALID_REQUEST", "Invalid empty client quota entity");
  for (const { entityType, entityName } of parts) {
    if (!isQuotaEntityType(entityType))
      return refuse("INVALID_REQUEST", `Unhandled client quota entity type: ${entityType}`);
    if (entity.has(entityType))
      return refuse("INVALID_REQUEST", `Invalid client quota entity, duplicate entity entry ${entityType}`);
    if (entityName === "") return refuse("INVALID_REQUEST", `Empty ${entityType} not supported`);
    if (entityType === "ip" && entityName !== null && canonicalAddress(entityName) === null)
      return refuse("INVALID_REQUEST", `${entityName} is not a valid IP; names of hosts are not looked up here.`);
    entity.set(entityType, entityName);
  }
  if (entity.has("ip") && entity.size > 1)
    return refuse("INVALID_REQUEST", "Invalid client quota entity: an IP goes with neither a user nor a client id.");
  return null;
}

function refuseValue(quotas: ReadonlyMap<string, QuotaKind>, key: string, value: number): Refusal | null {
  const kind = quotas.get(key);
  if (kind === undefined) return refuse("INVALID_REQUEST", `Invalid configuration key ${key}`);
  if (!(value > 0)) return refuse("INVALID_REQUEST", `Quota ${key} must be greater than 0`);
  if (kind === "fraction") return Number.isFinite(value) ? null : refuse("INVALID_REQUEST", `${key} must be finite.`);
  if (value > WHOLE_MAX[kind])
    return refuse(
      "INVALID_REQUEST",
      `Proposed value for ${key} is too large for ${kind === "int" ? "an INT" : "a LONG"}.`,
    );
  return Math.abs(value % 1) > 1e-6 ? refuse("INVALID_REQUEST", `${key} cannot be a fractional value.`) : null;
}

function shown(entity: QuotaEntity): string {
  return [...entity].map(([type, name]) => `${type}=${name ?? "<default>"}`).join(", ");
}
