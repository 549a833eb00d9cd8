import { QueryClient } from "@tanstack/react-query";
import { ProblemError } from "@vitrine/client";

/** REST reads are few: the live views carry what moves. A read is repeated only where the server says that it may help. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      gcTime: 300_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && (!(error instanceof ProblemError) || error.problem.retriable),
      retryDelay: (count) => 300 * 2 ** count,
    },
    mutations: { retry: false },
  },
});
