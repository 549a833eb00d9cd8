import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useMemo } from "react";
import { formatByteRate, formatInteger, formatRate } from "../../format/numbers.ts";
import { useClusterInfo, useRows } from "../../live/selectors.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { classNames } from "../../ui/class-names.ts";
import { Sparkline } from "../../ui/sparkline.tsx";
import { toneIcons } from "../../ui/status.tsx";
import { samplesOf, seriesOf } from "./metrics.ts";

const lastTwoMinutes = 120;

/** The figures an operator looks at first, each with the last two minutes beside it where it has a past. */
export function IndicatorBand() {
  const info = useClusterInfo();
  const id = useClusterId();
  const rows = useRows("metrics");
  const samples = useMemo(() => samplesOf(rows).slice(-lastTwoMinutes), [rows]);
  const now = samples.at(-1);
  const counts = info?.counts;
  const brokersAway = counts ? counts.brokers - counts.brokers_online : 0;
  return (
    <section
      aria-label="Indicators"
      className="panel grid grid-cols-2 divide-line overflow-hidden sm:grid-cols-4 2xl:grid-cols-8 [&>*]:border-b [&>*]:border-r [&>*]:border-line [&>*]:-mb-px [&>*]:-mr-px"
    >
      <Indicator
        testId="indicator-brokers"
        label="Brokers online"
        to="/c/$id/brokers"
        id={id}
        bad={brokersAway > 0}
        good={counts !== undefined && brokersAway === 0}
      >
        {counts ? `${counts.brokers_online} of ${counts.brokers}` : "\u2013"}
      </Indicator>
      <Indicator
        testId="indicator-controller"
        label="Active controller"
        to="/c/$id/quorum"
        id={id}
        bad={info ? !info.quorum.has : false}
        good={info?.quorum.has === true}
      >
        {info ? (info.quorum.has && info.controller >= 0 ? `node ${info.controller}` : "none") : "\u2013"}
      </Indicator>
      <Indicator
        testId="indicator-urp"
        label="Under-replicated"
        to="/c/$id/topics"
        id={id}
        warn={(counts?.urp ?? 0) > 0}
        good={counts?.urp === 0}
      >
        {formatInteger(counts?.urp)}
      </Indicator>
      <Indicator
        testId="indicator-below-min-isr"
        label="Refusing acks=all"
        to="/c/$id/topics"
        id={id}
        bad={(counts?.below_min_isr ?? 0) > 0}
        good={counts?.below_min_isr === 0}
      >
        {formatInteger(counts?.below_min_isr)}
      </Indicator>
      <Indicator
        testId="indicator-offline"
        label="Without a leader"
        to="/c/$id/topics"
        id={id}
        bad={(counts?.offline ?? 0) > 0}
        good={counts?.offline === 0}
      >
        {formatInteger(counts?.offline)}
      </Indicator>
      <Indicator testId="indicator-in-msgs" label="Records in / s" id={id} spark={seriesOf(samples, "in_msgs")}>
        {formatRate(now?.in_msgs)}
      </Indicator>
      <Indicator testId="indicator-in-bytes" label="Bytes in" id={id} spark={seriesOf(samples, "in_bytes")}>
        {formatByteRate(now?.in_bytes)}
      </Indicator>
      <Indicator
        testId="indicator-worst-lag"
        label="Worst replica lag"
        id={id}
        spark={seriesOf(samples, "worst_lag")}
        colour="var(--g-purple)"
      >
        {formatInteger(now?.worst_lag)}
      </Indicator>
    </section>
  );
}

interface IndicatorProps {
  label: string;
  children: ReactNode;
  testId: string;
  id: string;
  to?: "/c/$id/brokers" | "/c/$id/quorum" | "/c/$id/topics";
  bad?: boolean;
  warn?: boolean;
  good?: boolean;
  spark?: readonly number[];
  colour?: string;
}

function Indicator({
  label,
  children,
  testId,
  id,
  to,
  bad = false,
  warn = false,
  good = false,
  spark,
  colour,
}: IndicatorProps) {
  const tone = bad ? "bad" : warn ? "warn" : good ? "good" : null;
  const Icon = tone === null ? null : toneIcons[tone];
  const body = (
    <>
      <span className="block truncate text-xs text-ink-3">{label}</span>
      <span className="mt-1 flex items-center justify-between gap-3 overflow-hidden">
        <span
          data-testid={testId}
          className={classNames(
            "live-value flex items-center gap-1.5 text-lg leading-6 font-semibold whitespace-nowrap num",
            bad ? "text-bad" : warn ? "text-warn" : "text-ink",
          )}
        >
          {Icon && <Icon aria-hidden size={16} strokeWidth={2.25} className={tone === "good" ? "text-good" : ""} />}
          {children}
        </span>
        {spark && <Sparkline values={spark} width={84} height={24} {...(colour === undefined ? {} : { colour })} />}
      </span>
    </>
  );
  return to ? (
    <Link to={to} params={{ id }} className="block px-4 py-2.5 transition-colors hover:bg-hover">
      {body}
    </Link>
  ) : (
    <div className="px-4 py-2.5">{body}</div>
  );
}
