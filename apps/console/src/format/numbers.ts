/** Numbers for people: separators always, N/A as a dash (never a false zero). Formatters are made once: they are slow to build. */

const integers = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1, minimumFractionDigits: 1 });

/** What is shown where a value is not known. */
export const unknown = "\u2013";

/** An integer with thousands separators; a dash when it is not known. */
export function formatInteger(value: number | null | undefined): string {
  return value === null || value === undefined || Number.isNaN(value) ? unknown : integers.format(value);
}

/** A rate per second: one digit below 100, compact above 100,000 so that columns keep their width. */
export function formatRate(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return unknown;
  if (value === 0) return "0";
  if (value < 100) return oneDigit.format(value);
  if (value < 100_000) return integers.format(value);
  if (value < 10_000_000) return `${oneDigit.format(value / 1_000)}k`;
  return `${oneDigit.format(value / 1_000_000)}M`;
}

const byteUnits = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** Bytes in decimal units, as disks are sold: 1 kB = 1,000 B. */
export function formatBytes(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return unknown;
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < byteUnits.length - 1) {
    rest /= 1_000;
    unit += 1;
  }
  const digits = unit === 0 || rest >= 99.95 ? integers.format(rest) : oneDigit.format(rest);
  return `${digits} ${byteUnits[unit] ?? "B"}`;
}

/** `formatBytes` per second. */
export function formatByteRate(value: number | null | undefined): string {
  return value === null || value === undefined ? unknown : `${formatBytes(value)}/s`;
}

/** An integer in little room: exact below 10,000, then 26k and 2.1M. */
export function formatCompact(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return unknown;
  if (value < 10_000) return integers.format(value);
  return value < 999_500 ? `${integers.format(value / 1_000)}k` : `${oneDigit.format(value / 1_000_000)}M`;
}

/** "1 partition", "3 partitions". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatInteger(count)} ${count === 1 ? one : many}`;
}

/** How much of a list passes its filter: "3 topics" where all of it does, else "1 of 3 topics". */
export function shownOf(shown: number, total: number, one: string): string {
  return shown === total ? plural(total, one) : `${formatInteger(shown)} of ${plural(total, one)}`;
}
