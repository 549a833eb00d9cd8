/** Times and durations for people. The zone is a preference: UTC, the browser's, or any IANA name. */

export type TimeZoneChoice = "UTC" | "local" | (string & {});

const formatters = new Map<string, Intl.DateTimeFormat>();
const maxFormatters = 24; // one per zone and shape in use; cleared whole at the bound, they are only a cache

function formatterFor(zone: TimeZoneChoice, shape: "time" | "full"): Intl.DateTimeFormat {
  const key = `${zone}|${shape}`;
  const known = formatters.get(key);
  if (known) return known;
  if (formatters.size >= maxFormatters) formatters.clear();
  const options: Intl.DateTimeFormatOptions = {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hourCycle: "h23",
    ...(shape === "full" ? { year: "numeric", month: "2-digit", day: "2-digit" } : {}),
    ...(zone === "local" ? {} : { timeZone: zone }),
  };
  const made = new Intl.DateTimeFormat("en-CA", options);
  formatters.set(key, made);
  return made;
}

/** `09:14:03.120` in the chosen zone. */
export function formatTime(timestampMs: number | null | undefined, zone: TimeZoneChoice): string {
  if (timestampMs === null || timestampMs === undefined || timestampMs < 0) return "\u2013";
  return formatterFor(zone, "time").format(timestampMs);
}

/** `2026-11-21 09:14:03.120` in the chosen zone. */
export function formatDateTime(timestampMs: number | null | undefined, zone: TimeZoneChoice): string {
  if (timestampMs === null || timestampMs === undefined || timestampMs < 0) return "\u2013";
  return formatterFor(zone, "full").format(timestampMs).replace(", ", " ");
}

/** The age of shown data: tenths below ten seconds, because there the tenth tells live from not quite live. */
export function formatAge(ageMs: number): string {
  const seconds = Math.max(0, ageMs) / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return formatDuration(ageMs);
}

/** `41 s`, `4 min 05 s`, `3 h 12 min`, `2 d 4 h`: two units at most. */
export function formatDuration(durationMs: number | null | undefined): string {
  if (durationMs === null || durationMs === undefined || Number.isNaN(durationMs)) return "\u2013";
  const seconds = Math.max(0, Math.floor(durationMs / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Seconds of lag: a dash when they are not known, `0 s` when nothing waits. */
export function formatLagSeconds(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "\u2013";
  return seconds === 0 ? "0 s" : formatAge(seconds * 1_000);
}

/** A retention setting: -1 is for ever. */
export function formatRetention(retentionMs: number | null | undefined): string {
  if (retentionMs === null || retentionMs === undefined) return "\u2013";
  if (retentionMs < 0) return "for ever";
  const units: [number, string][] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1_000, "s"],
  ];
  for (const [sizeMs, unit] of units) {
    if (retentionMs >= sizeMs) {
      const amount = retentionMs / sizeMs;
      return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${unit}`;
    }
  }
  return `${retentionMs} ms`;
}
