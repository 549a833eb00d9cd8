import type { NodeFields, ProcessVerb } from "@vitrine/api";

/** Which collection a node's process is in: controllers of their own have one of their own. */
export function processKind(node: Pick<NodeFields, "roles">): "broker" | "controller" {
  return node.roles.includes("broker") ? "broker" : "controller";
}

/** Where a node's process is controlled, for the curl line. */
export function processPath(node: Pick<NodeFields, "id" | "roles">, verb: ProcessVerb): string {
  return `/${processKind(node)}s/${node.id}/${verb}`;
}
