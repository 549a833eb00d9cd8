import { errorFromCode, type NodeId } from "@vitrine/core";
import { buildBatch, type RecordToWrite } from "@vitrine/protocol";
import { ApiKey, newFindCoordinatorRequest, newInitProducerIdRequest } from "@vitrine/protocol/types";
import { beforeEach, describe, expect, test } from "vitest";
import { SmallCluster } from "./small-cluster.ts";
import { TestClient } from "./test-client.ts";

let cluster: SmallCluster;
let client: TestClient;
beforeEach(() => {
  cluster = new SmallCluster();
  client = new TestClient(cluster);
});

function init(to: NodeId, more: Parameters<typeof newInitProducerIdRequest>[0] = {}, apiVersion = 5) {
  const request = newInitProducerIdRequest({ transactionalId: null, transactionTimeoutMs: 60_000, ...more });
  const { errorCode, producerId, producerEpoch } = client.ask(to, ApiKey.InitProducerId, apiVersion, request);
  return { error: errorFromCode(errorCode).name, producerId, producerEpoch };
}

const records = (...values: string[]): RecordToWrite[] =>
  values.map((value) => ({ key: null, value: Buffer.from(value), timestampMs: 1_700_000_000_000 }));

/** What a producer with this id writes to topic t. */
const send = (
  producerId: number,
  baseSequence: number,
  values: readonly string[],
  { epoch = 0, acks = -1 }: { epoch?: number; acks?: number } = {},
) => client.produce("t", records(...values), { producerId, producerEpoch: epoch, baseSequence, acks });

describe("producer ids", () => {
  test("B32 nobody gets an id twice, whichever broker gives it and however many blocks that takes", () => {
    const ids = new Set<number>();
    const count = 2_500;
    const answers = Array.from({ length: count }, (_, i) =>
      cluster.send<{ producerId: number; producerEpoch: number; errorCode: number }>(
        1 + (i % 3),
        ApiKey.InitProducerId,
        newInitProducerIdRequest({ transactionalId: null }),
        4,
      ),
    );
    cluster.until(() => answers.every(({ done }) => done), "every answer");
    for (const { body } of answers) {
      expect(body).toMatchObject({ errorCode: 0, producerEpoch: 0 });
      ids.add((body as { producerId: number }).producerId);
    }
    expect(ids.size).toBe(count);
  });

  test("B32 the next block is there before the last id of this one is given: no answer waits for the controller", () => {
    init(1);
    // One by one, so that every id could have to wait for a block.
    const blocks = () => cluster.broker(1).image.nextProducerId;
    const before = blocks();
    for (let i = 0; i < 950; i++) init(1);
    cluster.until(() => blocks() > before, "the next block");
    expect(blocks()).toBe(before + 1_000);
  });

  test("B32 a producer that names the id it had gets another, and an id without its epoch is INVALID_REQUEST", () => {
    const first = init(1);
    const second = init(1, { producerId: first.producerId, producerEpoch: first.producerEpoch });
    expect(second).toMatchObject({ error: "NONE", producerEpoch: 0 });
    expect(second.producerId).not.toBe(first.producerId);
    expect(init(1, { producerId: 5 }).error).toBe("INVALID_REQUEST");
    expect(init(1, { producerEpoch: 5 }).error).toBe("INVALID_REQUEST");
  });

  test("B32 transactions are refused with an error that clients take for final", () => {
    expect(init(1, { transactionalId: "tx" }).error).toBe("TRANSACTIONAL_ID_AUTHORIZATION_FAILED");
    expect(init(1, { transactionalId: "" }).error).toBe("INVALID_REQUEST");
    // A transactional producer asks for its coordinator before anything else.
    const find = newFindCoordinatorRequest({ keyType: 1, coordinatorKeys: ["tx"] });
    const { coordinators } = client.ask(1, ApiKey.FindCoordinator, 4, find);
    expect(errorFromCode(coordinators[0]!.errorCode).name).toBe("TRANSACTIONAL_ID_AUTHORIZATION_FAILED");
    client.createTopic("t");
    expect(
      client.produce("t", records("a"), { producerId: 1, producerEpoch: 0, baseSequence: 0, isTransactional: true })
        .error,
    ).toBe("TRANSACTIONAL_ID_AUTHORIZATION_FAILED");
  });

  test("B32 while no controller answers, a producer is told to come again; then it gets an id", () => {
    // Two of three voters are gone: nothing can be decided.
    cluster.kill(1);
    cluster.kill(2);
    cluster.pass(4_000);
    expect(init(3).error).toBe("COORDINATOR_LOAD_IN_PROGRESS");
    cluster.restart(1);
    cluster.until(() => init(3).error === "NONE", "an id");
  });

  test("B32 a restarted broker gives no id of its earlier life", () => {
    const victim = [1, 2, 3].find((id) => id !== cluster.controllerId)!;
    const before = init(victim).producerId;
    cluster.kill(victim);
    cluster.restart(victim);
    cluster.until(() => cluster.broker(victim).isReady, "the broker to be back");
    expect(init(victim).producerId).toBeGreaterThan(before);
  });
});

describe("P5 idempotent producers", () => {
  test("P5 a batch sent again has its old offset and is in the log once", () => {
    client.createTopic("t");
    expect(send(7, 0, ["a", "b"])).toMatchObject({ error: "NONE", offset: 0 });
    expect(send(7, 2, ["c"])).toMatchObject({ error: "NONE", offset: 2 });
    expect(send(7, 0, ["a", "b"])).toMatchObject({ error: "NONE", offset: 0 });
    expect(send(7, 2, ["c"], { acks: 1 })).toMatchObject({ error: "NONE", offset: 2 });
    expect(client.values("t")).toEqual(["a", "b", "c"]);
  });

  test("P5 the last five batches are remembered; an older one is OUT_OF_ORDER_SEQUENCE_NUMBER, as is a gap", () => {
    client.createTopic("t");
    for (let n = 0; n < 7; n++) expect(send(7, n, [String(n)])).toMatchObject({ error: "NONE", offset: n });
    for (let n = 2; n < 7; n++) expect(send(7, n, [String(n)])).toMatchObject({ error: "NONE", offset: n });
    expect(send(7, 1, ["1"]).error).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
    expect(send(7, 8, ["8"]).error).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
    expect(client.values("t")).toHaveLength(7);
  });

  test("P5 an older epoch is INVALID_PRODUCER_EPOCH; a newer one begins at sequence 0", () => {
    client.createTopic("t");
    send(7, 0, ["a"], { epoch: 3 });
    expect(send(7, 1, ["b"], { epoch: 2 }).error).toBe("INVALID_PRODUCER_EPOCH");
    expect(send(7, 1, ["b"], { epoch: 4 }).error).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
    expect(send(7, 0, ["b"], { epoch: 4 })).toMatchObject({ error: "NONE", offset: 1 });
    // What was written under the old epoch is no duplicate any more, but fenced.
    expect(send(7, 0, ["a"], { epoch: 3 }).error).toBe("INVALID_PRODUCER_EPOCH");
  });

  test("P5 a producer that nobody remembers may go on where it is: UNKNOWN_PRODUCER_ID is not told any more (KIP-360)", () => {
    client.createTopic("t");
    expect(send(99, 1_000, ["a"])).toMatchObject({ error: "NONE", offset: 0 });
    expect(send(99, 1_001, ["b"])).toMatchObject({ error: "NONE", offset: 1 });
  });

  test("P5 the sequence goes on at 0 after 2^31-1", () => {
    client.createTopic("t");
    expect(send(7, 2 ** 31 - 2, ["a", "b", "c"])).toMatchObject({ error: "NONE", offset: 0 });
    expect(send(7, 1, ["d"])).toMatchObject({ error: "NONE", offset: 3 });
    expect(send(7, 2 ** 31 - 2, ["a", "b", "c"])).toMatchObject({ error: "NONE", offset: 0 });
  });

  test("P5 after a change of leader the same batch has its old offset, and the next sequence goes on", () => {
    client.createTopic("t");
    for (let n = 0; n < 4; n++) send(7, n, [String(n)]);
    const first = client.leaderOf("t");
    cluster.kill(first);
    cluster.until(() => client.leaderOf("t") !== first && client.leaderOf("t") > 0, "another leader");
    cluster.until(() => send(7, 3, ["3"]).error === "NONE", "the new leader to answer");
    expect(send(7, 3, ["3"])).toMatchObject({ offset: 3 });
    expect(send(7, 5, ["5"]).error).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
    expect(send(7, 4, ["4"])).toMatchObject({ error: "NONE", offset: 4 });
    expect(client.values("t")).toEqual(["0", "1", "2", "3", "4"]);
  });

  test("P5 after a restart of every broker the same batch has its old offset", () => {
    client.createTopic("t");
    for (let n = 0; n < 3; n++) send(7, n, [String(n)]);
    for (const id of [1, 2, 3]) cluster.kill(id);
    for (const id of [1, 2, 3]) cluster.restart(id);
    cluster.until(() => [1, 2, 3].every((id) => cluster.broker(id).isReady), "every broker to be back");
    cluster.until(() => send(7, 2, ["2"]).error === "NONE", "a leader");
    expect(send(7, 0, ["0"])).toMatchObject({ offset: 0 });
    expect(send(7, 3, ["3"])).toMatchObject({ error: "NONE", offset: 3 });
    expect(client.values("t")).toEqual(["0", "1", "2", "3"]);
  });

  test("P5 what a leader had and never committed is forgotten with its records: the producer writes it anew, once", () => {
    client.createTopic("t");
    send(7, 0, ["a"]);
    const old = client.leaderOf("t");
    const others = [1, 2, 3].filter((id) => id !== old);
    const batch = buildBatch(records("b"), { producerId: 7, producerEpoch: 0, baseSequence: 1 });
    // Nobody fetches it: the others are gone before it is written, and lead without it when they are back.
    for (const id of others) cluster.kill(id);
    expect(client.produce("t", batch, { to: old, acks: 1 })).toMatchObject({ offset: 1 });
    cluster.kill(old);
    for (const id of others) cluster.restart(id);
    cluster.until(() => others.includes(client.leaderOf("t")), "another leader");
    cluster.until(() => send(7, 1, ["b"]).error === "NONE", "the write");
    cluster.restart(old);
    cluster.until(() => client.logOf("t", old)?.logEndOffset === 2, "the old leader to follow");
    cluster.pass(1_000);
    expect(client.values("t")).toEqual(["a", "b"]);
    for (const id of [1, 2, 3])
      expect(
        client
          .logOf("t", id)
          .producers.get(7)!
          .batches.map(({ baseSequence }) => baseSequence),
      ).toEqual([0, 1]);
  });

  test("P5 an idle producer is forgotten after producer.id.expiration.ms, one that writes is not", () => {
    cluster = new SmallCluster({ "log.retention.check.interval.ms": "1000", "producer.id.expiration.ms": "5000" });
    client = new TestClient(cluster);
    client.createTopic("t");
    send(7, 0, ["idle"]);
    for (let n = 0; n < 10; n++) {
      send(8, n, ["busy"]);
      cluster.pass(1_000);
    }
    const known = (id: NodeId) => client.logOf("t", id).producers.entries.map(({ producerId }) => producerId);
    for (const id of [1, 2, 3]) expect(known(id)).toEqual([8]);
    // Its next batch is taken as that of a producer nobody knows.
    expect(send(7, 1, ["again"])).toMatchObject({ error: "NONE" });
  });

  test("P5 LogAppendTime: a duplicate is told the time that its record has", () => {
    client.createTopic("t", { configs: { "message.timestamp.type": "LogAppendTime" } });
    const first = send(7, 0, ["a"]);
    cluster.pass(500);
    expect(send(7, 0, ["a"])).toMatchObject({ offset: 0, logAppendTimeMs: first.logAppendTimeMs });
    expect(Number(send(7, 1, ["b"]).logAppendTimeMs)).toBeGreaterThan(Number(first.logAppendTimeMs));
  });
});
