/** Runs the lines of apps/docs/curl.md as they are printed there, in order, against a real cluster. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, waitFor, type RunningCluster } from "../fixtures/cluster.ts";
import { ROOT } from "../run-command.ts";

interface TourLine {
  readonly command: string;
  readonly status: number;
}

/** The lines of the ```sh tour blocks: a command, then `# status`. */
function readTour(markdown: string): TourLine[] {
  const lines: TourLine[] = [];
  for (const block of markdown.matchAll(/```sh tour\n([\s\S]*?)```/g)) {
    for (const line of block[1]!.trimEnd().split("\n")) {
      const match = /^(.*?)\s+# (\d{3})(?:\D.*)?$/.exec(line);
      if (!match) throw new Error(`a line of the curl tour names no status: ${line}`);
      lines.push({ command: match[1]!, status: Number(match[2]) });
    }
  }
  return lines;
}

let cluster: RunningCluster;
let workDir: string;

beforeAll(async () => {
  cluster = await startCluster();
  workDir = mkdtempSync(join(tmpdir(), "vitrine-tour-"));
  writeFileSync(join(workDir, "access.log"), "first line\r\nsecond line\nlast line without an end");
  writeFileSync(
    join(workDir, "img.png"),
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 255, 1, 254]),
  );
  writeFileSync(
    join(workDir, "big.ndjson"),
    Array.from({ length: 1000 }, (_, i) => `{"key":"k${i}","value":${i}}\n`).join(""),
  );
});

afterAll(async () => {
  await cluster?.stop();
  rmSync(workDir, { recursive: true, force: true });
});

/** Runs one line in bash. Every curl of the line prints its status after the body, as the last line of the output. */
function run(command: string): Promise<{ status: number; output: string }> {
  const script = `curl() { command curl -sS -w '\\n%{http_code}' "$@"; }\n${command}\n`;
  return new Promise((resolve) => {
    execFile(
      "bash",
      ["-c", script],
      {
        cwd: workDir,
        env: { ...process.env, B: cluster.url, T: cluster.ready.token },
        timeout: 30_000,
        maxBuffer: 32 << 20,
      },
      (_error, stdout, stderr) => {
        const status = Number(/(\d{3})\s*$/.exec(stdout)?.[1] ?? 0);
        resolve({ status, output: stdout + stderr });
      },
    );
  });
}

describe("the curl tour", () => {
  const tour = readTour(readFileSync(join(ROOT, "apps/docs/curl.md"), "utf8"));
  test.each(tour)("$command", async ({ command, status }) => {
    const result = await run(command);
    expect(result.status, result.output).toBe(status);
    if (command.endsWith("/restart")) {
      await waitFor(
        async () => {
          const topic = await cluster.json<{ partitions: { isr: number[] }[] }>("/topics/payments");
          return topic.partitions.every((partition) => partition.isr.length === 3);
        },
        { what: "broker 2 to be back in every ISR" },
      );
    }
  });

  test("the image comes back byte for byte", () => {
    expect(readFileSync(join(workDir, "copy.png"))).toEqual(readFileSync(join(workDir, "img.png")));
  });
});
