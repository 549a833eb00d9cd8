import { expect, test } from "vitest";
import { ProblemError } from "../error-reply.ts";
import { parseRecordLine, parseRecordsBody } from "./envelope.ts";

const NOW = 1_763_631_000_000;

function read(text: string) {
  return parseRecordsBody(Buffer.from(text), NOW).map(({ record, partition }) => ({
    key: record.key === null ? null : Buffer.from(record.key).toString(),
    value: record.value === null ? null : Buffer.from(record.value).toString(),
    headers: record.headers.map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString()]),
    ...(record.timestampMs === NOW ? {} : { ts: record.timestampMs }),
    ...(partition === null ? {} : { partition }),
  }));
}

function refusal(text: string) {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
  }
  return expect.unreachable();
}

const plain = { key: null, value: "1", headers: [] };

test.each([
  [
    "a value is the bytes that were sent",
    '{"value": {"id" : 12345678901234567890} }',
    [{ ...plain, value: '{"id" : 12345678901234567890}' }],
  ],
  ["null is JSON", '{"value":null}', [{ ...plain, value: "null" }]],
  ["a tombstone is no value", '{"key":"k","value":null,"tombstone":true}', [{ ...plain, key: "k", value: null }]],
  ["a tombstone needs no value", '{"key":"k","tombstone":true}', [{ ...plain, key: "k", value: null }]],
  ["text", '{"value_text":"h\\u00e9\\n"}', [{ ...plain, value: "hé\n" }]],
  ["base64", '{"value_b64":"aGk=","key_b64":"aw=="}', [{ ...plain, key: "k", value: "hi" }]],
  ["a string key has no quotes", '{"key":"7","value":1}', [{ ...plain, key: "7" }]],
  ["another key is its text", '{"key":{"a":1},"value":1}', [{ ...plain, key: '{"a":1}' }]],
  ["a null key is none", '{"key":null,"value":1}', [plain]],
  [
    "headers as an object",
    '{"headers":{"a":"b","n":null},"value":1}',
    [
      {
        ...plain,
        headers: [
          ["a", "b"],
          ["n", null],
        ],
      },
    ],
  ],
  [
    "headers as pairs may repeat",
    '{"headers":[["a","b"],["a","c"]],"value":1}',
    [
      {
        ...plain,
        headers: [
          ["a", "b"],
          ["a", "c"],
        ],
      },
    ],
  ],
  [
    "timestamps in both forms",
    '[{"timestamp":5,"value":1},{"timestamp":"2026-11-20T09:00:00Z","value":1}]',
    [
      { ...plain, ts: 5 },
      { ...plain, ts: 1_795_165_200_000 },
    ],
  ],
  ["a partition", '{"partition":3,"value":1}', [{ ...plain, partition: 3 }]],
  ["wrapped", '{"records":[{"value":1},{"value":1}]}', [plain, plain]],
  ["nothing", "[]", []],
])("%s", (_name, text, wanted) => expect(read(text)).toEqual(wanted));

test.each([
  ['{"valeu":1}', 422, "/valeu is not a member of an envelope", "did you mean value?"],
  ['{"id":7}', 422, "/id is not a member of an envelope", "did you mean /values"],
  ['{"__proto__":{"a":1},"value":1}', 422, "/__proto__ is not a member", ""],
  ['[{"value":1},{"vlaue":1}]', 422, "/1/vlaue is not a member of an envelope", ""],
  ["7", 422, "the body must be an envelope object", "did you mean /values?"],
  ["[7]", 422, "/0 must be an envelope object", "did you mean /values?"],
  ['{"key":"a"}', 422, "the body has no value", '"tombstone": true'],
  ['{"value":1,"value":2}', 422, "/value is given twice", ""],
  ['{"value":1,"value_text":"a"}', 422, "/value_text excludes value", ""],
  ['{"value":1,"tombstone":true}', 422, "/tombstone a tombstone has no value", ""],
  ['{"value_b64":"?"}', 422, "/value_b64 is not base64", ""],
  ['{"headers":{"a":1},"value":1}', 422, "/headers/a must be a string or null", "send JSON as text"],
  ['{"headers":7,"value":1}', 422, "/headers must be an object or an array of pairs", ""],
  ['{"timestamp":-1,"value":1}', 422, "/timestamp must be milliseconds", ""],
  ['{"partition":"0","value":1}', 422, "/partition must be a partition number", ""],
  ['{"records":[],"topic":"x"}', 422, "the body has members beside records", ""],
  ['{"value_text":"\\ud800"}', 400, "half of a surrogate pair", ""],
  ['{"value":01}', 400, "(byte 10, line 1, column 11)", ""],
  ['{\n "value":tru}', 400, "line 2, column 13", ""],
])("%s is refused", (text, status, detail, hint) => {
  const problem = refusal(text);
  expect(problem.status).toBe(status);
  expect(problem.detail).toContain(detail);
  expect(problem.hint ?? "").toContain(hint);
  expect(problem.side_effects).toBe("none");
});

test("a line of a stream is one envelope, never a list", () => {
  expect(Buffer.from(parseRecordLine(Buffer.from(' {"value":1}\r'), NOW).record.value!).toString()).toBe("1");
  expect(() => parseRecordLine(Buffer.from("[]"), NOW)).toThrow(ProblemError);
  expect(({} as { a?: unknown }).a).toBeUndefined();
});
