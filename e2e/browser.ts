/** `pnpm e2e`: the browser tests alone; further words go to Playwright. */
import { runCommand } from "./run-command.ts";

const result = await runCommand(
  "playwright",
  ["test", "--config", "e2e/playwright.config.ts", ...process.argv.slice(2)],
  {
    echo: true,
  },
);
process.exitCode = result.exitCode;
