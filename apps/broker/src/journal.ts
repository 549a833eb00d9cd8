/** The log for people, as JSON lines: pino to a file in the data directory, or to standard output. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Journal } from "@vitrine/broker";
import { destination, pino } from "pino";

/** Lines that wait to be written; beyond it they are dropped. */
const BUFFERED_BYTES_MAX = 1 << 20;

export interface NodeJournal {
  readonly write: Journal;
  /** What is buffered goes out; call it before the process ends. */
  flush(): void;
}

export function openJournal(options: { file: string | null; level: string; node: number }): NodeJournal {
  if (options.file !== null) mkdirSync(dirname(options.file), { recursive: true });
  const out = destination({ dest: options.file ?? 1, sync: false, minLength: 0, maxLength: BUFFERED_BYTES_MAX });
  // On a full disk a synchronous flush would wait for room for ever: while lines cannot be written, they wait in memory or are dropped.
  let cannotWrite = false;
  out.on("error", () => (cannotWrite = true));
  out.on("write", () => (cannotWrite = false));
  const logger = pino(
    { level: options.level, base: { node: options.node }, timestamp: () => `,"time":"${new Date().toISOString()}"` },
    out,
  );
  return {
    write: (level, message, fields) => logger[level](fields ?? {}, message),
    flush() {
      if (cannotWrite) return;
      try {
        out.flushSync();
      } catch {
        // Not open yet, or closed: nothing to lose.
      }
    },
  };
}
