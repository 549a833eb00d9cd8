import type { ClientFields } from "@vitrine/api";
import { formatByteRate, formatRate, unknown } from "../../format/numbers.ts";
import { formatAge, formatDuration } from "../../format/time.ts";
import { serverNow } from "../../live/clock.ts";
import type { Column } from "../../ui/data-table.tsx";
import { Status } from "../../ui/status.tsx";

/** `1/17` as a part of a test id. */
export const clientTestId = (id: string): string => `client-${id.replace("/", "-")}`;

/** The name of a program and its version; what an older client does not say is said so. */
export function softwareText({ software, software_version: version }: ClientFields): string {
  return software === null ? "does not say" : version === null ? software : `${software} ${version}`;
}

/** The table of connections. At the narrowest a connection is its client id and whether it is refused. */
export const clientTableColumns: readonly Column<ClientFields>[] = [
  {
    id: "client",
    header: "Client id",
    min: 100,
    grow: 1,
    sortable: true,
    cell: (client) => (
      <span className="font-medium" title={client.client_id} data-testid={`${clientTestId(client.id)}-client`}>
        {client.client_id === "" ? "(none)" : client.client_id}
      </span>
    ),
  },
  {
    id: "software",
    header: "Software",
    min: 120,
    grow: 1,
    priority: 1,
    sortable: true,
    hint: "As the client told with ApiVersions (KIP-511)",
    cell: (client) => (
      <span
        title={softwareText(client)}
        className={client.software === null ? "text-ink-3" : ""}
        data-testid={`${clientTestId(client.id)}-software`}
      >
        {softwareText(client)}
      </span>
    ),
  },
  {
    id: "remote",
    header: "Address",
    min: 124,
    grow: 0.4,
    priority: 3,
    sortable: true,
    cell: (client) => <span className="num">{client.remote}</span>,
  },
  {
    id: "broker",
    header: "Broker",
    min: 50,
    align: "end",
    priority: 2,
    sortable: true,
    cell: (client) => client.broker,
  },
  {
    id: "since",
    header: "Connected for",
    min: 92,
    align: "end",
    priority: 4,
    sortable: true,
    cell: (client) => formatDuration(serverNow() - client.since),
  },
  {
    id: "requests",
    header: "Requests / s",
    min: 82,
    align: "end",
    priority: 3,
    sortable: true,
    cell: (client) => <span data-testid={`${clientTestId(client.id)}-rate`}>{formatRate(client.request_rate)}</span>,
  },
  {
    id: "in",
    header: "In",
    min: 68,
    align: "end",
    priority: 6,
    sortable: true,
    hint: "Bytes per second that the broker receives from it",
    cell: (client) => formatByteRate(client.in_bytes),
  },
  {
    id: "out",
    header: "Out",
    min: 68,
    align: "end",
    priority: 6,
    sortable: true,
    hint: "Bytes per second that the broker sends to it",
    cell: (client) => formatByteRate(client.out_bytes),
  },
  {
    id: "last",
    header: "Last request",
    min: 150,
    grow: 0.6,
    priority: 2,
    sortable: true,
    cell: (client) => (
      <span data-testid={`${clientTestId(client.id)}-last`}>
        {client.last_request === null
          ? unknown
          : `${formatAge(Math.max(0, serverNow() - client.last_request))} ago, ${client.last_api ?? ""}`}
      </span>
    ),
  },
  {
    id: "refusal",
    header: "Refused",
    min: 84,
    grow: 1.2,
    sortable: true,
    hint: "Why its last request or connection was refused",
    cell: (client) =>
      client.refusal === null ? (
        <span className="text-ink-3">no</span>
      ) : (
        <Status tone="bad" testId={`${clientTestId(client.id)}-refusal`}>
          <span title={client.refusal}>{client.refusal}</span>
        </Status>
      ),
  },
];
