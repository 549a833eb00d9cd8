import type { ViewEvent } from "@vitrine/api";
import { describeEvent } from "@vitrine/api";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { formatDuration, formatTime } from "../../format/time.ts";
import { eventKey } from "../../live/event-log.ts";
import { useRowKeys } from "../../live/selectors.ts";
import { usePreference } from "../../prefs/preferences.ts";
import { clusterMarks } from "./cluster-marks.ts";
import { toneOf } from "./event-facts.ts";
import type { EventTone } from "./event-facts.ts";

const laneHeight = 26;
const labelWidth = 76;
const footHeight = 20;
const drawnMax = 2_000; // events looked at; beyond that the oldest are left to the list below
const leastSpanMs = 60_000;
const clusterPx = 26; // marks closer than this become one with a count, which stands beside it

const toneColour: Record<EventTone, string> = {
  good: "var(--g-green)",
  warn: "var(--g-orange)",
  bad: "var(--g-red)",
  note: "var(--g-purple)",
  quiet: "var(--g-muted)",
  accent: "var(--g-blue)",
};

/** Events as marks in one lane per node, over time. A picture of the list below it: the list is what is read aloud. */
export function EventLanes({
  events,
  selected,
  onSelect,
}: {
  events: readonly ViewEvent[];
  selected: string | null;
  onSelect: (event: ViewEvent) => void;
}) {
  const zone = usePreference("zone");
  const nodes = useRowKeys("cluster");
  const boxRef = useRef<HTMLDivElement>(null);
  const width = useBoxWidth(boxRef);
  const drawn = useMemo(() => events.slice(-drawnMax), [events]);
  const lanes = useMemo(() => ["cluster", ...nodes.toSorted((a, b) => Number(a) - Number(b))], [nodes]);
  const last = drawn.at(-1)?.ts ?? 1;
  const span = Math.max(leastSpanMs, last - (drawn[0]?.ts ?? 0));
  const first = last - span;
  const inner = Math.max(50, width - labelWidth - 48);
  const marks = useMemo(
    () => clusterMarks(drawn, { x: (ts) => labelWidth + 12 + ((ts - first) / span) * inner, clusterPx }),
    [drawn, first, span, inner],
  );
  const height = lanes.length * laneHeight + footHeight;
  return (
    <div ref={boxRef} className="overflow-hidden">
      <svg aria-hidden width={width} height={height} className="block">
        {lanes.map((lane, at) => (
          <g key={lane}>
            {at > 0 && <line x1={0} x2={width} y1={at * laneHeight} y2={at * laneHeight} stroke="var(--line)" />}
            <text x={14} y={at * laneHeight + laneHeight / 2 + 4} fontSize={11} fill="var(--ink-3)">
              {lane === "cluster" ? "cluster" : `node ${lane}`}
            </text>
          </g>
        ))}
        {marks.map(({ event, lane, x, count }) => {
          const at = lanes.indexOf(lane);
          if (at < 0) return null;
          const id = eventKey(event);
          return (
            <g
              key={`${id}-${lane}`}
              transform={`translate(${x.toFixed(1)} ${at * laneHeight + laneHeight / 2})`}
              onClick={() => onSelect(event)}
              className="cursor-pointer"
            >
              <title>{`${formatTime(event.ts, zone)}  ${describeEvent(event.e)}${count > 1 ? `, and ${count - 1} more` : ""}`}</title>
              <rect x={-7} y={-12} width={14} height={24} fill="transparent" />
              <Mark event={event} lane={lane} selected={id === selected} />
              {count > 1 && (
                <text y={3.5} x={8} fontSize={10} fontWeight={600} fill="var(--ink-2)">
                  {count}
                </text>
              )}
            </g>
          );
        })}
        <g fontSize={10} fill="var(--ink-3)">
          <text x={labelWidth + 12} y={height - 6}>
            {formatTime(first, zone)}
          </text>
          <text x={labelWidth + 12 + inner / 2} y={height - 6} textAnchor="middle">
            {formatDuration(span)}
          </text>
          <text x={labelWidth + 12 + inner} y={height - 6} textAnchor="end">
            {formatTime(last, zone)}
          </text>
        </g>
      </svg>
    </div>
  );
}

/** Shapes say the type: crown-like triangle = leader gained, hollow = lost; up and down = joined and left the ISR; square = process; disc = the rest. */
function Mark({ event, lane, selected }: { event: ViewEvent; lane: string; selected: boolean }) {
  const { e } = event;
  const fill = toneColour[toneOf(e)];
  const ring = selected ? <circle r={9} fill="none" stroke="var(--ink)" strokeWidth={1.5} /> : null;
  if (e.type === "leader") {
    const gained = String(e.leader) === lane;
    return (
      <>
        {ring}
        <path
          d="M-5 4V-4L-2.2 -0.5L0 -5L2.2 -0.5L5 -4V4Z"
          fill={gained ? fill : "var(--surface)"}
          stroke={gained ? fill : "var(--g-muted)"}
        />
      </>
    );
  }
  if (e.type === "isr") {
    const joined = e.added.map(String).includes(lane);
    return (
      <>
        {ring}
        <path
          d={joined ? "M-5 4L0 -5L5 4Z" : "M-5 -4L0 5L5 -4Z"}
          fill={joined ? "var(--g-green)" : "var(--g-orange)"}
        />
      </>
    );
  }
  if (e.type === "process")
    return (
      <>
        {ring}
        <rect x={-4} y={-4} width={8} height={8} fill={fill} />
      </>
    );
  if (e.type === "controller")
    return (
      <>
        {ring}
        <path d="M0 -6L6 0L0 6L-6 0Z" fill={fill} />
      </>
    );
  return (
    <>
      {ring}
      <circle r={4} fill={fill} />
    </>
  );
}

function useBoxWidth(ref: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(800);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}
