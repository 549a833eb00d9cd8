import { PROCESS_VERBS } from "@vitrine/api";
import { expect, test } from "vitest";
import { readFromChild } from "./control-messages.ts";
import { unsupportedOn, verbConflict, verbsIn } from "./verbs.ts";

test("a frozen process can be woken, killed or started anew, an exited one only started", () => {
  expect(verbsIn("frozen", "linux")).toEqual(["unfreeze", "kill", "restart"]);
  expect(verbsIn("exited", "linux")).toEqual(["restart"]);
});

test("Windows says why it cannot freeze", () => {
  expect(verbsIn("running", "win32")).toEqual(["stop", "kill", "restart", "isolate"]);
  expect(unsupportedOn("win32").freeze).toContain("no signal that stops a process");
});

test("a verb out of place is answered with what is possible", () => {
  expect(verbConflict("kill", "running", "broker 2")).toBe(null);
  expect(verbConflict("rejoin", "running", "broker 2")).toBe(
    "broker 2 is running, so it cannot rejoin; possible now: stop, kill, restart, freeze, isolate",
  );
});

test("only commands that make sense are read from the gateway", () => {
  for (const verb of PROCESS_VERBS) {
    const command = { verb, kind: "broker", id: 2 };
    expect(readFromChild({ type: "command", requestId: 1, command })).toEqual({
      type: "command",
      requestId: 1,
      command,
    });
  }
  const bad = [
    { verb: "explode", kind: "broker", id: 2 },
    { verb: "kill", kind: "gateway", id: 2 },
    { verb: "kill", kind: "broker" },
    null,
    "kill",
  ];
  for (const command of bad) expect(readFromChild({ type: "command", requestId: 1, command })).toBe(null);
  for (const message of [null, 7, "x", {}, { type: "what" }]) expect(readFromChild(message)).toBe(null);
});
