/**
 * What the active controller knows of brokers by hearing from them. Soft: a new controller starts without it and gives every broker a full
 * session. One entry per registered broker.
 */
import type { NodeId } from "@vitrine/core";

interface Session {
  /** When the broker was last heard of, monotonic milliseconds. */
  lastContactMs: number;
  /** Last metadata offset the broker has applied; -1 until its first heartbeat here. */
  metadataOffset: number;
  /** What all brokers must have applied before this one may stop; set once (KAFKA-14292). */
  controlledShutdownOffset: number | null;
}

export class BrokerSessions {
  readonly #sessions = new Map<NodeId, Session>();

  /** A registration: the session of an earlier incarnation counts no longer. */
  begin(id: NodeId, nowMs: number): void {
    this.#sessions.set(id, { lastContactMs: nowMs, metadataOffset: -1, controlledShutdownOffset: null });
  }

  heartbeat(id: NodeId, nowMs: number, metadataOffset: number): void {
    const session = this.#sessions.get(id);
    if (session) {
      session.lastContactMs = nowMs;
      session.metadataOffset = metadataOffset;
    } else this.#sessions.set(id, { lastContactMs: nowMs, metadataOffset, controlledShutdownOffset: null });
  }

  end(id: NodeId): void {
    this.#sessions.delete(id);
  }

  lastContactMs(id: NodeId): number | null {
    return this.#sessions.get(id)?.lastContactMs ?? null;
  }

  metadataOffset(id: NodeId): number {
    return this.#sessions.get(id)?.metadataOffset ?? -1;
  }

  /** The offset set first wins; returns it. */
  controlledShutdownOffset(id: NodeId, offset: number): number {
    const session = this.#sessions.get(id);
    if (!session) return offset;
    session.controlledShutdownOffset ??= offset;
    return session.controlledShutdownOffset;
  }

  /** A fenced broker's shutdown begins anew if it comes back. */
  forgetShutdown(id: NodeId): void {
    const session = this.#sessions.get(id);
    if (session) session.controlledShutdownOffset = null;
  }
}
