/** What changed between two images: brokers become leader or follower by it, the event timeline is written from it. */
import type { NodeId, PartitionIndex, Uuid } from "@vitrine/core";
import type { BrokerRegistration, MetadataImage, PartitionImage, ResourceType, TopicImage } from "./image.ts";

/** before null: created; after null: deleted. Never both. */
export interface PartitionDelta {
  readonly topicId: Uuid;
  readonly topicName: string;
  readonly partition: PartitionIndex;
  readonly before: PartitionImage | null;
  readonly after: PartitionImage | null;
}

/** before null: registered for the first time; after null: unregistered. */
export interface BrokerDelta {
  readonly id: NodeId;
  readonly before: BrokerRegistration | null;
  readonly after: BrokerRegistration | null;
}

/** null: not set. */
export interface ConfigDelta {
  readonly resourceType: ResourceType;
  /** Empty: the defaults of all brokers. */
  readonly resourceName: string;
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface MetadataDelta {
  readonly before: MetadataImage;
  readonly after: MetadataImage;
  readonly topicsCreated: readonly TopicImage[];
  readonly topicsDeleted: readonly TopicImage[];
  /** Partitions of created and deleted topics are in here too. */
  readonly partitions: readonly PartitionDelta[];
  readonly brokers: readonly BrokerDelta[];
  readonly configs: readonly ConfigDelta[];
  readonly featuresChanged: boolean;
  readonly clientQuotasChanged: boolean;
}
