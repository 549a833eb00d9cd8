/** Rules by table; numbers are SPEC.md's. */
import { Offset, type ErrorName } from "@vitrine/core";
import { describe, expect, test } from "vitest";
import type { FetchRequest } from "../src/index.ts";
import { Bench, fetchRequest } from "./bench.ts";

describe("leading", () => {
  test("R9 the LeaderChange record comes first, and the other voters are told", () => {
    const bench = new Bench().lead();
    expect(bench.node.batches().map((batch) => batch.facts)).toMatchObject([
      { baseOffset: 0, leaderEpoch: 1, isControl: true },
    ]);
    expect(bench.wire.sent.filter(({ request }) => request.type === "beginQuorumEpoch").map(({ to }) => to)).toEqual([
      2, 3,
    ]);
  });

  test("R9 voters that do not fetch are told again, those that fetch are not", () => {
    const bench = new Bench().lead();
    for (const to of [2, 3])
      bench.respond(to, { type: "beginQuorumEpoch", error: "NONE", leaderEpoch: 1, leaderId: 1 });
    bench.nowMs += 900;
    bench.ask(fetchRequest());
    const before = bench.wire.sent.length;
    bench.tick(100);
    expect(bench.wire.sent.slice(before).map(({ to, request }) => [to, request.type])).toEqual([
      [3, "beginQuorumEpoch"],
    ]);
  });

  test("R10 R16 the high watermark passes the first record only with a majority on disk", () => {
    const bench = new Bench().lead();
    bench.propose("a");
    bench.commit();
    bench.ask(fetchRequest({ fetchOffset: Offset(0) }));
    expect(bench.view.highWatermark).toBe(0);
    bench.ask(fetchRequest({ fetchOffset: Offset(1), lastFetchedEpoch: 1 }));
    expect(bench.view.highWatermark).toBe(1);
    bench.ask(fetchRequest({ fetchOffset: Offset(2), lastFetchedEpoch: 1 }));
    expect(bench.view.highWatermark).toBe(2);
    expect(bench.wire.effects.filter(({ type }) => type === "leaderReady")).toEqual([
      { type: "leaderReady", epoch: 1, epochStartOffset: 0 },
    ]);
  });

  test("R10 the high watermark does not fall with a stale fetch", () => {
    const bench = new Bench().lead();
    bench.ask(fetchRequest({ fetchOffset: Offset(1), lastFetchedEpoch: 1 }));
    bench.ask(fetchRequest({ fetchOffset: Offset(0) }));
    expect(bench.view.highWatermark).toBe(1);
  });

  test("R11 an observer's fetch counts for nothing, and is remembered", () => {
    const bench = new Bench().lead();
    bench.ask(fetchRequest({ replicaId: 7, fetchOffset: Offset(1), lastFetchedEpoch: 1 }), 7);
    expect(bench.view.highWatermark).toBe(0);
    expect(bench.node.raft!.replicaStates(0).find(({ nodeId }) => nodeId === 7)).toMatchObject({
      isVoter: false,
      logEndOffset: 1,
    });
  });

  test("R11 a diverging fetch counts for nothing", () => {
    const bench = new Bench().lead();
    bench.propose("a");
    bench.commit();
    const answer = bench.ask(fetchRequest({ fetchOffset: Offset(2), lastFetchedEpoch: 0 }));
    expect(answer).toMatchObject({ divergingEpoch: { epoch: 0, endOffset: 0 }, batches: [] });
    expect(bench.view.highWatermark).toBe(0);
  });

  test.each<[string, Partial<FetchRequest>, ErrorName]>([
    ["another cluster", { clusterId: "other" }, "INCONSISTENT_CLUSTER_ID"],
    ["a past epoch", { currentLeaderEpoch: 0 }, "FENCED_LEADER_EPOCH"],
    ["a future epoch", { currentLeaderEpoch: 9 }, "UNKNOWN_LEADER_EPOCH"],
  ])("R4 R11 a fetch of %s is refused by name", (_what, parts, error) => {
    expect(new Bench().lead().ask(fetchRequest(parts))).toMatchObject({ error, batches: [] });
  });

  test("R4 a leader that hears of a higher epoch leads no more", () => {
    const bench = new Bench().lead();
    bench.ask(fetchRequest({ currentLeaderEpoch: 9 }));
    expect(bench.view).toMatchObject({ role: "unattached", epoch: 9, leaderId: -1 });
    expect(bench.wire.effects.at(-1)).toEqual({ type: "leaderChanged", epoch: 9, leaderId: -1 });
  });

  test("R13 only a leader takes proposals, whole or not at all", () => {
    const bench = new Bench({ limits: { proposalMaxBytes: 3 } });
    expect(bench.node.propose("a", 0)).toBe("NOT_CONTROLLER");
    bench.lead();
    expect(bench.node.propose("abcd", 0)).toBe("RECORD_LIST_TOO_LARGE");
    expect(bench.node.log!.logEndOffset).toBe(1);
  });

  test("R14 a parked fetch is answered on new records", () => {
    const bench = new Bench().lead();
    expect(bench.ask(fetchRequest({ fetchOffset: Offset(1), lastFetchedEpoch: 1, highWatermark: 1 }))).toBeUndefined();
    bench.propose("a");
    expect(bench.wire.answers.at(-1)!.response).toMatchObject({ batches: [{ facts: { baseOffset: 1 } }] });
  });

  test("R14 a parked fetch is answered when the high watermark moves, and at its deadline", () => {
    const bench = new Bench().lead();
    const at = { fetchOffset: Offset(1), lastFetchedEpoch: 1 };
    expect(bench.ask(fetchRequest({ ...at, replicaId: 7, highWatermark: 0 }), 7)).toBeUndefined();
    bench.ask(fetchRequest({ ...at, highWatermark: 1 }));
    expect(bench.wire.answers.map(({ response }) => response).filter(({ type }) => type === "fetch")).toMatchObject([
      { highWatermark: 1, batches: [] },
    ]);
    expect(bench.node.raft!.nextDeadlineMs()).toBe(500);
    bench.tick(500);
    expect(bench.wire.answers.filter(({ response }) => response.type === "fetch")).toHaveLength(2);
  });

  test("R14 parked fetches are answered when leadership is lost", () => {
    const bench = new Bench().lead();
    bench.ask(fetchRequest({ fetchOffset: Offset(1), lastFetchedEpoch: 1, highWatermark: 1 }));
    bench.node.raft!.resign(0);
    bench.node.drain();
    expect(bench.wire.answers.at(-1)!.response).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER", leaderId: -1 });
  });

  test("R14 a reader that is no replica sees what is committed only", () => {
    const bench = new Bench().lead();
    expect(bench.ask(fetchRequest({ replicaId: -1, maxWaitMs: 0 }), 9)).toMatchObject({ batches: [] });
    bench.ask(fetchRequest({ fetchOffset: Offset(1), lastFetchedEpoch: 1 }));
    expect(bench.ask(fetchRequest({ replicaId: -1, maxWaitMs: 0 }), 9)).toMatchObject({
      batches: [{ facts: { baseOffset: 0 } }],
    });
  });

  test("R12 a majority of fetches keeps the leader, refused voters are not heard", () => {
    const bench = new Bench().lead();
    bench.tick(2000);
    bench.ask(fetchRequest());
    bench.tick(2999);
    expect(bench.view.role).toBe("leader");
    expect(bench.node.raft!.hasQuorum(bench.nowMs)).toBe(true);
    bench.node.step({ type: "peerRefused", nodeId: 2 }, bench.nowMs);
    bench.node.step({ type: "peerRefused", nodeId: 3 }, bench.nowMs);
    expect(bench.node.raft!.hasQuorum(bench.nowMs)).toBe(false);
    bench.tick(1);
    expect(bench.view.role).toBe("resigned");
  });
});
