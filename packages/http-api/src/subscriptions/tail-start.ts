import { type Cursor, formatCursor, httpProblem, parseCursor, type Problem } from "@vitrine/api";
import type { TailStart, TailVector } from "../record-tail.ts";

/** Reads `from` of a subscription: a cursor, earliest, latest, -N, or a time. null: none of these. */
export function parseFrom(text: string | undefined): TailStart | null {
  if (text === undefined || text === "latest") return { from: "latest" };
  if (text === "earliest") return { from: "earliest" };
  const last = /^-(\d{1,9})$/.exec(text);
  if (last) return { from: "last", count: Number(last[1]) };
  const positions = parseCursor(text);
  if (positions !== null) return { from: "cursor", positions, otherwise: "earliest" };
  const timestampMs = /^\d{1,15}$/.test(text) ? Number(text) : isoTime(text);
  return timestampMs === null ? null : { from: "timestamp", timestampMs };
}

function isoTime(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** The problem for a `from` that `parseFrom` cannot read. */
export function badFromProblem(text: string): Problem {
  return httpProblem({
    status: 422,
    slug: "invalid-cursor",
    title: "Invalid position",
    detail: `from ${JSON.stringify(text.slice(0, 100))} is no position: give a cursor such as 0:1042@7,1:998@7, earliest, latest, -10, or a time such as 2026-11-20T09:30:00Z`,
  });
}

/** A vector of a tail as a cursor. */
export function cursorText(vector: TailVector): string {
  return formatCursor(vector satisfies Cursor);
}

/** Bare offsets (high watermarks, log starts) as a cursor without epochs. */
export function offsetsText(offsets: ReadonlyMap<number, number>): string {
  return formatCursor(new Map([...offsets].map(([partition, offset]) => [partition, { offset, epoch: -1 }])));
}
