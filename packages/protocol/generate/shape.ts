import {
  isPrimitive,
  type FieldTable,
  type MessageTable,
  type StructTable,
  type VersionRange,
} from "../messages/notation.ts";

/** What both halves of the generator ask about a field. */

const UNSAFE_LIMIT = 2n ** 53n;

/** `FetchRequest` + `FetchTopic`: struct names are unique within a message only. */
export function structType(message: MessageTable, struct: string): string {
  return message.name + struct;
}

export function structOf(message: MessageTable, name: string): StructTable {
  const struct = message.structs.find((entry) => entry.name === name);
  if (!struct) throw new Error(`${message.name}: no struct ${name}`);
  return struct;
}

/** Versions in both ranges, or null. */
export function overlap(a: VersionRange, b: VersionRange): VersionRange | null {
  const min = Math.max(a.min, b.min);
  const max = Math.min(a.max, b.max);
  return min <= max ? { min, max } : null;
}

/** Condition on `v` for `range`, given that `v` lies within `known`; "true" or "false" when nothing is left to ask. */
export function during(known: VersionRange, range: VersionRange | null): string {
  const both = range && overlap(known, range);
  if (!both) return "false";
  const { min, max } = known;
  if (both.min <= min && both.max >= max) return "true";
  if (both.max >= max) return `v >= ${both.min}`;
  if (both.min <= min) return `v <= ${both.max}`;
  return both.min === both.max ? `v === ${both.min}` : `v >= ${both.min} && v <= ${both.max}`;
}

/** Versions in which a struct can occur: those of the fields that hold it, wherever they are. */
export function versionsOf(message: MessageTable, struct: string): VersionRange {
  let hull: VersionRange | null = null;
  const visit = (fields: readonly FieldTable[], known: VersionRange) => {
    for (const field of fields) {
      const versions = overlap(known, field.versions);
      if (isPrimitive(field.type) || versions === null) continue;
      if (field.type === struct) {
        hull =
          hull === null ? versions : { min: Math.min(hull.min, versions.min), max: Math.max(hull.max, versions.max) };
      }
      visit(structOf(message, field.type).fields, versions);
    }
  };
  visit(message.fields, message.versions);
  return hull ?? message.versions;
}

export function isBig(field: FieldTable): boolean {
  if (field.type !== "int64" || field.default === null || field.default === "null") return false;
  const value = BigInt(field.default);
  return value >= UNSAFE_LIMIT || value <= -UNSAFE_LIMIT;
}

export function isNullable(message: MessageTable, field: FieldTable): boolean {
  if (field.type === "records" && !field.isArray) return true;
  return field.nullable !== null && overlap(message.versions, field.nullable) !== null;
}

/** TypeScript type of one element. */
export function elementType(message: MessageTable, field: FieldTable): string {
  if (!isPrimitive(field.type)) return structType(message, field.type);
  switch (field.type) {
    case "bool":
      return "boolean";
    case "string":
      return "string";
    case "bytes":
    case "records":
      return "Uint8Array";
    case "uuid":
      return "Uuid";
    case "int64":
      return isBig(field) ? "bigint" : "number";
    case "int8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
    case "float64":
      return "number";
  }
}

/** TypeScript type of the property. */
export function fieldType(message: MessageTable, field: FieldTable): string {
  const element = elementType(message, field);
  return (field.isArray ? `readonly ${element}[]` : element) + (isNullable(message, field) ? " | null" : "");
}

/** The default as an expression; structs go through `make`. */
export function defaultOf(message: MessageTable, field: FieldTable, make: (struct: string) => string): string {
  if (field.default === "null") return "null";
  if (field.isArray) return "[]";
  if (!isPrimitive(field.type)) return make(field.type);
  switch (field.type) {
    case "bool":
      return field.default ?? "false";
    case "string":
      return JSON.stringify(field.default ?? "");
    case "bytes":
      return "new Uint8Array(0)";
    case "records":
      return "null";
    case "uuid":
      return "ZERO_UUID";
    default:
      return isBig(field) ? `${field.default}n` : (field.default ?? "0");
  }
}

/** Fewest bytes one element of the array takes in any version that has it. */
export function leastSize(message: MessageTable, field: FieldTable): number {
  const versions = overlap(message.versions, field.versions) ?? message.versions;
  let least = Infinity;
  for (let v = versions.min; v <= versions.max; v++) least = Math.min(least, sizeOf(message, field.type, v));
  if (least < 1) throw new Error(`${message.name}.${field.name}: an element may be empty`);
  return least;
}

function sizeOf(message: MessageTable, type: string, v: number): number {
  const flexible = v >= message.flexibleSince;
  if (isPrimitive(type)) {
    const fixed = { bool: 1, int8: 1, int16: 2, uint16: 2, int32: 4, uint32: 4, int64: 8, float64: 8, uuid: 16 };
    if (type === "string") return flexible ? 1 : 2;
    return type === "bytes" || type === "records" ? (flexible ? 1 : 4) : fixed[type];
  }
  let size = flexible ? 1 : 0;
  for (const field of structOf(message, type).fields) {
    if (field.tag !== null || v < field.versions.min || v > field.versions.max) continue;
    if (field.isArray) size += flexible ? 1 : 4;
    else if (isPrimitive(field.type)) size += sizeOf(message, field.type, v);
    else size += field.nullable ? 1 : sizeOf(message, field.type, v);
  }
  return size;
}

/** Structs in the order in which they must be written down: the innermost first does not matter for functions, names do. */
export function hasUuid(messages: readonly MessageTable[]): boolean {
  return messages.some((message) =>
    [message, ...message.structs].some((struct) => struct.fields.some((field) => field.type === "uuid")),
  );
}

/** A message or one of its structs, while code for it is written. */
export interface Scope {
  readonly message: MessageTable;
  /** Name of the TypeScript type. */
  readonly name: string;
  readonly fields: readonly FieldTable[];
  /** Versions that can get here. */
  readonly known: VersionRange;
}

/** Only whole messages are read and written from outside. */
export function exported(scope: Scope): string {
  return scope.name === scope.message.name ? "export " : "";
}

/** The scope behind a condition on the version. */
export function within(scope: Scope, range: VersionRange): Scope {
  return { ...scope, known: overlap(scope.known, range) ?? scope.known };
}

/** The scope inside the tag section, which only flexible versions have. */
export function inTags(scope: Scope): Scope {
  return within(scope, { min: scope.message.flexibleSince, max: Infinity });
}

/** Whether the encoding is flexible in this place: "true", "false" or "f", the local that holds the comparison. */
export function flexibleArgument(scope: Scope, field: FieldTable | null): string {
  if (field?.rigid) return "false";
  const when = during(scope.known, { min: scope.message.flexibleSince, max: Infinity });
  return when === "true" || when === "false" ? when : "f";
}

/** Declares `f` when the code uses it. */
export function withFlexible(scope: Scope, code: string): string {
  return /\bf\b/.test(code) ? `  const f = v >= ${scope.message.flexibleSince};\n${code}` : code;
}

/** Expression that holds when `m.<field>` has its default. */
export function isDefaultTest(message: MessageTable, field: FieldTable): string {
  const value = `m.${field.name}`;
  if (field.default === "null") return `${value} === null`;
  const guarded = (test: string) => (isNullable(message, field) ? `(${value} !== null && ${test})` : test);
  if (field.isArray) return guarded(`${value}.length === 0`);
  if (!isPrimitive(field.type)) return guarded(`isDefault${structType(message, field.type)}(${value})`);
  if (field.type === "records") return `${value} === null`;
  if (field.type === "bytes") return guarded(`${value}.length === 0`);
  if (field.type === "bool") return field.default === "true" ? value : `!${value}`;
  return `${value} === ${defaultOf(message, field, () => "")}`;
}

/** `01-fetch`: the key first, so that a listing is the table of contents. */
export function apiFile(api: { readonly key: number; readonly name: string }): string {
  const words = api.name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase();
  return `${String(api.key).padStart(2, "0")}-${words}`;
}
