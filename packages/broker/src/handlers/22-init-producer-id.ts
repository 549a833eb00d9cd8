/**
 * InitProducerId, versions 0 to 5, for idempotent producers: an id that nobody has, with epoch 0.
 *
 * - A producer that names the id it had (v3+, KIP-360) gets a new one, as in Kafka: without a transactional id a client bumps its epoch by itself
 *   and comes here only when it needs another id.
 * - While the controller cannot be asked: COORDINATOR_LOAD_IN_PROGRESS, on which every client tries again.
 * - A transactional id is refused with TRANSACTIONAL_ID_AUTHORIZATION_FAILED until transactions exist: clients take it for final and say it,
 *   where other errors make them try for ever.
 */
import { errorCode, type ErrorName } from "@vitrine/core";
import { newInitProducerIdResponse, type InitProducerIdRequest } from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

export const initProducerId: Handler = (parts, request, from, reply) => {
  const { transactionalId, producerId, producerEpoch } = request.body as InitProducerIdRequest;
  const refuse = (error: ErrorName) =>
    reply(newInitProducerIdResponse({ errorCode: errorCode(error), producerId: -1, producerEpoch: -1 }));
  // Both or neither: an id without its epoch says nothing.
  if (transactionalId === "" || (producerId === -1) !== (producerEpoch === -1)) {
    refuse("INVALID_REQUEST");
    return;
  }
  if (transactionalId !== null) {
    from.noteRefusal?.("asked for transactions (it has a transactional.id), which are not there yet");
    refuse("TRANSACTIONAL_ID_AUTHORIZATION_FAILED");
    return;
  }
  if (parts.producerIds === null) {
    reply("close");
    return;
  }
  parts.producerIds.next((id) => {
    if (id === null) refuse("COORDINATOR_LOAD_IN_PROGRESS");
    else reply(newInitProducerIdResponse({ producerId: id, producerEpoch: 0 }));
  });
};
