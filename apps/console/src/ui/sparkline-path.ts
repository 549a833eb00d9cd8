/** The `d` of a line through evenly spaced values; NaN leaves the last level. Empty when there is nothing to draw. */
export function sparklinePath(
  values: ArrayLike<number>,
  box: { width: number; height: number; floor?: number },
): string {
  const { width, height } = box;
  if (values.length < 2) return "";
  let low = box.floor ?? Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (high === Number.NEGATIVE_INFINITY) return "";
  const span = high - low || 1;
  const inset = 1.5;
  const step = width / (values.length - 1);
  let path = "";
  let level = height - inset;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? Number.NaN;
    if (!Number.isNaN(value)) level = height - inset - ((value - low) / span) * (height - 2 * inset);
    path += `${at === 0 ? "M" : "L"}${round(at * step)} ${round(level)}`;
  }
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
