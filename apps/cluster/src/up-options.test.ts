import { expect, test } from "vitest";
import { parseUpOptions } from "./up-options.ts";

test("nothing said gives Kafka's ports on loopback, three brokers by the data directory, no restart", () => {
  expect(parseUpOptions({})).toEqual({
    ok: true,
    value: {
      brokers: null,
      controllers: null,
      port: 8080,
      dataDir: "data",
      host: "127.0.0.1",
      rackPrefix: null,
      restartOnCrash: false,
      readyFile: null,
      insecure: false,
      json: false,
    },
  });
});

test.each([
  [{ brokers: "0" }, "--brokers takes a whole number from 1 to 32, not 0."],
  [{ brokers: "two" }, "--brokers takes a whole number from 1 to 32, not two."],
  [{ controllers: "-1" }, "--controllers takes a whole number from 0 to 9"],
  [{ port: "70000" }, "--port takes a whole number from 0 (any free ones)"],
  [{ port: "65000" }, "--port takes a whole number from 0 (any free ones)"],
  [{ restart: "always" }, "--restart takes never or on-crash, not always."],
  [{ host: "0.0.0.0" }, "--host 0.0.0.0 would let other machines in"],
  [{ host: "::" }, "--host :: would let other machines in"],
])("%j is refused with a sentence", (raw, sentence) => {
  const parsed = parseUpOptions(raw);
  expect(parsed.ok ? "" : parsed.sentence).toContain(sentence);
});

test.each(["127.0.0.1", "127.1.2.3", "localhost", "::1"])("--host %s is loopback and needs no word", (host) => {
  expect(parseUpOptions({ host }).ok).toBe(true);
});

test("--rack-per-broker takes a prefix, and has one of its own", () => {
  expect(parseUpOptions({ rackPerBroker: true })).toMatchObject({ value: { rackPrefix: "rack-" } });
  expect(parseUpOptions({ rackPerBroker: "zone" })).toMatchObject({ value: { rackPrefix: "zone" } });
});

test("--insecure lets any host pass", () => {
  expect(parseUpOptions({ host: "0.0.0.0", insecure: true }).ok).toBe(true);
});
