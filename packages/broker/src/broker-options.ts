import type { Random } from "@vitrine/core";
import type { LogStore } from "@vitrine/log";
import type { ScramKeys } from "@vitrine/metadata";
import type { BrokerConfig } from "./config.ts";
import type { Clock, PeerNetwork, Scheduler } from "./ports.ts";
import type { Journal } from "./runtime.ts";

/** All that a node needs from outside: what it is, and its ports. */
export interface BrokerOptions {
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly network: PeerNetwork;
  readonly store: LogStore;
  readonly random: Random;
  readonly journal?: Journal;
  /** Hash functions for SCRAM credentials; without them none can be set here. */
  readonly scramKeys?: ScramKeys;
  /** The broker cannot go on (fail-stop, broken invariant): the process must end. */
  readonly onFatal?: (reason: string) => void;
}
