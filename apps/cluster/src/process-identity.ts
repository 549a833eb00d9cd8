/** Tells whether a pid still names the process it once did: pids are used again. */
import { readFileSync } from "node:fs";

/**
 * The start time of a running process where the system tells it (Linux), "alive" elsewhere, null when there is none.
 * A zombie counts as gone.
 */
export function processIdentity(pid: number): string | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return null;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the name in parentheses and may hold blanks; the state is the third, the start time the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : `started-${fields[19]}`;
  } catch {
    return "alive";
  }
}
