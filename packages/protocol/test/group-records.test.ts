/** The bytes of `__consumer_offsets`. The vectors are packed by hand from Kafka's schemas with Python's struct, not by this code. */
import { uuidFromBytes, ZERO_UUID } from "@vitrine/core";
import { describe, expect, test } from "vitest";
import type { GroupRecord } from "../src/group-record.ts";
import { ProtocolError } from "../src/protocol-error.ts";
import { decodeGroupRecord, encodeGroupRecord } from "../src/records/group-records.ts";

const OFFSET_KEY = "000100086d792d67726f757000066f726465727300000007";
const GROUP_KEY = "000200086d792d67726f7570";
const TIME_MS = 1_700_000_000_000;
const offset = {
  offset: 42,
  leaderEpoch: -1,
  metadata: "",
  commitTimestamp: TIME_MS,
  expireTimestamp: -1,
  topicId: ZERO_UUID,
};
const hex = (data: Uint8Array | null) => (data === null ? null : Buffer.from(data).toString("hex"));
const unhex = (digits: string) => Uint8Array.from(Buffer.from(digits, "hex"));

const member = (memberId: string, groupInstanceId: string | null, subscription: number[], assignment: number[]) => ({
  memberId,
  groupInstanceId,
  clientId: "client",
  clientHost: "/127.0.0.1",
  rebalanceTimeout: 60_000,
  sessionTimeout: 45_000,
  subscription: Uint8Array.from(subscription),
  assignment: Uint8Array.from(assignment),
});

const key = { group: "my-group", topic: "orders", partition: 7 };
const VECTORS: readonly [string, GroupRecord, string, string | null][] = [
  [
    "an offset, version 3",
    {
      type: "OffsetCommit",
      key,
      value: { ...offset, offset: 1_234_567_890_123, leaderEpoch: 5, metadata: "été" },
      version: 3,
    },
    OFFSET_KEY,
    "00030000011f71fb04cb000000050005c3a974c3a90000018bcfe56800",
  ],
  [
    "an offset with a time of its own, version 1",
    { type: "OffsetCommit", key, value: { ...offset, expireTimestamp: TIME_MS + 60_000 }, version: 1 },
    OFFSET_KEY,
    "0001000000000000002a00000000018bcfe568000000018bcfe65260",
  ],
  [
    "an offset with a topic id, version 4",
    {
      type: "OffsetCommit",
      key,
      value: { ...offset, metadata: "m", topicId: uuidFromBytes(Uint8Array.from({ length: 16 }, (_, i) => i)) },
      version: 4,
    },
    OFFSET_KEY,
    "0004000000000000002affffffff026d0000018bcfe56800010010000102030405060708090a0b0c0d0e0f",
  ],
  ["a deleted offset", { type: "OffsetCommit", key, value: null, version: 4 }, OFFSET_KEY, null],
  [
    "a generation",
    {
      type: "GroupMetadata",
      key: { group: "my-group" },
      value: {
        protocolType: "consumer",
        generation: 3,
        protocol: "range",
        leader: "m-1",
        currentStateTimestamp: TIME_MS,
        members: [member("m-1", "i-1", [0, 1], [2]), member("m-2", null, [], [])],
      },
      version: 3,
    },
    GROUP_KEY,
    "00030008636f6e73756d657200000003000572616e676500036d2d310000018bcfe568000000000200036d2d310003692d310006636c69656e74000a2f3132372e302e302e310000ea600000afc8000000020001000000010200036d2d32ffff0006636c69656e74000a2f3132372e302e302e310000ea600000afc80000000000000000",
  ],
  [
    "an empty generation",
    {
      type: "GroupMetadata",
      key: { group: "my-group" },
      value: {
        protocolType: "consumer",
        generation: 4,
        protocol: null,
        leader: null,
        currentStateTimestamp: TIME_MS,
        members: [],
      },
      version: 3,
    },
    GROUP_KEY,
    "00030008636f6e73756d657200000004ffffffff0000018bcfe5680000000000",
  ],
  ["a deleted group", { type: "GroupMetadata", key: { group: "my-group" }, value: null, version: 4 }, GROUP_KEY, null],
];

describe("G6 records of __consumer_offsets are Kafka's, byte for byte", () => {
  test.each(VECTORS)("%s", (_name, record, keyHex, valueHex) => {
    const encoded = encodeGroupRecord(record);
    expect([hex(encoded.key), hex(encoded.value)]).toEqual([keyHex, valueHex]);
    expect(decodeGroupRecord(unhex(keyHex), valueHex === null ? null : unhex(valueHex))).toEqual(record);
  });

  test("offsets of old versions are read, also under the key of before 0.8.2", () => {
    const legacy = decodeGroupRecord(
      unhex("000000086d792d67726f757000066f726465727300000007"),
      unhex("0000000000000000002a00016d0000018bcfe56800"),
    );
    expect(legacy).toEqual({ type: "OffsetCommit", key, value: { ...offset, metadata: "m" }, version: 0 });
  });

  test("types of other protocols are passed over; broken bytes and unknown versions are told", () => {
    expect(decodeGroupRecord(unhex("000300086d792d67726f7570"), unhex("000000000001"))).toBeNull();
    expect(() => decodeGroupRecord(unhex("0001"), null)).toThrow(ProtocolError);
    expect(() => decodeGroupRecord(unhex(GROUP_KEY), unhex("0009"))).toThrow("no version 9");
  });
});
