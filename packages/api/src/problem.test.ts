import { ERRORS } from "@vitrine/core";
import { expect, test } from "vitest";
import { kafkaProblem, offsetOutOfRange } from "./problem.ts";

test("NOT_ENOUGH_REPLICAS reads as in the manual", () => {
  expect(
    kafkaProblem("NOT_ENOUGH_REPLICAS", "orders-0 has ISR [1], min.insync.replicas is 2", {
      partition: 0,
      leader: 1,
      isr: [1],
    }),
  ).toEqual({
    type: "/problems/not-enough-replicas",
    title: "Not enough in-sync replicas",
    status: 503,
    detail: "orders-0 has ISR [1], min.insync.replicas is 2",
    kafka_code: 19,
    kafka_error: "NOT_ENOUGH_REPLICAS",
    retriable: true,
    side_effects: "none",
    partition: 0,
    leader: 1,
    isr: [1],
  });
});

test.each([
  ["REQUEST_TIMED_OUT", 504, "possible"],
  ["NOT_ENOUGH_REPLICAS_AFTER_APPEND", 503, "applied"],
  ["UNKNOWN_TOPIC_OR_PARTITION", 404, "none"],
  ["MESSAGE_TOO_LARGE", 413, "none"],
  ["INVALID_TOPIC_EXCEPTION", 422, "none"],
  ["TOPIC_ALREADY_EXISTS", 409, "none"],
  ["UNSUPPORTED_COMPRESSION_TYPE", 415, "none"],
  ["NETWORK_EXCEPTION", 503, "possible"],
] as const)("%s is %d and its side effects are %s", (error, status, sideEffects) => {
  expect(kafkaProblem(error, "")).toMatchObject({ status, side_effects: sideEffects });
});

test("every Kafka error has a problem with its code and a type of its own", () => {
  const types = new Set(ERRORS.map((error) => kafkaProblem(error.name, "").type));
  expect(types.size).toBe(ERRORS.length);
  for (const error of ERRORS) expect(kafkaProblem(error.name, "").kafka_code).toBe(error.code);
});

test("an offset below the log is gone (410), beyond its end not there yet (416), both with the bounds", () => {
  const bounds = { topic: "orders", partition: 0, logStart: 10, end: 20 };
  expect(offsetOutOfRange({ ...bounds, offset: 9 })).toMatchObject({ status: 410, log_start: 10, end: 20 });
  expect(offsetOutOfRange({ ...bounds, offset: 21 })).toMatchObject({ status: 416, log_start: 10, end: 20 });
});
