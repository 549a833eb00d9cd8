import { clientColumns, type LiveTables, type Row } from "@vitrine/api";
import type { NodeId } from "@vitrine/core";

/** The gateway's table `clients`: what each broker tells of its connections. What a broker told goes with it: its connections do, too. */
export class ClientMerge {
  readonly #tables: LiveTables;
  readonly #byNode = new Map<NodeId, { readonly keys: Set<string>; omitted: number }>();

  constructor(tables: LiveTables) {
    this.#tables = tables;
  }

  set(node: NodeId, row: Row): void {
    const key = clientColumns.get(row, "id");
    this.#of(node).keys.add(key);
    this.#tables.set("clients", key, row);
  }

  remove(node: NodeId, key: string): void {
    if (this.#byNode.get(node)?.keys.delete(key) === true) this.#tables.remove("clients", key);
  }

  setOmitted(node: NodeId, omitted: number): void {
    this.#of(node).omitted = omitted;
    this.#showOmitted();
  }

  /** It is heard no more, or begins anew. */
  clear(node: NodeId): void {
    for (const key of this.#byNode.get(node)?.keys ?? []) this.#tables.remove("clients", key);
    this.#byNode.delete(node);
    this.#showOmitted();
  }

  #of(node: NodeId): { readonly keys: Set<string>; omitted: number } {
    const held = this.#byNode.get(node) ?? { keys: new Set<string>(), omitted: 0 };
    this.#byNode.set(node, held);
    return held;
  }

  #showOmitted(): void {
    let omitted = 0;
    for (const held of this.#byNode.values()) omitted += held.omitted;
    this.#tables.setInfo("clients", { omitted });
  }
}
