/**
 * Text scenarios: commands, `----`, and what came of them, as in etcd's data-driven tests. The network delivers nothing by itself.
 *
 *   cluster voters=1,2,3 [observers=4] [kept=N] [chunk=N] [fetch=N] [bugs=name]   start 1 2|all   crash 1 [keep=N]
 *   tick +500 [1 2]       time passes, then the nodes (default: all) get a tick
 *   deliver 1>2|all       what waits on the link(s) now arrives     again 1>2  a copy of the first arrives     drop 1>2|all
 *   hold 1>2 / release 1>2  `settle` does not touch the link / does again
 *   commit 1|all          hand-overs reach the disk                  commit-one 1
 *   settle                deliver and commit until nothing moves; time stands     spread  the same without the disks
 *   propose 1 text   resign 1   snapshot 1   refused 2 1 (node 2 is refused by 1)   connected 2 1   fail 2 1 (requests of 2 to 1 time out)
 *   show [1]   log [1]   queue
 */
import { invariant, seededRandom, type NodeId } from "@vitrine/core";
import type { RaftBug, RaftEffect, RaftRequest, RaftResponse } from "../src/index.ts";
import { textOf } from "./batches.ts";
import { type Answer, type Envelope, TestNode, type Wire } from "./test-node.ts";

type Message = { readonly envelope: Envelope; readonly response: RaftResponse | null };

export class Scenario implements Wire {
  readonly #nodes = new Map<NodeId, TestNode>();
  readonly #links = new Map<string, Message[]>();
  readonly #held = new Set<string>();
  #out: string[] = [];
  #nowMs = 0;

  /** Runs one command; gives the lines it printed. */
  run(command: string): string[] {
    this.#out = [];
    const [word = "", ...args] = command.split(" ").filter((part) => part !== "");
    try {
      this.#command(word, args);
    } catch (error) {
      this.#print(`! ${error instanceof Error ? error.message : String(error)}`);
    }
    return this.#out.length > 0 ? this.#out : ["ok"];
  }

  send(envelope: Envelope): void {
    const link = this.#link(envelope.from, envelope.to);
    link.push({ envelope, response: null });
    this.#print(`  ${envelope.from}>${envelope.to} ${showRequest(envelope.request)}`);
  }

  answer({ envelope, response }: Answer): void {
    this.#link(envelope.to, envelope.from).push({ envelope, response });
    this.#print(`  ${envelope.to}>${envelope.from} ${showResponse(response)}`);
  }

  noted(node: TestNode, effect: RaftEffect): void {
    switch (effect.type) {
      case "leaderChanged":
        return this.#print(`${node.id} sees leader ${effect.leaderId} of epoch ${effect.epoch}`);
      case "becameLeader":
        return this.#print(`${node.id} becomes leader of epoch ${effect.epoch} at ${effect.epochStartOffset}`);
      case "leaderReady":
        return this.#print(`${node.id} is ready to lead epoch ${effect.epoch}`);
      case "lostLeadership":
        return this.#print(`${node.id} loses leadership of epoch ${effect.epoch}`);
      case "highWatermarkAdvanced":
        return this.#print(`${node.id} high watermark ${effect.offset}`);
      case "snapshotInstalled":
        return this.#print(`${node.id} installs snapshot ${effect.endOffset}@${effect.epoch}`);
      case "truncated":
        return this.#print(`${node.id} truncates to ${effect.offset}`);
      case "send":
      case "reply":
        return;
    }
  }

  #command(word: string, args: readonly string[]): void {
    switch (word) {
      case "cluster":
        return this.#cluster(args);
      case "start":
        return this.#each(args[0] === "all" ? [] : args, (node) => node.start(this.#nowMs), false);
      case "crash":
        return this.#crash(args);
      case "tick":
        this.#nowMs += Number(args[0]);
        return this.#each(args.slice(1), (node) => node.step({ type: "tick" }, this.#nowMs), true);
      case "deliver":
        return this.#deliver(args[0]!);
      case "again":
        return this.#arrive(this.#named(args[0]!)[0]);
      case "drop":
        for (const [name, link] of this.#links) if (args[0] === "all" || args[0] === name) link.length = 0;
        return;
      case "hold":
        return void this.#held.add(args[0]!);
      case "release":
        return void this.#held.delete(args[0]!);
      case "commit":
        return this.#each(args[0] === "all" ? [] : args, (node) => this.#commit(node), true);
      case "commit-one":
        return this.#each(args, (node) => void node.commit(this.#nowMs), true);
      case "settle":
        return this.#settle(true);
      case "spread":
        return this.#settle(false);
      case "propose": {
        const result = this.#node(args[0]).propose(args.slice(1).join(" "), this.#nowMs);
        return this.#print(typeof result === "string" ? result : `offset ${result.offset} epoch ${result.epoch}`);
      }
      case "resign":
        this.#node(args[0]).raft?.resign(this.#nowMs);
        return this.#node(args[0]).drain();
      case "snapshot":
        return this.#node(args[0]).snapshot(
          this.#node(args[0]).log!.highWatermark,
          "a snapshot of all that was committed",
        );
      case "refused":
        return this.#node(args[0]).step({ type: "peerRefused", nodeId: Number(args[1]) }, this.#nowMs);
      case "connected":
        return this.#node(args[0]).step({ type: "peerConnected", nodeId: Number(args[1]) }, this.#nowMs);
      case "fail":
        for (const { envelope } of this.#link(Number(args[0]), Number(args[1])).splice(0))
          this.#node(args[0]).failed(envelope, "timeout", this.#nowMs);
        return;
      case "show":
        return this.#each(args, (node) => this.#show(node), false);
      case "log":
        return this.#each(
          args,
          (node) =>
            this.#print(
              `${node.id}: ${node
                .batches()
                .map((b) => `${b.facts.baseOffset}@${b.facts.leaderEpoch} ${textOf(b)}`)
                .join(" | ")}`,
            ),
          true,
        );
      case "queue":
        for (const [name, link] of this.#links)
          for (const { envelope, response } of link)
            this.#print(`${name} ${response ? showResponse(response) : showRequest(envelope.request)}`);
        return;
      default:
        throw new Error(`unknown command ${word}`);
    }
  }

  #cluster(args: readonly string[]): void {
    const options = new Map(args.map((arg) => arg.split("=") as [string, string]));
    const ids = (key: string) => (options.get(key) ?? "").split(",").filter(Boolean).map(Number);
    const voters = ids("voters");
    const kept = Number(options.get("kept") ?? 0);
    const bugs = new Set((options.get("bugs") ?? "").split(",").filter(Boolean) as RaftBug[]);
    for (const id of [...voters, ...ids("observers")]) {
      const limits = {
        recordsKeptBelowSnapshot: kept,
        snapshotChunkBytes: Number(options.get("chunk") ?? 1000),
        fetchMaxBytes: Number(options.get("fetch") ?? 1000),
      };
      this.#nodes.set(id, new TestNode({ id, voters, limits, bugs, random: seededRandom(id) }, this));
    }
  }

  #crash(args: readonly string[]): void {
    const node = this.#node(args[0]);
    node.crash(Number(args[1]?.split("=")[1] ?? 0));
    for (const [name, link] of this.#links)
      if (name.startsWith(`${node.id}>`) || name.endsWith(`>${node.id}`)) link.length = 0;
  }

  #deliver(name: string): void {
    const links = name === "all" ? [...this.#links.keys()].filter((key) => !this.#held.has(key)) : [name];
    for (const key of links) for (const message of this.#named(key).splice(0)) this.#arrive(message);
  }

  #arrive(message: Message | undefined): void {
    if (!message) return this.#print("nothing waits there");
    const { envelope, response } = message;
    if (response) {
      const node = this.#node(String(envelope.from));
      if (node.life === envelope.life)
        node.step({ type: "response", from: envelope.to, requestId: envelope.requestId, response }, this.#nowMs);
      return;
    }
    const node = this.#node(String(envelope.to));
    if (node.isUp) node.step({ type: "request", replyTo: envelope, request: envelope.request }, this.#nowMs);
    else this.#node(String(envelope.from)).failed(envelope, "refused", this.#nowMs);
  }

  #commit(node: TestNode): void {
    while (node.commit(this.#nowMs));
  }

  #settle(withDisks: boolean): void {
    for (let i = 0; i < 100; i++) {
      const waiting = [...this.#links].some(([name, link]) => link.length > 0 && !this.#held.has(name));
      const pending = withDisks && [...this.#nodes.values()].some((node) => node.isUp && node.disk.pending > 0);
      if (!waiting && !pending) return;
      if (withDisks) this.#each([], (node) => this.#commit(node), true);
      this.#deliver("all");
    }
    throw new Error("does not settle");
  }

  #show(node: TestNode): void {
    if (!node.raft || !node.log) return this.#print(`${node.id} down`);
    const { role, epoch, leaderId, votedId } = node.raft.view();
    const { logStartOffset, logEndOffset, durableEndOffset, highWatermark } = node.log;
    this.#print(
      `${node.id} ${role} epoch=${epoch} leader=${leaderId} voted=${votedId} log=[${logStartOffset},${logEndOffset}) disk=${durableEndOffset} hw=${highWatermark}`,
    );
  }

  #each(args: readonly string[], run: (node: TestNode) => void, onlyUp: boolean): void {
    const nodes = args.length > 0 ? args.map((arg) => this.#node(arg)) : [...this.#nodes.values()];
    for (const node of nodes) if (!onlyUp || node.isUp) run(node);
  }

  #node(arg: string | undefined): TestNode {
    const node = this.#nodes.get(Number(arg));
    invariant(node, `no node ${arg}`);
    return node;
  }

  #link(from: NodeId, to: NodeId): Message[] {
    const name = `${from}>${to}`;
    const link = this.#links.get(name) ?? [];
    this.#links.set(name, link);
    return link;
  }

  #named(name: string): Message[] {
    const [from, to] = name.split(">").map(Number);
    return this.#link(from!, to!);
  }

  #print(line: string): void {
    this.#out.push(line);
  }
}

function showRequest(request: RaftRequest): string {
  switch (request.type) {
    case "vote":
      return `${request.preVote ? "pre-vote" : "vote"}? epoch=${request.candidateEpoch} last=${request.lastOffset}@${request.lastEpoch}`;
    case "beginQuorumEpoch":
      return `begin epoch=${request.leaderEpoch}`;
    case "endQuorumEpoch":
      return `end epoch=${request.leaderEpoch} successors=${request.preferredSuccessors.join(",")}`;
    case "fetch":
      return `fetch? epoch=${request.currentLeaderEpoch} at=${request.fetchOffset}@${request.lastFetchedEpoch} hw=${request.highWatermark}`;
    case "fetchSnapshot":
      return `snapshot? ${request.snapshotId.endOffset}@${request.snapshotId.epoch} position=${request.position}`;
  }
}

function showResponse(response: RaftResponse): string {
  const said = `${response.error === "NONE" ? "" : `${response.error} `}epoch=${response.leaderEpoch} leader=${response.leaderId}`;
  switch (response.type) {
    case "vote":
      return `${response.voteGranted ? "yes" : "no"} ${said}`;
    case "beginQuorumEpoch":
    case "endQuorumEpoch":
      return `noted ${said}`;
    case "fetch": {
      const { divergingEpoch, snapshotId, batches } = response;
      if (divergingEpoch) return `diverging ${said} end=${divergingEpoch.endOffset}@${divergingEpoch.epoch}`;
      if (snapshotId) return `take snapshot ${snapshotId.endOffset}@${snapshotId.epoch} ${said}`;
      const texts = batches.map((batch) => textOf(batch)).join(",");
      return `fetched ${said} hw=${response.highWatermark}${texts ? ` [${texts}]` : ""}`;
    }
    case "fetchSnapshot":
      return `chunk ${said} ${response.position}+${response.bytes.length}/${response.sizeBytes}`;
  }
}
