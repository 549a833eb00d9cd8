/** Rules by table; numbers are SPEC.md's. */
import { Offset, type ErrorName, type Uuid } from "@vitrine/core";
import { describe, expect, test } from "vitest";
import type { VoteRequest } from "../src/index.ts";
import { Bench, begin, fetched, vote, voteRequest } from "./bench.ts";
import type { Envelope } from "./test-node.ts";

describe("votes", () => {
  const log = [
    { at: 0, epoch: 1, text: "a" },
    { at: 1, epoch: 2, text: "b" },
  ];
  /** A follower of epoch 2 whose log ends at 2@2. */
  const withLog = () => {
    const bench = new Bench();
    bench.ask(begin({ leaderId: 3, epoch: 2 }), 3);
    bench.respond(3, fetched({ epoch: 2, leaderId: 3, texts: log }));
    bench.commit();
    bench.nowMs += 5000;
    return bench;
  };

  test.each([
    ["an equal log", { lastEpoch: 2, lastOffset: 2 }, true],
    ["a longer log of the same epoch", { lastEpoch: 2, lastOffset: 9 }, true],
    ["a shorter log of the same epoch", { lastEpoch: 2, lastOffset: 1 }, false],
    ["a shorter log of a higher epoch", { lastEpoch: 3, lastOffset: 1 }, true],
    ["a longer log of a lower epoch", { lastEpoch: 1, lastOffset: 50 }, false],
    ["an empty log", { lastEpoch: 0, lastOffset: 0 }, false],
  ])("R3 %s", (_what, { lastEpoch, lastOffset }, granted) => {
    const position = { candidateEpoch: 7, lastEpoch, lastOffset: Offset(lastOffset) };
    expect(withLog().ask(voteRequest(position))).toMatchObject({ voteGranted: granted, leaderEpoch: 7, error: "NONE" });
    expect(withLog().ask(voteRequest({ ...position, preVote: true }))).toMatchObject({ voteGranted: granted });
  });

  test.each<[string, Partial<VoteRequest>, ErrorName]>([
    ["another cluster", { clusterId: "other" }, "INCONSISTENT_CLUSTER_ID"],
    ["another voter", { voterId: 3 }, "INVALID_VOTER_KEY"],
    ["another directory", { voterDirectoryId: "AAAAAAAAAAAAAAAAAAAABQ" as Uuid }, "INVALID_VOTER_KEY"],
    ["a candidate that is no voter", { candidateId: 9 }, "INCONSISTENT_VOTER_SET"],
    ["a last epoch not below the wanted one", { candidateEpoch: 3, lastEpoch: 3 }, "INVALID_REQUEST"],
    ["a negative last epoch", { lastEpoch: -1 }, "INVALID_REQUEST"],
    ["a past epoch", { candidateEpoch: 0, preVote: true, lastEpoch: 0 }, "FENCED_LEADER_EPOCH"],
  ])("R3 a vote request for %s is refused by name", (_what, parts, error) => {
    const bench = withLog();
    expect(bench.ask(voteRequest(parts))).toMatchObject({ error, voteGranted: false });
    expect(bench.view.epoch).toBe(2);
  });

  test("R2 one vote per epoch, for one id and one directory", () => {
    const bench = new Bench();
    expect(bench.ask(voteRequest({ candidateEpoch: 5 }))).toMatchObject({ voteGranted: true });
    expect(bench.ask(voteRequest({ candidateEpoch: 5 }))).toMatchObject({ voteGranted: true });
    expect(bench.ask(voteRequest({ candidateEpoch: 5, candidateId: 3 }))).toMatchObject({ voteGranted: false });
    const restored = "AAAAAAAAAAAAAAAAAAAABQ" as Uuid;
    expect(bench.ask(voteRequest({ candidateEpoch: 5, candidateDirectoryId: restored }))).toMatchObject({
      voteGranted: false,
    });
    expect(bench.ask(voteRequest({ candidateEpoch: 6, candidateId: 3 }))).toMatchObject({ voteGranted: true });
  });

  test("R2 R1 a granted vote leaves only after it is on disk", () => {
    const bench = new Bench();
    const request = voteRequest({ candidateEpoch: 5 });
    const envelope: Envelope = { from: 2, to: 1, requestId: 0, life: 1, timeoutMs: 1000, request };
    bench.node.step({ type: "request", replyTo: envelope, request }, 0);
    expect(bench.wire.answers).toEqual([]);
    bench.commit();
    expect(bench.wire.answers.map((answer) => answer.response)).toEqual([vote({ granted: true, epoch: 5 })]);
  });

  test("R4 a voter that knows a leader of the epoch votes for nobody in it", () => {
    const bench = new Bench().follow(4);
    expect(bench.ask(voteRequest({ candidateEpoch: 4, candidateId: 3 }), 3)).toMatchObject({
      voteGranted: false,
      leaderId: 2,
    });
  });

  test("R5 a pre-vote changes neither epoch nor vote, nor the disk", () => {
    const bench = new Bench();
    expect(bench.ask(voteRequest({ preVote: true, candidateEpoch: 0 }))).toMatchObject({
      voteGranted: true,
      leaderEpoch: 0,
    });
    expect(bench.view).toMatchObject({ epoch: 0, votedId: -1 });
    expect(bench.node.store!.quorumState).toBeNull();
  });

  test.each<[string, (bench: Bench) => void, boolean]>([
    ["unattached", () => {}, true],
    ["a leader", (bench) => bench.lead(), false],
    ["a follower with a fresh fetch", (bench) => bench.follow(), false],
    ["a follower that has not fetched yet", (bench) => void bench.ask(begin({ leaderId: 2, epoch: 1 })), true],
    ["a follower whose fetches ended", (bench) => ((bench.follow().nowMs += 2000), undefined), true],
    [
      "a follower whose leader was refused",
      (bench) => bench.follow().node.step({ type: "peerRefused", nodeId: 2 }, bench.nowMs),
      true,
    ],
    ["a prospective", (bench) => bench.tick(), true],
    ["a resigned leader", (bench) => (bench.lead().node.raft!.resign(bench.nowMs), undefined), true],
  ])("R5 R21 a pre-vote asked of %s", (_who, prepare, granted) => {
    const bench = new Bench();
    prepare(bench);
    const request = voteRequest({
      preVote: true,
      candidateId: 3,
      candidateEpoch: bench.view.epoch,
      lastEpoch: bench.view.epoch,
      lastOffset: Offset(99),
    });
    expect(bench.ask(request, 3)).toMatchObject({ voteGranted: granted, error: "NONE" });
  });

  test("R6 votes of an election that is over are not counted", () => {
    const bench = new Bench();
    bench.tick();
    const preVoteId = bench.lastSent("vote")!.requestId;
    bench.respond(2, vote({ granted: true, epoch: 0 }));
    expect(bench.view).toMatchObject({ role: "candidate", epoch: 1 });
    bench.node.step(
      { type: "response", from: 3, requestId: preVoteId, response: vote({ granted: true, epoch: 0 }) },
      0,
    );
    bench.node.step(
      { type: "response", from: 3, requestId: preVoteId, response: vote({ granted: true, epoch: 1 }) },
      0,
    );
    expect(bench.view.role).toBe("candidate");
  });

  test("R7 a lost pre-vote is tried again after a pause, in the same epoch", () => {
    const bench = new Bench();
    bench.tick();
    bench.respond(2, vote({ granted: false, epoch: 0 }));
    bench.respond(3, vote({ granted: false, epoch: 0 }));
    expect(bench.view).toMatchObject({ role: "unattached", epoch: 0 });
    bench.tick(1100);
    expect(bench.view).toMatchObject({ role: "prospective", epoch: 0 });
  });

  test("R7 silence ends an election too", () => {
    const bench = new Bench();
    bench.tick();
    bench.tick(2001);
    expect(bench.view.role).toBe("unattached");
  });
});
