import type { Brand } from "./brand.ts";
import { invariant } from "./invariant.ts";

/** A node of the cluster: broker, controller or both (Kafka's `node.id`). 0 or more. */
export type NodeId = number;

/** Number of a partition within its topic, from 0. */
export type PartitionIndex = number;

/** A UUID in Kafka's text form: 22 characters of URL-safe base64 without padding. Topic ids, directory ids, incarnation ids. */
export type Uuid = Brand<string, "Uuid">;

/** The UUID of sixteen zero bytes: "none" wherever Kafka sends a UUID. */
export const ZERO_UUID = "AAAAAAAAAAAAAAAAAAAAAA" as Uuid;

const UUID_TEXT = /^[A-Za-z0-9_-]{22}$/;

/** Checks and brands the text form of a UUID. */
export function Uuid(text: string): Uuid {
  invariant(UUID_TEXT.test(text), `not a UUID in Kafka's base64 form: ${text}`);
  return text as Uuid;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Sixteen bytes to Kafka's text form. */
export function uuidFromBytes(bytes: Uint8Array, at = 0): Uuid {
  let text = "";
  for (let i = 0; i < 16; i += 3) {
    const a = bytes[at + i] ?? 0;
    const b = i + 1 < 16 ? (bytes[at + i + 1] ?? 0) : 0;
    const c = i + 2 < 16 ? (bytes[at + i + 2] ?? 0) : 0;
    text += ALPHABET[a >> 2]! + ALPHABET[((a & 3) << 4) | (b >> 4)]!;
    if (i + 1 < 16) text += ALPHABET[((b & 15) << 2) | (c >> 6)]! + ALPHABET[c & 63]!;
  }
  return text as Uuid;
}

/** Kafka's text form to sixteen bytes. */
export function uuidToBytes(uuid: Uuid): Uint8Array {
  const out = new Uint8Array(16);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < uuid.length && at < 16; i++) {
    held = ((held << 6) | ALPHABET.indexOf(uuid[i]!)) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (held >> bits) & 255;
    }
  }
  return out;
}

/** A new UUID drawn from a random source. Never zero, and never begins with "-" (command lines read that as an option). */
export function randomUuid(random: { nextUint32(): number }): Uuid {
  for (;;) {
    const bytes = new Uint8Array(16);
    for (let i = 0; i < 16; i += 4) {
      const word = random.nextUint32();
      bytes[i] = word >>> 24;
      bytes[i + 1] = (word >>> 16) & 255;
      bytes[i + 2] = (word >>> 8) & 255;
      bytes[i + 3] = word & 255;
    }
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const uuid = uuidFromBytes(bytes);
    if (uuid !== ZERO_UUID && !uuid.startsWith("-")) return uuid;
  }
}
