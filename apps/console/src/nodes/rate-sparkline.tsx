import { useStore } from "zustand";
import { history } from "../live/history.ts";
import { nodeSeriesName } from "../live/sampler.ts";
import type { NodeSeries } from "../live/sampler.ts";
import { liveStore } from "../live/store.ts";
import { Sparkline } from "../ui/sparkline.tsx";

/** The last two minutes of a node's rate, redrawn when the cluster view moves (1 Hz). */
export function RateSparkline({
  node,
  series,
  colour,
  width = 96,
  height = 22,
}: {
  node: number;
  series: NodeSeries;
  colour?: string;
  width?: number;
  height?: number;
}) {
  useStore(liveStore, ({ views }) => views.get("cluster")?.version ?? 0);
  return (
    <Sparkline
      values={history.tail(nodeSeriesName(node, series), 120)}
      width={width}
      height={height}
      {...(colour === undefined ? {} : { colour })}
    />
  );
}
