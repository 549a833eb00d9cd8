import { wholeNumber } from "../../url/search.ts";

/** Where reading begins, as the URL holds it: `latest`, `last`, `earliest`, an offset (digits) or a time (ISO or epoch with `@`). */
export type Start =
  | { readonly kind: "latest" }
  | { readonly kind: "last" }
  | { readonly kind: "earliest" }
  | { readonly kind: "offset"; readonly offset: number }
  | { readonly kind: "time"; readonly timeMs: number };

/** How many records per partition `last` begins before the end. */
export const lastCount = 50;

/** Reads the parameter; anything foreign is the default, the last records. */
export function parseStart(text: string | undefined): Start {
  if (text === "latest") return { kind: "latest" };
  if (text === "earliest") return { kind: "earliest" };
  const offset = wholeNumber(text, { min: 0, max: Number.MAX_SAFE_INTEGER });
  if (offset !== null) return { kind: "offset", offset };
  if (text !== undefined && text.startsWith("@")) {
    const timeMs = parseMoment(text.slice(1));
    if (timeMs !== null) return { kind: "time", timeMs };
  }
  return { kind: "last" };
}

/** The inverse; the default leaves the URL clean. */
export function startText(start: Start): string | undefined {
  switch (start.kind) {
    case "last":
      return undefined;
    case "latest":
    case "earliest":
      return start.kind;
    case "offset":
      return String(start.offset);
    case "time":
      return `@${new Date(start.timeMs).toISOString()}`;
  }
}

/** `from` of the subscription. An offset needs its partition. */
export function cursorOf(start: Start, partition: number | null): string {
  switch (start.kind) {
    case "latest":
    case "earliest":
      return start.kind;
    case "last":
      return `-${lastCount}`;
    case "offset":
      return `${partition ?? 0}:${start.offset}`;
    case "time":
      return new Date(start.timeMs).toISOString();
  }
}

/** ISO 8601, `2026-11-21 09:00`, or epoch in seconds or milliseconds; null when it is none of these. */
export function parseMoment(text: string): number | null {
  const wanted = text.trim();
  if (/^\d{10}$/.test(wanted)) return Number(wanted) * 1_000;
  if (/^\d{13}$/.test(wanted)) return Number(wanted);
  if (!/^\d{4}-\d\d-\d\d/.test(wanted)) return null;
  const timeMs = Date.parse(wanted.replace(" ", "T"));
  return Number.isNaN(timeMs) ? null : timeMs;
}
