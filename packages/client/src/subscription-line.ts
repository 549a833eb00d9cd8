import type { ClientFrame } from "@vitrine/api";

/** What a record subscription needs of the connection that it is on. */
export interface SubscriptionLine {
  /** Only where the server knows the subscription by now. */
  send(frame: ClientFrame): void;
  /** It ended by itself: no later connection asks for it again. */
  ended(): void;
}
