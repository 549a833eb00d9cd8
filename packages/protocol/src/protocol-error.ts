import type { ErrorName } from "@vitrine/core";

/**
 * Bytes that are not what they claim to be, or a message that cannot be written at the version asked for. The only thing the codec throws;
 * the listener turns it into a reply or a closed connection.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  /** Kafka's name for it: what a reply would carry. */
  readonly errorName: ErrorName;

  constructor(message: string, errorName: ErrorName = "INVALID_REQUEST") {
    super(message);
    this.errorName = errorName;
  }
}
