import {
  type LiveTables,
  partitionColumns,
  partitionKey,
  partitionOfGroup,
  producerColumns,
  type ProducerFields,
  type Row,
  type TableChanges,
  type TableName,
  type ViewSpec,
} from "@vitrine/api";
import type { NodeId } from "@vitrine/core";

export interface ViewContent {
  readonly rows: readonly Row[];
  /** undefined: the view has none. */
  readonly info: unknown;
}

export interface ViewChange {
  readonly rows: readonly Row[];
  readonly gone: readonly string[];
  /** undefined: it did not change. */
  readonly info: unknown;
}

/** Reads one view out of the tables: whole, or what changed since a version. */
export interface ViewQuery {
  snapshot(): ViewContent;
  /** "lost": too long ago, take a snapshot. null: nothing changed. */
  changesSince(version: number): ViewChange | "lost" | null;
}

interface Source {
  readonly table: TableName;
  readonly row?: (row: Row, key: string) => boolean;
  readonly gone?: (key: string) => boolean;
  /** Row and key as the view shows them. */
  readonly show?: (row: Row) => Row;
  readonly showKey?: (key: string) => string;
}

/** The query of a view. `selfId` is the broker that this process is, for its `node` view. */
export function viewQuery(tables: LiveTables, view: ViewSpec, selfId: NodeId | null): ViewQuery {
  const sources = sourcesOf(view, selfId);
  const info = infoQuery(tables, view);
  return {
    snapshot: () => ({ rows: sources.flatMap((source) => snapshotOf(tables, source)), info: info.read() }),
    changesSince(version) {
      const rows: Row[] = [];
      const gone: string[] = [];
      for (const source of sources) {
        const changes = changesOf(tables, source, version);
        if (changes === "lost") return "lost";
        rows.push(...changes.rows);
        gone.push(...changes.gone);
      }
      const infoChanged = info.changedSince(version);
      if (rows.length === 0 && gone.length === 0 && !infoChanged) return null;
      return { rows, gone, info: infoChanged ? info.read() : undefined };
    },
  };
}

function snapshotOf(tables: LiveTables, source: Source): readonly Row[] {
  const rows = tables.snapshot(source.table, source.row);
  return source.show === undefined ? rows : rows.map(source.show);
}

function changesOf(tables: LiveTables, source: Source, version: number): TableChanges {
  const filter = {
    row: source.row ?? (() => true),
    gone: source.gone ?? (() => true),
  };
  const changes = tables.changesSince(source.table, version, filter);
  if (changes === "lost" || (source.show === undefined && source.showKey === undefined)) return changes;
  return {
    rows: source.show === undefined ? changes.rows : changes.rows.map(source.show),
    gone: source.showKey === undefined ? changes.gone : changes.gone.map(source.showKey),
  };
}

interface InfoQuery {
  /** undefined: the view has none. */
  readonly read: () => unknown;
  readonly changedSince: (version: number) => boolean;
}

function infoQuery(tables: LiveTables, view: ViewSpec): InfoQuery {
  const name = infoOf(view);
  if (name === null) return { read: () => undefined, changedSince: () => false };
  const read = () => tables.info(name).value;
  const changedSince = (version: number) => tables.info(name).version > version;
  if (view.kind !== "partition") return { read, changedSince };
  const producers = producersOf(tables, view);
  return {
    read: () => {
      const topic = read();
      return typeof topic === "object" && topic !== null ? { ...topic, producers: producers.read() } : topic;
    },
    changedSince: (version) => changedSince(version) || producers.changedSince(version),
  };
}

/** The producers of one partition, the newest batch first. */
function producersOf(
  tables: LiveTables,
  view: { readonly topic: string; readonly partition: number },
): { read(): ProducerFields[]; changedSince(version: number): boolean } {
  const prefix = `${partitionKey(view.topic, view.partition)}/`;
  const ofPartition = (key: string) => key.startsWith(prefix);
  const filter = { row: (_row: Row, key: string) => ofPartition(key), gone: ofPartition };
  return {
    read: () =>
      tables
        .snapshot("producers", filter.row)
        .map((row) => producerColumns.fields(row))
        .toSorted((a, b) => b.last_offset - a.last_offset),
    changedSince(version) {
      if (tables.tableVersion("producers") <= version) return false;
      const changes = tables.changesSince("producers", version, filter);
      return changes === "lost" || changes.rows.length > 0 || changes.gone.length > 0;
    },
  };
}

function infoOf(view: ViewSpec): string | null {
  switch (view.kind) {
    case "cluster":
    case "quorum":
    case "events":
      return "cluster";
    case "topic":
    case "partition":
      return `topic:${view.topic}`;
    case "group":
      return `group:${view.group}`;
    case "clients":
    // What a broker leaves out of its connections, for the gateway's sum.
    case "node":
      return "clients";
    default:
      return null;
  }
}

function sourcesOf(view: ViewSpec, selfId: NodeId | null): readonly Source[] {
  switch (view.kind) {
    case "clusters":
      return [{ table: "clusters" }];
    case "cluster":
      return [{ table: "nodes" }];
    case "metrics":
      return [{ table: "metrics" }];
    case "events":
      return [];
    case "topics":
      return [{ table: "topics" }];
    case "quorum":
      return [{ table: "quorum" }];
    case "groups":
      return [{ table: "groups" }];
    case "group":
      return [groupSource(view.group)];
    case "clients":
      return [{ table: "clients" }];
    case "all-topics":
      return [{ table: "partitions" }];
    case "topic":
      return [topicSource(view.topic, () => true)];
    case "partition":
      return [topicSource(view.topic, (partition) => partition === view.partition)];
    case "node":
      return selfId === null ? [] : nodeSources(selfId);
  }
}

/** One topic's partitions; the topic's name, last in the row, is left out. */
function topicSource(topic: string, wanted: (partition: number) => boolean): Source {
  return {
    table: "partitions",
    row: (row) => partitionColumns.get(row, "topic") === topic && wanted(partitionColumns.get(row, "p")),
    gone: (key) => {
      const slash = key.lastIndexOf("/");
      return key.slice(0, slash) === topic && wanted(Number(key.slice(slash + 1)));
    },
    show: (row) => row.slice(0, -1),
    showKey: (key) => key.slice(key.lastIndexOf("/") + 1),
  };
}

/** One group's partitions; their keys hold the group's id after the partition. */
function groupSource(group: string): Source {
  return {
    table: "group_partitions",
    row: (_row, key) => partitionOfGroup(key, group) !== null,
    gone: (key) => partitionOfGroup(key, group) !== null,
    showKey: (key) => partitionOfGroup(key, group) ?? key,
  };
}

/**
 * What this broker knows by itself: its own row, the partitions whose positions it reports, its part of the quorum. A partition that it leads
 * no more is not told as gone: the reader takes positions by leader epoch anyway.
 */
function nodeSources(selfId: NodeId): readonly Source[] {
  const own = String(selfId);
  return [
    nodeSource(
      "nodes",
      (row) => row[0] === selfId,
      (key) => key === own,
    ),
    nodeSource(
      "partitions",
      (row) => partitionColumns.get(row, "leader") === selfId,
      () => true,
    ),
    ...OWN_TABLES.map((table) =>
      nodeSource(
        table,
        () => true,
        () => true,
      ),
    ),
  ];
}

/** Tables of a broker that hold nothing but what it knows by itself. */
const OWN_TABLES: readonly TableName[] = ["quorum", "coordinators", "coordinated", "commits", "clients", "producers"];

function nodeSource(table: TableName, row: (row: Row) => boolean, gone: (key: string) => boolean): Source {
  return { table, row, gone, show: (shown) => [table, ...shown], showKey: (key) => `${table}/${key}` };
}
