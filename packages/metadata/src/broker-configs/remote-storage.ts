/** Remote (tiered) storage, which is not available here. */
import type { ConfigDef } from "@vitrine/core";
import { LONG_MAX, flag, int, long, text } from "./notation.ts";

export const REMOTE_STORAGE: readonly ConfigDef[] = [
  flag("remote.log.storage.system.enable", false, "Whether older data may go to remote storage.", { idle: true }),
  text("remote.log.storage.manager.class.name", null, "Class that reads and writes remote storage.", { idle: true }),
  text("remote.log.storage.manager.class.path", null, "Where that class is found.", { idle: true }),
  text("remote.log.storage.manager.impl.prefix", "rsm.config.", "Beginning of the settings of that class.", {
    idle: true,
  }),
  text(
    "remote.log.metadata.manager.class.name",
    "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
    "Class that keeps the index of remote storage.",
    { idle: true },
  ),
  text("remote.log.metadata.manager.class.path", null, "Where that class is found.", { idle: true }),
  text("remote.log.metadata.manager.impl.prefix", "rlmm.config.", "Beginning of the settings of that class.", {
    idle: true,
  }),
  text("remote.log.metadata.manager.listener.name", null, "Listener that the index uses.", { idle: true }),
  int("remote.log.metadata.custom.metadata.max.bytes", 128, "Bytes that storage may add to an entry of the index.", {
    min: 0,
    idle: true,
  }),
  long(
    "remote.log.index.file.cache.total.size.bytes",
    1_073_741_824,
    "Space for indexes that were fetched, in bytes.",
    { min: 1, dynamic: true, idle: true },
  ),
  int("remote.log.manager.thread.pool.size", 2, "Threads of remote storage.", { min: 1, idle: true }),
  int("remote.log.manager.copier.thread.pool.size", 10, "Threads that copy to remote storage.", {
    min: 1,
    dynamic: true,
    idle: true,
  }),
  int("remote.log.manager.expiration.thread.pool.size", 10, "Threads that delete from remote storage.", {
    min: 1,
    dynamic: true,
    idle: true,
  }),
  int(
    "remote.log.manager.follower.thread.pool.size",
    2,
    "Threads that serve followers' questions about remote storage.",
    { min: 1, dynamic: true, idle: true },
  ),
  long("remote.log.manager.task.interval.ms", 30_000, "Time between rounds of copying and deleting, in milliseconds.", {
    min: 1,
    idle: true,
  }),
  long("remote.log.manager.copy.max.bytes.per.second", LONG_MAX, "Bytes per second that go to remote storage.", {
    min: 1,
    dynamic: true,
    idle: true,
  }),
  int("remote.log.manager.copy.quota.window.num", 11, "Windows over which copying is counted.", { min: 1, idle: true }),
  int("remote.log.manager.copy.quota.window.size.seconds", 1, "Length of a window of copying, in seconds.", {
    min: 1,
    idle: true,
  }),
  long("remote.log.manager.fetch.max.bytes.per.second", LONG_MAX, "Bytes per second that come from remote storage.", {
    min: 1,
    dynamic: true,
    idle: true,
  }),
  int("remote.log.manager.fetch.quota.window.num", 11, "Windows over which fetching is counted.", {
    min: 1,
    idle: true,
  }),
  int("remote.log.manager.fetch.quota.window.size.seconds", 1, "Length of a window of fetching, in seconds.", {
    min: 1,
    idle: true,
  }),
  int("remote.log.reader.threads", 10, "Threads that read remote storage.", { min: 1, dynamic: true, idle: true }),
  int("remote.log.reader.max.pending.tasks", 100, "Reads of remote storage that may wait.", { min: 1, idle: true }),
  int("remote.fetch.max.wait.ms", 500, "Longest wait of a fetch for remote storage, in milliseconds.", {
    min: 1,
    dynamic: true,
    idle: true,
  }),
  long(
    "remote.list.offsets.request.timeout.ms",
    30_000,
    "Longest wait of ListOffsets for remote storage, in milliseconds.",
    { min: 1, dynamic: true, idle: true },
  ),
];
