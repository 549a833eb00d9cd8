import { useMemo } from "react";
import { formatInteger } from "../../format/numbers.ts";
import { formatLagSeconds } from "../../format/time.ts";
import { useGroupInfo } from "../../live/selectors.ts";
import { TimeChart } from "../../ui/time-chart.tsx";
import type { ChartSpec } from "../../ui/time-chart.tsx";

const minutes = 15;

const charts: readonly ChartSpec<"lag" | "seconds">[] = [
  {
    title: "Lag in records",
    testId: "chart-group-lag",
    minutes,
    format: formatInteger,
    whole: true,
    series: [{ name: "lag", label: "all partitions", colour: "var(--g-purple)" }],
  },
  {
    title: "Lag in seconds",
    testId: "chart-group-seconds",
    minutes,
    format: formatLagSeconds,
    series: [{ name: "seconds", label: "oldest record that waits", colour: "var(--g-orange)" }],
  },
];

/** The group's lag over the last quarter of an hour, as the gateway has watched it. */
export default function LagCharts({ group }: { group: string }) {
  const history = useGroupInfo(group)?.history;
  const samples = useMemo(() => (history ?? []).map(([ts, lag, seconds]) => ({ ts, lag, seconds })), [history]);
  return (
    <div className="grid gap-3 md:grid-cols-2">
      {charts.map((chart) => (
        <TimeChart key={chart.testId} chart={chart} samples={samples} />
      ))}
    </div>
  );
}
