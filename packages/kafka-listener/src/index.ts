/** Kafka's protocol on TCP: the listeners of a broker, its connections to peers, and a small client for tests and tools. */
export { ClientConnection, type ClientOptions } from "./client-connection.ts";
export type { ConnectedClient } from "./connected-client.ts";
export { listen, type Listener, type ListenerOptions } from "./listener.ts";
export { TcpPeerNetwork, type PeerNetworkOptions } from "./peer-network.ts";
export type { ChannelAuth } from "./request-channel.ts";
export { DEFAULT_LIMITS, type ListenerLimits, type ReplyBody, type RequestHandler } from "./types.ts";
export { scramKeys } from "./scram-keys.ts";
