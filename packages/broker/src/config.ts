import type { NodeId, Uuid } from "@vitrine/core";
import type { PeerEndpoint } from "./ports.ts";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What this process is in the cluster (`process.roles`). With both false it is an observer: it follows the metadata log and nothing more. */
export interface Roles {
  readonly broker: boolean;
  readonly controller: boolean;
}

export interface BrokerConfig {
  /** `node.id`. An observer takes an id that no node has. */
  readonly nodeId: NodeId;
  readonly clusterId: string;
  readonly roles: Roles;
  /** `controller.quorum.voters`: every controller with its peer listener. */
  readonly voters: readonly PeerEndpoint[];
  /** Addresses told to others. Required of a broker. */
  readonly advertised: { readonly client: HostPort; readonly peer: HostPort; readonly http: HostPort | null };
  /** `broker.rack`. */
  readonly rack: string | null;
  /** New at every start: tells the controller one life of this process from the next. */
  readonly incarnationId: Uuid;
  /** Static settings by Kafka's names; what is absent has Kafka's default. */
  readonly properties: ReadonlyMap<string, string>;
}
