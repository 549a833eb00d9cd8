/** JSON bodies of admin routes: any content type that people send by mistake, checked against the schema, never stripped or bent. */
import type { IncomingMessage } from "node:http";
import { httpProblem } from "@vitrine/api";
import type { FieldError } from "@vitrine/api";
import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { Validator } from "typebox/compile";
import { closest } from "../did-you-mean.ts";
import { refuse } from "../error-reply.ts";
import { JsonSyntaxError, lineAndColumn, scanText } from "./json-scanner.ts";
import { mediaType } from "./media-type.ts";
import { readBody } from "./read-body.ts";

const ADMIN_BODY_BYTES_MAX = 1024 * 1024;
const JSON_TYPES = new Set([
  "",
  "application/json",
  "application/x-www-form-urlencoded",
  "application/merge-patch+json",
  "text/json",
]);
const compiled = new WeakMap<object, Validator>();

/** The body as the schema's type. Absent: `empty`, where the route has one. 415, 400 with the position, 422 with pointers. */
export async function readJson<Schema extends TSchema>(
  request: IncomingMessage,
  schema: Schema,
  options: { idleMs: number; empty?: Static<Schema> },
): Promise<Static<Schema>> {
  const type = mediaType(request.headers["content-type"]);
  if (!JSON_TYPES.has(type.name))
    refuse(
      httpProblem({
        status: 415,
        slug: "unsupported-media-type",
        title: "Unsupported media type",
        detail: `this path takes application/json, not ${JSON.stringify(type.name)}`,
      }),
    );
  const bytes = await readBody(request, { bytesMax: ADMIN_BODY_BYTES_MAX, idleMs: options.idleMs });
  if (bytes.length === 0 && options.empty !== undefined) return options.empty;
  const value = parseJson(bytes);
  let check = compiled.get(schema);
  if (check === undefined) {
    check = Compile(schema) as Validator;
    compiled.set(schema, check);
  }
  if (!check.Check(value)) refuse(schemaProblem(schema, check.Errors(value)));
  return value as Static<Schema>;
}

/** JSON.parse with positions in faults, and without members that reach for a prototype. */
export function parseJson(bytes: Buffer): unknown {
  try {
    scanText(bytes);
  } catch (error) {
    if (error instanceof JsonSyntaxError) refuse(syntaxProblem(bytes, error));
    throw error;
  }
  return JSON.parse(bytes.toString("utf8"), (key, value: unknown) => {
    if (key === "__proto__" || (key === "constructor" && typeof value === "object"))
      refuse(
        httpProblem({
          status: 400,
          slug: "forbidden-member",
          title: "Forbidden member",
          detail: `the member ${JSON.stringify(key)} is not allowed`,
        }),
      );
    return value;
  });
}

/** 400 with byte, line and column. */
export function syntaxProblem(
  bytes: Uint8Array,
  error: JsonSyntaxError,
  extra: Readonly<Record<string, unknown>> = {},
) {
  const place = lineAndColumn(bytes, error.at);
  return httpProblem({
    status: 400,
    slug: "invalid-json",
    title: "Invalid JSON",
    detail: `${error.message} (byte ${error.at}, line ${place.line}, column ${place.column})`,
    extra: { byte: error.at, ...place, ...extra },
  });
}

interface SchemaFault {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: unknown;
}

function schemaProblem(schema: object, faults: readonly SchemaFault[]) {
  const names = Object.keys((schema as { properties?: object }).properties ?? {});
  const errors: FieldError[] = [];
  for (const fault of faults.slice(0, 20)) {
    const extra = (fault.params as { additionalProperties?: readonly string[] }).additionalProperties;
    if (fault.keyword === "additionalProperties" && extra !== undefined)
      for (const name of extra)
        errors.push({
          pointer: `${fault.instancePath}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
          detail: "is not a member of this body",
          ...(fault.instancePath === "" ? { hint: memberHint(name, names) } : {}),
        });
    else if (fault.keyword !== "boolean") errors.push({ pointer: fault.instancePath, detail: fault.message });
  }
  const first: FieldError = errors[0] ?? { pointer: "", detail: "does not match the schema" };
  return httpProblem({
    status: 422,
    slug: "invalid-body",
    title: "Invalid body",
    detail: `${first.pointer === "" ? "the body" : first.pointer} ${first.detail}`,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    errors,
  });
}

function memberHint(name: string, names: readonly string[]): string {
  const near = closest(name, names);
  return near === undefined ? `members are ${names.join(", ")}` : `did you mean ${near}?`;
}
