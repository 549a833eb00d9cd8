import type { QuorumFields } from "@vitrine/api";

/** `node 2`; an observer that is no node of the cluster is the gateway, which follows the metadata log under a number of its own. */
export function memberName(member: Pick<QuorumFields, "node" | "voter">, nodes: readonly string[]): string {
  return !member.voter && nodes.length > 0 && !nodes.includes(String(member.node)) ? "gateway" : `node ${member.node}`;
}
