import type { NodeState, ProcessEvent, ProcessRow } from "@vitrine/api";
import type { NodeId } from "@vitrine/core";

/** Turns rows of process control into events: one when a process changes its state or is replaced by another. */
export class ProcessStates {
  readonly #seen = new Map<NodeId, { readonly state: ProcessRow["state"]; readonly pid: number | null }>();

  /** `from` and `state` are what the node's row showed before and shows now. The first sight of a process is no event. */
  take(
    row: ProcessRow,
    shown: { readonly from: NodeState | null; readonly state: NodeState | null },
  ): ProcessEvent | null {
    const before = this.#seen.get(row.id);
    this.#seen.set(row.id, { state: row.state, pid: row.pid });
    if (before === undefined || (before.state === row.state && (before.pid === row.pid || row.pid === null)))
      return null;
    return {
      type: "process",
      node: row.id,
      state: shown.state ?? "down",
      from: shown.from,
      pid: row.pid,
      reason: row.state === "exited" ? exitText(row.exit) : null,
    };
  }
}

function exitText(exit: ProcessRow["exit"]): string | null {
  if (exit === null) return null;
  const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  return exit.reason === "" ? how : `${how}, ${exit.reason}`;
}
