/**
 * What each client really sent to Vitrine and got answers to, written down in `docs/sent-requests.json`: the compatibility page takes its
 * "tested with" from there. Every run of the client tests compares; `CLIENTS_RECORD=1` writes down what the run saw instead.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiName } from "@vitrine/protocol/types";
import { ROOT } from "../run-command.ts";
import type { Client } from "./available.ts";
import type { Answered } from "./recording-proxy.ts";

const FILE = join(ROOT, "e2e/docs/sent-requests.json");

export interface SentRequests {
  readonly client: string;
  readonly version: string;
  /** Versions by the name of the request. */
  readonly requests: Readonly<Record<string, readonly number[]>>;
}

/** By the test file that saw it. */
type SentRequestsFile = Record<string, readonly SentRequests[]>;

export function readSentRequests(): SentRequestsFile {
  return JSON.parse(readFileSync(FILE, "utf8")) as SentRequestsFile;
}

/** Throws when a client sent something that is not written down: the page would say less than was tested. */
export function checkSent(testFile: string, answered: Answered, clients: readonly Client[]): void {
  const seen = clients.flatMap((client) => sentBy(client, answered));
  const file = readSentRequests();
  if (process.env["CLIENTS_RECORD"] === "1") {
    write({ ...file, [testFile]: merged(file[testFile] ?? [], seen) });
    return;
  }
  const written = Object.values(file).flat();
  const missing = seen.flatMap((item) => notWrittenDown(item, written));
  if (missing.length > 0)
    throw new Error(
      `${FILE} does not have all that clients send: ${missing.join(", ")}. Run the client tests with CLIENTS_RECORD=1, then node e2e/docs/compatibility.ts.`,
    );
}

/** What was seen replaces what was written, request by request: some are sent only when something goes wrong at the right moment. */
function merged(written: readonly SentRequests[], seen: readonly SentRequests[]): readonly SentRequests[] {
  const others = written.filter((item) => !seen.some((one) => one.client === item.client));
  const updated = seen.map((item) => {
    const before = written.find((one) => one.client === item.client && one.version === item.version);
    const requests = Object.entries({ ...before?.requests, ...item.requests });
    return { ...item, requests: Object.fromEntries(sorted(requests, ([name]) => name)) };
  });
  return sorted([...others, ...updated], (item) => item.client);
}

function write(file: SentRequestsFile): void {
  const text = JSON.stringify(Object.fromEntries(sorted(Object.entries(file), ([name]) => name)), null, 2);
  const oneLineLists = text.replaceAll(/\[[\s\d,]*\]/g, (list) => list.replaceAll(/\s+/g, "").replaceAll(",", ", "));
  writeFileSync(FILE, `${oneLineLists}\n`);
}

function sentBy(client: Client, answered: Answered): SentRequests[] {
  const versions = new Map<number, Set<number>>();
  for (const [name, keys] of answered) {
    if (!client.isNamed(name)) continue;
    for (const [key, found] of keys) versions.set(key, new Set([...(versions.get(key) ?? []), ...found]));
  }
  if (versions.size === 0) return [];
  const requests = sorted([...versions], ([key]) => key).map(
    ([key, found]) => [apiName(key), sorted([...found], (version) => version)] as const,
  );
  return [{ client: client.label, version: client.version, requests: Object.fromEntries(requests) }];
}

function notWrittenDown(seen: SentRequests, written: readonly SentRequests[]): string[] {
  const known = written.filter((item) => item.client === seen.client && item.version === seen.version);
  // A client of the machine's own (kcat) may be another one elsewhere; that says nothing about what was tested.
  if (known.length === 0 && seen.client === "kcat") return [];
  return Object.entries(seen.requests).flatMap(([name, versions]) =>
    versions
      .filter((version) => !known.some((item) => item.requests[name]?.includes(version)))
      .map((version) => `${seen.client} ${seen.version} ${name} v${version}`),
  );
}

function sorted<T>(items: readonly T[], by: (item: T) => string | number): T[] {
  return items.toSorted((a, b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0));
}
