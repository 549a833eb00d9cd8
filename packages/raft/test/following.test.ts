/** Rules by table; numbers are SPEC.md's. */
import { describe, expect, test } from "vitest";
import type { RaftRequest } from "../src/index.ts";
import { Bench, begin, fetched, voteRequest } from "./bench.ts";

describe("following", () => {
  test("R17 a voter fetches on only after its disk", () => {
    const bench = new Bench().follow();
    bench.respond(2, fetched({ epoch: 1, leaderId: 2, texts: [{ at: 0, epoch: 1, text: "a" }] }));
    const before = bench.wire.sent.length;
    bench.tick(100);
    expect(bench.wire.sent).toHaveLength(before);
    bench.commit();
    expect(bench.wire.sent.at(-1)!.request).toMatchObject({ type: "fetch", fetchOffset: 1, lastFetchedEpoch: 1 });
  });

  test("R17 an observer fetches ahead of its disk", () => {
    const bench = new Bench({ voters: [2, 3] });
    bench.tick();
    bench.respond(2, fetched({ epoch: 1, leaderId: 2 }));
    bench.commit();
    bench.respond(2, fetched({ epoch: 1, leaderId: 2, texts: [{ at: 0, epoch: 1, text: "a" }] }));
    expect(bench.wire.sent.at(-1)!.request).toMatchObject({ type: "fetch", fetchOffset: 1 });
  });

  test("R18 a doubled answer, and one from another node, are nothing", () => {
    const bench = new Bench().follow();
    const id = bench.lastSent("fetch")!.requestId;
    const answer = fetched({ epoch: 1, leaderId: 2, texts: [{ at: 0, epoch: 1, text: "a" }] });
    bench.node.step({ type: "response", from: 3, requestId: id, response: answer }, 0);
    expect(bench.node.log!.logEndOffset).toBe(0);
    bench.node.step({ type: "response", from: 2, requestId: id, response: answer }, 0);
    bench.node.step({ type: "response", from: 2, requestId: id, response: answer }, 0);
    expect(bench.node.log!.logEndOffset).toBe(1);
  });

  test("R19 R20 a diverging answer cuts, its high watermark is not taken", () => {
    const bench = new Bench().follow();
    const texts = [0, 1, 2].map((at) => ({ at, epoch: 1, text: `r${at}` }));
    bench.respond(2, fetched({ epoch: 1, leaderId: 2, texts, highWatermark: 1 }));
    bench.commit();
    expect(bench.view.highWatermark).toBe(1);
    bench.respond(2, fetched({ epoch: 1, leaderId: 2, diverging: { epoch: 1, endOffset: 2 }, highWatermark: 2 }));
    expect(bench.node.log!.logEndOffset).toBe(2);
    expect(bench.view.highWatermark).toBe(1);
  });

  test("R19 nothing committed is ever cut: that ends the process", () => {
    const bench = new Bench().follow();
    const texts = [0, 1, 2].map((at) => ({ at, epoch: 1, text: `r${at}` }));
    bench.respond(2, fetched({ epoch: 1, leaderId: 2, texts, highWatermark: 3 }));
    bench.commit();
    expect(() => bench.respond(2, fetched({ epoch: 1, leaderId: 2, diverging: { epoch: 1, endOffset: 1 } }))).toThrow(
      /below the high watermark 3/,
    );
  });

  test("R20 the high watermark is clamped to the own end", () => {
    const bench = new Bench().follow();
    bench.respond(2, fetched({ epoch: 1, leaderId: 2, texts: [{ at: 0, epoch: 1, text: "a" }], highWatermark: 50 }));
    expect(bench.view.highWatermark).toBe(1);
  });

  test.each([
    ["first in line", 1, 0],
    ["second in line", 3, 30],
  ])("R21 after a refusal the %s starts its pre-vote", (_who, id, waitMs) => {
    const bench = new Bench({ id, voters: [1, 2, 3] });
    const request = { ...begin({ leaderId: 2, epoch: 1 }), voterId: id } as RaftRequest;
    bench.ask(request);
    bench.respond(2, fetched({ epoch: 1, leaderId: 2 }));
    bench.node.step({ type: "peerRefused", nodeId: 2 }, 0);
    if (waitMs > 0) expect(bench.view.role).toBe("follower");
    bench.tick(waitMs);
    expect(bench.view).toMatchObject({ role: "prospective", epoch: 1 });
  });

  test("R21 refusal of another voter disturbs nothing", () => {
    const bench = new Bench().follow();
    bench.node.step({ type: "peerRefused", nodeId: 3 }, 0);
    expect(bench.view.role).toBe("follower");
  });

  test("R22 who knows no leader asks the voters in turn and follows whom they name", () => {
    const bench = new Bench({ id: 9, voters: [1, 2, 3] });
    bench.tick();
    bench.respond(1, fetched({ epoch: 0, leaderId: -1, error: "NOT_LEADER_OR_FOLLOWER" }));
    bench.tick(100);
    bench.respond(2, fetched({ epoch: 4, leaderId: 3, error: "NOT_LEADER_OR_FOLLOWER" }));
    bench.commit();
    expect(bench.view).toMatchObject({ role: "follower", leaderId: 3, epoch: 4 });
    expect(bench.wire.sent.map(({ to }) => to)).toEqual([1, 2, 3]);
  });

  test("R15 the first of the successors takes a new epoch at once, the second stands back", () => {
    const end = (successors: number[]): RaftRequest => ({
      type: "endQuorumEpoch",
      clusterId: "test",
      leaderId: 2,
      leaderEpoch: 1,
      preferredSuccessors: successors,
    });
    const first = new Bench().follow();
    first.ask(end([1, 3]));
    expect(first.view).toMatchObject({ role: "candidate", epoch: 2 });
    const second = new Bench().follow();
    second.ask(end([3, 1]));
    expect(second.view).toMatchObject({ role: "follower", epoch: 1 });
    expect(second.ask(voteRequest({ candidateId: 3, candidateEpoch: 2 }), 3)).toMatchObject({ voteGranted: true });
  });
});

describe("restart and failure", () => {
  test("R8 a follower that restarts follows the leader it knew", () => {
    const bench = new Bench().follow(3);
    bench.commit();
    bench.node.crash(0);
    bench.node.start(0);
    expect(bench.view).toMatchObject({ role: "follower", leaderId: 2, epoch: 3 });
  });

  test("R8 a leader that restarts leads nothing", () => {
    const bench = new Bench().lead();
    bench.node.crash(0);
    bench.node.start(0);
    expect(bench.view).toMatchObject({ role: "unattached", leaderId: -1, epoch: 1, votedId: 1 });
  });

  test("R26 after the store failed leadership is given up and nothing gated leaves", () => {
    const bench = new Bench().lead();
    bench.node.step({ type: "storeFailed" }, 0);
    expect(bench.view.role).toBe("resigned");
    expect(bench.lastSent("endQuorumEpoch")).toBeDefined();
    expect(bench.node.propose("a", 0)).toBe("KAFKA_STORAGE_ERROR");
    expect(bench.node.raft!.nextDeadlineMs()).toBeNull();
  });

  test("R27 a tick too early changes nothing", () => {
    const bench = new Bench().follow();
    const before = JSON.stringify([bench.view, bench.wire.sent.length]);
    for (let i = 0; i < 20; i++) bench.tick(50);
    expect(JSON.stringify([bench.view, bench.wire.sent.length])).toBe(before);
  });
});
