const durationUnitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `7d`, `1.5 h`, `90s`, `86400000` (milliseconds), `for ever` or -1; null when it is none of these. */
export function parseDuration(text: string): number | null {
  const wanted = text.trim().toLowerCase();
  if (wanted === "for ever" || wanted === "forever" || wanted === "-1") return -1;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(wanted);
  const unit = durationUnitsMs[match?.[2] === "" ? "ms" : (match?.[2] ?? "")];
  if (!match || unit === undefined) return null;
  const value = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(value) ? value : null;
}

const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
};

/** `512kB`, `1 MiB`, `1048588` (bytes); null when it is none of these. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text.trim().toLowerCase());
  const unit = sizeUnits[match?.[2] ?? "?"];
  if (!match || unit === undefined) return null;
  const value = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(value) ? value : null;
}
