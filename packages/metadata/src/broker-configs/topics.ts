/** Topics that are made without saying more, and the defaults of topic settings. */
import type { ConfigDef } from "@vitrine/core";
import { flag, int, text } from "./notation.ts";

export const TOPICS: readonly ConfigDef[] = [
  flag("auto.create.topics.enable", true, "Whether asking for a topic that does not exist creates it."),
  flag("delete.topic.enable", true, "Whether topics can be deleted."),
  int("num.partitions", 1, "Partitions of a topic that is created without a number.", { min: 1 }),
  int("default.replication.factor", 1, "Replicas of a topic that is created without a number.", { min: 1 }),
  int("min.insync.replicas", 1, "Default of the topic setting of the same name.", { min: 1, dynamic: true }),
  flag("unclean.leader.election.enable", false, "Default of the topic setting of the same name.", { dynamic: true }),
  int("message.max.bytes", 1_048_588, "Default of max.message.bytes.", { min: 0, dynamic: true }),
  text("compression.type", "producer", "Default of the topic setting of the same name.", {
    oneOf: ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"],
    dynamic: true,
  }),
  int("compression.gzip.level", -1, "Default of the topic setting of the same name.", {
    min: -1,
    max: 9,
    dynamic: true,
  }),
  int("compression.lz4.level", 9, "Default of the topic setting of the same name.", { min: 1, max: 17, dynamic: true }),
  int("compression.zstd.level", 3, "Default of the topic setting of the same name.", {
    min: -131_072,
    max: 22,
    dynamic: true,
  }),
];
