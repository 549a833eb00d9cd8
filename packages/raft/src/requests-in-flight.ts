import type { NodeId } from "@vitrine/core";
import type { RaftRequest } from "./messages.ts";

/** A request that waits for its answer. */
export interface InFlight {
  readonly requestId: number;
  readonly to: NodeId;
  readonly type: RaftRequest["type"];
  /** Epoch of the sender when it was sent. */
  readonly epoch: number;
}

/**
 * At most one request per node and type waits; a newer one replaces it. An answer counts only if it is the one that is waited for:
 * late and duplicated ones are nothing (reliability 3.4: without this, a stale diverging answer truncates below the high watermark).
 */
export class RequestsInFlight {
  readonly #byId = new Map<number, InFlight>();
  #lastId = 0;

  open(to: NodeId, type: RaftRequest["type"], epoch: number): number {
    for (const [id, request] of this.#byId) if (request.to === to && request.type === type) this.#byId.delete(id);
    const requestId = ++this.#lastId;
    this.#byId.set(requestId, { requestId, to, type, epoch });
    return requestId;
  }

  /** Takes the request out if this answers it. */
  close(requestId: number, from: NodeId, type: RaftRequest["type"]): InFlight | null {
    const request = this.#byId.get(requestId);
    if (!request || request.to !== from || request.type !== type) return null;
    this.#byId.delete(requestId);
    return request;
  }

  /** Takes out a request that failed. */
  fail(requestId: number, to: NodeId): InFlight | null {
    const request = this.#byId.get(requestId);
    if (!request || request.to !== to) return null;
    this.#byId.delete(requestId);
    return request;
  }

  has(to: NodeId, type: RaftRequest["type"]): boolean {
    for (const request of this.#byId.values()) if (request.to === to && request.type === type) return true;
    return false;
  }

  hasType(type: RaftRequest["type"]): boolean {
    for (const request of this.#byId.values()) if (request.type === type) return true;
    return false;
  }

  clear(): void {
    this.#byId.clear();
  }
}
