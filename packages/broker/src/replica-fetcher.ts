/** Sends what the fetch plans want, and gives them the answers: the follower's half of replication. */
import { verifyBatchCrc } from "@vitrine/protocol";
import { ApiKey, type FetchResponse } from "@vitrine/protocol/types";
import { REPLICA_FETCH_VERSION, toFetchRequest, toPlannedAnswer, type PlannedFetch } from "@vitrine/replication";
import type { Partitions } from "./partitions.ts";
import type { Runtime } from "./runtime.ts";

export class ReplicaFetcher {
  readonly #runtime: Runtime;
  readonly #partitions: Partitions;
  readonly #brokerEpoch: () => number;

  constructor(runtime: Runtime, partitions: Partitions, brokerEpoch: () => number) {
    this.#runtime = runtime;
    this.#partitions = partitions;
    this.#brokerEpoch = brokerEpoch;
  }

  /** Sends every fetch whose time has come. Waits while the disk is behind: fetched batches would only pile up (T12). */
  poll(): void {
    const { store, nowMs } = this.#runtime;
    if (this.#brokerEpoch() < 0) return;
    if (store.health.uncommittedBytes >= store.health.uncommittedBytesMax) return;
    for (const planned of this.#partitions.plans.next(nowMs)) this.#send(planned);
  }

  #send(planned: PlannedFetch): void {
    const { config, network, settings, store } = this.#runtime;
    const identity = { replicaId: config.nodeId, brokerEpoch: this.#brokerEpoch(), directoryId: store.directoryId };
    const request = {
      apiKey: ApiKey.Fetch,
      apiVersion: REPLICA_FETCH_VERSION,
      clientId: `replica-${config.nodeId}`,
      body: toFetchRequest(planned, identity),
    };
    const lane = planned.maxWaitMs > 0 ? "poll" : "replication";
    const timeoutMs = Math.min(settings.peerRequestTimeoutMs, settings.sessionTimeoutMs) + planned.maxWaitMs;
    const { leader, requestId } = planned;
    network.request(leader, lane, request, timeoutMs, (result) => {
      this.#runtime.enqueue(() => {
        const { plans } = this.#partitions;
        if (!result.ok) plans.onFailure({ leader, requestId }, this.#runtime.nowMs);
        else
          plans.onAnswer(
            { leader, requestId },
            toPlannedAnswer(result.body as FetchResponse),
            verifyBatchCrc,
            this.#runtime.nowMs,
          );
      });
    });
  }
}
