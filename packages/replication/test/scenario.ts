/**
 * Runs a text scenario against one partition (node 1 of 1, 2, 3). A line that begins with `>` is a command; the lines below it are what it
 * must answer: its result, then the effects. Commands and their words are listed in `commands` below.
 */
import { type BatchFacts, type NodeId, Offset, Uuid } from "@vitrine/core";
import type { LogKey } from "@vitrine/log";
import {
  type AlterPartitionOutcome,
  type BrokerLiveness,
  DEFAULT_REPLICATION_SETTINGS,
  type FetchCheck,
  type FollowerFetchPosition,
  type MetadataView,
  Partition,
  type PartitionAssignment,
  type ReplicationEffect,
} from "../src/index.ts";
import { Disk } from "./disk.ts";
import { isSound, makeBatch } from "./test-batch.ts";

const TOPIC_ID = Uuid("AAAAAAAAAAAAAAAAAAAAAQ");
type Words = ReadonlyMap<string, string>;

export class Scenario {
  private readonly disk = new Disk(1);
  private readonly effects: ReplicationEffect[] = [];
  private partition: Partition;
  private nowMs = 0;
  private inFlight: FollowerFetchPosition | null = null;
  private requestId = 0;
  private sequence = 0;
  private assignment: PartitionAssignment = {
    leader: -1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    replicas: [1, 2, 3],
    isr: [1, 2, 3],
    elr: [],
    leaderRecoveryState: 0,
  };
  private liveness = new Map<NodeId, BrokerLiveness>(
    [1, 2, 3].map((id) => [id, { epoch: 100 + id, fenced: false, shuttingDown: false }]),
  );

  constructor() {
    this.partition = this.open();
  }

  /** The answers of all commands, in the form in which the file must have them. */
  play(text: string): string {
    const out: string[] = [];
    for (const line of text.split("\n")) {
      if (line.startsWith("#") || line.trim() === "") out.push(line);
      if (!line.startsWith("> ")) continue;
      out.push(
        line,
        ...this.command(line.slice(2)),
        ...this.effects.splice(0).map((effect) => `  * ${this.tell(effect)}`),
      );
    }
    return `${out.join("\n").trimEnd()}\n`;
  }

  private command(line: string): string[] {
    const [name = "", ...rest] = line.trim().split(/\s+/);
    const words: Words = new Map(rest.map((word) => [word.split("=")[0]!, word.slice(word.indexOf("=") + 1)]));
    const said = this.run(name, words);
    return said === null ? [] : [`  ${said}`];
  }

  private run(name: string, words: Words): string | null {
    const number = (word: string, fallback: number) => Number(words.get(word) ?? fallback);
    const { partition } = this;
    switch (name) {
      // leader=1 epoch=3 version=5 isr=1,2 replicas=1,2,3 min=2 fenced=3 stopping=2 registered=2:205 recovering=1 mine=101
      case "metadata":
        this.metadata(words);
        return null;
      // Brokers changed, the partition did not; the words are those of metadata.
      case "brokers":
        this.brokers(words);
        partition.updateView(this.view(words));
        return null;
      // value=7 records=2 acks=all|1 epoch=3 producer=9 sequence=0
      case "append":
        return this.append(words);
      // Everything handed over so far is on disk.
      case "commit":
        partition.log.setHighWatermark(partition.log.highWatermark);
        this.disk.handOver();
        this.disk.commit();
        partition.onCommitted(this.nowMs);
        return null;
      // from=2 offset=5 durable=4 last=3 epoch=3 broker=102
      case "fetch": {
        const from = number("from", 2);
        const offset = number("offset", 0);
        return checkText(
          partition.onFollowerFetch(
            {
              replicaId: from,
              brokerEpoch: number("broker", this.liveness.get(from)?.epoch ?? 0),
              fetchOffset: Offset(offset),
              durableEndOffset: Offset(number("durable", offset)),
              lastFetchedEpoch: number("last", -1),
              currentLeaderEpoch: number("epoch", partition.leaderEpoch),
              logStartOffset: Offset(number("start", 0)),
            },
            this.nowMs,
          ),
        );
      }
      // What this follower asks.
      case "ask": {
        this.inFlight = partition.nextFetch();
        const at = this.inFlight;
        return at
          ? `offset ${at.fetchOffset} durable ${at.durableEndOffset} last ${at.lastFetchedEpoch} epoch ${at.currentLeaderEpoch}`
          : "nothing";
      }
      // hw=5 start=0 diverging=3:10 error=X records=5@3:71,6@3:72 (offset@epoch:value) corrupt=1
      case "answer":
        return this.answer(words);
      // ok=2,1 version=6 | error=INVALID_UPDATE_VERSION
      case "alter":
        this.alter(words);
        return null;
      case "wait":
        this.nowMs += number("ms", 0);
        partition.tick(this.nowMs);
        return null;
      // The process starts again with what its disk has.
      case "crash":
        this.disk.crash(0);
        this.partition = this.open();
        return null;
      case "ends": {
        const { log } = partition;
        return `start ${log.logStartOffset} hw ${log.highWatermark} durable ${log.durableEndOffset} end ${log.logEndOffset}`;
      }
      case "epochs":
        return (
          partition.log.epochs.entries.map(({ epoch, startOffset }) => `${epoch}@${startOffset}`).join(" ") || "none"
        );
      case "latest": {
        const answer = partition.latestOffset({ asReplica: false, currentLeaderEpoch: number("epoch", -1) });
        return answer.ok ? String(answer.offset) : answer.error;
      }
      case "delete": {
        const answer = partition.deleteRecordsBefore(number("before", -1));
        return answer.ok ? `low watermark ${answer.offset}` : answer.error;
      }
      // required=5 epoch=3
      case "parked": {
        const status = partition.produceStatus({
          requiredOffset: Offset(number("required", 0)),
          leaderEpoch: number("epoch", partition.leaderEpoch),
        });
        return status.kind === "error" ? status.error : status.kind;
      }
      default:
        throw new Error(`unknown command ${name}`);
    }
  }

  private open(): Partition {
    const store = this.disk.open();
    const log = store.create({
      key: `${TOPIC_ID}-0` as LogKey,
      topicId: TOPIC_ID,
      partition: 0,
      topicName: "t",
      retentionClass: "delete",
    });
    const settings = { ...DEFAULT_REPLICATION_SETTINGS, replicaLagTimeMaxMs: 1_000 };
    return new Partition({
      topicId: TOPIC_ID,
      topicName: "t",
      index: 0,
      localId: 1,
      log,
      settings,
      effects: this.effects,
    });
  }

  private metadata(words: Words): void {
    const { assignment } = this;
    const ids = (word: string, fallback: readonly number[]) => words.get(word)?.split(",").map(Number) ?? fallback;
    this.assignment = {
      leader: Number(words.get("leader") ?? assignment.leader),
      leaderEpoch: Number(words.get("epoch") ?? assignment.leaderEpoch),
      partitionEpoch: Number(words.get("version") ?? assignment.partitionEpoch + 1),
      replicas: ids("replicas", assignment.replicas),
      isr: ids("isr", assignment.isr),
      elr: [],
      leaderRecoveryState: Number(words.get("recovering") ?? 0),
    };
    this.brokers(words);
    this.partition.applyMetadata(this.assignment, this.view(words));
  }

  private brokers(words: Words): void {
    const named = (word: string, id: NodeId) => words.get(word)?.split(",").map(Number).includes(id) ?? false;
    const registered = words.get("registered")?.split(":").map(Number);
    for (const [id, broker] of this.liveness) {
      const epoch = registered?.[0] === id ? registered[1]! : broker.epoch;
      this.liveness.set(id, { epoch, fenced: named("fenced", id), shuttingDown: named("stopping", id) });
    }
  }

  private view(words: Words): MetadataView {
    const mine = words.get("mine");
    const view = { liveness: new Map(this.liveness), minIsr: Number(words.get("min") ?? 2), nowMs: this.nowMs };
    return mine === undefined ? view : { ...view, localBrokerEpoch: Number(mine) };
  }

  private append(words: Words): string {
    const producer = words.get("producer");
    const sequence = words.get("sequence");
    const { bytes, facts } = makeBatch({
      value: Number(words.get("value") ?? ++this.sequence),
      records: Number(words.get("records") ?? 1),
      ...(producer === undefined ? {} : { producerId: Number(producer), baseSequence: Number(sequence) }),
    });
    const epoch = words.get("epoch");
    const acks = words.get("acks") === "1" ? 1 : -1;
    const result = this.partition.append({
      bytes,
      facts,
      acks,
      nowMs: this.nowMs,
      ...(epoch === undefined ? {} : { expectedLeaderEpoch: Number(epoch) }),
    });
    if (!result.ok) return `${result.error}: ${result.message}`;
    return `[${result.baseOffset}, ${result.lastOffset}] epoch ${result.leaderEpoch}${result.duplicate ? " duplicate" : ""}`;
  }

  private answer(words: Words): string {
    if (!this.inFlight) throw new Error("ask first");
    const [epoch, endOffset] = (words.get("diverging") ?? "-1:-1").split(":").map(Number);
    const outcome = this.partition.onFetchResponse(
      {
        error: (words.get("error") ?? "NONE") as "NONE",
        highWatermark: Number(words.get("hw") ?? 0),
        logStartOffset: Number(words.get("start") ?? 0),
        divergingEpoch: { epoch: epoch!, endOffset: endOffset! },
        records: words.has("records") ? recordsOf(words.get("records")!, words.get("corrupt")) : null,
      },
      this.inFlight,
      isSound,
    );
    switch (outcome.kind) {
      case "applied":
        return outcome.advanced ? "applied, more may wait" : "applied";
      case "retry":
        return `retry after ${outcome.error}`;
      case "failed":
      case "stale":
      case "truncated":
        return outcome.kind;
    }
  }

  private alter(words: Words): void {
    const error = words.get("error");
    const outcome: AlterPartitionOutcome =
      error === undefined
        ? {
            ok: true,
            leaderId: 1,
            leaderEpoch: this.partition.leaderEpoch,
            isr: words.get("ok")!.split(",").map(Number),
            partitionEpoch: Number(words.get("version")),
            leaderRecoveryState: 0,
          }
        : { ok: false, error: error as "no-answer" };
    this.partition.onAlterPartition(Number(words.get("request") ?? this.requestId), outcome, this.nowMs);
  }

  private tell(effect: ReplicationEffect): string {
    switch (effect.type) {
      case "highWatermark":
        return `high watermark ${effect.highWatermark}`;
      case "alterPartition": {
        this.requestId = effect.requestId;
        const { newIsrWithEpochs, partitionEpoch } = effect.item;
        return `alter partition to ${newIsrWithEpochs.map(({ brokerId, brokerEpoch }) => `${brokerId}:${brokerEpoch}`).join(",")} at version ${partitionEpoch}`;
      }
      case "isrChanged":
        return `isr ${effect.isr.join(",")} maximal ${effect.maximalIsr.join(",")}`;
      case "roleChanged":
        return `${effect.role} in epoch ${effect.leaderEpoch}`;
      case "truncated":
        return `truncated from ${effect.from} to ${effect.to}`;
      case "logStart":
        return `log start ${effect.logStartOffset}`;
      case "failed":
        return `failed: ${effect.reason}`;
    }
  }
}

function checkText(check: FetchCheck): string {
  switch (check.kind) {
    case "ok":
      return `read up to ${check.readableEnd}`;
    case "diverging":
      return `diverging: epoch ${check.diverging.epoch} ends at ${check.diverging.endOffset}`;
    case "error":
      return check.error;
  }
}

/** `5@3:71,6@3:72`: batches of one record, offset, epoch and value. `corrupt` names the offset of the one that is damaged. */
function recordsOf(text: string, corrupt: string | undefined): Uint8Array {
  const batches = text.split(",").map((item) => {
    const [baseOffset, leaderEpoch, value] = item.split(/[@:]/).map(Number);
    const { bytes }: { bytes: Uint8Array; facts: BatchFacts } = makeBatch({
      value: value!,
      baseOffset: baseOffset!,
      leaderEpoch: leaderEpoch!,
    });
    if (String(baseOffset) === corrupt) bytes[bytes.length - 1]! ^= 1;
    return bytes;
  });
  const all = new Uint8Array(batches.reduce((sum, bytes) => sum + bytes.length, 0));
  let at = 0;
  for (const bytes of batches) {
    all.set(bytes, at);
    at += bytes.length;
  }
  return all;
}
