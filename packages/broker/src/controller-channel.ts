/** Requests to the active controller, wherever it is: in this process, or on a peer. Also the server side of the same requests. */
import type { NodeId } from "@vitrine/core";
import type { Command, CommandType, ScramKeys } from "@vitrine/metadata";
import { errorCode } from "@vitrine/core";
import {
  ApiKey,
  newAllocateProducerIdsResponse,
  newAlterPartitionResponse,
  newBrokerHeartbeatResponse,
  newBrokerRegistrationResponse,
  newUnregisterBrokerResponse,
} from "@vitrine/protocol/types";
import type { ActiveController } from "./active-controller.ts";
import type { ApiRequest } from "./ports.ts";
import type { Runtime } from "./runtime.ts";

/** Keys that the active controller answers, and the command each is to it. */
const COMMANDS: ReadonlyMap<number, CommandType> = new Map<number, CommandType>([
  [ApiKey.CreateTopics, "createTopics"],
  [ApiKey.DeleteTopics, "deleteTopics"],
  [ApiKey.CreatePartitions, "createPartitions"],
  [ApiKey.AlterConfigs, "alterConfigs"],
  [ApiKey.IncrementalAlterConfigs, "incrementalAlterConfigs"],
  [ApiKey.ElectLeaders, "electLeaders"],
  [ApiKey.AlterPartitionReassignments, "alterPartitionReassignments"],
  [ApiKey.ListPartitionReassignments, "listPartitionReassignments"],
  [ApiKey.AlterClientQuotas, "alterClientQuotas"],
  [ApiKey.AlterUserScramCredentials, "alterUserScramCredentials"],
  [ApiKey.UpdateFeatures, "updateFeatures"],
  [ApiKey.AlterPartition, "alterPartition"],
  [ApiKey.BrokerRegistration, "registerBroker"],
  [ApiKey.BrokerHeartbeat, "brokerHeartbeat"],
  [ApiKey.UnregisterBroker, "unregisterBroker"],
  [ApiKey.AllocateProducerIds, "allocateProducerIds"],
]);
export const CONTROLLER_APIS: ReadonlySet<number> = new Set(COMMANDS.keys());

/** What a command needs besides the request. */
export interface CommandExtras {
  readonly spend?: (partitions: number) => boolean;
  readonly scramKeys?: ScramKeys | null;
}

/** A client's request on its way through this node: the controller counts it as that client's, and answers in the client's version. */
export interface Origin {
  readonly clientId: string | null;
  readonly apiVersion: number;
}

/** Client ids of requests that one node sends another for a client begin with it; those for itself are `node-1`. */
const ORIGIN_PREFIX = "client:";

/** Whose request a peer has sent on; undefined where it speaks for itself. */
export function originOf(request: ApiRequest): Origin | undefined {
  const { clientId, apiVersion } = request;
  return clientId?.startsWith(ORIGIN_PREFIX)
    ? { clientId: clientId.slice(ORIGIN_PREFIX.length), apiVersion }
    : undefined;
}

export type ChannelFailure = "no-controller" | "refused" | "disconnected" | "timeout" | "not-sent";
export type ChannelResult =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly reason: ChannelFailure };

export class ControllerChannel {
  readonly #runtime: Runtime;
  readonly #active: ActiveController | null;
  readonly #leaderId: () => NodeId;

  constructor(runtime: Runtime, active: ActiveController | null, leaderId: () => NodeId) {
    this.#runtime = runtime;
    this.#active = active;
    this.#leaderId = leaderId;
  }

  get isActive(): boolean {
    return this.#active?.isActive ?? false;
  }

  /** Asks the active controller; the result comes in this or a later turn, once. */
  call(apiKey: number, body: unknown, timeoutMs: number, onResult: (result: ChannelResult) => void): void {
    if (this.isActive) {
      this.answer(apiKey, body, (reply) =>
        onResult(reply === null ? { ok: false, reason: "no-controller" } : { ok: true, body: reply }),
      );
      return;
    }
    this.forward(apiKey, body, timeoutMs, onResult);
  }

  /** Sends a request to the node that leads the metadata quorum, where that is another one. */
  forward(
    apiKey: number,
    body: unknown,
    timeoutMs: number,
    onResult: (result: ChannelResult) => void,
    origin?: Origin,
  ): void {
    const { nodeId } = this.#runtime.config;
    const leaderId = this.#leaderId();
    if (leaderId < 0 || leaderId === nodeId) {
      onResult({ ok: false, reason: "no-controller" });
      return;
    }
    const request = {
      apiKey,
      apiVersion: origin?.apiVersion ?? -1,
      clientId: origin ? `${ORIGIN_PREFIX}${origin.clientId ?? ""}` : `node-${nodeId}`,
      body,
    };
    this.#runtime.network.request(leaderId, "control", request, timeoutMs, (result) =>
      this.#runtime.enqueue(() => onResult(result)),
    );
  }

  /** Carries a request out as the active controller; null = this node is not it (any more). */
  answer(apiKey: number, body: unknown, onReply: (body: object | null) => void, extras: CommandExtras = {}): void {
    const active = this.#active;
    if (!active) {
      onReply(null);
      return;
    }
    const type = COMMANDS.get(apiKey);
    if (type === undefined) onReply(null);
    else active.execute({ type, request: body, ...extras } as Command, onReply);
  }
}

/** What a peer is told that asked the wrong node; null for the requests whose answers carry errors per item (the caller fills those). */
export function notControllerReply(apiKey: number): unknown {
  const error = { errorCode: errorCode("NOT_CONTROLLER") };
  switch (apiKey) {
    case ApiKey.AlterPartition:
      return newAlterPartitionResponse(error);
    case ApiKey.BrokerRegistration:
      return newBrokerRegistrationResponse(error);
    case ApiKey.BrokerHeartbeat:
      return newBrokerHeartbeatResponse(error);
    case ApiKey.UnregisterBroker:
      return newUnregisterBrokerResponse(error);
    case ApiKey.AllocateProducerIds:
      return newAllocateProducerIdsResponse(error);
    default:
      return null;
  }
}
