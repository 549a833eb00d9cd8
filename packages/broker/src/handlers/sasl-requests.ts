/**
 * SaslHandshake, versions 0 and 1, and SaslAuthenticate, 0 to 2, where nobody has to say who they are (any more): ILLEGAL_SASL_STATE, as Kafka answers
 * on a listener without SASL and after a finished authentication. The conversation on the peer listener is the listener's own.
 */
import { errorCode } from "@vitrine/core";
import { newSaslAuthenticateResponse, newSaslHandshakeResponse } from "@vitrine/protocol/types";
import type { Handler } from "../request.ts";

const ILLEGAL = errorCode("ILLEGAL_SASL_STATE");

export const saslHandshake: Handler = (_parts, _request, from, reply) => {
  from.noteRefusal?.(
    "wants to authenticate with SASL, which this listener does not ask for: set security.protocol=PLAINTEXT",
  );
  reply(newSaslHandshakeResponse({ errorCode: ILLEGAL }));
};

export const saslAuthenticate: Handler = (_parts, _request, _from, reply) =>
  reply(
    newSaslAuthenticateResponse({
      errorCode: ILLEGAL,
      errorMessage:
        "SaslAuthenticate is not expected here: this listener does not ask for SASL, or the authentication is over",
    }),
  );
