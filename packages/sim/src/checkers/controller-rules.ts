/** P8 and P9 of reliability 1.1: what every committed image must be, however it came about. */
import { invariant } from "@vitrine/core";
import type { Image, World } from "./world.ts";

export function checkImage(world: World, image: Image): void {
  for (const { name, index, partition } of world.partitions()) {
    const where = `P9 ${name}-${index} at metadata offset ${image.offset}`;
    const { replicas, isr, elr, leader } = partition;
    invariant(new Set(isr).size === isr.length, `${where}: the ISR [${isr.join(", ")}] names somebody twice`);
    invariant(
      isr.every((id) => replicas.includes(id)),
      `${where}: the ISR [${isr.join(", ")}] is no subset of [${replicas.join(", ")}]`,
    );
    invariant(
      elr.every((id) => replicas.includes(id) && !isr.includes(id)),
      `${where}: ELR [${elr.join(", ")}] and ISR [${isr.join(", ")}] overlap`,
    );
    invariant(
      leader === -1 || isr.includes(leader),
      `${where}: leader ${leader} is not in the ISR [${isr.join(", ")}]`,
    );
    if (isr.length >= world.minInsyncReplicas)
      invariant(elr.length === 0, `${where}: ELR [${elr.join(", ")}] beside a full ISR`);
    const fenced = isr.filter((id) => image.brokers.get(id)?.fenced !== false);
    // Without eligible leader replicas the last one stays in the ISR when it is fenced, and leads nothing.
    const lastOne = isr.length === 1 && leader === -1;
    invariant(
      fenced.length === 0 || lastOne,
      `${where}: fenced broker ${fenced.join(", ")} in the ISR [${isr.join(", ")}], leader ${leader}`,
    );
  }
}
