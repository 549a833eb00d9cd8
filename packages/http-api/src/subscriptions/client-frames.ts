import { CLIENT_FRAMES, type ClientFrame, type FieldError, httpProblem, type Problem } from "@vitrine/api";
import { Compile, type Validator } from "typebox/compile";
import { closest } from "../did-you-mean.ts";

/** A frame as it came in, or why it is none. */
export type ReadFrame =
  | { readonly ok: true; readonly frame: ClientFrame }
  | { readonly ok: false; readonly problem: Problem };

const validators = new Map<string, Validator>(
  Object.entries(CLIENT_FRAMES).map(([name, schema]) => [name, Compile(schema)]),
);

const NAMES = ["hello", "sub", "credit", "seek", "pause", "resume", "unsub", "ack", "pong"];

/** Parses a text message: one object or an array of them; null when it is not JSON of that shape. */
export function parseMessage(text: string): readonly Record<string, unknown>[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const frames = Array.isArray(value) ? (value as unknown[]) : [value];
  return frames.every(isObject) ? frames : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Checks one frame against its schema, strictly: unknown members are refused with a hint. */
export function readFrame(value: Record<string, unknown>): ReadFrame {
  const name = value["t"];
  const validator = typeof name === "string" ? validators.get(schemaName(name, value)) : undefined;
  if (validator === undefined) return { ok: false, problem: unknownFrame(name) };
  const undecided = name === "sub" && "topics" in value === "view" in value;
  if (undecided) return { ok: false, problem: undecidedSub("view" in value) };
  if (validator.Check(value)) return { ok: true, frame: value as ClientFrame };
  const what = name === "sub" ? subWords(value) : `a ${name as string}`;
  const errors = fieldErrors(validator, value, what);
  const first = errors[0];
  const detail = first === undefined ? "does not fit its schema" : `${first.pointer} ${first.detail}`;
  const strange = unknownMembers(value, validator);
  return {
    ok: false,
    problem: httpProblem({
      status: 422,
      slug: "invalid-frame",
      title: "Invalid frame",
      detail: `${String(name)}: ${detail}`,
      ...(strange === null ? {} : { hint: strange }),
      errors,
    }),
  };
}

function subWords(value: Record<string, unknown>): string {
  if ("view" in value) return "a sub to a view";
  return "group" in value ? "a sub to records as a group" : "a sub to records";
}

/** A forbidden member is told as what it is; the schema has two faults for it, and neither is in words. */
function fieldErrors(validator: Validator, value: unknown, what: string): FieldError[] {
  return validator.Errors(value).flatMap((error): FieldError[] => {
    if (error.keyword === "boolean") return [];
    if (error.keyword !== "additionalProperties")
      return [{ pointer: error.instancePath === "" ? "/" : error.instancePath, detail: error.message }];
    const where = error.instancePath === "" ? what : error.instancePath;
    return error.params.additionalProperties.map((member) => ({
      pointer: `${error.instancePath}/${member}`,
      detail: `is not a member of ${where}`,
    }));
  });
}

function undecidedSub(both: boolean): Problem {
  return httpProblem({
    status: 422,
    slug: "invalid-frame",
    title: "Invalid frame",
    detail: both ? "a sub names either topics or a view, not both" : "a sub names topics, for records, or a view",
    hint: both
      ? "make two of it, each with its own id"
      : 'for example {"t":"sub","id":1,"topics":["orders"]} or {"t":"sub","id":1,"view":"cluster"}',
  });
}

function schemaName(name: string, value: Record<string, unknown>): string {
  if (name !== "sub") return name.startsWith("sub_") ? "" : name;
  if ("view" in value) return "sub_view";
  return "group" in value ? "sub_group" : "sub_records";
}

function unknownFrame(name: unknown): Problem {
  const text = typeof name === "string" ? name : "";
  const near = closest(text, NAMES);
  return httpProblem({
    status: 422,
    slug: "unknown-frame",
    title: "Unknown frame",
    detail: `there is no frame t=${JSON.stringify(text.slice(0, 50))} that a client sends`,
    hint: near === undefined ? `frames are ${NAMES.join(", ")}` : `did you mean ${near}?`,
  });
}

function unknownMembers(value: Record<string, unknown>, validator: Validator): string | null {
  const schema = validator.Type() as { properties?: Record<string, unknown> };
  const known = Object.keys(schema.properties ?? {});
  for (const member of Object.keys(value)) {
    if (known.includes(member)) continue;
    const near = closest(member, known);
    return near === undefined ? `members are ${known.join(", ")}` : `${member}: did you mean ${near}?`;
  }
  return null;
}
