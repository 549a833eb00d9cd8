/** A topic by name, as this process knows it; unknown and illegal names become problems with a hint. */
import { kafkaProblem } from "@vitrine/api";
import { checkTopicName } from "@vitrine/core";
import type { Engine, TopicInfo } from "@vitrine/engine";
import { closest } from "./did-you-mean.ts";
import { refuse } from "./error-reply.ts";
import { untilMetadata } from "./metadata-wait.ts";

/** Another node may have created it a moment ago: metadata gets this long to arrive before the answer is "unknown". */
const FRESHNESS_MS = 250;

/** Fails with 422 for an illegal name, 404 for an unknown one. */
export async function findTopic(engine: Engine, name: string): Promise<TopicInfo> {
  checkName(name);
  const known = engine.topic(name);
  if (known !== undefined) return known;
  await untilMetadata(engine, () => engine.topic(name) !== undefined, performance.now() + FRESHNESS_MS);
  return engine.topic(name) ?? unknownTopic(engine, name);
}

/** 422 when the name breaks Kafka's rule. */
export function checkName(name: string): void {
  const wrong = checkTopicName(name);
  if (wrong !== null) refuse(kafkaProblem("INVALID_TOPIC_EXCEPTION", wrong, { topic: name.slice(0, 300) }));
}

const COMPARED_MAX = 2_000;

/** 404 that names the nearest topic there is. */
export function unknownTopic(engine: Engine, name: string): never {
  const names: string[] = [];
  for (const topic of engine.topics()) if (names.push(topic.name) >= COMPARED_MAX) break;
  const near = closest(name, names);
  refuse(
    kafkaProblem("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${name}`, {
      topic: name,
      retriable: false,
      hint:
        near === undefined
          ? `curl -X PUT .../topics/${name} creates it; producing to it does too`
          : `did you mean ${near}?`,
    }),
  );
}
