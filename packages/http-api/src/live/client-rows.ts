import { clientColumns, CLIENTS_SHOWN, type LiveTables } from "@vitrine/api";
import type { NodeId } from "@vitrine/core";
import type { ClientReport } from "./source.ts";

interface Counted {
  readonly atMs: number;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Rows of the table `clients` on a broker: its own connections, with rates made of their counters once a second. */
export class ClientRows {
  readonly #tables: LiveTables;
  readonly #selfId: NodeId;
  /** By connection, as of the last second. */
  #counted = new Map<string, Counted>();

  constructor(tables: LiveTables, selfId: NodeId) {
    this.#tables = tables;
    this.#selfId = selfId;
  }

  /** Shows these connections and no others; beyond CLIENTS_SHOWN those whose newest request is oldest are only counted. */
  second(nowMs: number, clients: readonly ClientReport[]): void {
    const shown = clients.length <= CLIENTS_SHOWN ? clients : newestFirst(clients).slice(0, CLIENTS_SHOWN);
    const counted = new Map<string, Counted>();
    for (const client of shown) {
      const key = this.#keyOf(client.connectionId);
      const before = this.#counted.get(key);
      counted.set(key, { atMs: nowMs, ...client });
      this.#tables.set("clients", key, this.#row(key, client, before ?? sinceStart(client), nowMs));
    }
    for (const key of this.#counted.keys()) if (!counted.has(key)) this.#tables.remove("clients", key);
    this.#counted = counted;
    this.#tables.setInfo("clients", { omitted: clients.length - shown.length });
  }

  #keyOf(connectionId: string): string {
    return `${this.#selfId}/${connectionId}`;
  }

  #row(key: string, client: ClientReport, before: Counted, nowMs: number) {
    // A connection that is gone does nothing any more, however its last second was.
    const elapsedMs = client.closedMs === null ? nowMs - before.atMs : 0;
    return clientColumns.row({
      id: key,
      client_id: client.clientId ?? "",
      software: client.softwareName,
      software_version: client.softwareVersion,
      remote: client.remote,
      broker: this.#selfId,
      since: client.connectedSinceMs,
      last_request: client.lastRequestMs,
      last_api: client.lastApi,
      requests: client.requests,
      request_rate: perSecond(client.requests - before.requests, elapsedMs),
      in_bytes: perSecond(client.bytesIn - before.bytesIn, elapsedMs),
      out_bytes: perSecond(client.bytesOut - before.bytesOut, elapsedMs),
      principal: client.principal,
      refusal: client.refusal,
    });
  }
}

/** What a connection is measured against in its first second. */
function sinceStart(client: ClientReport): Counted {
  return { atMs: client.connectedSinceMs, requests: 0, bytesIn: 0, bytesOut: 0 };
}

function newestFirst(clients: readonly ClientReport[]): ClientReport[] {
  const newest = ({ lastRequestMs, connectedSinceMs }: ClientReport) => lastRequestMs ?? connectedSinceMs;
  return clients.toSorted((a, b) => newest(b) - newest(a));
}

/** To a tenth, so that noise does not make rows differ and a slow client is not at rest. */
function perSecond(growth: number, elapsedMs: number): number {
  return elapsedMs <= 0 ? 0 : Math.max(0, Math.round((growth * 10_000) / elapsedMs) / 10);
}
