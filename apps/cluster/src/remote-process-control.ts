/** The gateway's hand on the processes: commands go to the supervisor over IPC, rows come from it. */
import type { ProcessRow } from "@vitrine/api";
import type { ProcessCommand, ProcessControl, ProcessResult } from "@vitrine/http-api";
import type { CommandResult } from "./control-messages.ts";

/** Longer than any verb takes in the supervisor. */
const ANSWER_WITHIN_MS = 90_000;

export class RemoteProcessControl implements ProcessControl {
  private readonly send: (message: object) => void;
  private readonly listeners = new Set<() => void>();
  private readonly waiting = new Map<number, (result: ProcessResult) => void>();
  private current: readonly ProcessRow[];
  private requestIds = 0;

  constructor(send: (message: object) => void, rows: readonly ProcessRow[]) {
    this.send = send;
    this.current = rows;
  }

  rows(): readonly ProcessRow[] {
    return this.current;
  }

  run(command: ProcessCommand): Promise<ProcessResult> {
    const requestId = ++this.requestIds;
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => this.settle(requestId, { ok: false, reason: "failed", detail: "the supervisor did not answer" }),
        ANSWER_WITHIN_MS,
      );
      this.waiting.set(requestId, (result) => {
        clearTimeout(timer);
        resolve(result);
      });
      this.send({ type: "command", requestId, command });
    });
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** From the supervisor: the rows are new. */
  setRows(rows: readonly ProcessRow[]): void {
    this.current = rows;
    for (const listener of this.listeners) listener();
  }

  /** From the supervisor: a command is done. Results nobody waits for any more are dropped. */
  settle(requestId: number, result: CommandResult): void {
    const waiter = this.waiting.get(requestId);
    this.waiting.delete(requestId);
    waiter?.(result);
  }
}
