/** Topics that come to be by being written to (auto.create.topics.enable): asked for through Metadata, as Kafka's own clients do. */
import { kafkaProblem } from "@vitrine/api";
import { ZERO_UUID, errorFromCode, errorInfo, isInternalTopic } from "@vitrine/core";
import type { ErrorName } from "@vitrine/core";
import type { Engine, TopicInfo } from "@vitrine/engine";
import { newMetadataRequest } from "@vitrine/protocol/types";
import type { MetadataResponse } from "@vitrine/protocol/types";
import { anyBroker, brokerSettings } from "../broker-settings.ts";
import { refuse } from "../error-reply.ts";
import { untilMetadata } from "../metadata-wait.ts";
import { checkName, unknownTopic } from "../topic-lookup.ts";

const METADATA = 3;
const ASK_MS = 2_000;
/** Answers of Metadata while the topic is being made, or while it is switched off: they look the same. */
const PENDING: ReadonlySet<ErrorName> = new Set(["NONE", "LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PARTITION"]);

export class TopicMaker {
  readonly #engine: Engine;
  /** Topics being made now; bounded by the requests in flight. */
  readonly #making = new Map<string, Promise<void>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The topic to write to, made if need be. Fails with 422, 403, 404 (creation is off) or 503 (nobody can create it now). */
  async topicFor(name: string, timeoutMs: number): Promise<TopicInfo> {
    const known = this.#engine.topic(name);
    if (known === undefined) checkName(name);
    if (isInternalTopic(name))
      refuse(
        kafkaProblem("TOPIC_AUTHORIZATION_FAILED", `${name} belongs to the cluster; clients do not write to it`, {
          topic: name,
        }),
      );
    if (known !== undefined) return known;
    let making = this.#making.get(name);
    if (making === undefined) {
      making = this.#make(name, performance.now() + timeoutMs).finally(() => this.#making.delete(name));
      this.#making.set(name, making);
    }
    await making;
    return this.#engine.topic(name) ?? unknownTopic(this.#engine, name);
  }

  async #make(name: string, deadline: number): Promise<void> {
    const engine = this.#engine;
    const exists = () => engine.topic(name) !== undefined;
    while (performance.now() < deadline && !exists()) {
      const error = await this.#ask(name);
      if (error !== null && !PENDING.has(error))
        refuse(kafkaProblem(error, `${name} cannot be created: ${errorInfo(error).message}`, { topic: name }));
      // While a topic is being made Kafka answers as if it were switched off; only the setting tells them apart.
      if (error === "UNKNOWN_TOPIC_OR_PARTITION" && !exists() && !(await this.#isOn())) return;
      await untilMetadata(engine, exists, Math.min(deadline, performance.now() + (error === null ? 200 : 1_000)));
    }
    if (!exists() && !engine.hasQuorum())
      refuse(
        kafkaProblem(
          "LEADER_NOT_AVAILABLE",
          `there is no topic ${name}, and it cannot be created: the controller quorum is lost until a majority of the controllers is back`,
          { topic: name, quorum: false },
        ),
      );
  }

  /** Asks a broker for the topic, and so to make it; null when none answers. */
  async #ask(name: string): Promise<ErrorName | null> {
    const to = anyBroker(this.#engine);
    if (to === null) return null;
    const request = newMetadataRequest({ topics: [{ topicId: ZERO_UUID, name }], allowAutoTopicCreation: true });
    const result = await this.#engine.call<MetadataResponse>(METADATA, request, { to, timeoutMs: ASK_MS });
    return result.ok ? errorFromCode(result.body.topics[0]?.errorCode ?? 0).name : null;
  }

  async #isOn(): Promise<boolean> {
    const setting = (await brokerSettings(this.#engine, ["auto.create.topics.enable"])).get(
      "auto.create.topics.enable",
    );
    return setting !== "false";
  }
}
