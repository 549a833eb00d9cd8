import { isPrimitive, type FieldTable, type MessageTable } from "../messages/notation.ts";
import { emitReader } from "./emit-reader.ts";
import { emitWriter } from "./emit-writer.ts";
import { BANNER } from "./emit-types.ts";
import { defaultOf, isDefaultTest, overlap, structType, versionsOf, type Scope } from "./shape.ts";

/** The working half of one generated file: a reader and a writer per struct, straight-line code over `v`. */
export function emitCodec(file: string, messages: readonly MessageTable[]): string {
  const body = messages.map(emitMessage).join("");
  const uses = (name: string) => new RegExp(`\\b${name}\\b`).test(body);
  const types = messages.flatMap((message) => scopesOf(message).map((scope) => scope.name));
  const core = [uses("ZERO_UUID") ? "ZERO_UUID" : "", uses("Uuid") ? "type Uuid" : ""].filter((name) => name !== "");
  const helpers = ["absent", "notNull"].filter(uses);
  let out = BANNER;
  if (core.length > 0) out += `import { ${core.join(", ")} } from "@vitrine/core";\n`;
  out += 'import type { Reader } from "../reader.ts";\n';
  if (uses("UnknownTag")) out += 'import type { UnknownTag } from "../tags.ts";\n';
  out +=
    helpers.length === 0
      ? 'import type { Writer } from "../writer.ts";\n'
      : `import { ${[...helpers, "type Writer"].join(", ")} } from "../writer.ts";\n`;
  out += `import type {\n${types.map((type) => `  ${type},\n`).join("")}} from "./${file}.types.ts";\n`;
  return out + body;
}

function emitMessage(message: MessageTable): string {
  let out = "";
  for (const scope of scopesOf(message)) {
    out += emitReader(scope) + emitWriter(scope);
    if (needsDefault(message, scope.name)) out += emitDefault(scope) + emitIsDefault(scope);
  }
  return out;
}

/** The message itself and each of its structs, with the versions in which it can occur. */
function scopesOf(message: MessageTable): Scope[] {
  return [
    { message, name: message.name, fields: message.fields, known: message.versions },
    ...message.structs.map((entry) => ({
      message,
      name: structType(message, entry.name),
      fields: entry.fields,
      known: versionsOf(message, entry.name),
    })),
  ];
}

/** Structs that stand in a field directly, and may be absent from it, have a default value; it holds the defaults of those inside. */
function needsDefault(message: MessageTable, name: string): boolean {
  const holds = (field: FieldTable) =>
    !field.isArray && !isPrimitive(field.type) && field.default !== "null" && structType(message, field.type) === name;
  return scopesOf(message).some((scope) =>
    scope.fields.some((field) => {
      if (!holds(field)) return false;
      const both = overlap(scope.known, field.versions);
      const mayBeAbsent = field.tag !== null || both?.min !== scope.known.min || both.max !== scope.known.max;
      return mayBeAbsent || (scope.name !== name && needsDefault(message, scope.name));
    }),
  );
}

function emitDefault({ message, name, fields }: Scope): string {
  const make = (type: string) => `default${structType(message, type)}()`;
  const values = fields.map((field) => `${field.name}: ${defaultOf(message, field, make)}`);
  return `\nfunction default${name}(): ${name} {\n  return { ${values.join(", ")} };\n}\n`;
}

function emitIsDefault({ message, name, fields }: Scope): string {
  const tests = fields.map((field) => isDefaultTest(message, field));
  if (message.flexibleSince <= message.versions.max)
    tests.push("(m.unknownTags === undefined || m.unknownTags.length === 0)");
  return `\nfunction isDefault${name}(m: ${name}): boolean {\n  return ${tests.join(" && ")};\n}\n`;
}
