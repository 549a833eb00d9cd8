import { defineConfig } from "vitest/config";

/** Unit and property tests: everything beside the code that needs no other process. `pnpm test` adds the slower rings. */
export default defineConfig({
  test: {
    include: ["packages/**/*.test.ts", "apps/**/*.test.ts", "e2e/conformance/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    pool: "threads",
    // For what hangs, not for what is slow: the real disk of a machine that is busy with other things takes its time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
