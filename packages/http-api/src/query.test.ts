import Type from "typebox";
import { expect, test } from "vitest";
import { closest, editDistance } from "./did-you-mean.ts";
import { ProblemError } from "./error-reply.ts";
import { durationMs, parameterParser } from "./query.ts";

const schema = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
    internal: Type.Optional(Type.Boolean()),
    acks: Type.Optional(Type.String({ enum: ["0", "1", "all"] })),
    wait: Type.Optional(Type.String({ pattern: "^\\d+s$", errorMessage: "is not a duration" })),
  },
  { additionalProperties: false },
);
const parse = parameterParser(schema, "querystring");

test("text becomes the type of the schema, and nothing else", () => {
  expect(parse({ limit: "7", internal: "1", acks: "all", wait: "5s" })).toEqual({
    value: { limit: 7, internal: true, acks: "all", wait: "5s" },
  });
  expect(parse({ internal: "" })).toEqual({ value: { internal: true } });
  expect(parse({})).toEqual({ value: {} });
});

test.each([
  [{ limit: "7.0" }, "?limit is not a whole number"],
  [{ limit: "0" }, "?limit must be at least 1"],
  [{ limit: "11" }, "?limit must be at most 10"],
  [{ limit: ["1", "2"] }, "?limit is given more than once"],
  [{ internal: "yes" }, "?internal must be 1 or 0"],
  [{ acks: "2" }, "?acks must be one of 0, 1, all"],
  [{ wait: "soon" }, "?wait is not a duration"],
  [{ limt: "1" }, "?limt is not a parameter of this path"],
])("%j is refused", (given, detail) => {
  const result = parse(given);
  const problem =
    "error" in result && result.error instanceof ProblemError ? result.error.problem : expect.unreachable();
  expect(problem).toMatchObject({ status: 422, detail });
});

test("a misspelt name gets the nearest one, a strange one the list", () => {
  const hint = (given: Record<string, string>) => {
    const result = parse(given);
    return "error" in result && result.error instanceof ProblemError ? result.error.problem.hint : "";
  };
  expect(hint({ limti: "1" })).toBe("did you mean limit?");
  expect(hint({ zzz: "1" })).toBe("this path takes limit, internal, acks, wait");
});

test.each([
  ["500ms", 500],
  ["5s", 5_000],
  ["15m", 900_000],
  ["2h", 7_200_000],
  ["1.5s", 1_500],
  ["30", 30_000],
  ["soon", null],
  ["-1s", null],
])("%s is %j ms", (text, ms) => expect(durationMs(text)).toBe(ms));

test("nearest word", () => {
  expect(editDistance("topcis", "topics")).toBe(1);
  expect(closest("topcs", ["topics", "brokers"])).toBe("topics");
  expect(closest("xyz", ["topics", "brokers"])).toBeUndefined();
});
