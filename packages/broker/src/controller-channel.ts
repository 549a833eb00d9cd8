/** Requests to the active controller, wherever it is: in this process, or on a peer. Also the server side of the same requests. */
import type { NodeId } from "@vitrine/core";
import { errorCode } from "@vitrine/core";
import {
  ApiKey,
  newAllocateProducerIdsResponse,
  newAlterPartitionResponse,
  newBrokerHeartbeatResponse,
  newBrokerRegistrationResponse,
  newUnregisterBrokerResponse,
  type RequestOf,
} from "@vitrine/protocol/types";
import type { ActiveController } from "./active-controller.ts";
import type { Runtime } from "./runtime.ts";

/** Keys that the active controller answers. */
export const CONTROLLER_APIS: ReadonlySet<number> = new Set<number>([
  ApiKey.CreateTopics,
  ApiKey.DeleteTopics,
  ApiKey.CreatePartitions,
  ApiKey.IncrementalAlterConfigs,
  ApiKey.ElectLeaders,
  ApiKey.AlterPartition,
  ApiKey.BrokerRegistration,
  ApiKey.BrokerHeartbeat,
  ApiKey.UnregisterBroker,
  ApiKey.AllocateProducerIds,
]);

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

  /** Asks the active controller; the result comes in this or a later turn, once. */
  call(apiKey: number, body: unknown, timeoutMs: number, onResult: (result: ChannelResult) => void): void {
    const { nodeId } = this.#runtime.config;
    if (this.#active?.isActive) {
      this.answer(apiKey, body, (reply) =>
        onResult(reply === null ? { ok: false, reason: "no-controller" } : { ok: true, body: reply }),
      );
      return;
    }
    const leaderId = this.#leaderId();
    if (leaderId < 0 || leaderId === nodeId) {
      onResult({ ok: false, reason: "no-controller" });
      return;
    }
    const request = { apiKey, apiVersion: -1, clientId: `node-${nodeId}`, body };
    this.#runtime.network.request(leaderId, "control", request, timeoutMs, (result) =>
      this.#runtime.enqueue(() => onResult(result)),
    );
  }

  /** Carries a request out as the active controller; null = this node is not it (any more). */
  answer(apiKey: number, body: unknown, onReply: (body: object | null) => void): void {
    const active = this.#active;
    if (!active) {
      onReply(null);
      return;
    }
    switch (apiKey) {
      case ApiKey.CreateTopics:
        return active.execute(
          { type: "createTopics", request: body as RequestOf<typeof ApiKey.CreateTopics> },
          onReply,
        );
      case ApiKey.DeleteTopics:
        return active.execute(
          { type: "deleteTopics", request: body as RequestOf<typeof ApiKey.DeleteTopics> },
          onReply,
        );
      case ApiKey.CreatePartitions:
        return active.execute(
          { type: "createPartitions", request: body as RequestOf<typeof ApiKey.CreatePartitions> },
          onReply,
        );
      case ApiKey.IncrementalAlterConfigs:
        return active.execute(
          { type: "incrementalAlterConfigs", request: body as RequestOf<typeof ApiKey.IncrementalAlterConfigs> },
          onReply,
        );
      case ApiKey.ElectLeaders:
        return active.execute(
          { type: "electLeaders", request: body as RequestOf<typeof ApiKey.ElectLeaders> },
          onReply,
        );
      case ApiKey.AlterPartition:
        return active.execute(
          { type: "alterPartition", request: body as RequestOf<typeof ApiKey.AlterPartition> },
          onReply,
        );
      case ApiKey.BrokerRegistration:
        return active.execute(
          { type: "registerBroker", request: body as RequestOf<typeof ApiKey.BrokerRegistration> },
          onReply,
        );
      case ApiKey.BrokerHeartbeat:
        return active.execute(
          { type: "brokerHeartbeat", request: body as RequestOf<typeof ApiKey.BrokerHeartbeat> },
          onReply,
        );
      case ApiKey.UnregisterBroker:
        return active.execute(
          { type: "unregisterBroker", request: body as RequestOf<typeof ApiKey.UnregisterBroker> },
          onReply,
        );
      case ApiKey.AllocateProducerIds:
        return active.execute(
          { type: "allocateProducerIds", request: body as RequestOf<typeof ApiKey.AllocateProducerIds> },
          onReply,
        );
      default:
        onReply(null);
    }
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
