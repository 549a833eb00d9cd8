/** What clients were told, at the moment they are told it: an acks=all answer names an offset that is committed, on enough disks. */
import { invariant } from "@vitrine/core";
import { readRecords } from "@vitrine/protocol";
import type { World } from "./world.ts";
import { partitionKey } from "./world.ts";

const decoder = new TextDecoder();

export interface Acknowledged {
  readonly topicId: string;
  readonly partition: number;
  readonly baseOffset: number;
  readonly values: readonly string[];
}

/** C1: committed as it was sent, where the answer says, on the disks of min.insync.replicas nodes. */
export function checkAcknowledged(world: World, acknowledged: Acknowledged): void {
  const key = partitionKey(acknowledged.topicId, acknowledged.partition);
  const ledger = world.ledger(key);
  const { baseOffset, values } = acknowledged;
  const entry = ledger.at(baseOffset);
  invariant(
    entry,
    `C1 ${ledger.name}:${baseOffset} was acknowledged, and no replica shows it as committed (up to ${ledger.end})`,
  );
  const stored = readRecords(entry.bytes).map((record) => decoder.decode(record.value ?? new Uint8Array(0)));
  invariant(
    stored.join() === values.join(),
    `C1 ${ledger.name}:${baseOffset} was acknowledged for ${values.join()}, but holds ${stored.join()}`,
  );
  const disks = world.cluster.brokers.filter((node) => node.options.disk.durableEnd(key) >= entry.end);
  invariant(
    disks.length >= world.minInsyncReplicas,
    `C1 ${ledger.name}:${baseOffset} was acknowledged, but only ${disks.length} disks hold it (min.insync.replicas ${world.minInsyncReplicas})`,
  );
}
