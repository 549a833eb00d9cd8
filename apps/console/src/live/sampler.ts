import { groupColumns, nodeColumns } from "@vitrine/api";
import { groupHistory, groupSeriesMax, history } from "./history.ts";
import { liveStore } from "./store.ts";

const everyMs = 1_000;
const nodeSeries = ["in_msgs", "in_bytes", "out_msgs", "out_bytes", "disk_used", "cpu", "commit_ms"] as const;

export type NodeSeries = (typeof nodeSeries)[number];

/** Series of a node's rate in the history. */
export function nodeSeriesName(node: number | string, series: NodeSeries): string {
  return `node/${node}/${series}`;
}

/** Once a second the present rates go into the history rings; nothing is sampled while the view is paused or cut. */
export function startSampler(now: () => number): () => void {
  const timer = setInterval(() => {
    const { paused, link, views } = liveStore.getState();
    if (paused || link.state !== "open") return;
    const at = now();
    for (const [key, { row }] of views.get("cluster")?.rows ?? [])
      for (const series of nodeSeries)
        history.push(nodeSeriesName(key, series), at, nodeColumns.get(row, series) ?? Number.NaN);
    const groups = views.get("groups")?.rows;
    if (groups === undefined || groups.size > groupSeriesMax) return;
    for (const [key, { row }] of groups) groupHistory.push(key, at, groupColumns.get(row, "lag") ?? Number.NaN);
  }, everyMs);
  return () => clearInterval(timer);
}
