import { useMemo } from "react";
import { useLiveView, useRow, useRowKeys } from "../../live/selectors.ts";
import { DataTable } from "../../ui/data-table.tsx";
import { Panel } from "../../ui/panel.tsx";
import { useViewState } from "../../url/use-search.ts";
import { PartitionDrawer } from "./partition-drawer.tsx";
import { partitionTableColumns } from "./partition-columns.tsx";
import type { PartitionRow } from "./partition-columns.tsx";

const smoothMax = 12; // lanes that glide at once, see theme.css

/** Every partition with its replicas, as they move: four frames a second, only the rows that changed. Enter or a click opens one. */
export function PartitionsTab({ topic }: { topic: string }) {
  const view = `topic:${topic}`;
  const ready = useLiveView(view);
  const unsorted = useRowKeys(view);
  const keys = useMemo(() => unsorted.toSorted((a, b) => Number(a) - Number(b)), [unsorted]);
  const [search, change] = useViewState();
  const selected = search["partition"];
  const useRowOfView = useMemo(() => rowHook(view), [view]);
  return (
    <Panel flush {...(keys.length <= smoothMax ? { className: "lanes-smooth" } : {})}>
      <DataTable
        label={`Partitions of ${topic}`}
        testId="partition-table"
        columns={partitionTableColumns}
        keys={keys}
        useRow={useRowOfView}
        rowTestId={(key) => `partition-${key}`}
        selected={selected ?? null}
        onActivate={(partition) => change({ partition }, { push: true })}
        empty={ready ? "No partition is known." : "Waiting for the partitions."}
      />
      <Legend />
      <PartitionDrawer topic={topic} wanted={selected} onClose={() => change({ partition: undefined })} />
    </Panel>
  );
}

function rowHook(view: string) {
  return function usePartition(key: string): PartitionRow | undefined {
    const row = useRow(view, key);
    return row === undefined ? undefined : { row, p: Number(key) };
  };
}

function Legend() {
  return (
    <p className="hidden border-t border-line px-4 py-2 text-xs text-ink-3 md:block">
      Bars: how far each replica&rsquo;s log reaches, in the order of the chips; the dark part is on its disk. Upright
      line: high watermark, up to which consumers read.
    </p>
  );
}
