import { existsSync } from "node:fs";
import { chromium } from "@playwright/test";

export interface ChromiumLaunch {
  readonly executablePath: string;
  readonly args: readonly string[];
  /** Where this browser came from, for the log. */
  readonly origin: string;
}

const SYSTEM = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

/** Quiet in a closed network, usable as root in a container. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Arguments of that package which end the whole browser with a page, or switch off what the security tests look at. */
const UNWANTED =
  /^--(?:single-process|no-zygote|in-process-gpu|disable-web-security|disable-site-isolation|allow-running-insecure|headless)/;

/** Playwright's own Chromium if it is installed, else the system's, else the one inside the npm package @sparticuz/chromium. */
export async function findChromium(): Promise<ChromiumLaunch> {
  const own = chromium.executablePath();
  if (existsSync(own)) return { executablePath: own, args: ARGS, origin: "Playwright's own" };
  const system = SYSTEM.find((path) => existsSync(path));
  if (system) return { executablePath: system, args: ARGS, origin: "the system's" };
  // The package unpacks its shared libraries only where it believes to be in that runtime.
  process.env["AWS_LAMBDA_JS_RUNTIME"] ??= "nodejs22.x";
  const { default: packaged } = await import("@sparticuz/chromium");
  const args = packaged.args.filter((arg) => !UNWANTED.test(arg));
  return {
    executablePath: await packaged.executablePath(),
    args: [...args, ...ARGS],
    origin: "the npm package @sparticuz/chromium",
  };
}
