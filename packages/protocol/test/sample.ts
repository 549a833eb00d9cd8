import { uuidFromBytes, type Random } from "@vitrine/core";
import { isPrimitive, type FieldTable, type MessageTable, type VersionRange } from "../messages/notation.ts";
import { defaultOf, structOf } from "../generate/shape.ts";
import { ZERO_UUID } from "@vitrine/core";
import { isBig } from "../generate/shape.ts";

/** Makes random messages from the tables, so that the generated code is tested against something it was not generated from. */

const has = (range: VersionRange | null, v: number) => range !== null && v >= range.min && v <= range.max;

/** A message that this version can carry: fields it lacks hold their defaults. */
export function sampleMessage(message: MessageTable, v: number, random: Random): unknown {
  return sampleStruct(message, message.fields, v, random, 0);
}

function sampleStruct(
  message: MessageTable,
  fields: readonly FieldTable[],
  v: number,
  random: Random,
  depth: number,
): unknown {
  const out: Record<string, unknown> = {};
  for (const field of fields)
    out[field.name] = has(field.versions, v)
      ? sampleField(message, field, v, random, depth)
      : defaultValue(message, field);
  // One struct in eight carries a tag nobody knows.
  if (v >= message.flexibleSince && below(random, 8) === 0)
    out["unknownTags"] = [{ tag: 10_000 + below(random, 5), data: sampleBytes(random, 200) }];
  return out;
}

function sampleField(message: MessageTable, field: FieldTable, v: number, random: Random, depth: number): unknown {
  if (has(field.nullable, v) && below(random, 4) === 0) return null;
  if (below(random, 6) === 0 && !(field.type === "records" && !has(field.nullable, v))) {
    const value = defaultValue(message, field);
    if (value !== null || has(field.nullable, v)) return value;
  }
  if (!field.isArray) return sampleValue(message, field, v, random, depth);
  const count = below(random, depth > 1 ? 2 : 4);
  return Array.from({ length: count }, () => sampleValue(message, field, v, random, depth));
}

function sampleValue(message: MessageTable, field: FieldTable, v: number, random: Random, depth: number): unknown {
  if (!isPrimitive(field.type))
    return sampleStruct(message, structOf(message, field.type).fields, v, random, depth + 1);
  switch (field.type) {
    case "bool":
      return below(random, 2) === 1;
    case "int8":
      return (random.nextUint32() << 24) >> 24;
    case "int16":
      return (random.nextUint32() << 16) >> 16;
    case "uint16":
      return random.nextUint32() & 0xffff;
    case "int32":
      return random.nextUint32() | 0;
    case "uint32":
      return random.nextUint32();
    case "int64": {
      const high = below(random, 2 ** 21);
      const value = (high - 2 ** 20) * 2 ** 32 + random.nextUint32();
      return isBig(field) ? BigInt(value) : value;
    }
    case "float64":
      return random.nextUint32() / 7;
    case "string":
      return sampleString(random);
    case "bytes":
    case "records":
      return sampleBytes(random, below(random, 10) === 0 ? 20_000 : 40);
    case "uuid":
      return uuidFromBytes(sampleBytes(random, 17, 16));
  }
}

function sampleString(random: Random): string {
  const alphabet = ["a", "Z", "9", "-", "é", "日", "😀"];
  return Array.from({ length: below(random, 12) }, () => alphabet[below(random, alphabet.length)]!).join("");
}

function sampleBytes(random: Random, end: number, length = below(random, end)): Uint8Array {
  return Uint8Array.from({ length }, () => random.nextUint32() & 255);
}

/** The default as a value: the expression of the generator, evaluated. */
function defaultValue(message: MessageTable, field: FieldTable): unknown {
  if (field.default !== "null" && !field.isArray && !isPrimitive(field.type)) {
    const struct = structOf(message, field.type);
    return Object.fromEntries(struct.fields.map((inner) => [inner.name, defaultValue(message, inner)]));
  }
  const text = defaultOf(message, field, () => "");
  if (text === "ZERO_UUID") return ZERO_UUID;
  if (text === "new Uint8Array(0)") return new Uint8Array(0);
  return text.endsWith("n") ? BigInt(text.slice(0, -1)) : JSON.parse(text);
}

export function below(random: Random, end: number): number {
  return random.nextUint32() % end;
}
