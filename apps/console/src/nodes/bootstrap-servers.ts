import { isGone, nodeColumns } from "@vitrine/api";
import { useStore } from "zustand";
import { liveStore } from "../live/store.ts";

const named = 3; // enough for any client to find the others

/** What a Kafka client of this cluster is given as `bootstrap.servers`: the brokers that serve now, at most three. */
export function useBootstrapServers(): string {
  return useStore(liveStore, ({ views }) => {
    const rows = [...(views.get("cluster")?.rows.values() ?? [])].map(({ row }) => nodeColumns.fields(row));
    const brokers = rows
      .filter((node) => node.roles.includes("broker") && !isGone(node.state) && node.kafka_port > 0)
      .toSorted((a, b) => a.id - b.id);
    return brokers
      .slice(0, named)
      .map((node) => `${node.host}:${node.kafka_port}`)
      .join(",");
  });
}
