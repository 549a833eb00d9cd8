/** What a person sees while the cluster starts and runs: lines on a terminal, or one JSON object a line. */
import type { ReadyReport } from "./ready-file.ts";
import { COLOURED, consoleUrl, type Paint, PLAIN, type Summary, summaryText } from "./summary.ts";

export interface Progress {
  line(text: string): void;
  process(name: string, what: string): void;
  ready(summary: Summary): void;
  /** The gateway is back after a crash; the old ticket is void. */
  gatewayBack(ready: ReadyReport, ticket: string): void;
  refuse(sentence: string): void;
}

/** `isTerminal` decides about colours; NO_COLOR is obeyed. */
export function createProgress(out: NodeJS.WriteStream, err: NodeJS.WriteStream, json: boolean): Progress {
  return json ? jsonProgress(out) : textProgress(out, err);
}

function textProgress(out: NodeJS.WriteStream, err: NodeJS.WriteStream): Progress {
  const paint: Paint = out.isTTY && !process.env["NO_COLOR"] ? COLOURED : PLAIN;
  const say = (text: string) => out.write(`${text}\n`);
  return {
    line: say,
    process: (name, what) => say(`  ${paint.bold(name)} ${what}`),
    ready: (summary) => say(`\n${summaryText(summary, paint)}`),
    gatewayBack: (ready, ticket) => say(`  ${paint.bold("gateway")} is back: ${consoleUrl(ready.gateway, ticket)}`),
    refuse: (sentence) => err.write(`${paint.red("vitrine:")} ${sentence}\n`),
  };
}

function jsonProgress(out: NodeJS.WriteStream): Progress {
  const say = (event: string, fields: object) => out.write(`${JSON.stringify({ event, ...fields })}\n`);
  return {
    line: (text) => say("progress", { text }),
    process: (name, what) => say("process", { name, what }),
    ready: ({ ready, ticket, startedInMs }) =>
      say("ready", { ...ready, console: consoleUrl(ready.gateway, ticket), startedInMs }),
    gatewayBack: (ready, ticket) => say("gateway", { console: consoleUrl(ready.gateway, ticket) }),
    refuse: (sentence) => say("refused", { sentence }),
  };
}
