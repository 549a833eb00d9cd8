import { useParams } from "@tanstack/react-router";

/** The cluster of the present route: `/c/:id/...`. */
export function useClusterId(): string {
  return useParams({ from: "/c/$id" }).id;
}
