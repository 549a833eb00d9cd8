import { createHash, timingSafeEqual } from "node:crypto";
import { errorCode } from "@vitrine/core";
import { newSaslAuthenticateResponse, newSaslHandshakeResponse } from "@vitrine/protocol/types";
import type { SaslAuthenticateRequest, SaslHandshakeRequest } from "@vitrine/protocol/types";

/** The mechanism between our own nodes: RFC 4616, user = node id, password = the cluster secret. */
export const MECHANISM = "PLAIN";

/** One step of the conversation: what to answer, and whether the other side is now known or must go. */
export interface SaslStep {
  readonly body: object;
  readonly outcome: "more" | "done" | "refused";
}

/** The listener's half: SaslHandshake, then SaslAuthenticate. */
export class SaslServer {
  readonly #secret: Buffer;
  #chosen = false;
  /** Who the other side says it is; set once it is believed. */
  user = "";

  constructor(secret: string) {
    this.#secret = digest(secret);
  }

  handshake(request: SaslHandshakeRequest): SaslStep {
    const mechanisms = [MECHANISM];
    if (request.mechanism !== MECHANISM) {
      const code = errorCode("UNSUPPORTED_SASL_MECHANISM");
      return { body: newSaslHandshakeResponse({ errorCode: code, mechanisms }), outcome: "refused" };
    }
    this.#chosen = true;
    return { body: newSaslHandshakeResponse({ mechanisms }), outcome: "more" };
  }

  authenticate(request: SaslAuthenticateRequest): SaslStep {
    if (!this.#chosen) return refuse("ILLEGAL_SASL_STATE", "SaslHandshake comes first");
    const parts = Buffer.from(request.authBytes).toString("utf8").split("\0");
    const [, user, password] = parts;
    // Digests have one length, so the time of the comparison says nothing about the secret.
    const known = timingSafeEqual(digest(password ?? ""), this.#secret);
    if (parts.length !== 3 || user === undefined || user === "" || !known)
      return refuse("SASL_AUTHENTICATION_FAILED", "the cluster secret is not this cluster's");
    this.user = user;
    return { body: newSaslAuthenticateResponse(), outcome: "done" };
  }
}

/** What a node sends to be believed. */
export function plainToken(user: string, secret: string): Uint8Array {
  return Buffer.from(`\0${user}\0${secret}`);
}

function refuse(name: "ILLEGAL_SASL_STATE" | "SASL_AUTHENTICATION_FAILED", errorMessage: string): SaslStep {
  return { body: newSaslAuthenticateResponse({ errorCode: errorCode(name), errorMessage }), outcome: "refused" };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
