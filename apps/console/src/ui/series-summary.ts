/** "between 0 and 3,400": a line of a chart in words. */
export function summary(values: readonly number[], format: (value: number) => string): string {
  if (values.length === 0) return "No samples yet";
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low === high ? `steady at ${format(low)}` : `between ${format(low)} and ${format(high)}`;
}
