/** What `vitrine up` was asked to do: checked, with every default filled in that does not depend on the data directory. Pure. */
import { type Outcome, refused } from "./outcome.ts";

export interface UpOptions {
  /** null: what the data directory has, three in a new one. */
  readonly brokers: number | null;
  /** Controllers in processes of their own. null: what the data directory has, none in a new one. */
  readonly controllers: number | null;
  /** Port of the gateway; the block moves with it. 0: any free ones. */
  readonly port: number;
  readonly dataDir: string;
  readonly host: string;
  /** Each broker's rack is this and its id. null: no racks. */
  readonly rackPrefix: string | null;
  readonly restartOnCrash: boolean;
  readonly readyFile: string | null;
  readonly insecure: boolean;
  readonly json: boolean;
}

/** As commander gives them: text or flags. */
export interface RawUpOptions {
  readonly brokers?: string;
  readonly controllers?: string;
  readonly port?: string;
  readonly dataDir?: string;
  readonly host?: string;
  /** true: the flag without a prefix. */
  readonly rackPerBroker?: boolean | string;
  readonly restart?: string;
  readonly readyFile?: string;
  readonly insecure?: boolean;
  readonly json?: boolean;
}

/** The port block (ports.ts) leaves room for so many; a laptop does not. */
export const BROKERS_MAX = 32;
export const CONTROLLERS_MAX = 9;
/** The highest port of the block is 1312 above the gateway's (the last controller's). */
const PORT_MAX = 65_535 - 1_312;

export function parseUpOptions(raw: RawUpOptions): Outcome<UpOptions> {
  const brokers = wholeNumber(raw.brokers, 1, BROKERS_MAX);
  if (brokers === undefined)
    return refused(`--brokers takes a whole number from 1 to ${BROKERS_MAX}, not ${raw.brokers}.`);
  const controllers = wholeNumber(raw.controllers, 0, CONTROLLERS_MAX);
  if (controllers === undefined) {
    return refused(
      `--controllers takes a whole number from 0 to ${CONTROLLERS_MAX}, not ${raw.controllers}; 0 puts the controllers into the brokers.`,
    );
  }
  const port = wholeNumber(raw.port ?? "8080", 0, PORT_MAX);
  if (port === undefined || port === null)
    return refused(`--port takes a whole number from 0 (any free ones) to ${PORT_MAX}, not ${raw.port}.`);
  const restart = raw.restart ?? "never";
  if (restart !== "never" && restart !== "on-crash")
    return refused(`--restart takes never or on-crash, not ${restart}.`);
  const host = raw.host ?? "127.0.0.1";
  const insecure = raw.insecure ?? false;
  if (!isLoopback(host) && !insecure) {
    return refused(
      `--host ${host} would let other machines in without encryption or accounts; bind to 127.0.0.1, or say --insecure if that is what you want.`,
    );
  }
  const { rackPerBroker = false, json = false } = raw;
  const rackPrefix = rackPerBroker === false ? null : rackPerBroker === true ? "rack-" : rackPerBroker;
  const dataDir = raw.dataDir ?? "data";
  const readyFile = raw.readyFile ?? null;
  const restartOnCrash = restart === "on-crash";
  return {
    ok: true,
    value: { brokers, controllers, port, dataDir, host, rackPrefix, restartOnCrash, readyFile, insecure, json },
  };
}

/** null = not given, undefined = not a number in the range. */
function wholeNumber(text: string | undefined, min: number, max: number): number | null | undefined {
  if (text === undefined) return null;
  if (!/^\d{1,6}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** Addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
