/** The tables `clients` and `producers`: what a broker tells, what the gateway makes of several, and the views over them. */
import {
  clientColumns,
  type ClientFields,
  LiveTables,
  parseView,
  type PartitionViewInfo,
  producerColumns,
  type ProducerFields,
} from "@vitrine/api";
import { describe, expect, test } from "vitest";
import { ClientMerge } from "../src/live/client-merge.ts";
import { ClientRows } from "../src/live/client-rows.ts";
import { ProducerMerge } from "../src/live/producer-merge.ts";
import { ProducerRows } from "../src/live/producer-rows.ts";
import type { ClientReport, NodePositions, ProducerReport } from "../src/live/source.ts";
import { viewQuery } from "../src/live/view-query.ts";

const report = (change: Partial<ClientReport> = {}): ClientReport => ({
  connectionId: "client-1",
  remote: "127.0.0.1:50001",
  clientId: "billing",
  softwareName: "kafkajs",
  softwareVersion: "2.2.4",
  connectedSinceMs: 0,
  lastRequestMs: 900,
  lastApi: "Fetch",
  requests: 10,
  bytesIn: 1_000,
  bytesOut: 20_000,
  principal: "User:ANONYMOUS",
  refusal: null,
  closedMs: null,
  ...change,
});

const clientsOf = (tables: LiveTables): ClientFields[] =>
  tables.snapshot("clients").map((row) => clientColumns.fields(row));

describe("the connections of a broker", () => {
  test("rates come from growth, the first since the connection began, and a connection that closed is gone", () => {
    const tables = new LiveTables();
    const rows = new ClientRows(tables, 2);
    rows.second(1_000, [report()]);
    expect(clientsOf(tables)).toMatchObject([
      { id: "2/client-1", broker: 2, client_id: "billing", software: "kafkajs", request_rate: 10, in_bytes: 1_000 },
    ]);
    rows.second(2_000, [report({ requests: 13, bytesIn: 1_500, bytesOut: 20_000, lastRequestMs: 1_900 })]);
    expect(clientsOf(tables)).toMatchObject([{ requests: 13, request_rate: 3, in_bytes: 500, out_bytes: 0 }]);
    rows.second(3_000, []);
    expect(clientsOf(tables)).toEqual([]);
  });

  test("one that was refused and is gone stays with its reason, and does nothing any more", () => {
    const tables = new LiveTables();
    const rows = new ClientRows(tables, 1);
    const refusal = "Produce version 1 carries an old message format";
    rows.second(1_000, [report({ clientId: null, softwareName: null, softwareVersion: null, refusal, closedMs: 950 })]);
    expect(clientsOf(tables)).toMatchObject([
      { client_id: "", software: null, refusal, request_rate: 0, out_bytes: 0 },
    ]);
  });

  test("beyond a thousand those that asked last are shown and the others counted", () => {
    const tables = new LiveTables();
    const many = Array.from({ length: 1_002 }, (_, n) => report({ connectionId: `client-${n}`, lastRequestMs: n }));
    new ClientRows(tables, 1).second(5_000, many);
    expect(tables.size("clients")).toBe(1_000);
    expect(tables.get("clients", "1/client-1")).toBeUndefined();
    expect(tables.info("clients").value).toEqual({ omitted: 2 });
  });

  test("the gateway shows those of all brokers; with a broker go its connections and what it left out", () => {
    const tables = new LiveTables();
    const merge = new ClientMerge(tables);
    const row = (broker: number) => {
      const own = new LiveTables();
      new ClientRows(own, broker).second(1_000, [report()]);
      return own.snapshot("clients")[0]!;
    };
    merge.set(1, row(1));
    merge.set(2, row(2));
    merge.setOmitted(1, 3);
    merge.setOmitted(2, 4);
    expect(clientsOf(tables).map(({ id }) => id)).toEqual(["1/client-1", "2/client-1"]);
    merge.remove(2, "1/client-1");
    merge.clear(2);
    expect(clientsOf(tables).map(({ id }) => id)).toEqual(["1/client-1"]);
    expect(viewQuery(tables, parseView("clients")!, null).snapshot().info).toEqual({ omitted: 3 });
  });
});

const producer = (change: Partial<ProducerReport> = {}): ProducerReport => ({
  producerId: 1000,
  epoch: 0,
  lastSequence: 4,
  lastOffset: 4,
  lastTimestampMs: 77,
  ...change,
});

const producersOf = (tables: LiveTables): ProducerFields[] =>
  tables.snapshot("producers").map((row) => producerColumns.fields(row));

/** A node of which only the producers are asked. */
const nodeWith = (producers: NodePositions["producers"]) => ({ producers }) as NodePositions;

describe("the producers of a partition", () => {
  test("a broker shows those of its log; who is forgotten there, or led elsewhere, is gone", () => {
    const tables = new LiveTables();
    let known: ProducerReport[] | null = [producer(), producer({ producerId: 1001 })];
    const rows = new ProducerRows(
      tables,
      nodeWith(() => known),
    );
    rows.refresh("orders", 0, 3);
    expect(producersOf(tables)).toMatchObject([
      { topic: "orders", p: 0, producer_id: 1000, epoch: 0, last_sequence: 4, last_offset: 4, leader_epoch: 3 },
      { producer_id: 1001 },
    ]);
    known = [producer({ lastSequence: 9, lastOffset: 9 })];
    rows.refresh("orders", 0, 3);
    expect(producersOf(tables)).toMatchObject([{ producer_id: 1000, last_sequence: 9 }]);
    known = null;
    rows.refresh("orders", 0, 3);
    expect(producersOf(tables)).toEqual([]);
  });

  test("a topic that is deleted takes them with it", () => {
    const tables = new LiveTables();
    const rows = new ProducerRows(
      tables,
      nodeWith(() => [producer()]),
    );
    rows.refresh("orders", 0, 3);
    rows.refresh("payments", 0, 3);
    rows.sweep((topic) => topic === "payments");
    expect(producersOf(tables).map(({ topic }) => topic)).toEqual(["payments"]);
  });

  test("of two brokers the later leader epoch is right, whenever it speaks", () => {
    const tables = new LiveTables();
    const merge = new ProducerMerge(tables);
    const row = (epoch: number, producerId: number) =>
      producerColumns.row({
        topic: "orders",
        p: 0,
        producer_id: producerId,
        epoch: 0,
        last_sequence: 1,
        last_offset: 1,
        last_ts: 1,
        leader_epoch: epoch,
      });
    merge.set(1, row(1, 1000));
    merge.set(1, row(1, 1001));
    merge.set(2, row(2, 1000));
    merge.set(1, row(1, 1002));
    merge.remove(1, "orders/0/1000");
    expect(producersOf(tables)).toMatchObject([{ producer_id: 1000, leader_epoch: 2 }]);
    merge.remove(2, "orders/0/1000");
    expect(producersOf(tables)).toEqual([]);
  });

  test("they are in the info of the partition's view, the newest first, and of no other", () => {
    const tables = new LiveTables();
    tables.setInfo("topic:orders", { topic: "orders" });
    const query = viewQuery(tables, parseView("partition:orders/0")!, null);
    const before = tables.version;
    expect(query.snapshot().info).toEqual({ topic: "orders", producers: [] });
    const reports = [producer(), producer({ producerId: 1001, lastOffset: 9 })];
    const rows = new ProducerRows(
      tables,
      nodeWith(() => reports),
    );
    rows.refresh("orders", 0, 3);
    const change = query.changesSince(before);
    const info = change === "lost" || change === null ? null : (change.info as PartitionViewInfo);
    expect(info?.producers.map(({ producer_id: id }) => id)).toEqual([1001, 1000]);
    const now = tables.version;
    rows.refresh("orders", 0, 3);
    rows.refresh("orders", 1, 3);
    expect(query.changesSince(now)).toBeNull();
  });
});
