/** Hostile frames on the Kafka listeners: reliability.md 6.4, rows 18 to 21, 31 and 32. After each of them a proper request is still answered. */
import { buildBatch, BATCH_AT, sealBatch } from "@vitrine/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startCluster, type RunningCluster } from "../fixtures/cluster.ts";
import { fetchV4, int16, int32, KafkaSocket, KEY, produceErrorOf, produceV3, string } from "../fixtures/kafka-wire.ts";
import { gatewayPid, residentBytes } from "../fixtures/process-memory.ts";
import { RawSocket } from "../fixtures/raw-http.ts";
import { createTopic, describeTopic, valuesOf } from "../fixtures/topics.ts";

let cluster: RunningCluster;
/** Kafka address of the leader of `victim-0`, and its peer address. */
let leader: { readonly kafka: string; readonly controller: string; readonly pid: number };

beforeAll(async () => {
  cluster = await startCluster();
  await createTopic(cluster, "victim");
  const id = (await describeTopic(cluster, "victim")).partitions[0]!.leader;
  leader = cluster.ready.brokers.find((broker) => broker.id === id)!;
});
afterAll(() => cluster?.stop());

/** Whatever was sent: every broker still answers ApiVersions, with the same process. */
afterEach(async () => {
  const { data } = await cluster.json<{ data: { id: number; state: string; process: { pid: number } }[] }>("/brokers");
  for (const broker of cluster.ready.brokers) {
    expect(data.find((row) => row.id === broker.id)).toMatchObject({ state: "active", process: { pid: broker.pid } });
    const socket = await KafkaSocket.open(broker.kafka);
    socket.send(KEY.apiVersions, 0, Buffer.alloc(0));
    expect((await socket.answer("ApiVersions")).readInt16BE(0)).toBe(0);
    socket.destroy();
  }
});

const batchOf = (value: string) => buildBatch([{ key: null, value: Buffer.from(value), timestampMs: Date.now() }]);

/** Error code of a produce to `victim-0`; null: the connection was closed instead. */
async function produceCode(records: Uint8Array, topic = "victim"): Promise<number | null> {
  const socket = await KafkaSocket.open(leader.kafka);
  socket.send(KEY.produce, 3, produceV3(topic, 0, records));
  const answer = await socket.answerOrClose("Produce");
  socket.destroy();
  return answer === null ? null : produceErrorOf(answer);
}

describe("N18 frames", () => {
  test.each([
    ["2 GiB", int32(0x7fffffff)],
    ["minus one", int32(-1)],
    ["the smallest number", int32(-2_147_483_648)],
    ["zero", int32(0)],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["TLS", Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])],
  ])("a frame that begins with a length of %s closes the connection, on both listeners", async (_what, bytes) => {
    for (const address of [leader.kafka, leader.controller]) {
      const socket = await RawSocket.open(address);
      socket.write(bytes);
      await socket.untilClosed(`after ${bytes.toString("hex")} on ${address}`);
      expect(socket.received.length).toBe(0);
    }
  });

  test("a large frame that was only announced costs no memory", async () => {
    const before = residentBytes(leader.pid);
    const sockets: RawSocket[] = [];
    for (let i = 0; i < 50; i++) {
      const socket = await RawSocket.open(leader.kafka);
      // Within what a frame may have, so that it is waited for; the last ones belong to Produce, whose memory is the log's.
      socket.write(Buffer.concat([int32(16 << 20), int16(i < 25 ? KEY.metadata : KEY.produce), int16(9), int32(1)]));
      sockets.push(socket);
    }
    const probe = await KafkaSocket.open(leader.kafka);
    probe.send(KEY.apiVersions, 0, Buffer.alloc(0));
    await probe.answer("ApiVersions beside fifty stalled frames");
    probe.destroy();
    expect(residentBytes(leader.pid) - before).toBeLessThan(64 << 20);
    for (const socket of sockets) socket.destroy();
  });

  test("bytes one by one make the same request", async () => {
    const socket = await RawSocket.open(leader.kafka);
    const payload = Buffer.concat([int16(KEY.apiVersions), int16(0), int32(7), string("slow")]);
    for (const byte of Buffer.concat([int32(payload.length), payload])) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const received = await socket.until((bytes) => bytes.length >= 10, "the answer");
    expect(received.readInt32BE(4)).toBe(7);
    socket.destroy();
  });
});

describe("N19 N21 requests", () => {
  test("an unknown version of ApiVersions is answered with 35 and our range (KIP-511)", async () => {
    const socket = await KafkaSocket.open(leader.kafka);
    socket.send(KEY.apiVersions, 99, Buffer.alloc(0), true);
    expect((await socket.answer("ApiVersions v99")).readInt16BE(0)).toBe(35);
    socket.destroy();
  });

  test.each([
    ["an unknown key", 999, 0],
    ["a negative key", -1, 0],
    ["an unknown version", KEY.metadata, 99],
    ["a version that was taken away", KEY.fetch, 1],
  ])("%s closes the connection and answers nothing invented", async (_what, key, version) => {
    const socket = await KafkaSocket.open(leader.kafka);
    socket.send(key, version, Buffer.alloc(16));
    const answer = await socket.answerOrClose("it");
    // A server may say UNSUPPORTED_VERSION instead of closing; it never says 0.
    if (answer !== null) expect(answer.readInt16BE(0)).toBe(35);
    socket.destroy();
  });

  test.each([
    ["an array of 2^31-1 topics", Buffer.concat([int32(0x7fffffff)])],
    ["a string longer than its frame", Buffer.concat([int32(1), int16(32_767), Buffer.from("abc")])],
    ["a negative string", Buffer.concat([int32(1), int16(-5)])],
    ["an array of minus seven", Buffer.concat([int32(-7)])],
  ])("Metadata with %s gets INVALID_REQUEST or a closed connection, and no memory", async (_what, body) => {
    const before = residentBytes(leader.pid);
    const socket = await KafkaSocket.open(leader.kafka);
    socket.send(KEY.metadata, 1, body);
    await socket.answerOrClose("Metadata");
    socket.destroy();
    expect(residentBytes(leader.pid) - before).toBeLessThan(64 << 20);
  });

  test("a topic name that is no UTF-8 is answered as one that is not legal", async () => {
    const socket = await KafkaSocket.open(leader.kafka);
    const name = Buffer.from([0, 3, 0xc3, 0x28, 0xff]);
    socket.send(KEY.metadata, 1, Buffer.concat([int32(1), name]));
    // INVALID_TOPIC_EXCEPTION, with the name as far as it is text.
    expect((await socket.answer("Metadata")).includes(Buffer.concat([int16(17), int16(7)]))).toBe(true);
    socket.destroy();
  });

  test("tags that nobody knows are passed over", async () => {
    const socket = await KafkaSocket.open(leader.kafka);
    const compact = (text: string) => Buffer.concat([Buffer.from([text.length + 1]), Buffer.from(text)]);
    // Tags 0 to 2 exist in the answer only.
    const body = Buffer.concat([compact("hostile"), compact("1.0"), Buffer.from([3, 0, 1, 9, 1, 1, 9, 2, 1, 9])]);
    socket.send(KEY.apiVersions, 3, body, true);
    expect((await socket.answer("ApiVersions v3")).readInt16BE(0)).toBe(0);
    socket.destroy();
  });

  test("a software name that is none gets INVALID_REQUEST, and the connection goes on", async () => {
    const socket = await KafkaSocket.open(leader.kafka);
    socket.send(KEY.apiVersions, 3, Buffer.from([3, 0x2d, 0x2d, 2, 0x31, 0]), true);
    expect((await socket.answer("ApiVersions v3")).readInt16BE(0)).toBe(42);
    socket.send(KEY.apiVersions, 0, Buffer.alloc(0));
    expect((await socket.answer("ApiVersions v0")).readInt16BE(0)).toBe(0);
    socket.destroy();
  });

  test("a varint of eleven bytes and a tag count beyond the frame are refused", async () => {
    for (const body of [Buffer.alloc(11, 0xff), Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0x0f])]) {
      const socket = await KafkaSocket.open(leader.kafka);
      socket.send(KEY.metadata, 9, body, true);
      await socket.answerOrClose("Metadata v9");
      socket.destroy();
    }
  });
});

describe("record batches", () => {
  const corrupt = (change: (batch: Buffer) => void, reseal = true) => {
    const batch = Buffer.from(batchOf("hostile"));
    change(batch);
    if (reseal) sealBatch(batch);
    return batch;
  };
  const CORRUPT_MESSAGE = 2;
  const UNSUPPORTED_COMPRESSION = 76;
  const INVALID_RECORD = 87;

  test.each([
    ["a wrong CRC", corrupt((batch) => batch.writeUInt32BE(1, BATCH_AT.crc), false), CORRUPT_MESSAGE],
    ["a flipped bit", corrupt((batch) => (batch[66]! ^= 1), false), CORRUPT_MESSAGE],
    [
      "2^31-1 records in 70 bytes",
      corrupt((batch) => batch.writeInt32BE(0x7fffffff, BATCH_AT.recordCount)),
      INVALID_RECORD,
    ],
    ["a negative number of records", corrupt((batch) => batch.writeInt32BE(-1, BATCH_AT.recordCount)), INVALID_RECORD],
    [
      "a last offset far away",
      corrupt((batch) => batch.writeInt32BE(1_000_000, BATCH_AT.lastOffsetDelta)),
      INVALID_RECORD,
    ],
    ["a negative last offset", corrupt((batch) => batch.writeInt32BE(-5, BATCH_AT.lastOffsetDelta)), INVALID_RECORD],
    ["a base offset of 2^63-1", corrupt((batch) => batch.writeBigInt64BE(2n ** 63n - 1n, 0)), INVALID_RECORD],
    [
      "a batch longer than its bytes",
      corrupt((batch) => batch.writeInt32BE(100_000, BATCH_AT.batchLength)),
      INVALID_RECORD,
    ],
    ["a batch of negative length", corrupt((batch) => batch.writeInt32BE(-1, BATCH_AT.batchLength)), CORRUPT_MESSAGE],
    ["bytes behind the batch", Buffer.concat([batchOf("hostile"), Buffer.alloc(9)]), INVALID_RECORD],
    ["two batches", Buffer.concat([batchOf("hostile"), batchOf("hostile")]), INVALID_RECORD],
    [
      "a control batch",
      buildBatch([{ key: Buffer.alloc(4), value: null, timestampMs: 1 }], { isControl: true }),
      INVALID_RECORD,
    ],
    [
      "a codec that nobody knows",
      corrupt((batch) => batch.writeInt16BE(6, BATCH_AT.attributes)),
      UNSUPPORTED_COMPRESSION,
    ],
    ["format 0 of before Kafka 0.11", corrupt((batch) => batch.writeInt8(0, BATCH_AT.magic), false), INVALID_RECORD],
    ["format 1 of before Kafka 0.11", corrupt((batch) => batch.writeInt8(1, BATCH_AT.magic), false), INVALID_RECORD],
    ["format 3", corrupt((batch) => batch.writeInt8(3, BATCH_AT.magic), false), CORRUPT_MESSAGE],
    ["no bytes at all", Buffer.alloc(0), INVALID_RECORD],
    ["noise", Buffer.from(Array.from({ length: 200 }, (_, i) => (i * 73) % 256)), CORRUPT_MESSAGE],
  ])("N20 %s is refused", async (_what, records, code) => {
    expect(await produceCode(records)).toBe(code);
  });

  test("a batch of one record is taken, and none of the hostile ones is in the log", async () => {
    expect(await produceCode(batchOf("good"))).toBe(0);
    expect(await valuesOf(cluster, "victim")).toEqual(["good"]);
    for (const { high_watermark } of (await describeTopic(cluster, "victim")).partitions)
      expect(high_watermark).toBe(1);
  });

  test.each(["__consumer_offsets", "__transaction_state", "__cluster_metadata"])(
    "a direct write to %s is denied",
    async (topic) => {
      expect(await produceCode(batchOf("x"), topic)).not.toBe(0);
    },
  );
});

describe("N17 bombs", () => {
  test.each(["gzip", "snappy", "lz4", "zstd"] as const)(
    "a %s batch that unpacks to 256 MB costs bounded memory, kills nobody, and hides no neighbour",
    async (compression) => {
      const topic = `bomb-${compression}`;
      await createTopic(cluster, topic, { config: { "max.message.bytes": "20000000" } });
      const { leader: id } = (await describeTopic(cluster, topic)).partitions[0]!;
      const broker = cluster.ready.brokers.find((each) => each.id === id)!;
      const gateway = gatewayPid(cluster);
      const before = [residentBytes(broker.pid), residentBytes(gateway)];
      const bomb = buildBatch([{ key: null, value: Buffer.alloc(256 << 20), timestampMs: Date.now() }], {
        compression,
      });
      const socket = await KafkaSocket.open(broker.kafka);
      socket.send(KEY.produce, 3, produceV3(topic, 0, bomb));
      const answer = await socket.answerOrClose("the bomb");
      const isTaken = answer !== null && produceErrorOf(answer) === 0;
      socket.destroy();
      expect(
        (await cluster.fetch(`/topics/${topic}/values?partition=0`, { method: "POST", body: "neighbour" })).status,
      ).toBe(201);
      // Kafka keeps batches as they came, so it may be in the log; whoever unpacks it for HTTP is the one in danger.
      if (isTaken) {
        const read = await cluster.fetch(`/topics/${topic}/partitions/0/records?offset=0&limit=1`);
        expect([200, 413, 422, 500]).toContain(read.status);
        expect((await read.text()).length).toBeLessThan(32 << 20);
      }
      const neighbour = await cluster.fetch(`/topics/${topic}/partitions/0/records/${isTaken ? 1 : 0}/value`);
      expect(await neighbour.text()).toBe("neighbour");
      expect(residentBytes(broker.pid) - before[0]!).toBeLessThan(200 << 20);
      expect(residentBytes(gateway) - before[1]!).toBeLessThan(200 << 20);
      expect(gatewayPid(cluster)).toBe(gateway);
    },
  );
});

describe("peers", () => {
  test("a client that claims to be a replica is told CLUSTER_AUTHORIZATION_FAILED, and gets no bytes", async () => {
    const socket = await KafkaSocket.open(leader.kafka);
    socket.send(KEY.fetch, 4, fetchV4(1, "victim", 0));
    const answer = await socket.answerOrClose("Fetch as replica 1");
    if (answer !== null) {
      expect(answer.includes(int16(31))).toBe(true);
      expect(answer.includes(Buffer.from("good"))).toBe(false);
    }
    socket.destroy();
    const reader = await KafkaSocket.open(leader.kafka);
    reader.send(KEY.fetch, 4, fetchV4(-1, "victim", 0));
    expect((await reader.answer("Fetch as a consumer")).includes(Buffer.from("good"))).toBe(true);
    reader.destroy();
  });

  test.each([
    ["Vote", KEY.vote, 0],
    ["AlterPartition", KEY.alterPartition, 2],
    ["BrokerRegistration", KEY.brokerRegistration, 0],
    ["BrokerHeartbeat", KEY.brokerHeartbeat, 0],
  ])("%s on the client listener is refused and changes nothing", async (_name, key, version) => {
    const before = JSON.stringify((await describeTopic(cluster, "victim")).partitions);
    const socket = await KafkaSocket.open(leader.kafka);
    socket.send(key, version, Buffer.alloc(64), true);
    const answer = await socket.answerOrClose("a peer's request");
    if (answer !== null) expect(answer.includes(int16(31)) || answer.readInt16BE(0) === 35).toBe(true);
    socket.destroy();
    expect(JSON.stringify((await describeTopic(cluster, "victim")).partitions)).toBe(before);
  });

  test("the peer listener answers nothing before the secret of the cluster was shown", async () => {
    for (const [key, version] of [
      [KEY.fetch, 4],
      [KEY.metadata, 1],
      [KEY.vote, 0],
    ] as const) {
      const socket = await KafkaSocket.open(leader.controller);
      socket.send(key, version, key === KEY.fetch ? fetchV4(1, "victim", 0) : Buffer.alloc(64), key === KEY.vote);
      const answer = await socket.answerOrClose("a request without the secret");
      if (answer !== null) {
        expect(answer.includes(Buffer.from("good"))).toBe(false);
        expect(answer.includes(Buffer.from("victim"))).toBe(false);
      }
      socket.destroy();
    }
  });
});
