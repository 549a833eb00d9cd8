import { defineConfig } from "vitest/config";

/** Real processes, real sockets, real clients: one file after the other, because two cores carry one cluster at a time. */
export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["e2e/processes/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
