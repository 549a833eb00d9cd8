/** From a cluster file, ports and options to the configuration of every process, in Kafka's words. Pure. */
import { join } from "node:path";
import type { ClusterFile } from "./cluster-file.ts";
import type { ClusterPorts } from "./ports.ts";

export type NodeKind = "broker" | "controller";

/** One process that the supervisor runs, except the gateway. */
export interface NodeSpec {
  readonly kind: NodeKind;
  readonly id: number;
  readonly roles: readonly NodeKind[];
  /** Its own directory below the data directory. */
  readonly dir: string;
  readonly host: string;
  /** null: the node has no such listener. */
  readonly ports: { readonly kafka: number | null; readonly peer: number; readonly http: number | null };
  /** What `broker.json` says. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface GatewaySpec {
  readonly host: string;
  readonly port: number;
  readonly clusterId: string;
  /** The quorum, whose log the gateway follows. */
  readonly voters: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  /** Every node that the configuration knows; controllers of their own are known by it alone. */
  readonly nodes: readonly {
    readonly id: number;
    readonly roles: readonly NodeKind[];
    readonly host: string;
    readonly peerPort: number;
  }[];
  /** Default of `min.insync.replicas` for topics that do not set it. */
  readonly minInsyncReplicas: number;
}

export interface Layout {
  readonly clusterId: string;
  readonly nodes: readonly NodeSpec[];
  readonly gateway: GatewaySpec;
}

export interface LayoutRequest {
  readonly cluster: ClusterFile;
  readonly ports: ClusterPorts;
  readonly dataDir: string;
  readonly host: string;
  /** Each broker's rack is this and its id. null: no racks. */
  readonly rackPrefix: string | null;
}

export function planLayout(request: LayoutRequest): Layout {
  const { cluster, ports, host } = request;
  const quorum = cluster.voters.map((nodeId) => ({
    nodeId,
    host: reachable(host),
    port: peerPortOf(cluster, ports, nodeId),
  }));
  const voters = quorum.map((voter) => `${voter.nodeId}@${hostPort(voter.host, voter.port)}`).join(",");
  const brokers = cluster.brokers.map((id, at) => brokerSpec(request, voters, id, at));
  const controllers = cluster.controllers.map((id, at) => controllerSpec(request, voters, id, ports.controllers[at]!));
  const nodes = [...controllers, ...brokers];
  return {
    clusterId: cluster.clusterId,
    nodes,
    gateway: {
      host,
      port: ports.gateway,
      clusterId: cluster.clusterId,
      voters: quorum,
      nodes: nodes.map((node) => ({
        id: node.id,
        roles: node.roles,
        host: reachable(host),
        peerPort: node.ports.peer,
      })),
      minInsyncReplicas: Number(upProfile(cluster.brokers.length)["min.insync.replicas"]),
    },
  };
}

/** DESIGN 10.1: what `vitrine up` sets apart from Kafka's defaults. */
export function upProfile(brokerCount: number): Record<string, string> {
  return {
    "default.replication.factor": String(Math.min(3, brokerCount)),
    "min.insync.replicas": brokerCount >= 3 ? "2" : "1",
    "broker.heartbeat.interval.ms": "250",
    "broker.session.timeout.ms": "3000",
  };
}

function brokerSpec(request: LayoutRequest, voters: string, id: number, index: number): NodeSpec {
  const { cluster, host } = request;
  const { kafka, peer, http } = request.ports.brokers[index]!;
  const roles: NodeKind[] = cluster.voters.includes(id) ? ["broker", "controller"] : ["broker"];
  const dir = join(request.dataDir, `broker-${id}`);
  const at = (address: string) =>
    `CLIENT://${hostPort(address, kafka)},PEER://${hostPort(address, peer)},HTTP://${hostPort(address, http)}`;
  const properties = {
    ...commonProperties(request, { voters, id, roles, dir, listeners: at(host), advertised: at(reachable(host)) }),
    ...(request.rackPrefix === null ? {} : { "broker.rack": `${request.rackPrefix}${id}` }),
  };
  return { kind: "broker", id, roles, dir, host, ports: { kafka, peer, http }, properties };
}

function controllerSpec(request: LayoutRequest, voters: string, id: number, peer: number): NodeSpec {
  const { host } = request;
  const dir = join(request.dataDir, `controller-${id}`);
  const roles: NodeKind[] = ["controller"];
  const at = (address: string) => `PEER://${hostPort(address, peer)}`;
  const properties = commonProperties(request, {
    voters,
    id,
    roles,
    dir,
    listeners: at(host),
    advertised: at(reachable(host)),
  });
  return { kind: "controller", id, roles, dir, host, ports: { kafka: null, peer, http: null }, properties };
}

function commonProperties(
  request: LayoutRequest,
  node: { voters: string; id: number; roles: readonly NodeKind[]; dir: string; listeners: string; advertised: string },
): Record<string, string> {
  return {
    "cluster.id": request.cluster.clusterId,
    "node.id": String(node.id),
    "process.roles": node.roles.join(","),
    "controller.quorum.voters": node.voters,
    listeners: node.listeners,
    "advertised.listeners": node.advertised,
    "log.dirs": node.dir,
    "vitrine.log.file": join(
      request.dataDir,
      "logs",
      `${node.roles.includes("broker") ? "broker" : "controller"}-${node.id}.log`,
    ),
    "vitrine.cluster.secret.file": join(request.dataDir, "cluster.json"),
    ...upProfile(request.cluster.brokers.length),
  };
}

function peerPortOf(cluster: ClusterFile, ports: ClusterPorts, id: number): number {
  const broker = cluster.brokers.indexOf(id);
  return broker !== -1 ? ports.brokers[broker]!.peer : ports.controllers[cluster.controllers.indexOf(id)]!;
}

/** An address to tell others for a listener that takes every one. All processes of `vitrine up` are on one machine. */
export function reachable(host: string): string {
  return host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
}

/** IPv6 addresses in brackets. */
export function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
