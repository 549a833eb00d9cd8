import fc from "fast-check";
import { expect, test } from "vitest";
import { readAssignment, readSubscription, writeAssignment, writeSubscription } from "../src/index.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));

test("C1 a subscription of version 0, as old clients send it, is read", () => {
  // version 0, one topic "a", no user data (length -1)
  expect(readSubscription(hex("0000" + "00000001" + "000161" + "ffffffff"))).toEqual({
    topics: ["a"],
    owned: [],
    generation: -1,
    rack: null,
  });
});

test("C2 a version that is not known yet is read as the newest that is", () => {
  const bytes = writeSubscription(
    { topics: ["a"], owned: [{ topic: "a", partition: 1 }], generation: 7, rack: "r1" },
    "range",
  );
  bytes[1] = 9;
  expect(readSubscription(bytes)).toEqual({
    topics: ["a"],
    owned: [{ topic: "a", partition: 1 }],
    generation: 7,
    rack: "r1",
  });
});

test("C3 sticky members tell what they own in user data: it is read where the message has none", () => {
  // version 0; user data: one topic "a" with partition 2, generation 3
  const data = "00000001" + "000161" + "00000001" + "00000002" + "00000003";
  const bytes = hex("0000" + "00000001" + "000161" + "00000013" + data);
  expect(readSubscription(bytes)).toEqual({
    topics: ["a"],
    owned: [{ topic: "a", partition: 2 }],
    generation: 3,
    rack: null,
  });
});

test("C4 an assignment reads back; empty bytes are an assignment of nothing", () => {
  const partitions = [0, 3].map((partition) => ({ topic: "orders", partition }));
  expect(readAssignment(writeAssignment(partitions))).toEqual(partitions);
  expect(readAssignment(new Uint8Array())).toEqual([]);
});

test("C5 bytes of anybody are read or refused, never thrown at", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      readSubscription(bytes);
      readAssignment(bytes);
    }),
  );
});
