import { clientColumns } from "@vitrine/api";
import type { ClientFields } from "@vitrine/api";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { formatByteRate, formatInteger, formatRate, unknown } from "../../format/numbers.ts";
import { formatAge, formatDateTime, formatDuration } from "../../format/time.ts";
import { serverNow } from "../../live/clock.ts";
import { useRow } from "../../live/selectors.ts";
import { usePreference } from "../../prefs/preferences.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Drawer } from "../../ui/dialog.tsx";
import { softwareText } from "./client-columns.tsx";

/** Everything that is known of one connection. */
export function ClientDrawer({ wanted, onClose }: { wanted: string | null; onClose: () => void }) {
  const row = useRow("clients", wanted ?? "");
  if (wanted === null) return null;
  const client = row === undefined ? null : clientColumns.fields(row);
  return (
    <Drawer
      open
      onClose={onClose}
      testId="client-drawer"
      title={client === null ? "This connection is gone" : client.client_id || "A client without an id"}
    >
      {client === null ? (
        <p className="text-sm text-ink-2">
          It was closed, or its broker is not heard. A client that connects again gets a connection of its own.
        </p>
      ) : (
        <ClientFacts client={client} />
      )}
    </Drawer>
  );
}

function ClientFacts({ client }: { client: ClientFields }) {
  const zone = usePreference("zone");
  const id = useClusterId();
  const now = serverNow();
  const facts: readonly (readonly [label: string, value: ReactNode])[] = [
    ["Client id", client.client_id === "" ? "none" : client.client_id],
    ["Software", softwareText(client)],
    ["Address", client.remote],
    [
      "Broker",
      <Link key="broker" to="/c/$id/brokers/$broker" params={{ id, broker: String(client.broker) }} className="link">
        broker {client.broker}
      </Link>,
    ],
    ["Principal", client.principal],
    ["Connected", `${formatDateTime(client.since, zone)}, for ${formatDuration(now - client.since)}`],
    [
      "Last request",
      client.last_request === null
        ? unknown
        : `${client.last_api ?? ""} at ${formatDateTime(client.last_request, zone)}, ${formatAge(now - client.last_request)} ago`,
    ],
    ["Requests", `${formatInteger(client.requests)}, ${formatRate(client.request_rate)} per second`],
    ["Bytes in", formatByteRate(client.in_bytes)],
    ["Bytes out", formatByteRate(client.out_bytes)],
  ];
  return (
    <>
      {client.refusal !== null && (
        <p className="mb-4 rounded-md bg-bad-soft px-3 py-2.5 text-sm" data-testid="client-drawer-refusal">
          <span className="font-medium text-bad">Refused: </span>
          {client.refusal}
        </p>
      )}
      <dl className="grid grid-cols-[7rem_1fr] gap-x-3 gap-y-1.5 text-sm">
        {facts.map(([label, value]) => (
          <div key={label} className="contents">
            <dt className="text-ink-3">{label}</dt>
            <dd className="min-w-0 break-words num whitespace-normal">{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
