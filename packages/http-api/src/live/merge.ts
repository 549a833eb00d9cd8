/**
 * The gateway's merge: a line to every broker brings what each knows by itself (its node row, the partitions it leads, its part of the quorum).
 * Leaders, ISR and epochs do not come this way: the gateway's own engine has them at once. Positions are taken by leader epoch, never
 * by time of arrival. What a dead broker said last is kept, without its rates, and its age is told.
 */
import {
  type DeltaFrame,
  type EventFrame,
  type GapFrame,
  nodeColumns,
  partitionColumns,
  producerColumns,
  quorumColumns,
  type QuorumFields,
  type Row,
  type SnapFrame,
} from "@vitrine/api";
import type { NodeId } from "@vitrine/core";
import type { BrokerInfo, Engine } from "@vitrine/engine";
import { ClientMerge } from "./client-merge.ts";
import type { LiveCluster, PositionFeed } from "./live-cluster.ts";
import type { NodeReport } from "./node-board.ts";
import { positionsOfRow } from "./partition-board.ts";
import { ProducerMerge } from "./producer-merge.ts";
import { pollQuorum } from "./quorum-poll.ts";

export interface NodeLineHandlers {
  frame(frame: SnapFrame | DeltaFrame | EventFrame | GapFrame): void;
  heard(): void;
  down(): void;
}

/** Opens a line to the `node` view of a broker by its base URL, and keeps it up; `openNodeLine` of the client package does. */
export type OpenNodeLine = (baseUrl: string, handlers: NodeLineHandlers) => { close(): void };

interface Line {
  readonly baseUrl: string;
  readonly close: () => void;
  /** Monotonic; null: never heard. */
  heardAt: number | null;
  quiet: boolean;
  /** Partitions that it reported, to stop their rates with it. */
  readonly partitions: Map<string, { readonly topic: string; readonly partition: number }>;
  readonly quorum: Map<NodeId, QuorumFields>;
}

/** A broker speaks every second; after this silence nothing of it counts as flowing. */
const QUIET_MS = 2_500;

export class GatewayMerge implements PositionFeed {
  readonly #cluster: LiveCluster;
  readonly #engine: Engine;
  readonly #openLine: OpenNodeLine;
  readonly #lines = new Map<NodeId, Line>();
  readonly #clients: ClientMerge;
  readonly #producers: ProducerMerge;
  #stopEngine: (() => void) | null = null;
  /** The controller whose answer is shown, where it is a process of its own. */
  #polled: NodeId | null = null;

  constructor(parts: { readonly cluster: LiveCluster; readonly engine: Engine; readonly openLine: OpenNodeLine }) {
    this.#cluster = parts.cluster;
    this.#engine = parts.engine;
    this.#openLine = parts.openLine;
    this.#clients = new ClientMerge(parts.cluster.tables);
    this.#producers = new ProducerMerge(parts.cluster.tables);
  }

  /** Opens lines to the brokers that the metadata knows, and follows their coming and going. */
  start(): void {
    this.#cluster.setFeed(this);
    this.#stopEngine = this.#engine.onMetadata(() => this.#syncLines());
    this.#syncLines();
  }

  stop(): void {
    this.#stopEngine?.();
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
  }

  refresh(): void {
    // Frames are put on the boards as they come.
  }

  second(nowMs: number): void {
    this.#syncLines();
    const now = performance.now();
    for (const [id, line] of this.#lines) {
      if (line.heardAt !== null && now - line.heardAt > QUIET_MS) this.#goQuiet(id, line, nowMs);
    }
    void this.#askController();
  }

  /** A controller that is a process of its own has no line; it is asked in Kafka's protocol. */
  async #askController(): Promise<void> {
    const controller = this.#engine.controllerId();
    if (this.#polled !== null && this.#polled !== controller) {
      this.#cluster.quorum.setSilent(this.#polled);
      this.#polled = null;
    }
    if (controller < 0 || this.#lines.has(controller)) return;
    const polled = await pollQuorum(this.#engine, Date.now);
    if (polled === null || polled.leader !== this.#engine.controllerId()) return;
    this.#polled = polled.leader;
    this.#cluster.quorum.setReport(polled.leader, polled.rows);
  }

  ages(): ReadonlyMap<NodeId, number> {
    const now = performance.now();
    const ages = new Map(this.#engine.ages());
    for (const [id, line] of this.#lines) if (line.heardAt !== null) ages.set(id, now - line.heardAt);
    return ages;
  }

  #syncLines(): void {
    const brokers = new Map(this.#engine.brokers().map((broker) => [broker.id, broker]));
    for (const [id, line] of this.#lines) {
      const broker = brokers.get(id);
      if (broker !== undefined && baseUrlOf(broker) === line.baseUrl) continue;
      line.close();
      this.#lines.delete(id);
    }
    for (const broker of brokers.values()) {
      if (broker.httpPort > 0 && !this.#lines.has(broker.id)) this.#open(broker);
    }
  }

  #open(broker: BrokerInfo): void {
    const { id } = broker;
    const baseUrl = baseUrlOf(broker);
    const line: Line = {
      baseUrl,
      heardAt: null,
      quiet: false,
      partitions: new Map(),
      quorum: new Map(),
      close: () => opened.close(),
    };
    this.#lines.set(id, line);
    const opened = this.#openLine(baseUrl, {
      frame: (frame) => this.#onFrame(id, line, frame),
      heard: () => {
        line.heardAt = performance.now();
        line.quiet = false;
      },
      down: () => this.#goQuiet(id, line, Date.now()),
    });
  }

  #onFrame(id: NodeId, line: Line, frame: SnapFrame | DeltaFrame | EventFrame | GapFrame): void {
    if (frame.t === "event" && frame.e.type === "group") this.#cluster.tell([frame.e]);
    if (frame.t !== "snap" && frame.t !== "delta") return;
    if (frame.t === "snap") {
      line.quorum.clear();
      this.#clients.clear(id);
    }
    this.#onGroups(id, frame);
    for (const key of (frame.t === "delta" && frame.gone) || []) this.#onGone(id, line, key);
    let quorumMoved = false;
    for (const sent of frame.rows) {
      const row = sent.slice(1);
      if (sent[0] === "partitions") this.#onPartition(line, row);
      else if (sent[0] === "nodes") this.#cluster.nodes.setReport(id, reportOf(row), frame.ts);
      else if (sent[0] === "quorum") {
        line.quorum.set(quorumColumns.get(row, "node"), quorumColumns.fields(row));
        quorumMoved = true;
      } else if (sent[0] === "clients") this.#clients.set(id, row);
      else if (sent[0] === "producers") this.#onProducer(id, row);
    }
    if (isOmitted(frame.info)) this.#clients.setOmitted(id, frame.info.omitted);
    if (quorumMoved) this.#cluster.quorum.setReport(id, line.quorum.values());
  }

  /** Partitions and nodes are not told as gone: their metadata says it, and who led before is the wrong one to ask. */
  #onGone(id: NodeId, line: Line, key: string): void {
    const { table, key: rest } = splitKey(key);
    switch (table) {
      case "quorum":
        line.quorum.delete(Number(rest));
        return;
      case "clients":
        this.#clients.remove(id, rest);
        return;
      case "producers":
        this.#producers.remove(id, rest);
        return;
      default:
        return;
    }
  }

  #onProducer(id: NodeId, row: Row): void {
    const [topic, partition] = [producerColumns.get(row, "topic"), producerColumns.get(row, "p")];
    // The topic may have gone while the row was on its way.
    if (this.#cluster.partitions.has(topic, partition)) this.#producers.set(id, row);
    else this.#producers.forget(topic, partition);
  }

  /** Coordinators first: what a broker lost with its coordinator's role was not deleted. */
  #onGroups(id: NodeId, frame: SnapFrame | DeltaFrame): void {
    const { groups } = this.#cluster;
    const gone = ((frame.t === "delta" && frame.gone) || []).map(splitKey);
    for (const { table, key } of gone) if (table === "coordinators") groups.gone(id, table, key);
    for (const sent of frame.rows) if (sent[0] === "coordinators") groups.take(id, sent[0], sent.slice(1));
    for (const { table, key } of gone) if (table !== "coordinators") groups.gone(id, table, key);
    const named = new Set<string>();
    for (const sent of frame.rows) {
      if (sent[0] !== "coordinated") continue;
      named.add(String(sent[1]));
      groups.take(id, sent[0], sent.slice(1));
    }
    for (const sent of frame.rows) if (sent[0] === "commits") groups.take(id, sent[0], sent.slice(1));
    if (frame.t === "snap") groups.snapped(id, named);
  }

  #onPartition(line: Line, row: Row): void {
    const topic = partitionColumns.get(row, "topic");
    const partition = partitionColumns.get(row, "p");
    const positions = positionsOfRow(row);
    if (positions === null) return;
    line.partitions.set(`${topic}/${partition}`, { topic, partition });
    this.#cluster.partitions.setPositions(topic, partition, positions);
  }

  /** Nothing flows any more: rates fall to zero, the role in the quorum is unknown, positions stay as the last known. */
  #goQuiet(id: NodeId, line: Line, nowMs: number): void {
    if (line.quiet) return;
    line.quiet = true;
    for (const { topic, partition } of line.partitions.values()) {
      if (this.#engine.topic(topic)?.partitions[partition]?.leader === id || !this.#leaderIsHeard(topic, partition)) {
        this.#cluster.partitions.stopRates(topic, partition);
      }
    }
    line.partitions.clear();
    this.#cluster.quorum.setSilent(id);
    this.#clients.clear(id);
    this.#cluster.nodes.stopRates(id, nowMs);
  }

  /** Another broker leads it by now and its report is the one that is shown. */
  #leaderIsHeard(topic: string, partition: number): boolean {
    const leader = this.#engine.topic(topic)?.partitions[partition]?.leader ?? -1;
    return this.#lines.get(leader)?.partitions.has(`${topic}/${partition}`) === true;
  }
}

/** Our own brokers are the only ones that are asked, so one telling field is proof enough. */
function isOmitted(info: unknown): info is { readonly omitted: number } {
  return typeof info === "object" && info !== null && "omitted" in info && typeof info.omitted === "number";
}

/** A key of the `node` view: the table's name, a slash, the key within it. */
function splitKey(key: string): { readonly table: string; readonly key: string } {
  const slash = key.indexOf("/");
  return { table: key.slice(0, slash), key: key.slice(slash + 1) };
}

function baseUrlOf(broker: BrokerInfo): string {
  const host = broker.host.includes(":") ? `[${broker.host}]` : broker.host;
  return `http://${host}:${broker.httpPort}`;
}

/** The columns of a broker's own row that it knows best. */
function reportOf(row: Row): NodeReport {
  const fields = nodeColumns.fields(row);
  return {
    pid: fields.pid,
    up_since: fields.up_since,
    in_msgs: fields.in_msgs,
    in_bytes: fields.in_bytes,
    out_msgs: fields.out_msgs,
    out_bytes: fields.out_bytes,
    disk_used: fields.disk_used,
    disk_free: fields.disk_free,
    rss: fields.rss,
    cpu: fields.cpu,
    connections: fields.connections,
    uncommitted: fields.uncommitted,
    durability: fields.durability,
    commit_ms: fields.commit_ms,
  };
}
