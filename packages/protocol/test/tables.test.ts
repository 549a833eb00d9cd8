import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ERRORS } from "@vitrine/core";
import { describe, expect, test } from "vitest";
import { generate } from "../generate.ts";
import { APIS, SCHEMAS } from "../messages/index.ts";
import { isPrimitive, parseRange, type FieldTable, type MessageTable } from "../messages/notation.ts";
import { structOf } from "../generate/shape.ts";

const here = import.meta.dirname;
/** Bare facts of Kafka 4.3, beside the repository on the machines of those who have them. */
const facts = join(here, "../../../../shared/facts");

test("the generated files are what the tables say: run `node packages/protocol/generate.ts`", () => {
  const folder = join(here, "../src/gen");
  const files = generate();
  expect(readdirSync(folder).sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(readFileSync(join(folder, name), "utf8") === text, name).toBe(true);
});

interface FactField {
  name: string;
  type: string;
  versions?: string;
  nullableVersions?: string;
  taggedVersions?: string;
  tag?: number;
  default?: unknown;
  ignorable?: boolean;
  mapKey?: boolean;
  zeroCopy?: boolean;
  flexibleVersions?: string;
  entityType?: string;
  fields?: FactField[];
}
interface FactMessage {
  name: string;
  type: string;
  apiKey?: number;
  validVersions: string;
  flexibleVersions: string;
  listeners?: string[];
  latestVersionUnstable?: boolean;
  fields: FactField[];
  commonStructs?: { name: string; fields: FactField[] }[];
}

describe.skipIf(!hasFacts())("the tables state Kafka's facts", () => {
  const read = (name: string): FactMessage[] => JSON.parse(readFileSync(join(facts, name), "utf8"));
  const messages = hasFacts() ? read("kafka-messages-4.3.json") : [];
  const records = hasFacts() ? read("kafka-records-4.3.json") : [];
  const tables = new Map<string, MessageTable>();
  for (const api of APIS) tables.set(api.request.name, api.request).set(api.response.name, api.response);
  for (const { tables: group } of SCHEMAS) for (const table of group) tables.set(table.name, table);
  const valid = [...messages, ...records].filter((fact) => fact.validVersions !== "none");

  test("there is a table for every message and no other", () => {
    expect([...tables.keys()].sort()).toEqual(valid.map((fact) => fact.name).sort());
  });

  test.each(valid.map((fact) => [fact.name, fact] as const))("%s", (name, fact) => {
    const table = tables.get(name)!;
    expect(table.key).toBe(fact.apiKey ?? null);
    expect(table.versions).toEqual(parseRange(fact.validVersions));
    expect(table.flexibleSince).toBe(
      fact.flexibleVersions === "none" ? Infinity : parseRange(fact.flexibleVersions).min,
    );
    expect(tableFields(table, table.fields)).toEqual(factFields(fact, fact.fields));
  });

  test("listeners and unstable versions", () => {
    for (const fact of messages.filter((entry) => entry.type === "request" && entry.validVersions !== "none")) {
      const api = APIS.find((entry) => entry.key === fact.apiKey)!;
      expect([...api.listeners]).toEqual([...(fact.listeners ?? [])].sort());
      expect(api.unstable).toBe(fact.latestVersionUnstable ?? false);
    }
  });

  test("the error table has Kafka's codes, names and flags", () => {
    const errors = JSON.parse(readFileSync(join(facts, "kafka-errors-4.3.json"), "utf8"));
    expect(ERRORS.map(({ code, name, retriable }) => ({ code, name, retriable }))).toEqual(errors);
  });
});

function hasFacts(): boolean {
  if (existsSync(facts)) return true;
  console.log(`skipped: the tables are not compared with Kafka's facts, because ${facts} is not there`);
  return false;
}

/** Both sides in one form, defaults written out. */
function tableFields(message: MessageTable, fields: readonly FieldTable[]): unknown[] {
  return fields.map((field) => ({
    name: field.name,
    type: (field.isArray ? "[]" : "") + field.type,
    versions: field.versions,
    nullable: field.nullable,
    tag: field.tag,
    default: field.default ?? plainDefault(field.type, field.isArray),
    flags: [field.ignorable, field.key, field.slice, field.rigid],
    entity: field.entity,
    fields: isPrimitive(field.type) ? null : tableFields(message, structOf(message, field.type).fields),
  }));
}

function factFields(message: FactMessage, fields: readonly FactField[]): unknown[] {
  return fields.map((field) => {
    const isArray = field.type.startsWith("[]");
    const type = field.type.replace("[]", "");
    return {
      name: field.name[0]!.toLowerCase() + field.name.slice(1),
      type: field.type,
      versions: parseRange(field.versions ?? field.taggedVersions!),
      nullable: field.nullableVersions ? parseRange(field.nullableVersions) : null,
      tag: field.tag ?? null,
      default: factDefault(field, type, isArray),
      flags: [
        field.ignorable ?? false,
        field.mapKey ?? false,
        field.zeroCopy ?? false,
        field.flexibleVersions === "none",
      ],
      entity: field.entityType ?? null,
      fields: isPrimitive(type) ? null : factFields(message, field.fields ?? factStruct(message, type)),
    };
  });
}

function factStruct(message: FactMessage, name: string): FactField[] {
  const find = (fields: readonly FactField[]): FactField[] | undefined => {
    for (const field of fields) {
      const inner = field.fields && (field.type.replace("[]", "") === name ? field.fields : find(field.fields));
      if (inner) return inner;
    }
    return undefined;
  };
  const common = message.commonStructs?.find((struct) => struct.name === name)?.fields;
  return common ?? find(message.fields)!;
}

function factDefault(field: FactField, type: string, isArray: boolean): string {
  if (!("default" in field)) return plainDefault(type, isArray);
  const text = String(field.default);
  return /^(-?\d+|0x[\da-f]+)$/.test(text) && text.startsWith("0x") ? String(Number(text)) : text;
}

function plainDefault(type: string, isArray: boolean): string {
  if (isArray) return "empty";
  if (type === "bool") return "false";
  if (type === "string" || type === "bytes") return "";
  if (type === "records") return "null";
  return isPrimitive(type) && type !== "uuid" ? "0" : "empty";
}
