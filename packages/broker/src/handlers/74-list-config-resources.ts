/**
 * ListConfigResources, versions 0 and 1 (KIP-1142): what has settings. v0 lists client metrics only, of which there are none; v1 lists topics, brokers
 * and their loggers too, all of them or the types asked for.
 */
import { errorCode } from "@vitrine/core";
import { newListConfigResourcesResponse, type ListConfigResourcesRequest } from "@vitrine/protocol/types";
import { resourceOf } from "@vitrine/metadata";
import type { Handler } from "../request.ts";
import { aliveBrokers } from "./03-metadata.ts";

/** Kafka's numbers of resource types (`ConfigResource.Type`). */
const TOPIC = 2;
const BROKER = 4;
const BROKER_LOGGER = 8;
const CLIENT_METRICS = 16;
const GROUP = 32;
const ALL_TYPES: readonly number[] = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP];

export const listConfigResources: Handler = (parts, request, _from, reply) => {
  const { resourceTypes } = request.body as ListConfigResourcesRequest;
  const asked = request.apiVersion === 0 ? [CLIENT_METRICS] : resourceTypes.length === 0 ? ALL_TYPES : resourceTypes;
  if (asked.some((type) => !ALL_TYPES.includes(type))) {
    reply(newListConfigResourcesResponse({ errorCode: errorCode("UNSUPPORTED_VERSION") }));
    return;
  }
  const image = parts.image();
  const brokers = () => aliveBrokers(image).map(({ nodeId }) => String(nodeId));
  const groups = () => {
    const resources = [...image.configs.keys()].map(resourceOf);
    return resources.filter((one) => one.resourceType === "group").map((one) => one.resourceName);
  };
  const configResources = [...new Set(asked)].flatMap((resourceType) => {
    const names =
      resourceType === TOPIC
        ? [...image.topicsByName.keys()]
        : resourceType === BROKER || resourceType === BROKER_LOGGER
          ? brokers()
          : resourceType === GROUP
            ? groups()
            : [];
    return names.map((resourceName) => ({ resourceName, resourceType }));
  });
  reply(newListConfigResourcesResponse({ configResources }));
};
