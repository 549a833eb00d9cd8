import {
  isBelowMinIsr,
  isOffline,
  isUnderReplicated,
  type LiveTables,
  partitionColumns,
  partitionKey,
  type Row,
  topicColumns,
} from "@vitrine/api";
import type { TopicInfo } from "@vitrine/engine";
import type { TopicGroups } from "./group-rows.ts";

/** Rows of the table `topics`, and the `info` of `topic:NAME`: sums over the partition rows. */
export class TopicRows {
  readonly #tables: LiveTables;
  readonly #minIsrOf: (topic: TopicInfo) => number;
  #version = 0;

  readonly #groupsOf: (topic: string) => TopicGroups;

  constructor(
    tables: LiveTables,
    minIsrOf: (topic: TopicInfo) => number,
    groupsOf: (topic: string) => TopicGroups = () => NO_GROUPS,
  ) {
    this.#tables = tables;
    this.#minIsrOf = minIsrOf;
    this.#groupsOf = groupsOf;
  }

  /** Makes the rows of these topics again; those that are gone lose theirs. */
  update(names: Iterable<string>, topics: ReadonlyMap<string, TopicInfo>): void {
    for (const name of names) {
      const topic = topics.get(name);
      if (topic === undefined) {
        this.#tables.remove("topics", name);
        this.#tables.removeInfo(`topic:${name}`);
      } else {
        this.#tables.set("topics", name, this.#row(topic));
        this.#tables.setInfo(`topic:${name}`, this.#info(topic));
      }
    }
  }

  /** Makes the rows of topics with a partition that changed since the last call. */
  refresh(topics: ReadonlyMap<string, TopicInfo>): void {
    const changes = this.#tables.changesSince("partitions", this.#version);
    this.#version = this.#tables.version;
    const rows = changes === "lost" ? this.#tables.snapshot("partitions") : changes.rows;
    for (const name of new Set(rows.map((row) => partitionColumns.get(row, "topic")))) {
      const topic = topics.get(name);
      if (topic !== undefined) this.#tables.set("topics", name, this.#row(topic));
    }
  }

  #row(topic: TopicInfo): Row {
    const rows: Row[] = [];
    for (const partition of topic.partitions) {
      const row = this.#tables.get("partitions", partitionKey(topic.name, partition.partition));
      if (row !== undefined) rows.push(row);
    }
    const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
    const groups = this.#groupsOf(topic.name);
    const count = (is: (row: Row) => boolean) => sum((row) => (is(row) ? 1 : 0));
    return topicColumns.row({
      name: topic.name,
      topic_id: topic.topicId,
      partitions: topic.partitions.length,
      rf: topic.partitions[0]?.replicas.length ?? 0,
      urp: count(isUnderReplicated),
      offline: count(isOffline),
      below_min_isr: count(isBelowMinIsr),
      min_isr: this.#minIsrOf(topic),
      in_msgs: sum((row) => partitionColumns.get(row, "in_msgs")),
      in_bytes: sum((row) => partitionColumns.get(row, "in_bytes")),
      size: sum((row) => partitionColumns.get(row, "size")),
      records: sum((row) => partitionColumns.get(row, "hw") - partitionColumns.get(row, "log_start")),
      retention_ms: numberOf(topic, "retention.ms"),
      retention_bytes: numberOf(topic, "retention.bytes"),
      cleanup: topic.config.get("cleanup.policy") ?? "delete",
      internal: topic.internal,
      groups: groups.groups,
      group_lag: groups.lag,
    });
  }

  #info(topic: TopicInfo) {
    return {
      topic: topic.name,
      topic_id: topic.topicId,
      internal: topic.internal,
      min_isr: this.#minIsrOf(topic),
      replicas: Object.fromEntries(topic.partitions.map((partition) => [partition.partition, partition.replicas])),
    };
  }
}

const NO_GROUPS: TopicGroups = { groups: 0, lag: null };

function numberOf(topic: TopicInfo, key: string): number | null {
  const text = topic.config.get(key);
  return text === undefined ? null : Number(text);
}
