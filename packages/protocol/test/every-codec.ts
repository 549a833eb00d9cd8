import { API_CODECS, DATA_CODECS, KEY_CODECS, METADATA_CODECS, VALUE_CODECS } from "../src/gen/codecs.ts";
import type { SchemaCodec } from "../src/codec.ts";
import { APIS, SCHEMAS } from "../messages/index.ts";
import type { MessageTable } from "../messages/notation.ts";
import type { Reader } from "../src/reader.ts";
import type { Writer } from "../src/writer.ts";

export interface TestedCodec {
  readonly table: MessageTable;
  readonly read: (reader: Reader, version: number) => unknown;
  readonly write: (writer: Writer, value: unknown, version: number) => void;
}

/** Every table with its generated reader and writer. */
export function everyCodec(): TestedCodec[] {
  const out: TestedCodec[] = [];
  for (const api of APIS) {
    const codec = API_CODECS.find((row) => row.key === api.key)!;
    out.push({
      table: api.request,
      read: (r, v) => codec.readRequest(r, v),
      write: (w, m, v) => codec.writeRequest(w, m, v),
    });
    out.push({
      table: api.response,
      read: (r, v) => codec.readResponse(r, v),
      write: (w, m, v) => codec.writeResponse(w, m, v),
    });
  }
  const groups: Record<string, SchemaCodec>[] = [DATA_CODECS, KEY_CODECS, VALUE_CODECS, METADATA_CODECS];
  const byName = new Map(groups.flatMap((group) => Object.entries(group)));
  for (const { tables } of SCHEMAS)
    for (const table of tables) {
      const codec = byName.get(table.name)!;
      out.push({ table, read: (r, v) => codec.read(r, v), write: (w, m, v) => codec.write(w, m, v) });
    }
  return out;
}
