/**
 * The notation of the message tables. One line per field, indented under the struct it belongs to:
 *
 *     name   type   versions   attributes
 *
 * Types are Kafka's words; `[]T` is an array, `?` means nullable in every version that has the field. A type that is no primitive is a
 * struct, defined by the indented lines below its first use or by a line `struct Name versions`. Attributes, separated by commas:
 * `nullable 5+` (nullable in these versions only), `tag 0` (in the tag section), `default X`, `ignorable` (dropped silently when a version
 * lacks it), `key` (unique in its array), `slice` (bytes kept as a view), `rigid` (not compact even in flexible versions), `of topicName`.
 */

/** Versions from `min` to `max`, both inclusive; `max` is Infinity for "3+". */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

const PRIMITIVES = [
  "bool",
  "int8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "float64",
  "string",
  "bytes",
  "records",
  "uuid",
] as const;
export type Primitive = (typeof PRIMITIVES)[number];

export interface FieldTable {
  readonly name: string;
  /** Without `[]`: a primitive or the name of a struct of the same message. */
  readonly type: string;
  readonly isArray: boolean;
  readonly versions: VersionRange;
  readonly nullable: VersionRange | null;
  readonly tag: number | null;
  /** As written, or null when the type's own default holds. */
  readonly default: string | null;
  readonly ignorable: boolean;
  readonly key: boolean;
  readonly slice: boolean;
  readonly rigid: boolean;
  /** What the value names: `topicName`, `brokerId`, ... */
  readonly entity: string | null;
}

export interface StructTable {
  readonly name: string;
  readonly fields: readonly FieldTable[];
}

/** One request, response, header, data message or record. */
export interface MessageTable {
  readonly name: string;
  readonly kind: SchemaKind | "request" | "response";
  /** API key or record type; null for messages that have none. */
  readonly key: number | null;
  readonly versions: VersionRange;
  /** First flexible version, Infinity when none is. */
  readonly flexibleSince: number;
  readonly fields: readonly FieldTable[];
  readonly structs: readonly StructTable[];
}

export interface ApiTable {
  readonly key: number;
  readonly name: string;
  readonly versions: VersionRange;
  readonly flexibleSince: number;
  readonly listeners: readonly ("broker" | "controller")[];
  /** The newest version may still change: decoded, never advertised. */
  readonly unstable: boolean;
  readonly request: MessageTable;
  readonly response: MessageTable;
}

/** `key`/`value`: the records of coordinators' topics; `metadata`: of the metadata log; `storage`: of tiered storage's topic. */
type SchemaKind = "header" | "data" | "key" | "value" | "metadata" | "storage";

/** The tables that share one generated file. */
export interface SchemaFile {
  readonly file: string;
  readonly tables: readonly MessageTable[];
}

/** States one API key with its request and response. */
export function api(table: {
  readonly key: number;
  readonly name: string;
  readonly versions: string;
  readonly flexible: string;
  readonly listeners: readonly ("broker" | "controller")[];
  readonly unstable?: true;
  readonly request: string;
  readonly response: string;
}): ApiTable {
  const { key, name, listeners } = table;
  const side = (kind: "request" | "response", suffix: string, fields: string) =>
    schema({ name: name + suffix, kind, type: key, versions: table.versions, flexible: table.flexible, fields });
  return {
    key,
    name,
    listeners,
    unstable: table.unstable ?? false,
    versions: parseRange(table.versions),
    flexibleSince: flexibleSince(table.flexible),
    request: side("request", "Request", table.request),
    response: side("response", "Response", table.response),
  };
}

/** States one message that stands by itself. */
export function schema(table: {
  readonly name: string;
  readonly kind: MessageTable["kind"];
  readonly type?: number;
  readonly versions: string;
  readonly flexible: string;
  readonly fields: string;
}): MessageTable {
  return {
    name: table.name,
    kind: table.kind,
    key: table.type ?? null,
    versions: parseRange(table.versions),
    flexibleSince: flexibleSince(table.flexible),
    ...parseFields(table.name, table.fields),
  };
}

/** "3", "0-4" or "3+". */
export function parseRange(text: string): VersionRange {
  const match = /^(\d+)(?:-(\d+)|(\+))?$/.exec(text);
  if (!match) throw new Error(`not a version range: ${text}`);
  const min = Number(match[1]);
  return { min, max: match[3] ? Infinity : match[2] ? Number(match[2]) : min };
}

function flexibleSince(text: string): number {
  return text === "none" ? Infinity : parseRange(text).min;
}

function parseFields(message: string, text: string): { fields: FieldTable[]; structs: StructTable[] } {
  const top: FieldTable[] = [];
  const structs: StructTable[] = [];
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const indentOf = (line: string) => line.length - line.trimStart().length;
  const base = lines.length === 0 ? 0 : indentOf(lines[0]!);
  /** The struct whose fields stand at each depth. */
  const open: FieldTable[][] = [top];
  for (const [index, line] of lines.entries()) {
    const depth = (indentOf(line) - base) / 2;
    const common = /^struct (\S+) \S+$/.exec(line.trim());
    if (common) {
      const fields: FieldTable[] = [];
      structs.push({ name: common[1]!, fields });
      open.length = 1;
      open[1] = fields;
      continue;
    }
    const field = parseField(message, line.trim());
    const into = open[depth];
    if (into === undefined) throw new Error(`${message}: nothing to put this line under: ${line}`);
    into.push(field);
    open.length = depth + 1;
    if (!isPrimitive(field.type)) {
      // A struct that has been defined already is only named; indented lines below a name define it.
      const fields: FieldTable[] = [];
      open[depth + 1] = fields;
      if (indentOf(lines[index + 1] ?? "") > indentOf(line)) structs.push({ name: field.type, fields });
    }
  }
  return { fields: top, structs };
}

export function isPrimitive(type: string): type is Primitive {
  return (PRIMITIVES as readonly string[]).includes(type);
}

function parseField(message: string, line: string): FieldTable {
  const match = /^(\w+) +(\[\])?(\w+)(\?)? +(\S+)(?: +(.+))?$/.exec(line);
  if (!match) throw new Error(`${message}: cannot read the line: ${line}`);
  const versions = parseRange(match[5]!);
  const field = {
    name: match[1]!,
    type: match[3]!,
    isArray: match[2] !== undefined,
    versions,
    nullable: match[4] ? versions : null,
    tag: null as number | null,
    default: null as string | null,
    ignorable: false,
    key: false,
    slice: false,
    rigid: false,
    entity: null as string | null,
  };
  for (const attribute of match[6]?.split(", ") ?? []) {
    const [word, value] = attribute.split(" ");
    if (word === "nullable") field.nullable = parseRange(value!);
    else if (word === "tag") field.tag = Number(value);
    else if (word === "default") field.default = value!;
    else if (word === "of") field.entity = value!;
    else if (word === "ignorable" || word === "key" || word === "slice" || word === "rigid") field[word] = true;
    else throw new Error(`${message}: unknown attribute ${attribute} in: ${line}`);
  }
  return field;
}
