import { Table2, TrendingUp } from "lucide-react";
import type { ReactNode } from "react";
import { memo, useState } from "react";
import { Area, CartesianGrid, ComposedChart, Line, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { formatTime } from "../format/time.ts";
import { usePreference } from "../prefs/preferences.ts";
import { Button } from "./button.tsx";
import { summary } from "./series-summary.ts";

/** One look at what a chart draws; null: not known then, so the line has a hole. */
export type Sample<Name extends string> = { readonly ts: number } & { readonly [N in Name]: number | null };

interface Series<Name extends string> {
  readonly name: Name;
  readonly label: string;
  readonly colour: string;
  /** Lines differ by dash as well as by colour. */
  readonly dash?: string;
}

export interface ChartSpec<Name extends string> {
  readonly title: string;
  readonly testId: string;
  readonly series: readonly Series<Name>[];
  readonly format: (value: number) => string;
  readonly whole?: boolean;
  /** Minutes from the left edge to now. */
  readonly minutes: number;
}

interface TimeChartProps<Name extends string> {
  chart: ChartSpec<Name>;
  /** Oldest first. */
  samples: readonly Sample<Name>[];
}

/** Lines over the last minutes, without animation; the same as a table and in a sentence for whoever cannot see them. */
export const TimeChart = memo(function TimeChart<Name extends string>({ chart, samples }: TimeChartProps<Name>) {
  const [asTable, setAsTable] = useState(false);
  const zone = usePreference("zone");
  const now = samples.at(-1);
  const end = now?.ts ?? 0;
  const words = chart.series
    .map(
      ({ name, label }) =>
        `${label} ${summary(
          samples.flatMap((sample) => sample[name] ?? []),
          chart.format,
        )}`,
    )
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
              <span className="live-value font-medium text-ink num">{valueText(chart, now?.[series.name])}</span>
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
      <p className="sr-only">{`Last ${chart.minutes} minutes: ${words}.`}</p>
      <div className="h-[180px] px-2 pb-2">
        {asTable ? (
          <SampleTable chart={chart} samples={samples} />
        ) : (
          <div aria-hidden className="h-full">
            <ResponsiveContainer width="100%" height="100%" debounce={100}>
              <ComposedChart
                data={[...samples]}
                margin={{ top: 8, right: 22, bottom: 0, left: 0 }}
                accessibilityLayer={false}
              >
                <CartesianGrid vertical={false} stroke="var(--line)" />
                <XAxis
                  dataKey="ts"
                  type="number"
                  scale="time"
                  domain={[end - chart.minutes * 60_000, end]}
                  allowDataOverflow
                  ticks={ticksOf(chart.minutes).map((minute) => end - minute * 60_000)}
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
}) as <Name extends string>(props: TimeChartProps<Name>) => ReactNode;

/** Four marks beside the one that says now. */
function ticksOf(minutes: number): readonly number[] {
  const step = minutes <= 5 ? 1 : Math.ceil(minutes / 5);
  return [4, 3, 2, 1, 0].map((at) => at * step);
}

function valueText<Name extends string>(chart: ChartSpec<Name>, value: number | null | undefined): string {
  return value === null || value === undefined ? "\u2013" : chart.format(value);
}

const tableRows = 30;

function SampleTable<Name extends string>({ chart, samples }: TimeChartProps<Name>) {
  const zone = usePreference("zone");
  return (
    <div
      className="h-full overflow-y-auto"
      tabIndex={0}
      role="region"
      aria-label={`${chart.title}, the last ${tableRows} values`}
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
                    {valueText(chart, sample[series.name])}
                  </td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
