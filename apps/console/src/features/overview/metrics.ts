import { metricsColumns } from "@vitrine/api";
import type { MetricsFields, Row } from "@vitrine/api";

/** The samples of the metrics view, oldest first: the map's order is that of arrival, which after a reconnect is not that of time. */
export function samplesOf(rows: readonly Row[]): MetricsFields[] {
  return rows.map((row) => metricsColumns.fields(row)).toSorted((a, b) => a.ts - b.ts);
}

/** One series as numbers. */
export function seriesOf(samples: readonly MetricsFields[], name: keyof MetricsFields): number[] {
  return samples.map((sample) => sample[name]);
}

/** "now 1,204, between 0 and 3,400 in the last 5 min": a chart in words. */
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
