import { describe, expect, test } from "vitest";
import { Uuid } from "@vitrine/core";
import { CLIENT_ADVERTISED, isServed, newestVersion, PEER_ADVERTISED } from "../src/api-keys.ts";
import { decodeRequest, decodeResponse, peekRequest } from "../src/decode.ts";
import {
  apiVersionRows,
  encodeRequest,
  encodeResponse,
  encodeResponseParts,
  encodeUnknownApiVersions,
} from "../src/encode.ts";
import { ApiKey } from "../src/gen/api-map.ts";
import {
  newApiVersionsResponse,
  newFetchRequest,
  newFetchResponse,
  newFetchResponsePartitionData,
  newMetadataRequest,
  newProduceRequest,
} from "../src/gen/types.ts";
import { ProtocolError } from "../src/protocol-error.ts";
import { numberTag, tagNumber } from "../src/tags.ts";

/** Requests as other people's encoders write them (@platformatic/kafka 2.12.1, kafkajs 2.2.4), without the length in front. */
const GOLDEN: [string, string, { apiKey: number; apiVersion: number }, object][] = [
  [
    "Metadata v12",
    "0003000c000000070004676f6c64000200000000000000000000000000000000076f726465727300010000",
    { apiKey: 3, apiVersion: 12 },
    { topics: [{ name: "orders", topicId: "AAAAAAAAAAAAAAAAAAAAAA" }], allowAutoTopicCreation: true },
  ],
  [
    "ApiVersions v4",
    "00120004000000070004676f6c64000d76697472696e652d7465737406312e302e3000",
    { apiKey: 18, apiVersion: 4 },
    { clientSoftwareName: "vitrine-test", clientSoftwareVersion: "1.0.0" },
  ],
  [
    "Fetch v17",
    "00010011000000070004676f6c6400000001f400000001001000000000000000ffffffff0271a2ca010b0c4d0e8f101112131415160200000002000000050000011f71fb04cbffffffffffffffffffffffff000100000000010100",
    { apiKey: 1, apiVersion: 17 },
    {
      maxWaitMs: 500,
      maxBytes: 1048576,
      topics: [
        {
          topicId: "caLKAQsMTQ6PEBESExQVFg",
          partitions: [{ partition: 2, fetchOffset: 1234567890123, partitionMaxBytes: 65536 }],
        },
      ],
    },
  ],
  [
    "ListOffsets v7",
    "00020007000000070004676f6c6400ffffffff0102076f72646572730200000000fffffffffffffffffffffffe000000",
    { apiKey: 2, apiVersion: 7 },
    { isolationLevel: 1, topics: [{ name: "orders", partitions: [{ timestamp: -2, currentLeaderEpoch: -1 }] }] },
  ],
  [
    "CreateTopics v7",
    "00130007000000070004676f6c640002076f726465727300000003ffff01020d726574656e74696f6e2e6d7305313030300000000075300000",
    { apiKey: 19, apiVersion: 7 },
    {
      timeoutMs: 30000,
      topics: [
        { name: "orders", numPartitions: 3, replicationFactor: -1, configs: [{ name: "retention.ms", value: "1000" }] },
      ],
    },
  ],
];

describe("frames of other encoders", () => {
  test.each(GOLDEN)("%s is understood and written back byte for byte", (_name, hex, numbers, body) => {
    const frame = Buffer.from(hex, "hex");
    const request = decodeRequest(frame);
    expect(request.header).toEqual({ ...numbers, correlationId: 7, clientId: "gold" });
    expect(request.body).toMatchObject(body);
    expect(peekRequest(frame)).toEqual({ ...numbers, correlationId: 7 });
    expect(Buffer.from(encodeRequest(request.header, request.body).subarray(4)).toString("hex")).toBe(hex);
  });
});

test("librdkafka's question for all topics leaves three bytes after the message, which Kafka lets pass", () => {
  // Length and bytes of librdkafka 2.15.1: four bytes for an array length that needs one. The rest reads as flags and no tags.
  const head = "0003000c00000002000772646b61666b6100";
  const { body } = decodeRequest(Buffer.from(`${head}00000000010000`, "hex"));
  expect(body).toMatchObject({ topics: null, allowAutoTopicCreation: false, includeTopicAuthorizedOperations: false });
});

describe("answers in pieces", () => {
  test.each([0, 1, 4095, 4096, 100_000])(
    "records of %i bytes go out from where they lie, or copied, as the same frame",
    (size) => {
      const records = new Uint8Array(new SharedArrayBuffer(size)).fill(7);
      for (const version of [4, 11, 12, 17]) {
        const body = newFetchResponse({
          responses: [
            {
              topic: "orders",
              topicId: Uuid("AAAAAAAAAAAAAAAAAAAAAQ"),
              partitions: [0, 1].map((partitionIndex) => newFetchResponsePartitionData({ partitionIndex, records })),
            },
          ],
        });
        const parts = encodeResponseParts(ApiKey.Fetch, version, 9, body);
        expect(Buffer.concat(parts).equals(encodeResponse(ApiKey.Fetch, version, 9, body))).toBe(true);
        expect(parts.filter((part) => part === records)).toHaveLength(size >= 4096 ? 2 : 0);
      }
      // What is written next is one piece again.
      const frame = encodeRequest(HEADER, newMetadataRequest({ topics: null }));
      expect(decodeRequest(frame.subarray(4)).header).toEqual(HEADER);
    },
  );
});

const HEADER = { apiKey: ApiKey.Metadata, apiVersion: 9, correlationId: 1, clientId: null };

describe("headers", () => {
  test("an ApiVersions answer has header v0 in every version", () => {
    for (const version of [0, 3, 4]) {
      const frame = encodeResponse(
        ApiKey.ApiVersions,
        version,
        9,
        newApiVersionsResponse({ apiKeys: apiVersionRows(CLIENT_ADVERTISED) }),
      );
      expect(new DataView(frame.buffer, frame.byteOffset).getInt32(0)).toBe(frame.length - 4);
      // Behind length and correlation id stands the error code at once: no tag section between.
      expect([...frame.subarray(4, 10)]).toEqual([0, 0, 0, 9, 0, 0]);
      expect(decodeResponse(ApiKey.ApiVersions, version, frame.subarray(4)).body.apiKeys).toHaveLength(
        CLIENT_ADVERTISED.size,
      );
    }
  });

  test("an unknown ApiVersions version is answered in v0 with error 35 and its own range", () => {
    const { body, correlationId } = decodeResponse(
      ApiKey.ApiVersions,
      0,
      encodeUnknownApiVersions(4, CLIENT_ADVERTISED).subarray(4),
    );
    expect({ correlationId, errorCode: body.errorCode }).toEqual({ correlationId: 4, errorCode: 35 });
    expect(body.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 4 }]);
  });

  test("a client id of null is written and read", () => {
    const header = { apiKey: ApiKey.Metadata, apiVersion: 9, correlationId: 1, clientId: null };
    const frame = encodeRequest(header, newMetadataRequest({ topics: null }));
    expect(decodeRequest(frame.subarray(4))).toMatchObject({ header, body: { topics: null } });
  });
});

describe("versions", () => {
  test("Produce 0 to 2 are advertised to clients and served to nobody", () => {
    expect(CLIENT_ADVERTISED.get(ApiKey.Produce)).toEqual({ min: 0, max: 11 });
    expect(isServed(CLIENT_ADVERTISED, ApiKey.Produce, 2)).toBe(false);
    expect(isServed(CLIENT_ADVERTISED, ApiKey.Produce, 3)).toBe(true);
  });

  test("peers speak the newest, clients what is advertised", () => {
    expect(newestVersion(PEER_ADVERTISED, ApiKey.Fetch)).toBe(18);
    expect(newestVersion(CLIENT_ADVERTISED, ApiKey.Fetch)).toBe(12);
    expect(newestVersion(CLIENT_ADVERTISED, ApiKey.Vote)).toBeNull();
  });

  test("a value that the version cannot carry is refused, an ignorable one is dropped", () => {
    const header = { apiKey: ApiKey.Fetch, apiVersion: 4, correlationId: 1, clientId: null };
    const ignorable = newFetchRequest({ sessionId: 5, rackId: "r" });
    expect(decodeRequest(encodeRequest(header, ignorable).subarray(4)).body).toMatchObject({
      sessionId: 0,
      rackId: "",
    });
    const needed = newFetchRequest({ replicaState: { replicaId: 1, replicaEpoch: 4 } });
    expect(() => encodeRequest(header, needed)).toThrow(expect.objectContaining({ errorName: "UNSUPPORTED_VERSION" }));
  });

  test("keys and versions without a table are UNSUPPORTED_VERSION", () => {
    for (const [key, version] of [
      [4, 0],
      [95, 0],
      [-1, 0],
      [1, 19],
      [1, 3],
    ] as const) {
      const frame = Buffer.alloc(20);
      frame.writeInt16BE(key, 0);
      frame.writeInt16BE(version, 2);
      expect(() => decodeRequest(frame)).toThrow(expect.objectContaining({ errorName: "UNSUPPORTED_VERSION" }));
    }
  });
});

test("numbers beyond 2^53 in an int64 are an error, not a rounded offset", () => {
  const header = { apiKey: ApiKey.ListOffsets, apiVersion: 7, correlationId: 7, clientId: "gold" };
  const bytes = Buffer.from(GOLDEN[3]![1], "hex");
  bytes.writeBigInt64BE(2n ** 53n, bytes.indexOf(Buffer.from("fffffffffffffffe", "hex")));
  expect(() => decodeRequest(bytes)).toThrow(ProtocolError);
  expect(() => encodeRequest(header, { replicaId: 2 ** 31, isolationLevel: 0, topics: [], timeoutMs: 0 })).toThrow(
    ProtocolError,
  );
});

test("a private tag travels with its struct, beside the known ones", () => {
  const header = { apiKey: ApiKey.Fetch, apiVersion: 17, correlationId: 1, clientId: null };
  const sent = newFetchRequest({
    clusterId: "c",
    unknownTags: [numberTag(10_000, 2 ** 40 + 1), numberTag(10_001, -5)],
  });
  const { body } = decodeRequest(encodeRequest(header, sent).subarray(4));
  expect(body).toMatchObject({ clusterId: "c" });
  const tags = (body as typeof sent).unknownTags;
  expect([tagNumber({ unknownTags: tags! }, 10_000), tagNumber({ unknownTags: tags! }, 10_001)]).toEqual([
    2 ** 40 + 1,
    -5,
  ]);
});

test("records of a request are views on its frame, and large messages survive the growing buffer", () => {
  const records = new Uint8Array(3_000_000).fill(7);
  const body = newProduceRequest({
    acks: -1,
    topicData: [{ name: "t", topicId: Uuid("AAAAAAAAAAAAAAAAAAAAAA"), partitionData: [{ index: 0, records }] }],
  });
  const frame = encodeRequest({ apiKey: ApiKey.Produce, apiVersion: 11, correlationId: 1, clientId: "p" }, body);
  const back = decodeRequest(frame.subarray(4)).body as typeof body;
  const view = back.topicData[0]!.partitionData[0]!.records!;
  expect(view).toHaveLength(records.length);
  expect(view.buffer).toBe(frame.buffer);
  expect(view.every((byte) => byte === 7)).toBe(true);
});
