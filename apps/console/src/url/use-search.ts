import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Search } from "./search.ts";

/** The query parameters of the present page and a way to change some: undefined removes. Replaces the history entry unless `push`. */
export function useViewState(): [
  Search,
  (change: Record<string, string | undefined>, options?: { push?: boolean }) => void,
] {
  const search: Search = useSearch({ from: "/c/$id" });
  const navigate = useNavigate();
  const change = useCallback(
    (changed: Record<string, string | undefined>, options?: { push?: boolean }) => {
      void navigate({
        to: ".",
        replace: options?.push !== true,
        resetScroll: false,
        search: (before) => {
          const next: Search = {};
          for (const [name, value] of Object.entries({ ...before, ...changed }))
            if (typeof value === "string" && value !== "") next[name] = value;
          return next;
        },
      });
    },
    [navigate],
  );
  return [search, change];
}
