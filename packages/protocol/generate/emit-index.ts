import type { ApiTable, MessageTable, SchemaFile } from "../messages/notation.ts";
import { BANNER } from "./emit-types.ts";
import { apiFile } from "./shape.ts";

/** `types.ts`: all pure types in one place. */
export function emitTypesIndex(files: readonly { readonly file: string }[]): string {
  return BANNER + files.map(({ file }) => `export * from "./${file}.types.ts";\n`).join("");
}

/** `api-map.ts`, pure: names and numbers of the API keys, their versions, and the types that belong to a key. */
export function emitApiMap(apis: readonly ApiTable[]): string {
  let out = BANNER;
  for (const api of apis)
    out += `import type { ${api.request.name}, ${api.response.name} } from "./${apiFile(api)}.types.ts";\n`;
  out += "\nexport const API_ROWS = [\n";
  for (const api of apis) {
    const since = api.flexibleSince === Infinity ? "Infinity" : api.flexibleSince;
    const on = api.listeners.map((name) => `"${name}"`).join(", ");
    out += `  { key: ${api.key}, name: "${api.name}", min: ${api.versions.min}, max: ${api.versions.max}, flexibleSince: ${since}, unstable: ${api.unstable}, on: [${on}] },\n`;
  }
  out += "] as const;\n\n/** Numbers of the API keys by name. */\nexport const ApiKey = {\n";
  for (const api of apis) out += `  ${api.name}: ${api.key},\n`;
  out += "} as const;\n\nexport interface RequestMap {\n";
  for (const api of apis) out += `  ${api.key}: ${api.request.name};\n`;
  out += "}\n\nexport interface ResponseMap {\n";
  for (const api of apis) out += `  ${api.key}: ${api.response.name};\n`;
  return `${out}}\n`;
}

/** `codecs.ts`: one row per API key, one per record of the metadata log, one per record of the coordinators' topics. */
export function emitCodecs(apis: readonly ApiTable[], schemas: readonly SchemaFile[]): string {
  let out = `${BANNER}import type { ApiCodec, SchemaCodec } from "../codec.ts";\n`;
  const both = (names: readonly string[]) => names.flatMap((name) => [`read${name}`, `write${name}`]);
  for (const api of apis)
    out += `import { ${both([api.request.name, api.response.name]).join(", ")} } from "./${apiFile(api)}.codec.ts";\n`;
  for (const { file, tables } of schemas)
    out += `import { ${both(tables.map((table) => table.name)).join(", ")} } from "./${file}.codec.ts";\n`;
  for (const { file, tables } of schemas)
    out += `import type { ${tables.map((table) => table.name).join(", ")} } from "./${file}.types.ts";\n`;
  out +=
    "\n/** By API key; keys without a valid version are absent. */\nexport const API_CODECS: readonly ApiCodec[] = [\n";
  for (const api of apis) {
    const [q, s] = [api.request.name, api.response.name];
    out += `  { key: ${api.key}, readRequest: read${q}, writeRequest: write${q}, readResponse: read${s}, writeResponse: write${s} },\n`;
  }
  out += "];\n";
  const groups: [string, string, MessageTable["kind"][]][] = [
    ["METADATA_CODECS", "Records of the metadata log.", ["metadata"]],
    ["KEY_CODECS", "Keys of the coordinators' topics; the version they begin with is the record type.", ["key"]],
    ["VALUE_CODECS", "Values of the coordinators' topics.", ["value"]],
    ["DATA_CODECS", "Messages inside other messages, control records and files.", ["data", "header", "storage"]],
  ];
  for (const [constant, doc, kinds] of groups) {
    out += `\n/** ${doc} */\nexport const ${constant} = {\n`;
    for (const { tables } of schemas)
      for (const table of tables) if (kinds.includes(table.kind)) out += `  ${table.name}: ${schemaRow(table)},\n`;
    out += "} as const;\n";
  }
  return out;
}

/** `metadata-map.ts`, pure: the records of the metadata log by name, with their newest versions and constructors. */
export function emitMetadataMap(schemas: readonly SchemaFile[]): string {
  const rows = schemas.flatMap(({ file, tables }) =>
    tables.filter((table) => table.kind === "metadata").map((table) => ({ file, name: table.name, table })),
  );
  let out = BANNER;
  for (const file of new Set(rows.map((row) => row.file))) {
    const names = rows.filter((row) => row.file === file).map((row) => row.name);
    out += `import { ${names.map((name) => `new${name}, type ${name}`).join(", ")} } from "./${file}.types.ts";\n`;
  }
  out += "\nexport interface MetadataRecordMap {\n";
  for (const { name } of rows) out += `  ${name}: ${name};\n`;
  out +=
    "}\n\n/** Newest version and defaults of each record. */\nexport const METADATA_ROWS: {\n  readonly [T in keyof MetadataRecordMap]: { readonly type: number; readonly max: number; readonly make: () => MetadataRecordMap[T] };\n} = {\n";
  for (const { name, table } of rows)
    out += `  ${name}: { type: ${table.key}, max: ${table.versions.max}, make: new${name} },\n`;
  return `${out}};\n`;
}

function schemaRow(table: MessageTable): string {
  const { min, max } = table.versions;
  return `{ name: "${table.name}", type: ${table.key ?? -1}, min: ${min}, max: ${max}, read: read${table.name}, write: write${table.name} } satisfies SchemaCodec<${table.name}>`;
}
