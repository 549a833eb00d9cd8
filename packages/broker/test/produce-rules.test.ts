import { errorFromCode, ZERO_UUID } from "@vitrine/core";
import { buildBatch, compress, compressionOf, readRecords, sealBatch, type Compression } from "@vitrine/protocol";
import { BATCH_AT, BATCH_HEADER_BYTES, splitBatches } from "@vitrine/protocol/batch";
import { ApiKey, newProduceRequest, type ResponseOf } from "@vitrine/protocol/types";
import { beforeEach, describe, expect, test } from "vitest";
import { SmallCluster } from "./small-cluster.ts";
import { TestClient } from "./test-client.ts";

const NOW_MS = 1_700_000_000_000;
let cluster: SmallCluster;
let client: TestClient;
beforeEach(() => {
  cluster = new SmallCluster();
  client = new TestClient(cluster);
});

const text = (value: string) => new TextEncoder().encode(value);
const records = (...values: string[]) =>
  values.map((value) => ({ key: text(`key of ${value}`), value: text(value), timestampMs: NOW_MS }));
const valuesOf = (batch: Uint8Array) => readRecords(batch).map(({ value }) => new TextDecoder().decode(value!));
const stored = (name: string) => splitBatches(client.fetch(name).records!).batches.map(({ bytes }) => bytes);
const codecOf = (batch: Uint8Array) =>
  compressionOf(new DataView(batch.buffer, batch.byteOffset).getInt16(BATCH_AT.attributes));
const decoded = (name: string) => cluster.broker(client.leaderOf(name)).traffic.decodedRecords;

/** What a broker must not touch: everything but base offset and leader epoch. */
const untouched = (batch: Uint8Array) =>
  Buffer.concat([batch.subarray(BATCH_AT.batchLength, BATCH_AT.leaderEpoch), batch.subarray(BATCH_AT.magic)]);

/** A batch whose payload is one raw snappy block, as librdkafka writes it; ours come in xerial's framing. */
function rawSnappy(): Uint8Array {
  const plain = buildBatch(records("a", "b"));
  const body = plain.subarray(BATCH_HEADER_BYTES);
  // A raw block of literals only: length as a varint, then pieces of at most 60 bytes.
  const parts: Uint8Array[] = [Uint8Array.of((body.length & 0x7f) | 0x80, body.length >> 7)];
  for (let at = 0; at < body.length; at += 60) {
    const piece = body.subarray(at, at + 60);
    parts.push(Uint8Array.of((piece.length - 1) << 2), piece);
  }
  const batch = Buffer.concat([plain.subarray(0, BATCH_HEADER_BYTES), ...parts]);
  batch.writeInt32BE(batch.length - BATCH_AT.leaderEpoch, BATCH_AT.batchLength);
  batch.writeInt16BE(2, BATCH_AT.attributes);
  sealBatch(batch);
  return batch;
}

describe("P3 compression", () => {
  const CODECS: readonly Compression[] = ["none", "gzip", "snappy", "lz4", "zstd"];

  test.each(CODECS)("P3 a batch in %s comes back byte for byte, and nothing is decoded", (compression) => {
    client.createTopic("t");
    client.produce("t", records("before"));
    const sent = buildBatch(records("a", "b", "c"), { compression });
    expect(client.produce("t", new Uint8Array(sent))).toMatchObject({ error: "NONE", offset: 1 });
    expect(untouched(stored("t")[1]!)).toEqual(untouched(sent));
    expect(decoded("t")).toBe(0);
  });

  test("P3 snappy as librdkafka writes it, one raw block, passes as it is and can be recompressed", () => {
    client.createTopic("kept");
    client.createTopic("zstd", { configs: { "compression.type": "zstd" } });
    const sent = rawSnappy();
    expect(client.produce("kept", new Uint8Array(sent)).error).toBe("NONE");
    expect(untouched(stored("kept")[0]!)).toEqual(untouched(sent));
    expect(client.produce("zstd", new Uint8Array(sent)).error).toBe("NONE");
    expect(valuesOf(stored("zstd")[0]!)).toEqual(["a", "b"]);
  });

  test.each(["zstd", "lz4", "snappy", "gzip", "uncompressed"] as const)(
    "P3 a topic with compression.type=%s keeps every batch in it, with offsets, times and sequences as they are",
    (type) => {
      client.createTopic("t", { configs: { "compression.type": type } });
      for (const [i, compression] of CODECS.entries()) {
        const options = { compression, producerId: 7, producerEpoch: 0, baseSequence: 2 * i };
        expect(client.produce("t", records(`${i}a`, `${i}b`), options)).toMatchObject({ error: "NONE", offset: 2 * i });
        // Sent again it is known, though what is stored are other bytes.
        expect(client.produce("t", records(`${i}a`, `${i}b`), options)).toMatchObject({ error: "NONE", offset: 2 * i });
      }
      const batches = stored("t");
      expect(batches.map(codecOf)).toEqual(CODECS.map(() => (type === "uncompressed" ? "none" : type)));
      expect(batches.flatMap(valuesOf)).toEqual(CODECS.flatMap((_, i) => [`${i}a`, `${i}b`]));
      expect(batches.flatMap((batch) => readRecords(batch).map(({ offset }) => offset))).toEqual([
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
      ]);
      expect(decoded("t")).toBeGreaterThan(0);
    },
  );

  test("P3 a client that is too old for zstd is told so where the topic is kept in it", () => {
    client.createTopic("t", { configs: { "compression.type": "zstd" } });
    client.produce("t", records("a"));
    expect(client.fetch("t", {}, { apiVersion: 9 }).error).toBe("UNSUPPORTED_COMPRESSION_TYPE");
    expect(client.fetch("t", {}, { apiVersion: 10 }).error).toBe("NONE");
  });

  test("P3 a level that the topic sets is used", () => {
    client.createTopic("fast", { configs: { "compression.type": "gzip", "compression.gzip.level": "1" } });
    client.createTopic("small", { configs: { "compression.type": "gzip", "compression.gzip.level": "9" } });
    const batch = () =>
      buildBatch(records(...Array.from({ length: 300 }, (_, i) => `a value like others, number ${i * i}`)));
    for (const name of ["fast", "small"]) expect(client.produce(name, batch()).error).toBe("NONE");
    expect(stored("small")[0]!.length).toBeLessThan(stored("fast")[0]!.length);
  });
});

describe("P7 sizes", () => {
  /** A batch of exactly so many bytes. */
  const batchOf = (bytes: number) => {
    const record = (size: number) => [{ key: null, value: new Uint8Array(size), timestampMs: NOW_MS }];
    // Lengths are varints: what a slightly smaller value costs, this one costs too.
    const overhead = buildBatch(record(bytes - 80)).length - (bytes - 80);
    const batch = buildBatch(record(bytes - overhead));
    expect(batch).toHaveLength(bytes);
    return batch;
  };

  test("P7 a batch of 1,048,588 bytes is taken, one byte more is MESSAGE_TOO_LARGE, and nothing of it is in the log", () => {
    client.createTopic("t");
    expect(client.produce("t", batchOf(1_048_588)).error).toBe("NONE");
    const refused = client.produce("t", batchOf(1_048_589));
    expect(refused.error).toBe("MESSAGE_TOO_LARGE");
    expect(refused.errorMessage).toMatch(/1048589 bytes; max\.message\.bytes allows 1048588/);
    expect(client.logOf("t").logEndOffset).toBe(1);
  });

  test("P7 a topic's own max.message.bytes counts", () => {
    client.createTopic("t", { configs: { "max.message.bytes": "2000" } });
    expect(client.produce("t", batchOf(2_000)).error).toBe("NONE");
    expect(client.produce("t", batchOf(2_001)).error).toBe("MESSAGE_TOO_LARGE");
  });
});

describe("L7 L8 records at fault", () => {
  test("L7 a record without a key on a compacted topic is INVALID_RECORD, and Produce v8 is told which", () => {
    client.createTopic("t", { configs: { "cleanup.policy": "compact" } });
    const mixed = records("a", "b", "c", "d").map((record, i) => (i % 2 === 1 ? { ...record, key: null } : record));
    const answer = client.produce("t", mixed, { apiVersion: 8 });
    expect(answer).toMatchObject({ error: "INVALID_RECORD", offset: -1 });
    expect(answer.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([1, 3]);
    expect(answer.recordErrors[0]!.batchIndexErrorMessage).toMatch(/without a key/);
    expect(answer.errorMessage).toMatch(/2 of the batch's records are refused/);
    expect(client.logOf("t").logEndOffset).toBe(0);
    expect(client.produce("t", records("a"), { compression: "gzip" })).toMatchObject({ error: "NONE", offset: 0 });
    // Tombstones have a key and no value.
    expect(client.produce("t", [{ key: text("k"), value: null, timestampMs: NOW_MS }]).error).toBe("NONE");
  });

  test("L8 an hour in the future is taken, two are INVALID_TIMESTAMP with the record named; 1970 is taken", () => {
    client.createTopic("t");
    const at = (timestampMs: number) => client.produce("t", [{ key: null, value: text("x"), timestampMs }]);
    expect(at(NOW_MS + 3_500_000).error).toBe("NONE");
    expect(at(NOW_MS + 7_200_000)).toMatchObject({ error: "INVALID_TIMESTAMP", recordErrors: [{ batchIndex: 0 }] });
    expect(at(0).error).toBe("NONE");
    expect(client.logOf("t").logEndOffset).toBe(2);
  });

  test("L8 LogAppendTime: the broker's time is given to records and answer, and the client's is not looked at", () => {
    client.createTopic("t", { configs: { "message.timestamp.type": "LogAppendTime" } });
    const answer = client.produce("t", [{ key: null, value: text("x"), timestampMs: NOW_MS + 10 * 86_400_000 }]);
    expect(answer.error).toBe("NONE");
    const [record] = readRecords(stored("t")[0]!);
    expect(record!.timestampMs).toBe(answer.logAppendTimeMs);
    expect(record!.timestampMs).toBeGreaterThanOrEqual(NOW_MS);
    expect(record!.timestampMs).toBeLessThan(NOW_MS + 60_000);
    client.createTopic("create-time");
    expect(client.produce("create-time", records("x")).logAppendTimeMs).toBe(-1);
  });
});

describe("R5 acks", () => {
  test("R5 acks of 0, 1 and -1 are legal, others are INVALID_REQUIRED_ACKS and nothing is appended; 0 has no answer", () => {
    client.createTopic("t");
    for (const acks of [1, -1]) expect(client.produce("t", records("a"), { acks }).error).toBe("NONE");
    for (const acks of [2, -2, 5])
      expect(client.produce("t", records("a"), { acks }).error).toBe("INVALID_REQUIRED_ACKS");
    const partitionData = [{ index: 0, records: buildBatch(records("a")) }];
    const silent = newProduceRequest({ acks: 0, topicData: [{ name: "t", topicId: ZERO_UUID, partitionData }] });
    expect(cluster.call<ResponseOf<typeof ApiKey.Produce>>(client.leaderOf("t"), ApiKey.Produce, silent, 9)).toBeNull();
    expect(client.logOf("t").logEndOffset).toBe(3);
  });
});

describe("R6 R7 min.insync.replicas", () => {
  const ends = (name: string) => {
    const { logEndOffset, highWatermark } = client.logOf(name);
    return [logEndOffset, highWatermark] as number[];
  };

  test("R6 R7 below it acks=all is NOT_ENOUGH_REPLICAS and appends nothing; acks=1 appends, the high watermark stands and nobody reads it", () => {
    client.createTopic("t", { configs: { "min.insync.replicas": "3" } });
    client.produce("t", records("seen"));
    const gone = [1, 2, 3].find((id) => id !== client.leaderOf("t") && id !== cluster.controllerId)!;
    cluster.kill(gone);
    const isr = () => cluster.broker(client.leaderOf("t")).image.topicsByName.get("t")!.partitions.get(0)!.isr;
    cluster.until(() => isr().length === 2, "the ISR to shrink");
    const refused = client.produce("t", records("a"));
    expect(refused.error).toBe("NOT_ENOUGH_REPLICAS");
    expect(ends("t")).toEqual([1, 1]);
    expect(client.produce("t", records("hidden"), { acks: 1 })).toMatchObject({ error: "NONE", offset: 1 });
    cluster.pass(2_000);
    expect(ends("t")).toEqual([2, 1]);
    expect(client.values("t")).toEqual(["seen"]);
    cluster.restart(gone);
    cluster.until(() => ends("t")[1] === 2, "the high watermark to go on");
    expect(client.values("t")).toEqual(["seen", "hidden"]);
  });

  test("R6 a write that is in the log when the ISR becomes too small is NOT_ENOUGH_REPLICAS_AFTER_APPEND", () => {
    client.createTopic("t", { configs: { "min.insync.replicas": "3" } });
    const leader = client.leaderOf("t");
    const gone = [1, 2, 3].find((id) => id !== leader && id !== cluster.controllerId)!;
    const partitionData = [{ index: 0, records: buildBatch(records("a")) }];
    const topicData = [{ name: "t", topicId: ZERO_UUID, partitionData }];
    const body = newProduceRequest({ acks: -1, timeoutMs: 8_000, topicData });
    const parked = cluster.send<ResponseOf<typeof ApiKey.Produce>>(leader, ApiKey.Produce, body, 9);
    cluster.kill(gone);
    cluster.until(() => parked.done, "the answer");
    const { errorCode } = (parked.body as ResponseOf<typeof ApiKey.Produce>).responses[0]!.partitionResponses[0]!;
    expect(errorFromCode(errorCode).name).toBe("NOT_ENOUGH_REPLICAS_AFTER_APPEND");
    expect(client.logOf("t", leader).logEndOffset).toBe(1);
  });
});

test("N17 a bomb costs its request an error, on a topic that looks inside; elsewhere it passes as what it is", () => {
  client.createTopic("keyed", { configs: { "cleanup.policy": "compact" } });
  client.createTopic("t");
  const payload = compress("zstd", new Uint8Array(100 << 20));
  const batch = Buffer.concat([buildBatch(records("a")).subarray(0, BATCH_HEADER_BYTES), payload]);
  batch.writeInt32BE(batch.length - BATCH_AT.leaderEpoch, BATCH_AT.batchLength);
  batch.writeInt16BE(4, BATCH_AT.attributes);
  sealBatch(batch);
  expect(batch.length).toBeLessThan(100_000);
  expect(client.produce("keyed", new Uint8Array(batch)).error).toBe("MESSAGE_TOO_LARGE");
  expect(client.produce("t", new Uint8Array(batch)).error).toBe("NONE");
});
