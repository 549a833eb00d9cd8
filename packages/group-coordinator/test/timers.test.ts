import { expect, test } from "vitest";
import { Timers } from "../src/timers.ts";

test("the earliest deadline comes first; a later one for the same key replaces it, an earlier one too", () => {
  const timers = new Timers<string>();
  timers.schedule("a", 10, "a1");
  timers.schedule("b", 20, "b1");
  timers.schedule("a", 30, "a2");
  expect(timers.nextDeadlineMs()).toBe(20);
  expect(timers.takeDue(19)).toBeNull();
  expect(timers.takeDue(20)).toBe("b1");
  timers.schedule("a", 25, "a3");
  expect(timers.nextDeadlineMs()).toBe(25);
  expect(timers.takeDue(100)).toBe("a3");
  expect(timers.takeDue(100)).toBeNull();
  expect(timers.size).toBe(0);
});

test("what is cancelled does not come up, also when it is scheduled again", () => {
  const timers = new Timers<string>();
  timers.schedule("a", 10, "old");
  timers.cancel("a");
  timers.schedule("a", 20, "new");
  expect(timers.takeDue(15)).toBeNull();
  expect(timers.takeDue(20)).toBe("new");
  expect(timers.takeDue(1_000)).toBeNull();
});

test("equal deadlines come in the order in which they were set", () => {
  const timers = new Timers<number>();
  for (let i = 0; i < 100; i++) timers.schedule(`key ${i}`, 5, i);
  const taken: number[] = [];
  for (let due = timers.takeDue(5); due !== null; due = timers.takeDue(5)) taken.push(due);
  expect(taken).toEqual(Array.from({ length: 100 }, (_, i) => i));
});
