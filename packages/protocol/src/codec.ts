import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/**
 * The generated readers and writers of an API key. Methods, not properties: a row for `FetchRequest` may stand in a table of rows for
 * `unknown`; who takes one out by its key knows the type (`RequestOf`).
 */
export interface ApiCodec<Request = unknown, Response = unknown> {
  readonly key: number;
  readRequest(reader: Reader, version: number): Request;
  writeRequest(writer: Writer, request: Request, version: number): void;
  readResponse(reader: Reader, version: number): Response;
  writeResponse(writer: Writer, response: Response, version: number): void;
}

/** The same for a message that stands by itself. */
export interface SchemaCodec<T = unknown> {
  readonly name: string;
  /** Record type, -1 when it has none. */
  readonly type: number;
  readonly min: number;
  readonly max: number;
  read(reader: Reader, version: number): T;
  write(writer: Writer, value: T, version: number): void;
}
