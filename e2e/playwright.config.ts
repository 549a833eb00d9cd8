import { defineConfig } from "@playwright/test";
import { findChromium } from "./chromium.ts";

const browser = await findChromium();
console.log(`browser tests use ${browser.origin} Chromium`);

/** A real browser against real clusters; one worker, because two cores carry one cluster at a time. */
export default defineConfig({
  testDir: "browser",
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["json"]],
  outputDir: "../.cache/playwright",
  use: {
    locale: "en-US",
    timezoneId: "UTC",
    viewport: { width: 1280, height: 800 },
    trace: "retain-on-failure",
    launchOptions: { executablePath: browser.executablePath, args: [...browser.args] },
  },
});
