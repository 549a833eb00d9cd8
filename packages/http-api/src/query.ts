/**
 * Query and path parameters: text in, typed values out, strictly. Unknown names are refused with a hint; a value that is not exactly of its
 * type is refused, never bent. The route schemas (TypeBox) are the only description, so OpenAPI says what is checked.
 */
import { httpProblem, kafkaProblem } from "@vitrine/api";
import type { FieldError } from "@vitrine/api";
import type { ErrorName } from "@vitrine/core";
import { ProblemError } from "./error-reply.ts";
import { closest } from "./did-you-mean.ts";

interface FieldSchema {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly errorMessage?: string;
  /** Kafka's name for a value that is none of the enum. */
  readonly "x-kafka-error"?: ErrorName;
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  /** true: other names are let through unread (pages whose address carries their own state). */
  readonly additionalProperties?: unknown;
}

export type ParameterPlace = "querystring" | "params" | "headers";

type Parsed =
  | { readonly value: string | number | boolean }
  | { readonly wrong: string; readonly kafka?: ErrorName | undefined };

/** Compiles a schema of parameters into the function that Fastify calls per request. */
export function parameterParser(
  schema: unknown,
  place: ParameterPlace,
): (data: unknown) => { value: unknown } | { error: Error } {
  const object = schema as ObjectSchema;
  const fields = new Map(
    Object.entries(object.properties ?? {}).map(([name, field]) => [
      name,
      { field, pattern: field.pattern === undefined ? null : new RegExp(field.pattern) },
    ]),
  );
  const required = object.required ?? [];
  const open = object.additionalProperties === true;
  return (data) => {
    const given = data as Record<string, string | string[] | undefined>;
    const value: Record<string, unknown> = {};
    const errors: FieldError[] = [];
    let kafka: ErrorName | undefined;
    for (const [name, text] of Object.entries(given)) {
      const known = fields.get(name);
      const pointer = place === "querystring" ? `?${name}` : name;
      if (known === undefined) {
        if (!open) errors.push(unknown(name, pointer, fields.keys()));
      } else if (typeof text !== "string") errors.push({ pointer, detail: "is given more than once" });
      else {
        const parsed = parse(text, known.field, known.pattern);
        if ("wrong" in parsed) {
          errors.push({ pointer, detail: parsed.wrong });
          kafka ??= parsed.kafka;
        } else value[name] = parsed.value;
      }
    }
    for (const name of required)
      if (given[name] === undefined)
        errors.push({ pointer: place === "querystring" ? `?${name}` : name, detail: "is missing" });
    return errors.length === 0 ? { value } : { error: new ProblemError(parameterProblem(errors, kafka)) };
  };
}

function unknown(name: string, pointer: string, names: Iterable<string>): FieldError {
  const list = [...names];
  const near = closest(name, list);
  const all = list.length === 0 ? "this path takes no parameters" : `this path takes ${list.join(", ")}`;
  return {
    pointer,
    detail: "is not a parameter of this path",
    hint: near === undefined ? all : `did you mean ${near}?`,
  };
}

/** 422 with one sentence for the first fault and all of them in `errors`; under Kafka's name where the only fault has one. */
export function parameterProblem(errors: readonly FieldError[], kafka?: ErrorName) {
  const first = errors[0]!;
  const detail = `${first.pointer} ${first.detail}${errors.length > 1 ? `, and ${errors.length - 1} more` : ""}`;
  if (kafka !== undefined && errors.length === 1) return kafkaProblem(kafka, detail, { status: 422, errors });
  return httpProblem({
    status: 422,
    slug: "invalid-parameter",
    title: "Invalid parameter",
    detail,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    errors,
  });
}

function parse(text: string, field: FieldSchema, pattern: RegExp | null): Parsed {
  switch (field.type) {
    case "integer": {
      const value = Number(text);
      if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) return { wrong: "is not a whole number" };
      if (field.minimum !== undefined && value < field.minimum) return { wrong: `must be at least ${field.minimum}` };
      if (field.maximum !== undefined && value > field.maximum) return { wrong: `must be at most ${field.maximum}` };
      return { value };
    }
    case "boolean":
      if (text === "1" || text === "true" || text === "") return { value: true };
      if (text === "0" || text === "false") return { value: false };
      return { wrong: "must be 1 or 0" };
    default:
      if (field.enum !== undefined && !field.enum.includes(text))
        return { wrong: `must be one of ${field.enum.join(", ")}`, kafka: field["x-kafka-error"] };
      if (field.maxLength !== undefined && text.length > field.maxLength)
        return { wrong: `is longer than ${field.maxLength}` };
      if (pattern !== null && !pattern.test(text))
        return { wrong: field.errorMessage ?? `does not match ${field.pattern}` };
      return { value: text };
  }
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `500ms`, `5s`, `15m`, `2h`, `7d`; a bare number is seconds, as in `Prefer: wait`. Milliseconds, or null. */
export function durationMs(text: string): number | null {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d|w)?$/.exec(text);
  return match === null ? null : Math.round(Number(match[1]) * UNIT_MS[match[2] ?? "s"]!);
}

/** Pattern of a duration, for route schemas. */
export const DURATION = {
  pattern: "^\\d{1,12}(\\.\\d{1,3})?(ms|s|m|h|d|w)?$",
  errorMessage: "is not a duration such as 500ms, 5s or 15m",
};
