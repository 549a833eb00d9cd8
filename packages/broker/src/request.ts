/** The shape of a handler: a decoded request in, one reply out, now or later, never awaited. */
import type { MetadataImage, ScramKeys } from "@vitrine/metadata";
import type { FetchSessions } from "@vitrine/replication";
import type { ControllerChannel } from "./controller-channel.ts";
import type { Groups } from "./groups/groups.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Partitions } from "./partitions.ts";
import type { ApiRequest, RequestContext } from "./ports.ts";
import type { ProducerIds } from "./producer-ids.ts";
import type { Purgatory } from "./purgatory.ts";
import type { Quorum } from "./quorum.ts";
import type { ClientQuotas } from "./quotas/client-quotas.ts";
import type { Runtime } from "./runtime.ts";
import type { Traffic } from "./traffic.ts";

/**
 * null: no response goes out (acks=0). "close": the connection must end, because no honest answer exists. `muteMs`: how long the connection is
 * not listened to after the answer, because a quota is used up.
 */
export type Reply = (body: object | null | "close", muteMs?: number) => void;

/** The parts of a broker that handlers use. */
export interface BrokerParts {
  readonly runtime: Runtime;
  readonly quorum: Quorum;
  readonly channel: ControllerChannel;
  readonly partitions: Partitions;
  readonly purgatory: Purgatory;
  readonly sessions: FetchSessions;
  readonly lifecycle: Lifecycle | null;
  /** null on nodes that are no brokers. */
  readonly producerIds: ProducerIds | null;
  readonly groups: Groups;
  readonly traffic: Traffic;
  readonly quotas: ClientQuotas;
  /** null: this node has no hash functions, and takes no new SCRAM credentials. */
  readonly scramKeys: ScramKeys | null;
  image(): MetadataImage;
}

export type Handler = (parts: BrokerParts, request: ApiRequest, from: RequestContext, reply: Reply) => void;
