/** Rows of the view `clients`, and the producers in the `info` of `partition:NAME/N`. */
import { columns } from "./columns.ts";

/** A row of `clients`: one connection to the client listener of a broker. */
export interface ClientFields {
  /** `broker/connection`. */
  readonly id: string;
  /** `client.id` as the program set it; "" before its first request. */
  readonly client_id: string;
  /** `client.software.name` and its version, as ApiVersions told (KIP-511); null: an older client that does not say. */
  readonly software: string | null;
  readonly software_version: string | null;
  /** host:port it comes from. */
  readonly remote: string;
  readonly broker: number;
  readonly since: number;
  /** Time and name of its last request; null: none yet. */
  readonly last_request: number | null;
  readonly last_api: string | null;
  /** Requests since it connected. */
  readonly requests: number;
  /** Per second. */
  readonly request_rate: number;
  readonly in_bytes: number;
  readonly out_bytes: number;
  readonly principal: string;
  /** Why its last request or connection was refused, in words; null: nothing was. */
  readonly refusal: string | null;
}

export const clientColumns = columns<ClientFields>()([
  "id",
  "client_id",
  "software",
  "software_version",
  "remote",
  "broker",
  "since",
  "last_request",
  "last_api",
  "requests",
  "request_rate",
  "in_bytes",
  "out_bytes",
  "principal",
  "refusal",
]);

/** Connections that a broker tells of, those of the newest request first; the others are counted in `info` of `clients`. */
export const CLIENTS_SHOWN = 1_000;

/** `info` of `clients`. */
export interface ClientsViewInfo {
  /** Connections that are not in the rows, all brokers together. */
  readonly omitted: number;
}

/** An idempotent producer as the leader of a partition remembers it. */
export interface ProducerFields {
  readonly topic: string;
  readonly p: number;
  readonly producer_id: number;
  readonly epoch: number;
  /** Sequence number and offset of its newest record; -1: only a marker of a transaction is known. */
  readonly last_sequence: number;
  readonly last_offset: number;
  /** Time of its newest batch, as the batch says. */
  readonly last_ts: number;
  /** The leader epoch in which this was told. */
  readonly leader_epoch: number;
}

export const producerColumns = columns<ProducerFields>()([
  "topic",
  "p",
  "producer_id",
  "epoch",
  "last_sequence",
  "last_offset",
  "last_ts",
  "leader_epoch",
]);

/** Producers of one partition that are told, the newest first. */
export const PRODUCERS_SHOWN = 100;
