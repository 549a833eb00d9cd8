import { isGone, LiveTables, type LiveEvent, type ProcessRow, type ViewSpec } from "@vitrine/api";
import type { NodeId } from "@vitrine/core";
import type { Engine, TopicInfo } from "@vitrine/engine";
import { ClusterSummary } from "./cluster-summary.ts";
import { EventRing } from "./event-ring.ts";
import { GroupBoard } from "./group-board.ts";
import { GroupEnds } from "./group-ends.ts";
import { GroupRows } from "./group-rows.ts";
import { MetadataRows } from "./metadata-rows.ts";
import { type KnownNode, NodeBoard } from "./node-board.ts";
import { PartitionBoard } from "./partition-board.ts";
import { ProcessStates } from "./process-states.ts";
import { QuorumBoard } from "./quorum-board.ts";
import { QuorumWatch } from "./quorum-watch.ts";
import type { LiveSource } from "./source.ts";
import { TopicRows } from "./topic-rows.ts";

export interface LiveClusterOptions {
  readonly engine: Engine;
  /** Version of Vitrine. */
  readonly version: string;
  /** Letters a-z and digits that differ at every start, for event cursors. */
  readonly run: string;
  /** min.insync.replicas in force for a topic. Default: its own setting, else 1. */
  readonly minIsrOf?: (topic: TopicInfo) => number;
  /** Nodes of the configuration; controllers of their own are known by it alone. */
  readonly nodes?: readonly KnownNode[];
  /** Voters of the metadata quorum. Default: the nodes with the role controller, by configuration or by process control. */
  readonly voters?: () => readonly NodeId[];
  /** Whether processes can be controlled through this node. */
  readonly processControl?: boolean;
  /** Wall clock; tests pass their own. */
  readonly nowMs?: () => number;
}

/** Something that brings positions: a broker's own, or the brokers' node views in the gateway. */
export interface PositionFeed {
  /** Puts what changed on the boards; called before rows are read. */
  refresh(nowMs: number): void;
  /** Once a second: rates, node reports. */
  second(nowMs: number): void;
  ages?(): ReadonlyMap<NodeId, number>;
}

/**
 * The live state of the cluster as this process knows it: boards that put rows together, the ring of events, and the sums made of them.
 * Metadata and events come from this process's engine at once; positions from a feed; states of processes from whoever owns them.
 */
export class LiveCluster implements LiveSource {
  readonly tables = new LiveTables();
  readonly events: EventRing;
  readonly partitions = new PartitionBoard(this.tables);
  readonly nodes = new NodeBoard(this.tables);
  readonly quorum = new QuorumBoard(this.tables);
  readonly groups = new GroupBoard();
  readonly selfId: NodeId | null;
  readonly #engine: Engine;
  readonly #metadata: MetadataRows;
  readonly #topicRows: TopicRows;
  readonly #groupRows: GroupRows;
  readonly #summary: ClusterSummary;
  readonly #processes = new ProcessStates();
  readonly #quorumWatch = new QuorumWatch();
  readonly #nowMs: () => number;
  readonly #listeners = new Set<() => void>();
  #feed: PositionFeed | null = null;
  #summaryDirty = true;
  #caughtUp = false;
  #stop: (() => void) | null = null;

  constructor(options: LiveClusterOptions) {
    const { engine } = options;
    this.#engine = engine;
    this.#nowMs = options.nowMs ?? Date.now;
    this.selfId = engine.selfId;
    this.events = new EventRing({ run: options.run, position: engine.metadataPosition() });
    const { partitions, nodes, tables } = this;
    const minIsrOf = options.minIsrOf ?? minIsrOfTopic;
    const voters = options.voters ?? (() => nodes.controllers());
    const hasQuorum = (nowMs: number) =>
      this.#quorumWatch.judge(
        nowMs,
        engine.hasQuorum(),
        voters().map((id) => nodes.stateOf(id)),
      );
    this.#metadata = new MetadataRows({ engine, partitions, nodes, minIsrOf, hasQuorum });
    this.#groupRows = new GroupRows({
      tables,
      board: this.groups,
      ends: new GroupEnds(engine, tables),
      coordinatorOf: (partition, told) => this.#coordinatorOf(partition, told),
      leaderOf: (topic, partition) => engine.topic(topic)?.partitions[partition]?.leader ?? -1,
    });
    this.#topicRows = new TopicRows(tables, minIsrOf, (topic) => this.#groupRows.topicGroups(topic));
    this.#summary = new ClusterSummary({ ...options, tables, nodes, voters, hasQuorum });
    for (const node of options.nodes ?? []) this.nodes.setKnown(node, this.#nowMs());
    this.applyMetadata();
  }

  get clusterId(): string {
    return this.#engine.clusterId;
  }

  setFeed(feed: PositionFeed): void {
    this.#feed = feed;
  }

  /** Follows the engine and the clock until `stop`. */
  start(): void {
    if (this.#stop !== null) return;
    const stopEngine = this.#engine.onMetadata(() => this.applyMetadata());
    const timer = setInterval(() => this.second(), 1_000);
    timer.unref();
    this.#stop = () => {
      stopEngine();
      clearInterval(timer);
    };
  }

  stop(): void {
    this.#stop?.();
    this.#stop = null;
  }

  /** Takes over what the engine says now; events of it go out at once. */
  applyMetadata(): void {
    const nowMs = this.#nowMs();
    const wasCaughtUp = this.#caughtUp;
    const { events, topics } = this.#metadata.sync(nowMs);
    // What is read of the log at the start happened long ago: it makes rows, not news. A controller that is heard ends the loading.
    this.#caughtUp ||= this.#engine.controllerId() >= 0;
    this.nodes.setController(this.#engine.controllerId(), nowMs);
    this.#topicRows.update(topics, this.#metadata.topics);
    this.#summaryDirty = true;
    if (!wasCaughtUp) this.events.restartAt(this.#engine.metadataPosition());
    else {
      this.events.advance(this.#engine.metadataPosition());
      this.#push(events, nowMs);
    }
  }

  /** Takes the rows of process control; changes of state become events. */
  applyProcesses(rows: readonly ProcessRow[]): void {
    const nowMs = this.#nowMs();
    const events: LiveEvent[] = [];
    for (const row of rows) {
      const from = this.nodes.stateOf(row.id);
      this.nodes.setProcess(row, nowMs);
      const event = this.#processes.take(row, { from, state: this.nodes.stateOf(row.id) });
      if (event !== null) events.push(event);
    }
    this.#push(events, nowMs);
    // With these processes the quorum may have gone.
    if (events.length > 0) this.applyMetadata();
  }

  refresh(): void {
    const nowMs = this.#nowMs();
    this.#feed?.refresh(nowMs);
    this.#groupRows.refresh(nowMs);
    if (this.#summaryDirty) this.#summarize(nowMs);
  }

  watch(view: ViewSpec): () => void {
    return this.#groupRows.watch(view, this.#nowMs());
  }

  /** Events that others told of: groups, from their coordinators. */
  tell(events: readonly LiveEvent[]): void {
    this.#push(events, this.#nowMs());
  }

  /** The work of every second: rates, sums, the sample for the charts, the verdict with its "for 41 s". */
  second(): void {
    const nowMs = this.#nowMs();
    // Losing the quorum may show by nothing but silence, so the engine is asked again.
    this.applyMetadata();
    this.#feed?.refresh(nowMs);
    this.#feed?.second(nowMs);
    this.#topicRows.refresh(this.#metadata.topics);
    this.#topicRows.update(this.#groupRows.second(nowMs), this.#metadata.topics);
    this.#summarize(nowMs);
    this.#summary.sample(nowMs);
  }

  ages(): ReadonlyMap<NodeId, number> {
    return this.#feed?.ages?.() ?? this.#engine.ages();
  }

  onEvents(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Says that node states or positions changed so that the sums must be made again at the next read. */
  markSummary(): void {
    this.#summaryDirty = true;
  }

  /** Who leads the partition by the metadata, if its process is there; whoever told, where the metadata has no such partition. */
  #coordinatorOf(partition: number, told: NodeId): NodeId {
    const leader = this.#engine.topic(OFFSETS_TOPIC)?.partitions[partition]?.leader ?? told;
    const state = leader < 0 ? "down" : this.nodes.stateOf(leader);
    return state !== null && isGone(state) ? -1 : leader;
  }

  #summarize(nowMs: number): void {
    this.#summaryDirty = false;
    this.#summary.update(nowMs, this.#metadata.topics.size);
  }

  #push(events: readonly LiveEvent[], nowMs: number): void {
    for (const event of events) this.events.push(event, nowMs);
    if (events.length > 0) for (const listener of this.#listeners) listener();
  }
}

const OFFSETS_TOPIC = "__consumer_offsets";

/** min.insync.replicas as set on the topic, else Kafka's default. */
export function minIsrOfTopic(topic: TopicInfo): number {
  return Number(topic.config.get("min.insync.replicas") ?? 1);
}
