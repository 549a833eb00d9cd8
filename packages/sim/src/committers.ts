/**
 * Clients that commit offsets to a group and ask for them: each has a group of its own and commits ever larger offsets, one at a time.
 * What was acknowledged must never be missing nor go back, wherever the coordinator goes (GC43, GC44).
 *
 * Only the coordinator in office is held to it: one that is deposed and has not heard of it may tell what was true before, in Kafka too.
 */
import { invariant } from "@vitrine/core";
import { groupPartition } from "@vitrine/group-coordinator";
import type { World } from "./checkers/world.ts";
import type { Chance } from "./chance.ts";
import {
  commitOffset,
  commitOutcome,
  committedOffset,
  committedOutcome,
  coordinatorOutcome,
  findCoordinator,
} from "./client-requests.ts";
import type { Cluster } from "./cluster.ts";
import type { VirtualTime } from "./scheduler.ts";

const OFFSETS_TOPIC = "__consumer_offsets";
/** Longer than the coordinator waits for its records (`offsets.commit.timeout.ms`). */
const REQUEST_TIMEOUT_MS = 1_500;

export interface CommitterPorts {
  readonly cluster: Cluster;
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly world: World;
  /** Between two requests. */
  readonly pauseMs: readonly [number, number];
  /** A topic that exists: offsets of others are refused. */
  topic(): string | null;
  isActive(): boolean;
  broken(error: unknown): void;
}

/** Which coordinator is in office, by the newest metadata and by its own. */
interface Office {
  readonly nodeId: number;
  readonly epoch: number;
}

export class Committer {
  readonly groupId: string;
  readonly #ports: CommitterPorts;
  /** The last offset that was sent; offsets begin at 1. */
  #sent = 0;
  #acknowledged = 0;
  /** The largest that a coordinator in office has told. */
  #seen = 0;
  #coordinator = -1;
  commits = 0;

  constructor(ports: CommitterPorts, groupId: string) {
    this.#ports = ports;
    this.groupId = groupId;
  }

  next(): void {
    const { time, chance, pauseMs } = this.#ports;
    time.after(chance.between(pauseMs[0], pauseMs[1]), () => {
      if (!this.#ports.isActive()) return;
      if (this.#coordinator < 0) this.#lookUp();
      else if (chance.percent(30)) this.#ask(() => this.next());
      else this.#commit();
    });
  }

  /** Asks until the coordinator in office answers; then everything acknowledged is there. */
  readBack(onDone: () => void): void {
    const { time, chance, cluster } = this.#ports;
    this.#call(chance.pick(cluster.brokers).id, findCoordinator(this.groupId), (body) => {
      this.#coordinator = body === null ? -1 : coordinatorOutcome(body);
      this.#ask((isAnswered) => {
        if (isAnswered) onDone();
        else time.after(50, () => this.readBack(onDone));
      });
    });
  }

  #lookUp(): void {
    const { cluster, chance } = this.#ports;
    this.#call(chance.pick(cluster.brokers).id, findCoordinator(this.groupId), (body) => {
      this.#coordinator = body === null ? -1 : coordinatorOutcome(body);
      this.next();
    });
  }

  #commit(): void {
    const topic = this.#ports.topic();
    if (topic === null) return this.next();
    const offset = ++this.#sent;
    this.#call(this.#coordinator, commitOffset(this.groupId, topic, offset), (body) => {
      const error = body === null ? "timeout" : commitOutcome(body);
      if (error === "NONE") {
        this.#acknowledged = offset;
        this.commits += 1;
      } else this.#coordinator = -1;
      this.next();
    });
  }

  #ask(onDone: (isAnswered: boolean) => void): void {
    const topic = this.#ports.topic();
    const before = this.#office(this.#coordinator);
    const acknowledged = Math.max(this.#acknowledged, this.#seen);
    if (topic === null) return onDone(false);
    this.#call(this.#coordinator, committedOffset(this.groupId, topic, this.#ports.chance.percent(50)), (body) => {
      const after = this.#office(this.#coordinator);
      const { error, offset } = body === null ? { error: "timeout", offset: -1 } : committedOutcome(body);
      const isInOffice = before !== null && after !== null && before.epoch === after.epoch;
      if (error !== "NONE" || !isInOffice) {
        this.#coordinator = -1;
        return onDone(false);
      }
      try {
        // Nothing committed is told as -1.
        invariant(
          Math.max(offset, 0) >= acknowledged,
          `GC43 ${this.groupId} was told that ${acknowledged} is committed, and then that ${offset} is`,
        );
        invariant(offset <= this.#sent, `GC44 ${this.groupId} was told ${offset}, and has sent ${this.#sent}`);
      } catch (broken) {
        return this.#ports.broken(broken);
      }
      this.#seen = Math.max(this.#seen, offset);
      onDone(true);
    });
  }

  #call(nodeId: number, request: Parameters<Cluster["call"]>[1], onBody: (body: unknown) => void): void {
    const { cluster } = this.#ports;
    cluster.call(nodeId, request, REQUEST_TIMEOUT_MS, (result) => onBody(result.ok ? result.body : null));
  }

  /** null: the node is not the coordinator in office, or does not know it yet. */
  #office(nodeId: number): Office | null {
    const newest = this.#partition(this.#ports.world.newest);
    const own = this.#partition(this.#ports.cluster.node(nodeId)?.broker?.image ?? null);
    if (!newest || !own || newest.leader !== nodeId || own.leaderEpoch !== newest.leaderEpoch) return null;
    return { nodeId, epoch: newest.leaderEpoch };
  }

  #partition(image: World["newest"]) {
    const topic = image?.topicsByName.get(OFFSETS_TOPIC);
    return topic?.partitions.get(groupPartition(this.groupId, topic.partitions.size));
  }
}
