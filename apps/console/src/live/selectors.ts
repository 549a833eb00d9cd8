import type { ClientsViewInfo, ClusterInfo, GroupViewInfo, PartitionViewInfo, Row, ViewEvent } from "@vitrine/api";
import { useEffect, useMemo } from "react";
import { useStore } from "zustand";
import { connection } from "./connection.ts";
import { eventLog } from "./event-log.ts";
import { liveStore } from "./store.ts";
import type { LinkState } from "./store.ts";

/** Keeps a view subscribed while the component is mounted; null subscribes nothing. True once its first state is here. */
export function useLiveView(name: string | null): boolean {
  useEffect(() => (name === null ? undefined : connection.watch(name)), [name]);
  return useStore(liveStore, ({ views }) => name !== null && views.get(name)?.ready === true);
}

/** One row by its key. Renders again when that row's version changed, and only then. */
export function useRow(view: string, key: string): Row | undefined {
  useStore(liveStore, ({ views }) => views.get(view)?.rows.get(key)?.version ?? -1);
  return liveStore.getState().views.get(view)?.rows.get(key)?.row;
}

const noKeys: readonly string[] = [];

/** The keys of a view, a new array only when a row came or went. */
export function useRowKeys(view: string): readonly string[] {
  const version = useStore(liveStore, ({ views }) => views.get(view)?.membershipVersion ?? -1);
  return useMemo(
    () => (version < 0 ? noKeys : [...(liveStore.getState().views.get(view)?.rows.keys() ?? [])]),
    [view, version],
  );
}

/** All rows of a view, a new array whenever any of them changed: for sorting and sums of 1 Hz views. */
export function useRows(view: string): readonly Row[] {
  const version = useStore(liveStore, ({ views }) => views.get(view)?.version ?? -1);
  return useMemo(
    () => (version < 0 ? [] : Array.from(liveStore.getState().views.get(view)?.rows.values() ?? [], ({ row }) => row)),
    [view, version],
  );
}

/** `info` of the cluster view; null before the first frame. */
export function useClusterInfo(): ClusterInfo | null {
  return useInfo("cluster", isClusterInfo);
}

/** `info` of a group's view: its summary, members and lag history; null before the first frame. */
export function useGroupInfo(group: string): GroupViewInfo | null {
  return useInfo(`group:${group}`, isGroupInfo);
}

/** `info` of one partition's view; null before the first frame. */
export function usePartitionInfo(topic: string, partition: number): Partial<PartitionViewInfo> | null {
  return useInfo(`partition:${topic}/${partition}`, isObject);
}

/** `info` of the clients view; null before the first frame. */
export function useClientsInfo(): Partial<ClientsViewInfo> | null {
  return useInfo("clients", isObject);
}

/** `info` of a view as long as it is what is expected. Renders again when it changed. */
function useInfo<T>(view: string, is: (info: unknown) => info is T): T | null {
  useStore(liveStore, ({ views }) => views.get(view)?.infoVersion ?? -1);
  const info: unknown = liveStore.getState().views.get(view)?.info;
  return is(info) ? info : null;
}

// Our gateway is the only writer of `info`, so one telling field is proof enough.
function isClusterInfo(info: unknown): info is ClusterInfo {
  return isObject(info) && "verdict" in info && "counts" in info;
}

function isGroupInfo(info: unknown): info is GroupViewInfo {
  return isObject(info) && "members" in info && "history" in info;
}

function isObject(info: unknown): info is object {
  return typeof info === "object" && info !== null;
}

/** The events kept, oldest first; a new array when one came. */
export function useEvents(): readonly ViewEvent[] {
  const total = useStore(liveStore, (state) => state.eventTotal);
  return useMemo(() => (total < 0 ? [] : [...eventLog.items]), [total]);
}

/** Whether the page is connected; where it was refused, why. */
export function useLinkState(): LinkState {
  return useStore(liveStore, ({ link }) => link);
}

/** What the data-age dot says, before the age itself is looked at. */
export function useFreshness(): "live" | "paused" | "stale" | "connecting" {
  return useStore(liveStore, ({ paused, link }) =>
    paused ? "paused" : link.state === "open" ? "live" : link.state === "connecting" ? "connecting" : "stale",
  );
}

/** Milliseconds since a node was heard, as of the last clock frame; null where the gateway does not say. */
export function useNodeAge(node: number): number | null {
  return useStore(liveStore, ({ ages }) => ages[String(node)] ?? null);
}
