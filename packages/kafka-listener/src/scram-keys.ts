/** The two keys that are kept of a salted password (RFC 5802, section 3): enough to check a proof, not enough to make one. */
import { createHash, createHmac } from "node:crypto";

/** Kafka's numbers of the mechanisms. */
const HASHES: ReadonlyMap<number, string> = new Map([
  [1, "sha256"],
  [2, "sha512"],
]);

/** `mechanism`: 1 SCRAM-SHA-256, 2 SCRAM-SHA-512. Throws for others: callers have checked. */
export function scramKeys(
  mechanism: number,
  saltedPassword: Uint8Array,
): { readonly storedKey: Uint8Array; readonly serverKey: Uint8Array } {
  const hash = HASHES.get(mechanism);
  if (hash === undefined) throw new TypeError(`there is no SCRAM mechanism ${mechanism}`);
  const hmac = (text: string) => createHmac(hash, saltedPassword).update(text).digest();
  const storedKey = createHash(hash).update(hmac("Client Key")).digest();
  return { storedKey: new Uint8Array(storedKey), serverKey: new Uint8Array(hmac("Server Key")) };
}
