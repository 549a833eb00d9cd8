/** From a JSON file of settings by Kafka's names, with the environment on top, to what a node needs. Pure: reads neither files nor clocks. */
import type { HostPort, Roles } from "@vitrine/broker";
import type { PeerEndpoint } from "@vitrine/broker";

export interface NodeConfig {
  readonly nodeId: number;
  readonly clusterId: string;
  readonly roles: Roles;
  readonly voters: readonly PeerEndpoint[];
  /** What to bind. `client` and `http` are null where the node has no such face. */
  readonly listen: { readonly client: HostPort | null; readonly peer: HostPort; readonly http: HostPort | null };
  /** What to tell others; `listeners` unless `advertised.listeners` says otherwise. */
  readonly advertised: { readonly client: HostPort; readonly peer: HostPort; readonly http: HostPort | null };
  readonly rack: string | null;
  readonly dataDir: string;
  /** `vitrine.durability`: fsync before each acknowledgement, or `os`: left to the page cache, as Kafka has it. */
  readonly durability: "fsync" | "os";
  /** null: standard output. */
  readonly logFile: string | null;
  readonly logLevel: string;
  /** Text file with the secret, or a cluster.json. */
  readonly secretFile: string;
  /** Host names, beside loopback, under which the HTTP face may be called. */
  readonly allowedHosts: readonly string[];
  /** Everything by name, as the broker's own settings read it. */
  readonly properties: ReadonlyMap<string, string>;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: NodeConfig }
  | { readonly ok: false; readonly sentence: string };

/** Settings as text: JSON's numbers and booleans are taken too, because people write them. */
export function parseNodeConfig(
  json: string,
  env: Readonly<Record<string, string | undefined>>,
  path: string,
): ConfigResult {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    return refuse(`${path} is not valid JSON (${error instanceof Error ? error.message : String(error)}).`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return refuse(`${path} must hold one JSON object of settings.`);
  const properties = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value === "object") return refuse(`${path}: ${name} must be text, a number, true or false.`);
    properties.set(name, String(value));
  }
  for (const [name, value] of environmentSettings(env)) properties.set(name, value);
  return build(properties, path);
}

/** `VITRINE_SET_MIN_INSYNC_REPLICAS=2` is `min.insync.replicas=2`; as with Kafka's container images. */
export function environmentSettings(env: Readonly<Record<string, string | undefined>>): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !name.startsWith("VITRINE_SET_")) continue;
    settings.set(name.slice("VITRINE_SET_".length).toLowerCase().replaceAll("__", "-").replaceAll("_", "."), value);
  }
  return settings;
}

function build(properties: ReadonlyMap<string, string>, path: string): ConfigResult {
  const missing = [
    "cluster.id",
    "node.id",
    "process.roles",
    "controller.quorum.voters",
    "listeners",
    "log.dirs",
    "vitrine.cluster.secret.file",
  ].find((name) => !properties.has(name));
  if (missing !== undefined) return refuse(`${path}: ${missing} is missing.`);
  const text = (name: string) => properties.get(name) ?? "";
  const nodeId = Number(text("node.id"));
  if (!Number.isSafeInteger(nodeId) || nodeId < 0)
    return refuse(`${path}: node.id must be a whole number from 0, not ${text("node.id")}.`);
  const roles = parseRoles(text("process.roles"));
  if (!roles) return refuse(`${path}: process.roles must be broker, controller or both, not ${text("process.roles")}.`);
  const voters = parseVoters(text("controller.quorum.voters"));
  if (!voters)
    return refuse(
      `${path}: controller.quorum.voters must look like 1@host:port,2@host:port, not ${text("controller.quorum.voters")}.`,
    );
  if (roles.controller && !voters.some((voter) => voter.nodeId === nodeId)) {
    return refuse(`${path}: node ${nodeId} is a controller and does not stand in controller.quorum.voters.`);
  }
  const listen = parseListeners(text("listeners"));
  if (!listen?.peer)
    return refuse(
      `${path}: listeners must name PEER://host:port, and may name CLIENT and HTTP, not ${text("listeners")}.`,
    );
  if (roles.broker && !listen.client) return refuse(`${path}: a broker needs a CLIENT listener.`);
  const advertised = properties.has("advertised.listeners") ? parseListeners(text("advertised.listeners")) : listen;
  if (!advertised) return refuse(`${path}: advertised.listeners cannot be read: ${text("advertised.listeners")}.`);
  if (text("log.dirs").includes(","))
    return refuse(`${path}: log.dirs names several directories; Vitrine keeps a node's data in one.`);
  const durability = properties.get("vitrine.durability") ?? "fsync";
  if (durability !== "fsync" && durability !== "os")
    return refuse(`${path}: vitrine.durability must be fsync or os, not ${durability}.`);
  const peer = advertised.peer ?? listen.peer;
  const client = advertised.client ?? listen.client;
  return {
    ok: true,
    config: {
      nodeId,
      clusterId: text("cluster.id"),
      roles,
      voters,
      listen: {
        client: roles.broker ? listen.client : null,
        peer: listen.peer,
        http: roles.broker ? listen.http : null,
      },
      advertised: { client: client ?? peer, peer, http: roles.broker ? (advertised.http ?? listen.http) : null },
      rack: properties.get("broker.rack") ?? null,
      dataDir: text("log.dirs"),
      durability,
      logFile: properties.get("vitrine.log.file") ?? null,
      logLevel: properties.get("vitrine.log.level") ?? "info",
      secretFile: text("vitrine.cluster.secret.file"),
      allowedHosts: (properties.get("vitrine.http.allowed.hosts") ?? "").split(",").filter((host) => host !== ""),
      properties,
    },
  };
}

function parseRoles(text: string): Roles | null {
  const roles = text.split(",").map((role) => role.trim());
  if (roles.some((role) => role !== "broker" && role !== "controller")) return null;
  return { broker: roles.includes("broker"), controller: roles.includes("controller") };
}

/** `1@127.0.0.1:9192,2@[::1]:9193` */
export function parseVoters(text: string): PeerEndpoint[] | null {
  const voters: PeerEndpoint[] = [];
  for (const item of text.split(",")) {
    const at = item.indexOf("@");
    const address = parseHostPort(item.slice(at + 1));
    const nodeId = Number(item.slice(0, at));
    if (at < 1 || !address || !Number.isSafeInteger(nodeId) || nodeId < 0) return null;
    if (voters.some((voter) => voter.nodeId === nodeId)) return null;
    voters.push({ nodeId, ...address });
  }
  return voters;
}

interface Listeners {
  readonly client: HostPort | null;
  readonly peer: HostPort | null;
  readonly http: HostPort | null;
}

/** `CLIENT://127.0.0.1:9092,PEER://127.0.0.1:9192,HTTP://127.0.0.1:8092` */
function parseListeners(text: string): Listeners | null {
  const found = new Map<string, HostPort>();
  for (const item of text.split(",")) {
    const [name, rest] = item.trim().split("://");
    const address = parseHostPort(rest ?? "");
    if (!name || !address || !["CLIENT", "PEER", "HTTP"].includes(name) || found.has(name)) return null;
    found.set(name, address);
  }
  return { client: found.get("CLIENT") ?? null, peer: found.get("PEER") ?? null, http: found.get("HTTP") ?? null };
}

function parseHostPort(text: string): HostPort | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text.trim());
  if (!match) return null;
  const port = Number(match[3]);
  return port <= 65_535 ? { host: match[1] ?? match[2]!, port } : null;
}

/** The secret out of its file's text: a cluster.json, or the bare secret. */
export function secretFrom(text: string): string | null {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{")) return trimmed === "" ? null : trimmed;
  try {
    const parsed: unknown = JSON.parse(trimmed);
    const secret: unknown = typeof parsed === "object" && parsed !== null ? Reflect.get(parsed, "secret") : null;
    return typeof secret === "string" && secret !== "" ? secret : null;
  } catch {
    return null;
  }
}

function refuse(sentence: string): ConfigResult {
  return { ok: false, sentence };
}
