/**
 * Kafka's embedded consumer protocol: what members tell each other through the coordinator, which does not read it. Two bytes of version, then
 * the message. Newer versions than ours are read as ours, as KIP-429 asks; what cannot be read is null, for it came from a program we do not know.
 */
import {
  type ConsumerProtocolAssignment,
  type ConsumerProtocolSubscription,
  DATA_CODECS,
  newConsumerProtocolAssignment,
  newConsumerProtocolSubscription,
  Reader,
  type SchemaCodec,
  Writer,
} from "@vitrine/protocol";
import { compareText, type TopicPartition } from "./assignors/assignor.ts";

export interface Subscription {
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
  /** -1: it does not say. */
  readonly generation: number;
  /** `client.rack` (KIP-881); null or absent: it does not say. */
  readonly rack?: string | null;
}

export function writeSubscription(subscription: Subscription, assignor: string): Uint8Array {
  const message = newConsumerProtocolSubscription({
    topics: subscription.topics.toSorted(compareText),
    ownedPartitions: byTopic(subscription.owned),
    generationId: subscription.generation,
    rackId: subscription.rack ?? null,
    userData: userData(subscription, assignor),
  });
  return write(DATA_CODECS.ConsumerProtocolSubscription, message);
}

/** A member's subscription; null when the bytes are none. Sticky members tell what they own in their user data. */
export function readSubscription(bytes: Uint8Array): Subscription | null {
  const message = read<ConsumerProtocolSubscription>(DATA_CODECS.ConsumerProtocolSubscription, bytes);
  if (message === null) return null;
  const told = message.userData === null ? null : readStickyData(message.userData);
  const owned = flatten(message.ownedPartitions);
  return {
    topics: message.topics,
    owned: owned.length > 0 ? owned : (told?.owned ?? []),
    generation: message.generationId >= 0 ? message.generationId : (told?.generation ?? -1),
    rack: message.rackId,
  };
}

/** The bytes that a leader sends for one member. */
export function writeAssignment(partitions: readonly TopicPartition[]): Uint8Array {
  const message = newConsumerProtocolAssignment({ assignedPartitions: byTopic(partitions) });
  return write(DATA_CODECS.ConsumerProtocolAssignment, message);
}

/** Empty bytes are an assignment of nothing; null when they cannot be read. */
export function readAssignment(bytes: Uint8Array): TopicPartition[] | null {
  if (bytes.length === 0) return [];
  const message = read<ConsumerProtocolAssignment>(DATA_CODECS.ConsumerProtocolAssignment, bytes);
  return message === null ? null : flatten(message.assignedPartitions);
}

function write<T>(codec: SchemaCodec<T>, message: T): Uint8Array {
  const writer = new Writer();
  writer.int16(codec.max);
  codec.write(writer, message, codec.max);
  return writer.finish();
}

function read<T>(codec: SchemaCodec<T>, bytes: Uint8Array): T | null {
  try {
    const reader = new Reader(bytes);
    const version = reader.int16();
    return version < codec.min ? null : codec.read(reader, Math.min(version, codec.max));
  } catch {
    return null;
  }
}

/** `sticky` puts what it owns and the generation there (KIP-54, version 1), `cooperative-sticky` the generation. */
function userData({ owned, generation }: Subscription, assignor: string): Uint8Array | null {
  if (assignor !== "sticky" && assignor !== "cooperative-sticky") return null;
  const writer = new Writer();
  if (assignor === "sticky") {
    const topics = byTopic(owned);
    writer.int32(topics.length);
    for (const { topic, partitions } of topics) {
      writer.string(topic, false);
      writer.int32(partitions.length);
      for (const partition of partitions) writer.int32(partition);
    }
  }
  writer.int32(generation);
  return writer.finish();
}

function readStickyData(bytes: Uint8Array): { owned: TopicPartition[]; generation: number } | null {
  try {
    const reader = new Reader(bytes);
    if (reader.remaining === 4) return { owned: [], generation: reader.int32() };
    const owned: TopicPartition[] = [];
    for (let topics = reader.int32(); topics > 0; topics--) {
      const topic = reader.string(false);
      for (let count = reader.int32(); count > 0; count--) owned.push({ topic, partition: reader.int32() });
    }
    return { owned, generation: reader.remaining >= 4 ? reader.int32() : -1 };
  } catch {
    return null;
  }
}

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return [...topics].map(([topic, list]) => ({ topic, partitions: list }));
}

function flatten(topics: readonly { topic: string; partitions: readonly number[] }[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}
