/** Short forms in which the tables of settings are written. */
import type { ConfigDef } from "@vitrine/core";

export const INT_MAX = 2_147_483_647;
/** Kafka's Long.MAX_VALUE: "no limit". */
export const LONG_MAX = "9223372036854775807";
const SHORT_MAX = 32_767;

type Extra = Omit<ConfigDef, "name" | "type" | "default" | "doc">;
type Value = number | string | null;

function define(type: ConfigDef["type"], bounds: Extra) {
  return (name: string, value: Value, doc: string, extra: Extra = {}): ConfigDef => ({
    name,
    type,
    default: value === null ? null : String(value),
    doc,
    ...bounds,
    ...extra,
  });
}

export const int = define("int", { max: INT_MAX });
export const short = define("short", { max: SHORT_MAX });
export const long = define("long", {});
export const double = define("double", {});
export const text = define("string", {});
export const list = define("list", {});
export const password = define("password", {});
export const className = define("class", {});

export function flag(name: string, value: boolean, doc: string, extra: Extra = {}): ConfigDef {
  return { name, type: "boolean", default: String(value), doc, ...extra };
}
