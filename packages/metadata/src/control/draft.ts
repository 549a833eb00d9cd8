/** A decision in the making: records are applied to the working image as they are added, so that what follows sees them. */
import type { ErrorName, NodeId, Offset, Random } from "@vitrine/core";
import { Offset as toOffset, errorCode } from "@vitrine/core";
import { applyRecords } from "../apply.ts";
import type { At, ControllerEvent, ControllerSettings } from "../controller-types.ts";
import type { NodeConfigs } from "../effective-configs.ts";
import { effectiveTopicValue } from "../effective-configs.ts";
import type { MetadataImage } from "../image.ts";
import type { MetadataRecord } from "../records.ts";
import type { BrokerSessions } from "./broker-sessions.ts";

/** What the controller has besides the image: settings, chance, and soft state that a new controller starts without. */
export interface Control {
  readonly settings: ControllerSettings;
  readonly random: Random;
  readonly sessions: BrokerSessions;
}

export class Draft {
  readonly at: At;
  readonly records: MetadataRecord[] = [];
  readonly events: ControllerEvent[] = [];
  readonly #epoch: number;
  #image: MetadataImage;

  constructor(image: MetadataImage, at: At, epoch: number) {
    this.#image = image;
    this.at = at;
    this.#epoch = epoch;
  }

  /** With all that was added so far. */
  get image(): MetadataImage {
    return this.#image;
  }

  /** Where the next record added will stand. */
  get endOffset(): Offset {
    return toOffset(this.at.nextOffset + this.records.length);
  }

  add(records: readonly MetadataRecord[]): void {
    if (records.length === 0) return;
    for (const record of records) this.records.push(record);
    this.#image = applyRecords(this.#image, records, { offset: this.endOffset, epoch: this.#epoch }).image;
  }

  note(event: ControllerEvent): void {
    this.events.push(event);
  }
}

/** An operating error on its way into a response. */
export interface Refusal {
  readonly error: ErrorName;
  readonly message: string;
}

/** A refusal with a sentence for people. */
export function refuse(error: ErrorName, message: string): Refusal {
  return { error, message };
}

/** `controller_mutation_rate` is used up (KIP-599); the caller says when to try again. */
export const OVER_QUOTA: Refusal = refuse("THROTTLING_QUOTA_EXCEEDED", "The throttling quota has been exceeded.");

/** The two fields most responses have. */
export function errorFields(refusal: Refusal | null): { errorCode: number; errorMessage: string | null } {
  if (refusal === null) return { errorCode: 0, errorMessage: null };
  return { errorCode: errorCode(refusal.error), errorMessage: refusal.message };
}

/** The controller's view of settings: that of the cluster, not of one broker. */
export function clusterConfigs(settings: ControllerSettings): NodeConfigs {
  return { brokerId: null, staticConfigs: settings.staticConfigs };
}

/** `min.insync.replicas` in effect for a topic. */
export function minIsrOf(image: MetadataImage, topicName: string, settings: ControllerSettings): number {
  return Number(effectiveTopicValue(image, topicName, "min.insync.replicas", clusterConfigs(settings)));
}

/** `unclean.leader.election.enable` in effect for a topic. */
export function uncleanElectionOf(image: MetadataImage, topicName: string, settings: ControllerSettings): boolean {
  return effectiveTopicValue(image, topicName, "unclean.leader.election.enable", clusterConfigs(settings)) === "true";
}

/** Null where the broker is registered with that epoch. */
export function checkBrokerEpoch(image: MetadataImage, id: NodeId, epoch: number): Refusal | null {
  const broker = image.brokers.get(id);
  if (!broker) return refuse("STALE_BROKER_EPOCH", `Broker ${id} is not registered.`);
  if (broker.epoch !== epoch)
    return refuse("STALE_BROKER_EPOCH", `Broker ${id} has epoch ${broker.epoch}, the request says ${epoch}.`);
  return null;
}
