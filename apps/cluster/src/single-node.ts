/** `vitrine broker`: the same entry that the supervisor starts, in the foreground. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";

export function startNode(config: string): Promise<void> {
  const entry = resolve(import.meta.dirname, "../../broker/src/main.ts");
  const child = spawn(process.execPath, [entry, "--config", config], { stdio: "inherit" });
  // The terminal's Ctrl-C reaches the child too; ours waits for it. Signals sent to this process alone are passed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => void child.kill("SIGTERM"));
  return new Promise((done) => {
    child.once("exit", (code, signal) => {
      process.exitCode = code ?? (signal ? 1 : 0);
      done();
    });
  });
}
