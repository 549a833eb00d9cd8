import { expect, test } from "vitest";
import { environmentSettings, parseNodeConfig, secretFrom } from "./config.ts";

const settings = {
  "cluster.id": "abc",
  "node.id": 2,
  "process.roles": "broker,controller",
  "controller.quorum.voters": "1@127.0.0.1:9192,2@[::1]:9193",
  listeners: "CLIENT://127.0.0.1:9093,PEER://[::1]:9193,HTTP://127.0.0.1:8093",
  "log.dirs": "/d/broker-2",
  "vitrine.cluster.secret.file": "/d/cluster.json",
};
const read = (changes: Record<string, unknown>, env = {}) =>
  parseNodeConfig(JSON.stringify({ ...settings, ...changes }), env, "broker.json");
const sentence = (changes: Record<string, unknown>) => {
  const result = read(changes);
  return result.ok ? "" : result.sentence;
};

test("a node's file says roles, quorum, listeners and directory; what is advertised is what is bound", () => {
  const result = read({});
  if (!result.ok) throw new Error(result.sentence);
  const client = { host: "127.0.0.1", port: 9093 };
  const peer = { host: "::1", port: 9193 };
  const http = { host: "127.0.0.1", port: 8093 };
  expect(result.config).toMatchObject({
    nodeId: 2,
    roles: { broker: true, controller: true },
    voters: [
      { nodeId: 1, host: "127.0.0.1", port: 9192 },
      { nodeId: 2, ...peer },
    ],
    listen: { client, peer, http },
    advertised: { client, peer, http },
    rack: null,
    dataDir: "/d/broker-2",
  });
});

test("a controller by itself has no face for clients", () => {
  const result = read({ "process.roles": "controller" });
  expect(result.ok && result.config.listen).toEqual({ client: null, peer: { host: "::1", port: 9193 }, http: null });
});

test("advertised.listeners names what others are told", () => {
  const result = read({ "advertised.listeners": "CLIENT://kafka.example:19093" });
  expect(result.ok && result.config.advertised.client).toEqual({ host: "kafka.example", port: 19093 });
  expect(result.ok && result.config.advertised.peer).toEqual({ host: "::1", port: 9193 });
});

test("the environment wins over the file", () => {
  const env = { VITRINE_SET_MIN_INSYNC_REPLICAS: "2", VITRINE_SET_BROKER_RACK: "r1", PATH: "/bin" };
  expect([...environmentSettings(env)]).toEqual([
    ["min.insync.replicas", "2"],
    ["broker.rack", "r1"],
  ]);
  const result = read({ "min.insync.replicas": 1 }, env);
  expect(result.ok && [result.config.rack, result.config.properties.get("min.insync.replicas")]).toEqual(["r1", "2"]);
});

test.each([
  [{ "node.id": undefined }, "node.id is missing"],
  [{ "node.id": "x" }, "node.id must be a whole number from 0, not x"],
  [{ "process.roles": "king" }, "process.roles must be broker, controller or both, not king"],
  [{ "controller.quorum.voters": "1@host" }, "controller.quorum.voters must look like 1@host:port"],
  [{ "controller.quorum.voters": "1@a:1,1@b:2" }, "controller.quorum.voters must look like 1@host:port"],
  [{ "node.id": 9 }, "node 9 is a controller and does not stand in controller.quorum.voters"],
  [{ listeners: "PEER://127.0.0.1:9193" }, "a broker needs a CLIENT listener"],
  [{ listeners: "CLIENT://127.0.0.1:9093" }, "listeners must name PEER://host:port"],
  [{ "log.dirs": "/a,/b" }, "log.dirs names several directories"],
  [{ listeners: { a: 1 } }, "listeners must be text, a number, true or false"],
])("%j is refused in words", (changes, expected) => {
  expect(sentence(changes)).toContain(expected);
});

test("JSON that is none is refused with the place", () => {
  const result = parseNodeConfig("{", {}, "broker.json");
  expect(result.ok ? "" : result.sentence).toContain("broker.json is not valid JSON");
});

test.each([
  ['{"secret":"s3"}', "s3"],
  ["  s4\n", "s4"],
  ["", null],
  ['{"other":1}', null],
  ["{", null],
])("the secret of %j is %s", (text, secret) => {
  expect(secretFrom(text)).toBe(secret);
});
