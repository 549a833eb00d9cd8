import { isPrimitive, type FieldTable, type MessageTable } from "../messages/notation.ts";
import {
  during,
  exported,
  flexibleArgument,
  inTags,
  isBig,
  isDefaultTest,
  isNullable,
  structType,
  withFlexible,
  within,
  type Scope,
} from "./shape.ts";

/** `writeX(w, m, v)`: fields in order, then the tag section. */
export function emitWriter(scope: Scope): string {
  const { message, name, fields } = scope;
  let code = "";
  for (const field of fields) {
    const when = during(scope.known, field.versions);
    const full = not(isDefaultTest(message, field));
    if (field.tag === null && when === "true") code += writeValue(scope, field, "  ");
    else if (field.tag === null && when !== "false") {
      code += `  if (${when}) {\n${writeValue(within(scope, field.versions), field, "    ")}  }`;
      code += field.ignorable ? "\n" : ` else if (${full}) absent("${field.name}", v);\n`;
    } else if (!field.ignorable && when !== "true") {
      // A tagged field of later versions, or a field that no valid version has.
      code += `  if (${when === "false" ? "" : `${not(when)} && `}${full}) absent("${field.name}", v);\n`;
    }
  }
  code = withFlexible(scope, code + writeTags(scope));
  const used = (letter: string) => (new RegExp(`\\b${letter}\\b`).test(code) ? letter : `_${letter}`);
  return `\n${exported(scope)}function write${name}(${used("w")}: Writer, ${used("m")}: ${name}, ${used("v")}: number): void {\n${code}}\n`;
}

function writeTags(scope: Scope): string {
  const { message, fields } = scope;
  const flexible = flexibleArgument(scope, null);
  if (flexible === "false") return "";
  const inside = inTags(scope);
  const tagged = fields
    .filter((field) => field.tag !== null && during(inside.known, field.versions) !== "false")
    .sort((a, b) => a.tag! - b.tag!);
  const pad = flexible === "f" ? "    " : "  ";
  let out = `${pad}const tags = m.unknownTags;\n`;
  if (tagged.length === 0) {
    out += `${pad}w.uvarint(tags === undefined ? 0 : tags.length);\n`;
    out += `${pad}if (tags !== undefined) w.unknownTags(tags, 0, Infinity);\n`;
  } else {
    out += `${pad}let count = tags === undefined ? 0 : tags.length;\n`;
    for (const field of tagged) {
      const when = during(inside.known, field.versions);
      const has = `has${capital(field.name)}`;
      out += `${pad}const ${has} = ${when === "true" ? "" : `${when} && `}${not(isDefaultTest(message, field))};\n${pad}if (${has}) count++;\n`;
    }
    out += `${pad}w.uvarint(count);\n${pad}let next = 0;\n`;
    for (const field of tagged) {
      out += `${pad}if (has${capital(field.name)}) {\n${pad}  next = w.unknownTags(tags, next, ${field.tag});\n`;
      out += `${pad}  const mark = w.beginTag(${field.tag});\n${writeValue(within(inside, field.versions), field, `${pad}  `)}`;
      out += `${pad}  w.endTag(mark);\n${pad}}\n`;
    }
    out += `${pad}w.unknownTags(tags, next, Infinity);\n`;
  }
  return flexible === "f" ? `  if (f) {\n${out}  }\n` : out;
}

function writeValue(scope: Scope, field: FieldTable, pad: string): string {
  const { message } = scope;
  const flexible = flexibleArgument(scope, field);
  const nullable = during(scope.known, field.nullable);
  const value = `m.${field.name}`;
  const whenNull = (write: string) => {
    if (nullable === "true") return `${pad}  ${write};\n`;
    const refuse = `notNull("${field.name}", v);\n`;
    return nullable === "false" ? `${pad}  ${refuse}` : `${pad}  if (${nullable}) ${write};\n${pad}  else ${refuse}`;
  };
  if (field.isArray) {
    const list = `${field.name}List`;
    const out = `${pad}const ${list} = ${value};\n`;
    const fill = (indent: string) =>
      `${indent}w.arrayLength(${list}.length, ${flexible});\n` +
      `${indent}for (let i = 0; i < ${list}.length; i++) ${writeElement(message, field, `${list}[i]!`, flexible)};\n`;
    if (!isNullable(message, field)) return out + fill(pad);
    return `${out}${pad}if (${list} === null) {\n${whenNull(`w.nullArray(${flexible})`)}${pad}} else {\n${fill(`${pad}  `)}${pad}}\n`;
  }
  if (!isPrimitive(field.type)) {
    const write = `write${structType(message, field.type)}(w, ${value}, v);\n`;
    if (!isNullable(message, field)) return pad + write;
    const [none, some] = field.tag === null ? ["w.int8(-1)", "w.int8(1)"] : ["w.uvarint(0)", "w.uvarint(1)"];
    const mark = nullable === "true" ? `${pad}  ${some};\n` : `${pad}  if (${nullable}) ${some};\n`;
    return `${pad}if (${value} === null) {\n${whenNull(none)}${pad}} else {\n${mark}${pad}  ${write}${pad}}\n`;
  }
  return pad + writePrimitive(field, value, flexible, nullable);
}

function writeElement(message: MessageTable, field: FieldTable, value: string, flexible: string): string {
  if (!isPrimitive(field.type)) return `write${structType(message, field.type)}(w, ${value}, v)`;
  return writePrimitive(field, value, flexible, "false").replace(/;\n$/, "");
}

function writePrimitive(field: FieldTable, value: string, flexible: string, nullable: string): string {
  const choose = (plain: string, maybe: string) => {
    const [a, b] = [`w.${plain}(${value}, ${flexible});\n`, `w.${maybe}(${value}, ${flexible});\n`];
    return nullable === "false" ? a : nullable === "true" ? b : `${nullable} ? ${b.slice(0, -2)} : ${a}`;
  };
  if (field.type === "string") return choose("string", "nullableString");
  if (field.type === "bytes" || field.type === "records") return choose("bytes", "nullableBytes");
  return isBig(field) ? `w.bigint64(${value});\n` : `w.${field.type}(${value});\n`;
}

function not(condition: string): string {
  const simple = /^([\w.]+) (===|!==|>=|<=) (\S+)$/.exec(condition);
  if (simple) {
    const opposite = { "===": "!==", "!==": "===", ">=": "<", "<=": ">" }[simple[2]!]!;
    return `${simple[1]} ${opposite} ${simple[3]}`;
  }
  if (!/^!?[\w.]+(\([\w.]+\))?$/.test(condition)) return `!(${condition})`;
  return condition.startsWith("!") ? condition.slice(1) : `!${condition}`;
}

function capital(name: string): string {
  return name[0]!.toUpperCase() + name.slice(1);
}
