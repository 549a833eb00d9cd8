/**
 * The state of a view as flat text in the query string: `?sort=-size&q=orders`. Only strings travel; each page reads
 * its own parameters and falls back to the default where a value is foreign, so an edited URL never breaks a page.
 */
export type Search = Record<string, string>;

/** `?a=1&b=x` to an object; the last of equal names wins, `ticket` never gets in. */
export function parseSearch(text: string): Search {
  const search: Search = {};
  for (const [name, value] of new URLSearchParams(text)) if (name !== "ticket") search[name] = value;
  return search;
}

/** The inverse; empty and undefined values are left out, so the default view has a clean URL. */
export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === true) params.set(name, "1");
    else if (typeof value === "number" || (typeof value === "string" && value !== "")) params.set(name, String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

export interface Sorting {
  readonly id: string;
  readonly desc: boolean;
}

/** `name` or `-size`; null when the column is not one of `columns`. */
export function parseSorting(text: string | undefined, columns: readonly string[]): Sorting | null {
  if (text === undefined) return null;
  const desc = text.startsWith("-");
  const id = desc ? text.slice(1) : text;
  return columns.includes(id) ? { id, desc } : null;
}

/** What `parseSorting` reads; undefined: the order that the page begins with. */
export function stringifySorting(sorting: Sorting | null): string | undefined {
  return sorting === null ? undefined : `${sorting.desc ? "-" : ""}${sorting.id}`;
}

/** One of the allowed values, else the first of them. */
export function oneOf<const T extends string>(text: string | undefined, allowed: readonly [T, ...T[]]): T {
  return allowed.find((value) => value === text) ?? allowed[0];
}

/** A whole number within bounds, else null. */
export function wholeNumber(text: string | undefined, bounds: { min: number; max: number }): number | null {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return value >= bounds.min && value <= bounds.max ? value : null;
}
