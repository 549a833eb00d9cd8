/** Blocks of producer ids, never given out twice (KIP-730). */
import { errorCode } from "@vitrine/core";
import type { Command, ReplyOf } from "../controller-types.ts";
import { producerIdsRecord } from "../records.ts";
import type { Control, Draft } from "./draft.ts";
import { checkBrokerEpoch } from "./draft.ts";

const BLOCK_SIZE = 1_000;

export function allocateProducerIds(
  _control: Control,
  draft: Draft,
  { request }: Command<"allocateProducerIds">,
): ReplyOf<"allocateProducerIds"> {
  const stale = checkBrokerEpoch(draft.image, request.brokerId, request.brokerEpoch);
  if (stale) return { throttleTimeMs: 0, errorCode: errorCode(stale.error), producerIdStart: 0, producerIdLen: 0 };
  const producerIdStart = draft.image.nextProducerId;
  draft.add([
    producerIdsRecord({
      brokerId: request.brokerId,
      brokerEpoch: request.brokerEpoch,
      nextProducerId: producerIdStart + BLOCK_SIZE,
    }),
  ]);
  return { throttleTimeMs: 0, errorCode: 0, producerIdStart, producerIdLen: BLOCK_SIZE };
}
