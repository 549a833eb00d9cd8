/** P1 to P15 of reliability 1.1, after every turn, for what that turn changed. */
import { invariant, type NodeId } from "@vitrine/core";
import { METADATA_LOG, type LogKey, type PartitionLog } from "@vitrine/log";
import type { SimNode } from "../sim-node.ts";
import { batchesOf } from "./ledger.ts";
import type { Image, PartitionImage, World } from "./world.ts";

/** How far one node's log was looked at, in one life of its process. */
interface Watch {
  readonly life: number;
  comparedTo: number;
  leading: { readonly epoch: number; highWatermark: number } | null;
}

export class PartitionRules {
  readonly #world: World;
  readonly #onMetadataCommitted: (end: number) => void;
  readonly #watches = new Map<NodeId, Map<LogKey, Watch>>();
  readonly #leaders = new Map<string, NodeId>();
  /** Each node's image before its last turn: within a turn its leaders pass through every state between. */
  readonly #imageBefore = new Map<NodeId, Image>();

  constructor(world: World, onMetadataCommitted: (end: number) => void) {
    this.#world = world;
    this.#onMetadataCommitted = onMetadataCommitted;
  }

  check(node: SimNode): void {
    const { broker, store } = node;
    if (!broker || !store) return;
    const image = broker.image;
    const isNewer = image.offset > (this.#world.newest?.offset ?? -1);
    if (isNewer) this.#world.newest = image;
    for (const [key, log] of store.logs) this.#compare(node, key, log);
    for (const led of broker.observer.partitions()) {
      const topic = image.topicsByName.get(led.topic);
      if (topic) this.#leader(node, `${topic.id}-${led.partition}` as LogKey, led);
    }
    this.#imageBefore.set(node.id, image);
    if (isNewer) for (const { key, partition } of this.#world.partitions()) this.holders(key, partition);
  }

  /** P3, P5, P7, P12, P13: below its high watermark every replica has what was committed there. */
  #compare(node: SimNode, key: LogKey, log: PartitionLog): void {
    const watch = this.#watch(node, key);
    if (log.highWatermark <= watch.comparedTo) return;
    const ledger = this.#world.ledger(key);
    const from = Math.max(watch.comparedTo, log.logStartOffset);
    const batches = batchesOf({ store: node.store!, disk: node.options.disk }, key, from, log.highWatermark);
    let grew = false;
    for (const batch of batches) grew = ledger.committed(batch, `node ${node.id}`) || grew;
    watch.comparedTo = log.highWatermark;
    if (!grew) return;
    if (key === METADATA_LOG) this.#onMetadataCommitted(ledger.end);
    else {
      const found = [...this.#world.partitions()].find((entry) => entry.key === key);
      if (found) this.holders(key, found.partition);
    }
  }

  #leader(
    node: SimNode,
    key: LogKey,
    led: {
      topic: string;
      partition: number;
      leaderEpoch: number;
      highWatermark: number;
      isr: readonly NodeId[];
    },
  ): void {
    const name = `${led.topic}-${led.partition}`;
    const term = `${key}@${led.leaderEpoch}`;
    const known = this.#leaders.get(term);
    if (known === undefined) this.#leaders.set(term, node.id);
    else invariant(known === node.id, `P15 ${name} has leaders ${known} and ${node.id} in epoch ${led.leaderEpoch}`);
    const watch = this.#watch(node, key);
    const before = watch.leading?.epoch === led.leaderEpoch ? watch.leading : null;
    if (before) {
      invariant(
        led.highWatermark >= before.highWatermark,
        `P11 leader ${node.id} of ${name} lowered its high watermark to ${led.highWatermark}`,
      );
      if (led.highWatermark > before.highWatermark) this.#mayAdvance(node, name, key, led.isr.length);
    }
    watch.leading = { epoch: led.leaderEpoch, highWatermark: led.highWatermark };
  }

  /**
   * P10: the high watermark stands while the ISR is below min.insync.replicas, as the leader or the newest metadata has it. The leader is ahead of
   * its node's image when the answer to its AlterPartition overtook the record (seed 417: joined, answered, and fenced before the record came).
   */
  #mayAdvance(node: SimNode, name: string, key: LogKey, ledIsrSize: number): void {
    const own = partitionIn(node.broker!.image, key);
    const before = this.#imageBefore.get(node.id);
    const was = before && partitionIn(before, key);
    // Two changes within one turn: the leader went through a state in between that nobody else saw.
    if (own && was && own.partitionEpoch - was.partitionEpoch > 1) return;
    const newest = this.#world.newest && partitionIn(this.#world.newest, key);
    const size = Math.max(ledIsrSize, own?.isr.length ?? 0, was?.isr.length ?? 0, newest?.isr.length ?? 0);
    invariant(
      size >= this.#world.minInsyncReplicas,
      `P10 leader ${node.id} of ${name} moved its high watermark with ${size} in-sync replicas of at least ${this.#world.minInsyncReplicas}`,
    );
  }

  /** P1, P2, P6: whoever may lead has all that was committed, on disk, running or not. */
  holders(key: LogKey, partition: PartitionImage): void {
    const ledger = this.#world.ledger(key);
    for (const id of [...partition.isr, ...partition.elr]) {
      const durable = this.#world.durableEnd(id, key);
      invariant(
        durable >= ledger.end,
        `P2 node ${id} may lead ${ledger.name}, but its disk ends at ${durable} and ${ledger.end} was committed`,
      );
      const node = this.#world.cluster.node(id);
      const log = node?.store?.logs.get(key);
      if (log)
        invariant(
          log.logEndOffset >= ledger.end,
          `P1 node ${id} may lead ${ledger.name}, but its log ends at ${log.logEndOffset} of ${ledger.end}`,
        );
    }
  }

  #watch(node: SimNode, key: LogKey): Watch {
    let ofNode = this.#watches.get(node.id);
    if (!ofNode) this.#watches.set(node.id, (ofNode = new Map()));
    let watch = ofNode.get(key);
    if (!watch || watch.life !== node.life) {
      watch = { life: node.life, comparedTo: 0, leading: null };
      ofNode.set(key, watch);
    }
    return watch;
  }
}

function partitionIn(image: Image, key: LogKey): PartitionImage | undefined {
  for (const topic of image.topicsById.values())
    if (key.startsWith(topic.id)) return topic.partitions.get(Number(key.slice(topic.id.length + 1)));
  return undefined;
}
