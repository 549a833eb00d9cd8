import { parseRecordsFrame } from "@vitrine/client";
import type { TailRecord } from "../live/tail-record.ts";
import { http } from "./http.ts";

/** Reads records of one partition as NDJSON. Values stay text: the lines are put into a `records` frame and parsed as one. */
export async function readRecords({
  topic,
  partition,
  offset,
  limit,
  signal,
}: {
  topic: string;
  partition: number;
  offset: number;
  limit: number;
  signal: AbortSignal;
}): Promise<TailRecord[]> {
  const text = await http.text("GET", `/topics/${encodeURIComponent(topic)}/partitions/${partition}/records`, {
    query: { offset, limit },
    accept: "application/x-ndjson",
    signal,
  });
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return parseRecordsFrame(`{"p":${partition},"r":[${lines.join(",")}],"next":"","hw":0,"lag":0}`).records.map(
    (record) => ({ ...record, partition }),
  );
}
