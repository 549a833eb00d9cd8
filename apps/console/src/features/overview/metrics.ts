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
