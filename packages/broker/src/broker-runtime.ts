import type { BrokerOptions } from "./broker-options.ts";
import type { ColdReads } from "./cold-reads.ts";
import type { Runtime } from "./runtime.ts";
import type { BrokerSettings } from "./settings.ts";
import type { TurnLoop } from "./turn.ts";

export interface RuntimeParts {
  readonly settings: BrokerSettings;
  readonly loop: TurnLoop;
  readonly reads: ColdReads;
  readonly touch: (key: string) => void;
}

/** What a broker shares with its parts: the ports it was given, its turn and its reads from disk. */
export function brokerRuntime(
  { config, clock, random, store, network, journal = () => {} }: BrokerOptions,
  { settings, loop, reads, touch }: RuntimeParts,
): Runtime {
  return {
    config,
    settings,
    clock,
    random,
    store,
    network,
    journal,
    get nowMs() {
      return loop.nowMs;
    },
    enqueue: (run) => loop.enqueue(run),
    afterTicket: (ticket, run) => loop.afterTicket(ticket, run),
    afterThisTurn: (run) => loop.afterThisTurn(run),
    nextReadId: () => reads.nextId(),
    readCold: (log, spec, onRead) => reads.readCold(log, spec, onRead),
    findTimestamp: (log, timestampMs, range, onFound) => reads.findTimestamp(log, timestampMs, range, onFound),
    findKept: (log, bytes, onKept) => reads.findKept(log, bytes, onKept),
    survey: (log, spec, onSurvey) => reads.survey(log, spec, onSurvey),
    clean: (log, request, onStep) => reads.clean(log, request, onStep),
    touch,
  };
}
