import { expect, test } from "vitest";
import { readArguments } from "./arguments.ts";
import { PROFILES } from "./profiles.ts";

test.each([
  [[], { from: 1, to: 2000, profiles: PROFILES, threads: 2, replay: false }],
  [["--seed", "42"], { from: 42, to: 42, profiles: ["swarm"], replay: true }],
  [["--", "--seed", "42", "--profile", "disk", "--json"], { profiles: ["disk"], json: true }],
  [["--seeds", "5..9", "--threads", "1"], { from: 5, to: 9, threads: 1, replay: false }],
])("%j", (argv, expected) => {
  expect(readArguments(argv, 2)).toMatchObject(expected);
});

test.each([
  [["--seed"], "--seed needs a value"],
  [["--seeds", "9..5"], "9..5 is not a range of seeds like 1..2000"],
  [["--profile", "odd"], "odd is not a profile"],
  [["--sed", "1"], "--sed is not an option"],
])("%j is refused in a sentence", (argv, message) => {
  expect(() => readArguments(argv, 2)).toThrow(message);
});
