/**
 * Brokers come and go: registration, fencing, unfencing, leaving for good.
 * A registration starts fenced; its epoch is the offset of its record. A fenced broker is in no ISR and leads nothing.
 */
import type { NodeId } from "@vitrine/core";
import { errorCode } from "@vitrine/core";
import type { Command, ReplyOf } from "../controller-types.ts";
import type { BrokerRegistration, MetadataImage } from "../image.ts";
import { brokerRegistrationChangeRecord, registerBrokerRecord, unregisterBrokerRecord } from "../records.ts";
import type { BrokerRegistrationRequest } from "@vitrine/protocol/types";
import type { Control, Draft, Refusal } from "./draft.ts";
import { errorFields, refuse } from "./draft.ts";
import { updatePartitions } from "./partition-updates.ts";

export function registerBroker(
  control: Control,
  draft: Draft,
  { request }: Command<"registerBroker">,
): ReplyOf<"registerBroker"> {
  const known = draft.image.brokers.get(request.brokerId);
  const refusal = refuseRegistration(control, draft, request, known);
  if (refusal) return { throttleTimeMs: 0, errorCode: errorCode(refusal.error), brokerEpoch: -1 };
  // The same incarnation asks again because it did not hear the answer: its epoch stays (KAFKA-16952).
  const repeated = known !== undefined && known.incarnationId === request.incarnationId;
  const brokerEpoch = repeated ? known.epoch : draft.endOffset;
  const fenced = repeated ? known.fenced : true;
  draft.add([
    registerBrokerRecord({
      brokerId: request.brokerId,
      isMigratingZkBroker: false,
      incarnationId: request.incarnationId,
      brokerEpoch,
      endPoints: request.listeners.map(({ name, host, port, securityProtocol }) => ({
        name,
        host,
        port,
        securityProtocol,
      })),
      features: request.features.map((feature) => ({ ...feature })),
      rack: request.rack === "" ? null : request.rack, // an empty rack is none
      fenced,
      inControlledShutdown: repeated && known.inControlledShutdown,
      logDirs: [...request.logDirs],
      cordonedLogDirs: null,
    }),
  ]);
  if (repeated) return { throttleTimeMs: 0, errorCode: 0, brokerEpoch };

  control.sessions.begin(request.brokerId, draft.at.nowMs);
  // A broker that names its last epoch vouches that it lost nothing since; others may have lost what they held (KIP-966).
  const cleanShutdown = known !== undefined && request.previousBrokerEpoch === known.epoch;
  const leaving = new Set([request.brokerId]);
  updatePartitions(control, draft, { leaving, ...(cleanShutdown ? {} : { lossy: leaving }) });
  draft.note({ type: "broker-registered", brokerId: request.brokerId, brokerEpoch, cleanShutdown });
  return { throttleTimeMs: 0, errorCode: 0, brokerEpoch };
}

function refuseRegistration(
  control: Control,
  draft: Draft,
  request: BrokerRegistrationRequest,
  known: BrokerRegistration | undefined,
): Refusal | null {
  const { image } = draft;
  if (request.clusterId !== image.clusterId)
    return refuse("INCONSISTENT_CLUSTER_ID", `Expected cluster id ${image.clusterId}, got ${request.clusterId}.`);
  if (request.listeners.length === 0) return refuse("INVALID_REGISTRATION", "No listeners specified.");
  if (known && known.incarnationId !== request.incarnationId && hasValidSession(control, draft, known))
    return refuse(
      "DUPLICATE_BROKER_REGISTRATION",
      `Another broker is registered with id ${request.brokerId} and is alive.`,
    );
  return refuseFeatures(image, request);
}

/**
 * A broker on its way out may be replaced before its session ends. So may one that this controller has never heard itself: after a restart of the
 * whole cluster nobody was left to fence the old incarnations, and peers prove the cluster's secret.
 */
function hasValidSession(control: Control, draft: Draft, broker: BrokerRegistration): boolean {
  if (broker.fenced || broker.inControlledShutdown || control.sessions.metadataOffset(broker.id) < 0) return false;
  const last = control.sessions.lastContactMs(broker.id);
  return last !== null && draft.at.nowMs - last < control.settings.sessionTimeoutMs;
}

function refuseFeatures(image: MetadataImage, request: BrokerRegistrationRequest): Refusal | null {
  for (const { name, minSupportedVersion, maxSupportedVersion } of request.features) {
    const level = image.features.get(name) ?? 0;
    if (level !== 0 && (level < minSupportedVersion || level > maxSupportedVersion))
      return refuse(
        "UNSUPPORTED_VERSION",
        `The cluster runs ${name} ${level}, broker ${request.brokerId} does not know it.`,
      );
  }
  return null;
}

/** Fences brokers in one decision: none of them is chosen as leader of what another one leaves. Those fenced already are left alone. */
export function fenceBrokers(control: Control, draft: Draft, reasons: ReadonlyMap<NodeId, string>): NodeId[] {
  const fenced: BrokerRegistration[] = [];
  for (const id of reasons.keys()) {
    const broker = draft.image.brokers.get(id);
    if (broker && !broker.fenced) fenced.push(broker);
  }
  if (fenced.length === 0) return [];
  updatePartitions(control, draft, { leaving: new Set(fenced.map((broker) => broker.id)) });
  draft.add(fenced.map((broker) => brokerRegistrationChangeRecord(broker, { fenced: true })));
  for (const { id } of fenced) {
    control.sessions.forgetShutdown(id);
    draft.note({ type: "broker-fenced", brokerId: id, reason: reasons.get(id) ?? "" });
  }
  return fenced.map((broker) => broker.id);
}

/** A refused reconnect proves the process gone. About an older incarnation it proves nothing. */
export function fenceBroker(control: Control, draft: Draft, command: Command<"fenceBroker">): ReplyOf<"fenceBroker"> {
  const broker = draft.image.brokers.get(command.brokerId);
  if (!broker || (command.brokerEpoch !== -1 && command.brokerEpoch !== broker.epoch)) return { fenced: false };
  return { fenced: fenceBrokers(control, draft, new Map([[broker.id, command.reason]])).length > 0 };
}

/** Unfenced brokers whose session has ended, all at once. */
export function expireSessions(control: Control, draft: Draft): void {
  const timeoutMs = control.settings.sessionTimeoutMs;
  const silent = new Map<NodeId, string>();
  for (const broker of draft.image.brokers.values()) {
    if (broker.fenced) continue;
    const last = control.sessions.lastContactMs(broker.id) ?? draft.at.nowMs;
    if (draft.at.nowMs - last >= timeoutMs) silent.set(broker.id, `not heard of for ${timeoutMs} ms`);
  }
  fenceBrokers(control, draft, silent);
}

/** A fenced broker has caught up: it may lead and be in an ISR again. */
export function unfenceBroker(control: Control, draft: Draft, broker: BrokerRegistration): void {
  draft.add([brokerRegistrationChangeRecord(broker, { fenced: false })]);
  updatePartitions(control, draft, { coming: broker.id });
  draft.note({ type: "broker-unfenced", brokerId: broker.id });
}

/** Forgets a broker that is gone for good; its replicas leave every ISR (UnregisterBroker). */
export function unregisterBroker(
  control: Control,
  draft: Draft,
  { request }: Command<"unregisterBroker">,
): ReplyOf<"unregisterBroker"> {
  const broker = draft.image.brokers.get(request.brokerId);
  if (!broker) {
    const refusal = refuse("BROKER_ID_NOT_REGISTERED", `Broker ID ${request.brokerId} is not currently registered`);
    return { throttleTimeMs: 0, ...errorFields(refusal) };
  }
  updatePartitions(control, draft, { leaving: new Set([broker.id]) });
  draft.add([unregisterBrokerRecord({ brokerId: broker.id, brokerEpoch: broker.epoch })]);
  control.sessions.end(broker.id);
  return { throttleTimeMs: 0, ...errorFields(null) };
}
