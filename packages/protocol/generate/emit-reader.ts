import { isPrimitive, type FieldTable } from "../messages/notation.ts";
import {
  defaultOf,
  during,
  elementType,
  exported,
  fieldType,
  flexibleArgument,
  inTags,
  isBig,
  isNullable,
  leastSize,
  structType,
  withFlexible,
  within,
  type Scope,
} from "./shape.ts";

/** `readX(r, v)`: one local per field, then one object literal, so that all objects of a struct have one shape. */
export function emitReader(scope: Scope): string {
  const { message, name, fields } = scope;
  let code = "";
  for (const field of fields) {
    const when = field.tag === null ? during(scope.known, field.versions) : "false";
    if (when === "true") {
      code += readField(scope, field, "const", "  ");
    } else {
      const make = (type: string) => `default${structType(message, type)}()`;
      code += `  let ${field.name}: ${fieldType(message, field)} = ${defaultOf(message, field, make)};\n`;
      if (when !== "false")
        code += `  if (${when}) {\n${readField(within(scope, field.versions), field, "assign", "    ")}  }\n`;
    }
  }
  const tagged = fields.filter((field) => field.tag !== null).sort((a, b) => a.tag! - b.tag!);
  const flexible = flexibleArgument(scope, null);
  const names = fields.map((field) => field.name).join(", ");
  if (flexible === "false") code += `  return { ${names} };\n`;
  else {
    if (tagged.length > 0) code += readTags(scope, tagged, flexible);
    else code += `  const unknownTags = ${flexible === "f" ? "f ? r.unknownTags() : undefined" : "r.unknownTags()"};\n`;
    const all = names === "" ? "unknownTags" : `${names}, unknownTags`;
    code += `  return unknownTags === undefined ? { ${names} } : { ${all} };\n`;
  }
  code = withFlexible(scope, code);
  const version = /\bv\b/.test(code) ? "v" : "_v";
  const reader = /\br\b/.test(code) ? "r" : "_r";
  return `\n${exported(scope)}function read${name}(${reader}: Reader, ${version}: number): ${name} {\n${code}}\n`;
}

function readTags(scope: Scope, tagged: readonly FieldTable[], flexible: string): string {
  const inside = inTags(scope);
  let out = "  let unknownTags: UnknownTag[] | undefined;\n";
  out += flexible === "f" ? "  if (f) {\n" : "  {\n";
  out += "    let tag = -1;\n    for (let left = r.uvarint(); left > 0; left--) {\n";
  out += "      tag = r.tag(tag);\n      const end = r.tagEnd();\n      ";
  for (const field of tagged) {
    const when = during(inside.known, field.versions);
    if (when === "false") continue;
    out += when === "true" ? `if (tag === ${field.tag}) {\n` : `if (tag === ${field.tag} && ${when}) {\n`;
    out += `${readField(within(inside, field.versions), field, "assign", "        ")}        r.tagDone(end);\n      } else `;
  }
  return `${out}(unknownTags ??= []).push({ tag, data: r.slice(end - r.at) });\n    }\n  }\n`;
}

/** Reads the field into the local of its name, declared here (`const`) or before (`assign`). */
function readField(scope: Scope, field: FieldTable, how: "const" | "assign", pad: string): string {
  const { message } = scope;
  const declare = how === "const" ? "const " : "";
  const flexible = flexibleArgument(scope, field);
  const nullable = during(scope.known, field.nullable);
  if (field.isArray) return readArray(scope, field, how, pad, flexible, nullable);
  if (!isPrimitive(field.type)) {
    const read = `read${structType(message, field.type)}(r, v)`;
    // KIP-893: one byte before a nullable struct, and in a tag an unsigned varint.
    const isNull = field.tag === null ? "r.int8() < 0" : "r.uvarint() === 0";
    const value =
      nullable === "false"
        ? read
        : nullable === "true"
          ? `${isNull} ? null : ${read}`
          : `${nullable} && ${isNull} ? null : ${read}`;
    return `${pad}${declare}${field.name} = ${value};\n`;
  }
  return `${pad}${declare}${field.name} = ${readPrimitive(field, flexible, nullable)};\n`;
}

function readArray(
  scope: Scope,
  field: FieldTable,
  how: "const" | "assign",
  pad: string,
  flexible: string,
  nullable: string,
): string {
  const { message } = scope;
  const least = leastSize(message, field);
  const length = `${field.name}Length`;
  const element = elementType(message, field);
  const call = (method: string) => `r.${method}(${flexible}, ${least})`;
  const lengthOf =
    nullable === "true"
      ? call("nullableArrayLength")
      : nullable === "false"
        ? call("arrayLength")
        : `${nullable} ? ${call("nullableArrayLength")} : ${call("arrayLength")}`;
  let out = `${pad}const ${length} = ${lengthOf};\n`;
  const value = isPrimitive(field.type)
    ? readPrimitive(field, flexible, "false")
    : `read${structType(message, field.type)}(r, v)`;
  const fill = (list: string) => `${pad}for (let i = 0; i < ${length}; i++) ${list}.push(${value});\n`;
  if (how === "const" && nullable === "false") {
    const type = isNullable(message, field) ? `${element}[] | null` : `${element}[]`;
    return `${out}${pad}const ${field.name}: ${type} = [];\n${fill(field.name)}`;
  }
  const list = `${field.name}List`;
  const declare = how === "const" ? "const " : "";
  out += `${pad}const ${list}: ${element}[] = [];\n${fill(list)}`;
  return `${out}${pad}${declare}${field.name} = ${nullable === "false" ? list : `${length} < 0 ? null : ${list}`};\n`;
}

function readPrimitive(field: FieldTable, flexible: string, nullable: string): string {
  const choose = (plain: string, maybe: string) => {
    const [a, b] = [`r.${plain}(${flexible})`, `r.${maybe}(${flexible})`];
    return nullable === "false" ? a : nullable === "true" ? b : `${nullable} ? ${b} : ${a}`;
  };
  if (field.type === "string") return choose("string", "nullableString");
  if (field.type === "bytes" || field.type === "records") return choose("bytes", "nullableBytes");
  return isBig(field) ? "r.bigint64()" : `r.${field.type}()`;
}
