import { isGone, nodeColumns } from "@vitrine/api";
import { useMemo } from "react";
import { useStore } from "zustand";
import { liveStore } from "../live/store.ts";

/** Ids of the nodes that serve nobody now. The set is the same object while its members are the same. */
export function useOfflineNodes(): ReadonlySet<number> {
  const text = useStore(liveStore, ({ views }) => {
    let ids = "";
    for (const { row } of views.get("cluster")?.rows.values() ?? [])
      if (isGone(nodeColumns.get(row, "state"))) ids += `${nodeColumns.get(row, "id")},`;
    return ids;
  });
  return useMemo(
    () =>
      new Set(
        text
          .split(",")
          .filter((id) => id !== "")
          .map(Number),
      ),
    [text],
  );
}
