-- One data file of a node's log directory. Made for people too: open it with `sqlite3 -readonly <file>` and begin with v_partitions.
-- The newest file of a retention class tells the truth about its partitions; older ones hold only batches and a stale copy of the rest.

-- One row: what this file is. `commits` grows by one with every transaction and is compared with the durable marker at start.
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  format_version INTEGER NOT NULL,
  file_no INTEGER NOT NULL,
  shard TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  commits INTEGER NOT NULL,
  next_partition_id INTEGER NOT NULL
) STRICT;

-- One row per log. Batches from tail_from on lie in this file; older ones where `segments` says. Generation: the highest one wins if two files know a log.
CREATE TABLE partitions (
  id INTEGER PRIMARY KEY,
  log_key TEXT NOT NULL UNIQUE,
  topic_name TEXT NOT NULL,
  topic_id TEXT NOT NULL,
  partition INTEGER NOT NULL,
  retention_class TEXT NOT NULL,
  generation INTEGER NOT NULL,
  log_start INTEGER NOT NULL,
  log_end INTEGER NOT NULL,
  high_watermark INTEGER NOT NULL,
  max_timestamp_ms INTEGER NOT NULL,
  tail_from INTEGER NOT NULL,
  tail_bytes INTEGER NOT NULL,
  tail_max_timestamp_ms INTEGER NOT NULL,
  -- Compaction: everything below this offset was compacted, in so many compactions that changed something.
  cleaned_to INTEGER NOT NULL DEFAULT 0,
  cleanings INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Where the older batches of a log lie: those with last_offset in [from_offset, until_offset) of that file are live, others are dead.
CREATE TABLE segments (
  partition_id INTEGER NOT NULL,
  from_offset INTEGER NOT NULL,
  until_offset INTEGER NOT NULL,
  file_no INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  max_timestamp_ms INTEGER NOT NULL,
  PRIMARY KEY (partition_id, from_offset)
) STRICT, WITHOUT ROWID;

-- Record batches byte for byte (Kafka's format v2), in the order in which they arrived. The blob stands last, so that nothing else needs its pages.
CREATE TABLE batches (
  id INTEGER PRIMARY KEY,
  partition_id INTEGER NOT NULL,
  base_offset INTEGER NOT NULL,
  last_offset INTEGER NOT NULL,
  leader_epoch INTEGER NOT NULL,
  max_timestamp_ms INTEGER NOT NULL,
  record_count INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

-- Serves reads from an offset; being covering, it also serves the search by timestamp and sums of sizes without touching a blob.
CREATE INDEX batches_by_offset ON batches (partition_id, base_offset, last_offset, max_timestamp_ms, size_bytes);

-- Which leader epoch began where (KIP-101).
CREATE TABLE leader_epochs (
  partition_id INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  start_offset INTEGER NOT NULL,
  PRIMARY KEY (partition_id, epoch)
) STRICT, WITHOUT ROWID;

-- What idempotent producers wrote last: `batches` is JSON, oldest first, [epoch, first sequence, last sequence, first offset, last offset, timestamp].
CREATE TABLE producers (
  partition_id INTEGER NOT NULL,
  producer_id INTEGER NOT NULL,
  producer_epoch INTEGER NOT NULL,
  last_seen_ms INTEGER,
  batches TEXT NOT NULL,
  PRIMARY KEY (partition_id, producer_id)
) STRICT, WITHOUT ROWID;

-- Only metadata.db fills the next two: this node's vote, and the newest snapshot of the cluster's metadata.
CREATE TABLE quorum_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  leader_epoch INTEGER NOT NULL,
  leader_id INTEGER NOT NULL,
  voted_id INTEGER NOT NULL,
  voted_directory_id TEXT NOT NULL
) STRICT;

CREATE TABLE snapshots (
  end_offset INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

CREATE VIEW v_partitions AS
  SELECT topic_name, partition, log_start, log_end, high_watermark, log_end - log_start AS records_at_most,
    tail_bytes + coalesce((SELECT sum(size_bytes) FROM segments WHERE partition_id = p.id), 0) AS size_bytes,
    CASE WHEN max_timestamp_ms < 0 THEN NULL ELSE datetime(max_timestamp_ms / 1000, 'unixepoch') END AS newest_record,
    retention_class, log_key
  FROM partitions AS p ORDER BY topic_name, partition;

CREATE VIEW v_batches AS
  SELECT p.topic_name, p.partition, b.base_offset, b.last_offset, b.leader_epoch, b.record_count, b.size_bytes,
    CASE WHEN b.max_timestamp_ms < 0 THEN NULL ELSE datetime(b.max_timestamp_ms / 1000, 'unixepoch') END AS newest_record, b.id AS batch_id
  FROM batches AS b JOIN partitions AS p ON p.id = b.partition_id ORDER BY b.id;

CREATE VIEW v_leader_epochs AS
  SELECT p.topic_name, p.partition, e.epoch, e.start_offset
  FROM leader_epochs AS e JOIN partitions AS p ON p.id = e.partition_id ORDER BY p.topic_name, p.partition, e.epoch;

CREATE VIEW v_producers AS
  SELECT p.topic_name, p.partition, r.producer_id, r.producer_epoch, r.batches
  FROM producers AS r JOIN partitions AS p ON p.id = r.partition_id ORDER BY p.topic_name, p.partition, r.producer_id;
