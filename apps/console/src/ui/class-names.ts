/** Joins class names and drops what is false: `classNames("row", selected && "is-selected")`. */
export function classNames(...parts: (string | false | null | undefined)[]): string {
  return parts.filter((part): part is string => typeof part === "string" && part !== "").join(" ");
}
