import type { ResetOffsetsBody } from "@vitrine/api";
import { parseDuration } from "../../format/quantities.ts";
import { wholeNumber } from "../../url/search.ts";

export const resetTargets = ["earliest", "latest", "offset", "time", "back", "shift"] as const;
export type ResetTarget = (typeof resetTargets)[number];

/** The form as it is typed. */
export interface ResetForm {
  readonly target: ResetTarget;
  /** An offset, a time, a duration or a number of records, as `target` wants it. */
  readonly value: string;
  /** "": all that the group has committed. */
  readonly topic: string;
  /** `0, 2`; "": all of the topic. */
  readonly partitions: string;
}

export const blankReset: ResetForm = { target: "earliest", value: "", topic: "", partitions: "" };

export type ResetErrors = Partial<Record<"value" | "partitions", string>>;

/** What is wrong with the form, by field; empty: it can be sent. */
export function checkReset(form: ResetForm): ResetErrors {
  const errors: ResetErrors = {};
  const fault = valueFault(form);
  if (fault !== null) errors.value = fault;
  if (form.topic !== "" && form.partitions.trim() !== "" && partitionsOf(form) === null)
    errors.partitions = "Numbers with commas between them, such as 0, 2.";
  return errors;
}

function valueFault({ target, value }: ResetForm): string | null {
  switch (target) {
    case "earliest":
    case "latest":
      return null;
    case "offset":
      return wholeNumber(value.trim(), { min: 0, max: Number.MAX_SAFE_INTEGER }) === null
        ? "The next offset to read: a whole number."
        : null;
    case "time":
      return timeOf(value) === null
        ? "A time such as 2026-11-20T09:00:00Z, or milliseconds since 1970. Without a zone it is UTC."
        : null;
    case "back":
      return durationOf(value) === null ? "A duration such as 15m, 2h or 1d." : null;
    case "shift":
      return shiftOf(value) === null ? "Records to go forward, or back where negative, such as -100." : null;
  }
}

/** Times without a zone are UTC, as Kafka's own tool takes them. */
function timeOf(text: string): string | null {
  const wanted = text.trim();
  if (/^\d{10,16}$/.test(wanted)) return isoOf(Number(wanted));
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?)?(Z|[+-]\d{2}:?\d{2})?$/.test(wanted)) return null;
  const withTime = /[T ]\d{2}:/.test(wanted) ? wanted.replace(" ", "T") : `${wanted}T00:00`;
  return isoOf(Date.parse(/(Z|[+-]\d{2}:?\d{2})$/.test(withTime) ? withTime : `${withTime}Z`));
}

function isoOf(timestampMs: number): string | null {
  return Number.isNaN(timestampMs) || Math.abs(timestampMs) > 8.64e15 ? null : new Date(timestampMs).toISOString();
}

/** In ISO 8601, as both the interface and Kafka's tool read it. */
function durationOf(text: string): string | null {
  const ms = parseDuration(text);
  return ms === null || ms <= 0 ? null : `PT${ms / 1_000}S`;
}

function shiftOf(text: string): number | null {
  const wanted = text.trim();
  if (!/^[+-]?\d{1,15}$/.test(wanted) || Number(wanted) === 0) return null;
  return Number(wanted);
}

function partitionsOf(form: ResetForm): readonly number[] | null {
  const parts = form.partitions.split(",").map((part) => wholeNumber(part.trim(), { min: 0, max: 2_147_483_647 }));
  return parts.every((part) => part !== null) ? parts : null;
}

/** The body of `POST /groups/{group}/offsets/reset`; call it only where `checkReset` found nothing. */
export function resetBody(form: ResetForm): ResetOffsetsBody {
  const partitions = partitionsOf(form);
  const scope =
    form.topic === ""
      ? {}
      : form.partitions.trim() === "" || partitions === null
        ? { topics: [form.topic] }
        : { partitions: { [form.topic]: [...partitions] } };
  switch (form.target) {
    case "earliest":
    case "latest":
      return { to: form.target, ...scope };
    case "offset":
      return { to: Number(form.value.trim()), ...scope };
    case "time":
      return { to: timeOf(form.value) ?? "", ...scope };
    case "back":
      return { to: durationOf(form.value) ?? "", ...scope };
    case "shift":
      return { shift: shiftOf(form.value) ?? 0, ...scope };
  }
}

/** The line of Kafka's own tool that does the same. */
export function resetCommand(form: ResetForm, { group, servers }: { group: string; servers: string }): string {
  return [
    `kafka-consumer-groups.sh --bootstrap-server ${servers} --group ${quoted(group)} --reset-offsets`,
    scopeOption(form),
    targetOption(form),
    "--execute",
  ].join(" ");
}

function scopeOption(form: ResetForm): string {
  if (form.topic === "") return "--all-topics";
  const partitions = form.partitions.trim() === "" ? null : partitionsOf(form);
  return `--topic ${partitions === null ? form.topic : `${form.topic}:${partitions.join(",")}`}`;
}

function targetOption(form: ResetForm): string {
  switch (form.target) {
    case "earliest":
    case "latest":
      return `--to-${form.target}`;
    case "offset":
      return `--to-offset ${form.value.trim() || "OFFSET"}`;
    case "time":
      return `--to-datetime ${timeOf(form.value) ?? "TIME"}`;
    case "back":
      return `--by-duration ${durationOf(form.value) ?? "DURATION"}`;
    case "shift":
      return `--shift-by ${shiftOf(form.value) ?? "RECORDS"}`;
  }
}

function quoted(text: string): string {
  return /^[A-Za-z0-9_.:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
