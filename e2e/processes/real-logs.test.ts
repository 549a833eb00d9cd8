/** Real log files go in as lines and come back byte for byte; as keyed NDJSON the same key always lands in the same partition. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type RunningCluster } from "../fixtures/cluster.ts";
import { ROOT } from "../run-command.ts";

const LOGS = join(ROOT, "..", "shared", "data", "loghub");
const files = existsSync(LOGS) ? readdirSync(LOGS).filter((name) => name.endsWith(".log")) : [];
if (files.length === 0) console.log("skipped: the real log files are not beside this checkout (../shared/data/loghub)");

let cluster: RunningCluster;
beforeAll(async () => {
  if (files.length > 0) cluster = await startCluster();
});
afterAll(async () => {
  await cluster?.stop();
});

/** Records split at LF; a CR before it belongs to the record; a last line without LF counts. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, from)) {
    lines.push(bytes.subarray(from, at));
    from = at + 1;
  }
  if (from < bytes.length) lines.push(bytes.subarray(from));
  return lines;
}

interface ReadReply {
  readonly records: readonly {
    readonly partition: number;
    readonly offset: number;
    readonly key: string | null;
    readonly value: string;
  }[];
  readonly next: string;
  readonly up_to_date: boolean;
}

/** Reads a partition from its start, values as base64, so that no byte can be mistaken. */
async function readPartition(
  topic: string,
  partition: number,
): Promise<{ offset: number; key: string | null; value: Buffer }[]> {
  const records: { offset: number; key: string | null; value: Buffer }[] = [];
  for (let from = 0; ;) {
    const reply = await cluster.json<ReadReply>(
      `/topics/${topic}/partitions/${partition}/records?offset=${from}&limit=10000&max_bytes=16777216&value_format=base64`,
    );
    for (const record of reply.records)
      records.push({ offset: record.offset, key: record.key, value: Buffer.from(record.value, "base64") });
    if (reply.records.length === 0) return records;
    from = records.at(-1)!.offset + 1;
  }
}

describe.skipIf(files.length === 0)("real logs", () => {
  test.each(files)("%s goes in as lines and comes back byte for byte, in order", async (file) => {
    const topic = `lines.${file.replace(/\.log$/, "")}`;
    const bytes = readFileSync(join(LOGS, file));
    expect((await cluster.fetch(`/topics/${topic}`, { method: "PUT" })).status).toBe(201);
    const sent = await cluster.fetch(`/topics/${topic}/values?split=lines`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: bytes,
    });
    expect(sent.status).toBe(200);
    await sent.text();
    const read = await readPartition(topic, 0);
    const lines = linesOf(bytes);
    expect(read.map((record) => record.offset)).toEqual(lines.map((_, index) => index));
    expect(read.every((record, index) => record.value.equals(lines[index]!))).toBe(true);
    const joined = Buffer.concat(read.flatMap((record) => [record.value, Buffer.from("\n")]));
    expect(joined.subarray(0, bytes.length).equals(bytes)).toBe(true);
  });

  test("as NDJSON keyed by the first HDFS block id, the same key always lands in the same partition, in order", async () => {
    const text = readFileSync(join(LOGS, "HDFS_2k.log"), "utf8")
      .split("\n")
      .filter((line) => line !== "");
    const body = text
      .map((line) => JSON.stringify({ key: /blk_-?\d+/.exec(line)?.[0] ?? null, value: line }))
      .join("\n");
    const put = await cluster.fetch("/topics/hdfs.keyed", {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: '{"partitions":6,"replication":3}',
    });
    expect(put.status).toBe(201);
    const sent = await cluster.fetch("/topics/hdfs.keyed/records", {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body,
    });
    expect(sent.status).toBe(200);
    await sent.text();
    const homes = new Map<string, number>();
    const byKey = new Map<string, string[]>();
    let count = 0;
    for (let partition = 0; partition < 6; partition++) {
      for (const record of await readPartition("hdfs.keyed", partition)) {
        count += 1;
        if (record.key === null) continue;
        expect(homes.get(record.key) ?? partition).toBe(partition);
        homes.set(record.key, partition);
        byKey.set(record.key, [...(byKey.get(record.key) ?? []), JSON.parse(record.value.toString()) as string]);
      }
    }
    expect(count).toBe(text.length);
    for (const [key, values] of byKey)
      expect(values).toEqual(text.filter((line) => /blk_-?\d+/.exec(line)?.[0] === key));
    expect(new Set(homes.values()).size).toBeGreaterThan(1);
  });
});
