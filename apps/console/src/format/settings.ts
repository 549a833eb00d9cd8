import { formatBytes } from "./numbers.ts";
import { formatRetention } from "./time.ts";

/** What a raw value of a setting means to a person: `604800000` of `retention.ms` is `7 d`. Empty where the value says it itself. */
export function readableSetting(name: string, value: string): string {
  if (!/^-?\d{4,19}$/.test(value) && value !== "-1") return "";
  const number = Number(value);
  if (!Number.isSafeInteger(number)) return "no limit";
  if (name.endsWith(".ms")) return number === -1 && !name.startsWith("retention") ? "" : formatRetention(number);
  if (name.endsWith(".bytes")) return number === -1 ? "no limit" : formatBytes(number);
  return "";
}
