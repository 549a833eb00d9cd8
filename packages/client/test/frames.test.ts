import fc from "fast-check";
import { expect, test } from "vitest";
import { Backoff, parseRecordsFrame, SseParser } from "../src/index.ts";
import { itemSlices, memberSlices } from "../src/json-slices.ts";

const spaced = (value: unknown) => fc.constantFrom(JSON.stringify(value), JSON.stringify(value, null, 1));

test("members and items of any JSON are found whole, whatever stands in strings", () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), value).chain((object) => fc.tuple(fc.constant(object), spaced(object))),
      ([object, text]) => {
        const members = memberSlices(text, 0);
        expect([...members].map(([name, raw]) => [name, JSON.parse(raw)])).toEqual(
          Object.entries(JSON.parse(text) as typeof object),
        );
      },
    ),
  );
  fc.assert(
    fc.property(
      fc.array(value).chain((list) => spaced(list)),
      (text) => {
        expect(itemSlices(text, 0).map((raw) => JSON.parse(raw) as unknown)).toEqual(JSON.parse(text));
      },
    ),
  );
});

test("text that is no JSON ends too", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", "a", " ") }), (text) => {
      try {
        memberSlices(text, 0);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
      itemSlices(text, 0);
    }),
  );
});

test("a value keeps its digits; text is unescaped; a tombstone is null", () => {
  const frame = `{"t":"records","id":1,"p":2,"r":[{"o":1,"ts":5,"k":"a","v":{"n": 9223372036854775807}},{"o":2,"ts":6,"k":null,"v":"x\\n","enc":"text","size":9},{"o":3,"ts":7,"k_b64":"/w==","h":[["t",null]],"v":null,"tomb":true},{"o":4,"ts":8,"k":null,"v":null}],"next":"2:5@1","hw":5,"lag":0,"gen":3}`;
  const batch = parseRecordsFrame(frame);
  expect(batch).toMatchObject({ topic: null, partition: 2, next: "2:5@1", highWatermark: 5, gen: 3 });
  expect(
    batch.records.map((record) => [
      record.offset,
      record.key,
      record.keyBase64,
      record.value,
      record.encoding,
      record.cutFromBytes,
    ]),
  ).toEqual([
    [1, "a", false, '{"n": 9223372036854775807}', "json", null],
    [2, null, false, "x\n", "text", 9],
    [3, "/w==", true, null, "json", null],
    [4, null, false, "null", "json", null],
  ]);
});

test("server-sent events come out the same however the stream is cut", () => {
  const stream =
    ': hello\r\nretry: 2000\n\nid: e:1\nevent: snap\ndata: {"a":1}\n\ndata: one\ndata: two\n\nevent: nothing\n\n';
  fc.assert(
    fc.property(fc.array(fc.nat({ max: stream.length }), { maxLength: 8 }), (cuts) => {
      const parser = new SseParser();
      const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      const events = edges.slice(1).flatMap((to, index) => [...parser.feed(stream.slice(edges[index], to))]);
      expect(events).toEqual([
        { type: "snap", data: '{"a":1}', id: "e:1" },
        { type: "message", data: "one\ntwo", id: "e:1" },
      ]);
    }),
  );
});

test("waits double from 250 ms to 5 s, with up to half taken off", () => {
  const full = new Backoff(() => 1);
  expect(Array.from({ length: 7 }, () => full.nextMs())).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
  const short = new Backoff(() => 0);
  expect(short.nextMs()).toBe(125);
  short.reset();
  expect(short.nextMs()).toBe(125);
});
