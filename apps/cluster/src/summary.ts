/** What `vitrine up` prints when the cluster serves. Pure. */
import type { ReadyReport } from "./ready-file.ts";

export interface Summary {
  readonly ready: ReadyReport;
  /** One-use, for the browser. */
  readonly ticket: string;
  readonly dataDir: string;
  readonly startedInMs: number;
  readonly consoleState: "ready" | "building" | "missing";
}

/** Emphasis: on a terminal, and there only. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
}

export const PLAIN: Paint = { bold: (text) => text, dim: (text) => text, red: (text) => text, green: (text) => text };

export const COLOURED: Paint = {
  bold: (text) => `\u001b[1m${text}\u001b[22m`,
  dim: (text) => `\u001b[2m${text}\u001b[22m`,
  red: (text) => `\u001b[31m${text}\u001b[39m`,
  green: (text) => `\u001b[32m${text}\u001b[39m`,
};

export function consoleUrl(gateway: string, ticket: string): string {
  return `${gateway}/?ticket=${ticket}`;
}

export function summaryText(summary: Summary, paint: Paint): string {
  const { gateway, token, brokers } = summary.ready;
  const lines = [
    `${paint.green("Ready")} after ${(summary.startedInMs / 1000).toFixed(2)} s. Data is kept in ${summary.dataDir}. Ctrl-C stops everything.`,
    "",
    `  Console    ${paint.bold(consoleUrl(gateway, summary.ticket))}${consoleNote(summary.consoleState)}`,
    `  Kafka      ${brokers.map((broker) => broker.kafka).join(",")}`,
    `  Token      ${token}  ${paint.dim("(process control with curl)")}`,
    "",
    "  Try:",
    `    curl -d 'hello' ${gateway}/topics/orders/values`,
    `    curl '${gateway}/topics/orders/records?offset=earliest'`,
    `    curl -X POST -H 'Authorization: Bearer ${token}' ${gateway}/brokers/${brokers.at(-1)?.id ?? 1}/kill`,
    "",
  ];
  return lines.join("\n");
}

function consoleNote(state: Summary["consoleState"]): string {
  switch (state) {
    case "ready":
      return "";
    case "building":
      return "  (being built, a few seconds)";
    case "missing":
      return "  (not built; see above)";
  }
}
