import type { MetricsFields } from "@vitrine/api";
import { useMemo } from "react";
import { formatByteRate, formatInteger, formatRate } from "../../format/numbers.ts";
import { useRows } from "../../live/selectors.ts";
import { TimeChart } from "../../ui/time-chart.tsx";
import type { ChartSpec } from "../../ui/time-chart.tsx";
import { samplesOf } from "./metrics.ts";

const minutes = 5;

const charts: readonly ChartSpec<Exclude<keyof MetricsFields, "ts">>[] = [
  {
    title: "Records per second",
    testId: "chart-records",
    minutes,
    format: formatRate,
    series: [
      { name: "in_msgs", label: "in", colour: "var(--g-blue)" },
      { name: "out_msgs", label: "out", colour: "var(--g-orange)", dash: "5 3" },
    ],
  },
  {
    title: "Bytes per second",
    testId: "chart-bytes",
    minutes,
    format: formatByteRate,
    series: [
      { name: "in_bytes", label: "in", colour: "var(--g-blue)" },
      { name: "out_bytes", label: "out", colour: "var(--g-orange)", dash: "5 3" },
    ],
  },
  {
    title: "Worst replica lag, records",
    testId: "chart-lag",
    minutes,
    format: formatInteger,
    whole: true,
    series: [{ name: "worst_lag", label: "behind the leader", colour: "var(--g-purple)" }],
  },
  {
    title: "Partitions",
    testId: "chart-trouble",
    minutes,
    format: formatInteger,
    whole: true,
    series: [
      { name: "urp", label: "under-replicated", colour: "var(--g-orange)" },
      { name: "below_min_isr", label: "refusing", colour: "var(--g-purple)", dash: "5 3" },
      { name: "offline", label: "leaderless", colour: "var(--g-red)", dash: "2 2" },
    ],
  },
];

/** Four charts of the last five minutes. They move once a second, when the metrics view does. */
export default function Charts() {
  const rows = useRows("metrics");
  const samples = useMemo(() => samplesOf(rows), [rows]);
  return (
    <div className="grid gap-3 md:grid-cols-2">
      {charts.map((chart) => (
        <TimeChart key={chart.testId} chart={chart} samples={samples} />
      ))}
    </div>
  );
}
