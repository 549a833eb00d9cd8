import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { plural } from "../../format/numbers.ts";
import { useClusterInfo, useEvents, useLiveView } from "../../live/selectors.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Page } from "../../shell/page.tsx";
import { Panel } from "../../ui/panel.tsx";
import { isInternal } from "../events/event-facts.ts";
import { EventLine } from "../events/event-line.tsx";
import { FirstTopic } from "./first-topic.tsx";
import { IndicatorBand } from "./indicator-band.tsx";
import { VerdictPanel } from "./verdict-panel.tsx";
import { WorstGroup } from "./worst-group.tsx";

const Charts = lazy(() => import("./charts.tsx"));

/** The state of the cluster in a sentence, what it rests on, how it moves, and what happened last. */
export function OverviewPage() {
  useLiveView("metrics");
  const id = useClusterId();
  const info = useClusterInfo();
  return (
    <Page
      title="Overview"
      documentTitle="Overview"
      meta={
        info && (
          <span>
            Vitrine <span data-testid="version">{info.version}</span>, {plural(info.counts.topics, "topic")},{" "}
            {plural(info.counts.partitions, "partition")}
          </span>
        )
      }
    >
      <VerdictPanel />
      <WorstGroup />
      <IndicatorBand />
      {info?.counts.topics === 0 && <FirstTopic />}
      <Suspense
        fallback={
          <div className="grid gap-3 md:grid-cols-2">
            {[0, 1, 2, 3].map((at) => (
              <div key={at} className="panel h-[230px]" />
            ))}
          </div>
        }
      >
        <Charts />
      </Suspense>
      <Panel
        title="Last events"
        flush
        aside={
          <Link to="/c/$id/events" params={{ id }} className="link text-xs">
            All events
          </Link>
        }
      >
        <LastEvents />
      </Panel>
    </Page>
  );
}

const shown = 10;

function LastEvents() {
  const events = useEvents();
  const last = useMemo(
    () =>
      events
        .filter(({ e }) => !isInternal(e))
        .slice(-shown)
        .toReversed(),
    [events],
  );
  if (last.length === 0)
    return (
      <p className="px-4 py-6 text-sm text-ink-3">
        Nothing has happened since this page was opened. Elections, in-sync sets, brokers and settings appear here as
        they change.
      </p>
    );
  return (
    <ol className="divide-y divide-line">
      {last.map((event) => (
        <li key={`${event.next}-${event.seq}`}>
          <EventLine event={event} />
        </li>
      ))}
    </ol>
  );
}
