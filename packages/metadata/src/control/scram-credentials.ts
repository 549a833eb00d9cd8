/** AlterUserScramCredentials (KIP-554). The client sends the salted password; what is kept are the two keys derived from it (RFC 5802). */
import type { ErrorName } from "@vitrine/core";
import type {
  AlterUserScramCredentialsRequestScramCredentialUpsertion,
  AlterUserScramCredentialsResponseAlterUserScramCredentialsResult,
} from "@vitrine/protocol/types";
import type { Command, ReplyOf, ScramKeys } from "../controller-types.ts";
import type { MetadataImage } from "../image.ts";
import { scramKey } from "../image.ts";
import type { MetadataRecord } from "../records.ts";
import { removeUserScramCredentialRecord, userScramCredentialRecord } from "../records.ts";
import type { Control, Draft, Refusal } from "./draft.ts";
import { errorFields, refuse } from "./draft.ts";

/** Fewer are too easy to guess through, more cost each client too much to log in. */
const ITERATIONS_MIN = 4_096;
const ITERATIONS_MAX = 16_384;
/** Salts and salted passwords are a hash long; a long one is no such thing. */
const BYTES_MAX = 1_024;

/** SCRAM-SHA-256, SCRAM-SHA-512. */
const MECHANISMS = [1, 2];

interface Change {
  readonly refusal: Refusal | null;
  readonly record: (() => MetadataRecord) | null;
}

/** One answer per user. A user who is named twice is changed not at all, whatever the mechanisms. */
export function alterUserScramCredentials(
  _control: Control,
  draft: Draft,
  { request, scramKeys }: Command<"alterUserScramCredentials">,
): ReplyOf<"alterUserScramCredentials"> {
  const changes = new Map<string, Change>();
  const take = (name: string, change: Change) => changes.set(name, changes.has(name) ? TWICE : change);
  for (const { name, mechanism } of request.deletions)
    take(name, {
      refusal: refuseName(name, mechanism) ?? refuseUnknown(draft.image, name, mechanism),
      record: () => removeUserScramCredentialRecord({ name, mechanism }),
    });
  for (const upsertion of request.upsertions)
    take(upsertion.name, {
      refusal: refuseName(upsertion.name, upsertion.mechanism) ?? refuseUpsertion(upsertion, scramKeys),
      record: scramKeys && (() => credentialRecord(upsertion, scramKeys)),
    });
  const results: AlterUserScramCredentialsResponseAlterUserScramCredentialsResult[] = [];
  for (const [user, { refusal, record }] of changes) {
    if (!refusal && record) draft.add([record()]);
    results.push({ user, ...errorFields(refusal) });
  }
  return { throttleTimeMs: 0, results };
}

const TWICE: Change = {
  refusal: refuse("DUPLICATE_RESOURCE", "A user credential cannot be altered twice in the same request"),
  record: null,
};

function refuseName(name: string, mechanism: number): Refusal | null {
  if (name === "") return refuse("UNACCEPTABLE_CREDENTIAL", "Username must not be empty");
  return MECHANISMS.includes(mechanism) ? null : refuse("UNSUPPORTED_SASL_MECHANISM", "Unknown SCRAM mechanism");
}

function refuseUnknown(image: MetadataImage, name: string, mechanism: number): Refusal | null {
  return image.scramCredentials.has(scramKey(name, mechanism))
    ? null
    : refuse("RESOURCE_NOT_FOUND", "Attempt to delete a user credential that does not exist");
}

function refuseUpsertion(
  { iterations, salt, saltedPassword }: AlterUserScramCredentialsRequestScramCredentialUpsertion,
  scramKeys: ScramKeys | null,
): Refusal | null {
  const unacceptable = (message: string) => refuse("UNACCEPTABLE_CREDENTIAL" satisfies ErrorName, message);
  if (iterations < ITERATIONS_MIN) return unacceptable("Too few iterations");
  if (iterations > ITERATIONS_MAX) return unacceptable("Too many iterations");
  if (salt.length === 0 || salt.length > BYTES_MAX) return unacceptable(`A salt has 1 to ${BYTES_MAX} bytes`);
  if (saltedPassword.length === 0 || saltedPassword.length > BYTES_MAX)
    return unacceptable(`A salted password has 1 to ${BYTES_MAX} bytes`);
  return scramKeys ? null : refuse("UNSUPPORTED_VERSION", "This controller cannot derive keys from passwords");
}

function credentialRecord(
  { name, mechanism, iterations, salt, saltedPassword }: AlterUserScramCredentialsRequestScramCredentialUpsertion,
  scramKeys: ScramKeys,
): MetadataRecord {
  // Copied: the request's bytes are views on memory that is used again.
  return userScramCredentialRecord({
    name,
    mechanism,
    iterations,
    salt: Uint8Array.from(salt),
    ...scramKeys(mechanism, saltedPassword),
  });
}
