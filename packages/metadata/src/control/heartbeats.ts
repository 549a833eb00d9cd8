/**
 * Heartbeats and the four states of a broker (Kafka's `BrokerHeartbeatManager`):
 *   FENCED -> UNFENCED once it has applied its own registration and wants to; UNFENCED -> CONTROLLED_SHUTDOWN when it wants to stop: it hands
 *   its leaderships over and leaves every ISR; -> SHUTDOWN_NOW once it leads nothing and every active broker has applied the hand-over; it is fenced.
 */
import { errorCode, unreachable } from "@vitrine/core";
import type { Command, ReplyOf } from "../controller-types.ts";
import type { BrokerRegistration } from "../image.ts";
import { isActive } from "../image.ts";
import { brokerRegistrationChangeRecord } from "../records.ts";
import type { BrokerHeartbeatRequest } from "@vitrine/protocol/types";
import { fenceBrokers, unfenceBroker } from "./brokers.ts";
import type { Control, Draft } from "./draft.ts";
import { checkBrokerEpoch } from "./draft.ts";
import { inAnyIsr, leadsAny, updatePartitions } from "./partition-updates.ts";

export type BrokerControlState = "FENCED" | "UNFENCED" | "CONTROLLED_SHUTDOWN" | "SHUTDOWN_NOW";

export function brokerHeartbeat(
  control: Control,
  draft: Draft,
  { request }: Command<"brokerHeartbeat">,
): ReplyOf<"brokerHeartbeat"> {
  const stale = checkBrokerEpoch(draft.image, request.brokerId, request.brokerEpoch);
  const broker = draft.image.brokers.get(request.brokerId);
  if (stale || !broker)
    return {
      throttleTimeMs: 0,
      errorCode: errorCode("STALE_BROKER_EPOCH"),
      isCaughtUp: false,
      isFenced: true,
      shouldShutDown: false,
    };
  control.sessions.heartbeat(broker.id, draft.at.nowMs, request.currentMetadataOffset);
  const next = nextState(control, draft, broker, request);
  enter(control, draft, broker, next);
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    isCaughtUp: caughtUp(broker, request),
    isFenced: next === "FENCED" || next === "SHUTDOWN_NOW",
    shouldShutDown: next === "SHUTDOWN_NOW",
  };
}

/** To its own registration, not to the end: on a busy log nobody ever is at the end (KAFKA-13959). */
function caughtUp(broker: BrokerRegistration, request: BrokerHeartbeatRequest): boolean {
  return request.currentMetadataOffset >= broker.epoch;
}

function nextState(
  control: Control,
  draft: Draft,
  broker: BrokerRegistration,
  request: BrokerHeartbeatRequest,
): BrokerControlState {
  if (broker.fenced) {
    // Who was fenced on its way out comes back as a new incarnation only.
    if (request.wantShutDown || broker.inControlledShutdown) return "SHUTDOWN_NOW";
    return !request.wantFence && caughtUp(broker, request) ? "UNFENCED" : "FENCED";
  }
  if (broker.inControlledShutdown) {
    const offset = control.sessions.controlledShutdownOffset(broker.id, draft.image.offset - 1);
    return !leadsAny(draft, broker.id) && everyActiveBrokerHas(control, draft, offset)
      ? "SHUTDOWN_NOW"
      : "CONTROLLED_SHUTDOWN";
  }
  if (request.wantFence) return request.wantShutDown ? "SHUTDOWN_NOW" : "FENCED";
  if (request.wantShutDown) return inAnyIsr(draft, broker.id) ? "CONTROLLED_SHUTDOWN" : "SHUTDOWN_NOW";
  return "UNFENCED";
}

function everyActiveBrokerHas(control: Control, draft: Draft, offset: number): boolean {
  for (const id of draft.image.brokers.keys())
    if (isActive(draft.image, id) && control.sessions.metadataOffset(id) < offset) return false;
  return true;
}

function enter(control: Control, draft: Draft, broker: BrokerRegistration, next: BrokerControlState): void {
  switch (next) {
    case "FENCED":
      fenceBrokers(control, draft, new Map([[broker.id, "it asked for it"]]));
      return;
    case "SHUTDOWN_NOW":
      fenceBrokers(control, draft, new Map([[broker.id, "it shuts down"]]));
      return;
    case "UNFENCED":
      if (broker.fenced) unfenceBroker(control, draft, broker);
      return;
    case "CONTROLLED_SHUTDOWN":
      if (!broker.inControlledShutdown) beginControlledShutdown(control, draft, broker);
      return;
    default:
      unreachable(next);
  }
}

function beginControlledShutdown(control: Control, draft: Draft, broker: BrokerRegistration): void {
  draft.add([brokerRegistrationChangeRecord(broker, { inControlledShutdown: true })]);
  updatePartitions(control, draft, { leaving: new Set([broker.id]) });
  control.sessions.controlledShutdownOffset(broker.id, draft.image.offset - 1);
  draft.note({ type: "broker-shutting-down", brokerId: broker.id });
}
