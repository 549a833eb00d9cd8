/** Which quota holds for a client, and with whom it is shared. Pure. */
import type { MetadataImage } from "@vitrine/metadata";
import { quotaKey, type QuotaEntityType } from "@vitrine/metadata";

/** Kafka's keys of client quotas. */
export const QUOTA_NAMES = [
  "producer_byte_rate",
  "consumer_byte_rate",
  "request_percentage",
  "controller_mutation_rate",
] as const;
export type QuotaName = (typeof QUOTA_NAMES)[number];

export interface ClientLimit {
  readonly bound: number;
  /** Whoever has the same word shares the quota. */
  readonly sharedBy: string;
  /** It is a user's, whatever its client ids. */
  readonly ofUser: boolean;
}

/** Without authentication every client is this user. */
export const ANONYMOUS = "ANONYMOUS";

type Part = "name" | "default" | "none";

/** Q3: Kafka's order, the most particular first. [user, client id]. */
const LEVELS: readonly (readonly [user: Part, clientId: Part])[] = [
  ["name", "name"],
  ["name", "default"],
  ["name", "none"],
  ["default", "name"],
  ["default", "default"],
  ["default", "none"],
  ["none", "name"],
  ["none", "default"],
];

/** The limits of an image, looked up once per client and quota. */
export class ClientLimits {
  readonly #quotas: MetadataImage["clientQuotas"];

  constructor(quotas: MetadataImage["clientQuotas"]) {
    this.#quotas = quotas;
  }

  /** null: no quota. A quota of a user alone is shared by all its clients, others are each client's own. */
  of(name: QuotaName, user: string, clientId: string): ClientLimit | null {
    for (const [userPart, clientPart] of LEVELS) {
      const entity = new Map<QuotaEntityType, string | null>();
      if (userPart !== "none") entity.set("user", userPart === "name" ? user : null);
      if (clientPart !== "none") entity.set("client-id", clientPart === "name" ? clientId : null);
      const bound = this.#quotas.get(quotaKey(entity))?.values.get(name);
      if (bound === undefined) continue;
      const sharedBy = JSON.stringify([userPart === "none" ? "" : user, clientPart === "none" ? "" : clientId]);
      return { bound, sharedBy, ofUser: clientPart === "none" };
    }
    return null;
  }
}
