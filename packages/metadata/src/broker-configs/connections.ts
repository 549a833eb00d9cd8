/** Sockets, requests and threads. */
import type { ConfigDef } from "@vitrine/core";
import { canonicalAddress } from "../ip-address.ts";
import { INT_MAX, int, long, text } from "./notation.ts";

function wrongOverrides(value: string): string | null {
  for (const part of value === "" ? [] : value.split(",")) {
    const [, address, count] = /^\s*(.+):(\d{1,10})\s*$/.exec(part) ?? [];
    if (address === undefined || canonicalAddress(address) === null || Number(count) > INT_MAX)
      return `${part} is not address:count; names of hosts are not looked up here`;
  }
  return null;
}

export const CONNECTIONS: readonly ConfigDef[] = [
  int("socket.request.max.bytes", 104_857_600, "Largest request, in bytes; the listener has a bound of its own here.", {
    min: 1,
    idle: true,
  }),
  int("socket.send.buffer.bytes", 102_400, "Send buffer of sockets, in bytes.", { idle: true }),
  int("socket.receive.buffer.bytes", 102_400, "Receive buffer of sockets, in bytes.", { idle: true }),
  int("socket.listen.backlog.size", 50, "Connections that wait to be accepted.", { min: 1, idle: true }),
  long("socket.connection.setup.timeout.ms", 10_000, "Time that a connection to a node may take, in milliseconds.", {
    idle: true,
  }),
  long(
    "socket.connection.setup.timeout.max.ms",
    30_000,
    "Longest time that a connection to a node may take after failures, in milliseconds.",
    { idle: true },
  ),
  int("fetch.max.bytes", 57_671_680, "Largest answer to a fetch, in bytes; the first batch always comes.", {
    min: 1_024,
  }),
  int("max.connections", INT_MAX, "Connections of clients at the same time; at 5,000 the listener refuses more.", {
    min: 0,
    dynamic: true,
  }),
  int("max.connections.per.ip", INT_MAX, "Connections of clients at the same time from one address.", {
    min: 0,
    dynamic: true,
  }),
  text("max.connections.per.ip.overrides", "", "Other bounds of max.connections.per.ip, as address:count.", {
    dynamic: true,
    check: wrongOverrides,
  }),
  int("max.connection.creation.rate", INT_MAX, "New connections of clients per second; more of them wait.", {
    min: 0,
    dynamic: true,
  }),
  long(
    "connections.max.idle.ms",
    600_000,
    "Idle time after which a connection is closed, in milliseconds; it is ten minutes here.",
    { idle: true },
  ),
  long(
    "connections.max.reauth.ms",
    0,
    "Time after which a client must authenticate again, in milliseconds; 0 is never.",
    { idle: true },
  ),
  int(
    "connection.failed.authentication.delay.ms",
    100,
    "Pause before a failed authentication is answered, in milliseconds.",
    { min: 0, idle: true },
  ),
  int("request.timeout.ms", 30_000, "Longest wait of a request between nodes, in milliseconds.", { min: 1 }),
  int("queued.max.requests", 500, "Requests that may wait before sockets are read no more.", { min: 1, idle: true }),
  long(
    "queued.max.request.bytes",
    -1,
    "Bytes of requests that may wait before sockets are read no more; -1 is no bound.",
    { idle: true },
  ),
  int("num.network.threads", 3, "Threads that read and write sockets; there is one event loop here.", {
    min: 1,
    dynamic: true,
    idle: true,
  }),
  int("num.io.threads", 8, "Threads that carry requests out; there is one event loop here.", {
    min: 1,
    dynamic: true,
    idle: true,
  }),
  int("max.incremental.fetch.session.cache.slots", 1_000, "Fetch sessions that are kept; it is 1,000 here.", {
    min: 0,
    idle: true,
  }),
  int("max.request.partition.size.limit", 2_000, "Partitions that one page of DescribeTopicPartitions may have.", {
    min: 1,
  }),
  int("fetch.purgatory.purge.interval.requests", 1_000, "Fetches that wait between clean-ups of those that are done.", {
    idle: true,
  }),
  int(
    "producer.purgatory.purge.interval.requests",
    1_000,
    "Writes that wait between clean-ups of those that are done.",
    { idle: true },
  ),
  int(
    "delete.records.purgatory.purge.interval.requests",
    1,
    "DeleteRecords that wait between clean-ups of those that are done.",
    { idle: true },
  ),
  int(
    "share.fetch.purgatory.purge.interval.requests",
    1_000,
    "Share fetches that wait between clean-ups of those that are done.",
    { idle: true },
  ),
];
