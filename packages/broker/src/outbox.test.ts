import type { Ticket } from "@vitrine/log";
import { expect, test } from "vitest";
import { Outbox } from "./outbox.ts";

const ticket = (value: number) => value as Ticket;

test("T5 an effect leaves when its ticket is committed, in order, not before", () => {
  const outbox = new Outbox();
  const left: number[] = [];
  for (const n of [1, 1, 2, 3]) outbox.hold(ticket(n), () => left.push(n));
  outbox.release(ticket(0));
  expect(left).toEqual([]);
  outbox.release(ticket(2));
  expect(left).toEqual([1, 1, 2]);
  outbox.release(ticket(3));
  expect(left).toEqual([1, 1, 2, 3]);
  expect(outbox.size).toBe(0);
});

test("T10 after a failure nothing held ever leaves, and nothing new is taken", () => {
  const outbox = new Outbox();
  const left: number[] = [];
  outbox.hold(ticket(1), () => left.push(1));
  outbox.fail();
  outbox.hold(ticket(2), () => left.push(2));
  outbox.release(ticket(9));
  expect(left).toEqual([]);
});
