/**
 * Turns `messages/` into `src/gen/`: run `node packages/protocol/generate.ts` after changing a table. The output is committed; a test
 * generates again and compares.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { emitCodec } from "./generate/emit-codec.ts";
import { emitTypes } from "./generate/emit-types.ts";
import { emitApiMap, emitCodecs, emitMetadataMap, emitTypesIndex } from "./generate/emit-index.ts";
import { apiFile } from "./generate/shape.ts";
import { APIS, SCHEMAS } from "./messages/index.ts";
import type { MessageTable } from "./messages/notation.ts";

/** File name (without folder) to text. */
export function generate(): Map<string, string> {
  const out = new Map<string, string>();
  for (const { file, tables } of generatedFiles()) {
    out.set(`${file}.types.ts`, emitTypes(tables));
    out.set(`${file}.codec.ts`, emitCodec(file, tables));
  }
  out.set("types.ts", emitTypesIndex(generatedFiles()));
  out.set("api-map.ts", emitApiMap(APIS));
  out.set("metadata-map.ts", emitMetadataMap(SCHEMAS));
  out.set("codecs.ts", emitCodecs(APIS, SCHEMAS));
  return out;
}

/** The tables of each generated pair of files. */
function generatedFiles(): { readonly file: string; readonly tables: readonly MessageTable[] }[] {
  return [...APIS.map((api) => ({ file: apiFile(api), tables: [api.request, api.response] })), ...SCHEMAS];
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, "src", "gen");
  const files = generate();
  mkdirSync(folder, { recursive: true });
  for (const old of readdirSync(folder)) if (!files.has(old)) rmSync(join(folder, old));
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
}
