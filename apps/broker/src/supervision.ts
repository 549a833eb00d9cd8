/**
 * A node's side of the supervisor's IPC channel. Without a supervisor every function here does nothing, and signals mean what they always mean.
 * When the channel closes the supervisor is gone: wake whoever it had frozen, and end.
 */
export type ControlMessage =
  | { readonly type: "stop"; readonly handOver: boolean; readonly withinMs: number }
  | { readonly type: "isolate" }
  | { readonly type: "rejoin" };

export interface SupervisionHandlers {
  onControl(message: ControlMessage): void;
  /** The supervisor died. Whatever is committed is safe; be quick. */
  onOrphaned(): void;
}

export interface Supervision {
  readonly isSupervised: boolean;
  ready(): void;
  /** Says why the node cannot start; resolves when it was sent. */
  failed(sentence: string): Promise<void>;
  isolation(isolated: boolean): void;
}

export function joinSupervision(handlers: SupervisionHandlers): Supervision {
  const isSupervised = process.send !== undefined;
  const send = (message: object) =>
    new Promise<void>((resolve) => {
      if (process.connected && process.send) process.send(message, () => resolve());
      else resolve();
    });
  let frozen: readonly number[] = [];
  if (isSupervised) {
    process.on("message", (raw) => {
      const pids = readFrozen(raw);
      if (pids) frozen = pids;
      const message = readControl(raw);
      if (message) handlers.onControl(message);
    });
    process.on("disconnect", () => {
      wake(frozen);
      handlers.onOrphaned();
    });
    // The terminal sends Ctrl-C to the whole group. Order is the supervisor's: it hears of it from us as well, and decides.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => void send({ type: "signal", signal }));
    }
  }
  return {
    isSupervised,
    ready: () => void send({ type: "ready" }),
    failed: (sentence) => send({ type: "failed", sentence }),
    isolation: (isolated) => void send({ type: "isolation", isolated }),
  };
}

/** A frozen process cannot see that its channel closed; awake, it sees it and ends. */
function wake(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGCONT");
    } catch {
      // It is gone already: just what we want.
    }
  }
}

function readFrozen(raw: unknown): number[] | null {
  if (typeof raw !== "object" || raw === null || !("type" in raw) || raw.type !== "frozen" || !("pids" in raw))
    return null;
  return Array.isArray(raw.pids) ? raw.pids.filter((pid) => Number.isSafeInteger(pid) && pid > 1) : null;
}

function readControl(raw: unknown): ControlMessage | null {
  if (typeof raw !== "object" || raw === null || !("type" in raw)) return null;
  switch (raw.type) {
    case "isolate":
      return { type: "isolate" };
    case "rejoin":
      return { type: "rejoin" };
    case "stop": {
      const { handOver, withinMs } = { handOver: true, withinMs: 10_000, ...raw };
      return { type: "stop", handOver: handOver === true, withinMs: Number(withinMs) };
    }
    default:
      return null;
  }
}
