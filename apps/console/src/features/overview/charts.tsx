import type { MetricsFields } from "@vitrine/api";
import { Table2, TrendingUp } from "lucide-react";
import { memo, useMemo, useState } from "react";
import { Area, CartesianGrid, ComposedChart, Line, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { formatByteRate, formatInteger, formatRate } from "../../format/numbers.ts";
import { formatTime } from "../../format/time.ts";
import { useRows } from "../../live/selectors.ts";
import { usePreference } from "../../prefs/preferences.ts";
import { Button } from "../../ui/button.tsx";
import { samplesOf, seriesOf, summary } from "./metrics.ts";

interface Series {
  readonly name: Exclude<keyof MetricsFields, "ts">;
  readonly label: string;
  readonly colour: string;
  /** Lines differ by dash as well as by colour. */
  readonly dash?: string;
}

interface ChartSpec {
  readonly title: string;
  readonly testId: string;
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly whole?: boolean;
}

const charts: readonly ChartSpec[] = [
  {
    title: "Records per second",
    testId: "chart-records",
    format: formatRate,
    series: [
      { name: "in_msgs", label: "in", colour: "var(--g-blue)" },
      { name: "out_msgs", label: "out", colour: "var(--g-orange)", dash: "5 3" },
    ],
  },
  {
    title: "Bytes per second",
    testId: "chart-bytes",
    format: formatByteRate,
    series: [
      { name: "in_bytes", label: "in", colour: "var(--g-blue)" },
      { name: "out_bytes", label: "out", colour: "var(--g-orange)", dash: "5 3" },
    ],
  },
  {
    title: "Worst replica lag, records",
    testId: "chart-lag",
    format: formatInteger,
    whole: true,
    series: [{ name: "worst_lag", label: "behind the leader", colour: "var(--g-purple)" }],
  },
  {
    title: "Partitions",
    testId: "chart-trouble",
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
        <Chart key={chart.testId} chart={chart} samples={samples} />
      ))}
    </div>
  );
}

const windowMs = 300_000;

const Chart = memo(function Chart({ chart, samples }: { chart: ChartSpec; samples: readonly MetricsFields[] }) {
  const [asTable, setAsTable] = useState(false);
  const zone = usePreference("zone");
  const now = samples.at(-1);
  const end = now?.ts ?? 0;
  const words = chart.series
    .map((series) => `${series.label} ${summary(seriesOf(samples, series.name), chart.format)}`)
    .join("; ");
  return (
    <section className="panel relative min-w-0" data-testid={chart.testId} aria-label={chart.title}>
      <header className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 pt-2 pr-10 pl-4">
        <h2 className="panel-title">{chart.title}</h2>
        <ul className="flex flex-wrap gap-x-3">
          {chart.series.map((series) => (
            <li key={series.name} className="flex items-center gap-1.5 text-xs text-ink-2">
              <svg aria-hidden width="16" height="8">
                <line
                  x1="0"
                  x2="16"
                  y1="4"
                  y2="4"
                  stroke={series.colour}
                  strokeWidth="2.5"
                  strokeDasharray={series.dash}
                />
              </svg>
              {series.label}
              <span className="live-value font-medium text-ink num">
                {now ? chart.format(now[series.name]) : "\u2013"}
              </span>
            </li>
          ))}
        </ul>
        <Button
          tone="ghost"
          size="small"
          className="absolute top-2.5 right-3"
          aria-pressed={asTable}
          aria-label={asTable ? `Show ${chart.title} as a chart` : `Show ${chart.title} as a table`}
          icon={asTable ? <TrendingUp aria-hidden size={14} /> : <Table2 aria-hidden size={14} />}
          onClick={() => setAsTable(!asTable)}
        />
      </header>
      <p className="sr-only">{`Last five minutes: ${words}.`}</p>
      <div className="h-[180px] px-2 pb-2">
        {asTable ? (
          <SampleTable chart={chart} samples={samples} />
        ) : (
          <div aria-hidden className="h-full">
            <ResponsiveContainer width="100%" height="100%" debounce={100}>
              <ComposedChart
                data={samples as MetricsFields[]}
                margin={{ top: 8, right: 22, bottom: 0, left: 0 }}
                accessibilityLayer={false}
              >
                <CartesianGrid vertical={false} stroke="var(--line)" />
                <XAxis
                  dataKey="ts"
                  type="number"
                  scale="time"
                  domain={[end - windowMs, end]}
                  allowDataOverflow
                  ticks={[4, 3, 2, 1, 0].map((minute) => end - minute * 60_000)}
                  tickFormatter={(ts: number) => (ts === end ? "now" : `-${Math.round((end - ts) / 60_000)} min`)}
                  tick={{ fontSize: 11, fill: "var(--ink-3)" }}
                  stroke="var(--line-strong)"
                  tickLine={false}
                />
                <YAxis
                  width={62}
                  allowDecimals={!chart.whole}
                  domain={[0, "auto"]}
                  tickCount={4}
                  tickFormatter={chart.format}
                  tick={{ fontSize: 11, fill: "var(--ink-3)" }}
                  axisLine={false}
                  tickLine={false}
                />
                <Tooltip
                  isAnimationActive={false}
                  labelFormatter={(ts) => formatTime(Number(ts), zone)}
                  formatter={(value, name) => [
                    chart.format(Number(value)),
                    chart.series.find((series) => series.name === name)?.label ?? String(name),
                  ]}
                  contentStyle={{
                    background: "var(--surface)",
                    border: "1px solid var(--line-strong)",
                    borderRadius: 6,
                    fontSize: 12,
                    padding: "6px 10px",
                  }}
                  labelStyle={{ color: "var(--ink-3)" }}
                  itemStyle={{ color: "var(--ink)", padding: 0 }}
                  cursor={{ stroke: "var(--line-strong)" }}
                />
                {chart.series.map((series, at) =>
                  at === 0 ? (
                    <Area
                      key={series.name}
                      dataKey={series.name}
                      stroke={series.colour}
                      fill={series.colour}
                      fillOpacity={0.1}
                      strokeWidth={1.75}
                      dot={false}
                      activeDot={{ r: 3 }}
                      isAnimationActive={false}
                    />
                  ) : (
                    <Line
                      key={series.name}
                      dataKey={series.name}
                      stroke={series.colour}
                      strokeWidth={1.75}
                      strokeDasharray={series.dash ?? ""}
                      dot={false}
                      activeDot={{ r: 3 }}
                      isAnimationActive={false}
                    />
                  ),
                )}
              </ComposedChart>
            </ResponsiveContainer>
          </div>
        )}
      </div>
    </section>
  );
});

const tableRows = 30;

function SampleTable({ chart, samples }: { chart: ChartSpec; samples: readonly MetricsFields[] }) {
  const zone = usePreference("zone");
  return (
    <div
      className="h-full overflow-y-auto"
      tabIndex={0}
      role="region"
      aria-label={`${chart.title}, last ${tableRows} s`}
    >
      <table className="w-full text-xs num">
        <thead>
          <tr className="text-left text-ink-3">
            <th className="px-2 py-1 font-medium">Time</th>
            {chart.series.map((series) => (
              <th key={series.name} className="px-2 py-1 text-right font-medium">
                {series.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {samples
            .slice(-tableRows)
            .toReversed()
            .map((sample) => (
              <tr key={sample.ts} className="border-t border-line">
                <td className="px-2 py-0.5">{formatTime(sample.ts, zone)}</td>
                {chart.series.map((series) => (
                  <td key={series.name} className="px-2 py-0.5 text-right">
                    {chart.format(sample[series.name])}
                  </td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
