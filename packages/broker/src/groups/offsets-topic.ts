/** `__consumer_offsets`: made when somebody first asks for a coordinator. */
import { errorCode } from "@vitrine/core";
import type { MetadataImage } from "@vitrine/metadata";
import { ApiKey, newCreateTopicsRequest, type CreateTopicsResponse } from "@vitrine/protocol/types";
import type { ControllerChannel } from "../controller-channel.ts";
import type { Runtime } from "../runtime.ts";

export const OFFSETS_TOPIC = "__consumer_offsets";

/** How long the controller may take. */
const CREATION_TIMEOUT_MS = 10_000;

export class OffsetsTopic {
  readonly #runtime: Runtime;
  readonly #channel: ControllerChannel;
  readonly #image: () => MetadataImage;
  #isAsked = false;

  constructor(runtime: Runtime, channel: ControllerChannel, image: () => MetadataImage) {
    this.#runtime = runtime;
    this.#channel = channel;
    this.#image = image;
  }

  /** Asks the controller for it, once at a time; whoever needs it looks again when topics change. */
  createIfMissing(): void {
    const replicationFactor = this.#replicationFactor();
    if (this.#isAsked || replicationFactor === null || this.#image().topicsByName.has(OFFSETS_TOPIC)) return;
    this.#isAsked = true;
    const { offsetsTopicPartitions: numPartitions, offsetsTopicSegmentBytes } = this.#runtime.settings;
    const configs = [
      { name: "cleanup.policy", value: "compact" },
      { name: "compression.type", value: "producer" },
      { name: "segment.bytes", value: String(offsetsTopicSegmentBytes) },
    ];
    const topics = [{ name: OFFSETS_TOPIC, numPartitions, replicationFactor, assignments: [], configs }];
    const request = newCreateTopicsRequest({ topics, timeoutMs: CREATION_TIMEOUT_MS });
    this.#channel.call(ApiKey.CreateTopics, request, CREATION_TIMEOUT_MS, (result) => {
      this.#isAsked = false;
      const answer = result.ok ? (result.body as CreateTopicsResponse).topics[0] : null;
      const wrong = answer ? answer.errorCode !== 0 && answer.errorCode !== errorCode("TOPIC_ALREADY_EXISTS") : true;
      if (wrong)
        this.#runtime.journal(
          "warn",
          `${OFFSETS_TOPIC} could not be created: ${answer?.errorMessage ?? "the controller did not answer"}; groups wait until it can`,
        );
    });
  }

  /**
   * As many replicas as the setting says, or as there are brokers. Where topics get several replicas by default, a cluster that is just
   * coming up waits for that many brokers: the topic would keep too few for ever. null = wait.
   */
  #replicationFactor(): number | null {
    const { offsetsTopicReplicationFactor: wanted, defaultReplicationFactor } = this.#runtime.settings;
    const registered = this.#image().brokers.size;
    return registered < Math.max(1, Math.min(wanted, defaultReplicationFactor)) ? null : Math.min(wanted, registered);
  }
}
