/**
 * Rows of `groups`, `group:ID` and the groups of a topic: what coordinators told, against the ends of the partitions. The list is made once a
 * second and when a group changes; the partitions of a group only while somebody looks at it.
 */
import {
  type GroupFields,
  groupColumns,
  type GroupPartitionFields,
  groupPartitionColumns,
  groupPartitionKey,
  type GroupViewInfo,
  judgeGroup,
  LAG_SAMPLE_MS,
  LAG_SAMPLES,
  type LiveTables,
  MEMBERS_SHOWN,
  type PartitionJudgement,
  type PartitionReader,
  partitionKey,
  partitionOfGroup,
  TOPICS_SHOWN,
  type ViewSpec,
} from "@vitrine/api";
import type { NodeId } from "@vitrine/core";
import { firstWaiting, lagOf, secondsSince } from "../groups/group-lag.ts";
import { CommitsInStep } from "./commits-in-step.ts";
import type { GroupBoard, HeldCommit, HeldGroup } from "./group-board.ts";
import type { GroupEnds } from "./group-ends.ts";
import { LagSamples } from "./lag-samples.ts";
import { type RowQuestion, WaitingTimes } from "./waiting-times.ts";

/** One partition of a group as it stands now. */
interface Standing {
  readonly topic: string;
  readonly partition: number;
  readonly commit: HeldCommit | null;
  readonly owner: { readonly member_id: string; readonly client_id: string } | null;
  readonly logStart: number | null;
  readonly end: number | null;
  readonly lag: number | null;
  readonly waitingFrom: number | null;
  readonly lagS: number | null;
  readonly judged: PartitionJudgement;
}

/** What a topic's row says of its groups. */
export interface TopicGroups {
  readonly groups: number;
  readonly lag: number | null;
}

export interface GroupRowsParts {
  readonly tables: LiveTables;
  readonly board: GroupBoard;
  readonly ends: GroupEnds;
  /** The broker that coordinates a partition of `__consumer_offsets`, as the metadata and the processes have it; -1: none that can be reached. */
  readonly coordinatorOf: (partition: number, told: NodeId) => NodeId;
  readonly leaderOf: (topic: string, partition: number) => NodeId;
}

/** A round over 40,000 partitions costs 0.13 CPU-seconds; the verdicts want a look this often. */
const UNWATCHED_MS = 5_000;
const NO_TOPICS: ReadonlySet<string> = new Set();

export class GroupRows {
  readonly #parts: GroupRowsParts;
  readonly #inStep = new CommitsInStep();
  readonly #samples = new LagSamples();
  readonly #times: WaitingTimes;
  readonly #history = new Map<string, [ts: number, lag: number | null, lagS: number | null][]>();
  readonly #shown = new Set<string>();
  /** Group to how many look at its partitions. */
  readonly #watched = new Map<string, number>();
  #listWatchers = 0;
  #topics = new Map<string, TopicGroups>();
  #sampledMs = 0;
  #roundMs = 0;

  constructor(parts: GroupRowsParts) {
    this.#parts = parts;
    this.#times = new WaitingTimes(parts.ends);
  }

  /** Somebody looks; returns the way to stop. */
  watch(view: ViewSpec, nowMs: number): () => void {
    if (view.kind === "groups" || view.kind === "topics") {
      this.#listWatchers++;
      return () => void this.#listWatchers--;
    }
    if (view.kind !== "group") return () => {};
    const { group } = view;
    this.#watched.set(group, (this.#watched.get(group) ?? 0) + 1);
    this.#showOne(group, nowMs);
    return () => {
      const left = (this.#watched.get(group) ?? 1) - 1;
      if (left > 0) this.#watched.set(group, left);
      else this.#hide(group);
    };
  }

  topicGroups(topic: string): TopicGroups {
    return this.#topics.get(topic) ?? { groups: 0, lag: null };
  }

  /** Groups that coordinators marked. */
  refresh(nowMs: number): void {
    for (const id of this.#parts.board.takeChanged()) this.#showOne(id, nowMs);
  }

  /** Once a second: all groups, the samples, and what is still to be asked; less often while nobody looks. Returns topics whose groups changed. */
  second(nowMs: number): ReadonlySet<string> {
    this.refresh(nowMs);
    const isWatched = this.#listWatchers > 0 || this.#watched.size > 0;
    if (!isWatched && nowMs - this.#roundMs < UNWATCHED_MS) return NO_TOPICS;
    this.#roundMs = nowMs;
    const sample = nowMs - this.#sampledMs >= LAG_SAMPLE_MS;
    if (sample) this.#sampledMs = nowMs;
    const topics = new Map<string, { groups: Set<string>; lag: number | null }>();
    const keys = new Set<string>();
    const questions: RowQuestion[] = [];
    const unknown = new Map<string, Set<number>>();
    const looked = this.#listWatchers > 0;
    for (const group of this.#parts.board.groups()) {
      const standings = this.#standings(group, nowMs);
      const fields = this.#showGroup(group, standings, nowMs);
      const asked = looked || this.#watched.has(group.id);
      for (const at of standings) {
        const key = groupPartitionKey(at.topic, at.partition, group.id);
        keys.add(key);
        const topic = topics.get(at.topic) ?? { groups: new Set(), lag: null };
        topic.groups.add(group.id);
        if (at.lag !== null) topic.lag = Math.max(topic.lag ?? 0, at.lag);
        topics.set(at.topic, topic);
        if (asked && at.end === null) unknown.set(at.topic, (unknown.get(at.topic) ?? new Set()).add(at.partition));
        if (asked && at.lag !== null && at.lag > 0 && at.waitingFrom !== null)
          questions.push({ key, topic: at.topic, partition: at.partition, offset: at.waitingFrom });
      }
      if (sample) this.#remember(group.id, [nowMs, fields.lag, fields.lag_s]);
      if (this.#watched.has(group.id)) this.#showPartitions(group, standings, fields);
    }
    this.#inStep.keepOnly(keys);
    this.#samples.keepOnly(keys);
    this.#times.keepOnly(keys);
    if (unknown.size > 0 || questions.length > 0) void this.#times.ask(unknown, questions, nowMs);
    return this.#setTopics(topics);
  }

  #setTopics(topics: ReadonlyMap<string, { groups: ReadonlySet<string>; lag: number | null }>): ReadonlySet<string> {
    const now = new Map(Array.from(topics, ([name, { groups, lag }]) => [name, { groups: groups.size, lag }] as const));
    const changed = new Set<string>();
    for (const name of new Set([...now.keys(), ...this.#topics.keys()])) {
      const [before, after] = [this.#topics.get(name), now.get(name)];
      if (before?.groups !== after?.groups || before?.lag !== after?.lag) changed.add(name);
    }
    this.#topics = now;
    return changed;
  }

  #remember(id: string, sample: [number, number | null, number | null]): void {
    const samples = this.#history.get(id) ?? [];
    samples.push(sample);
    if (samples.length > LAG_SAMPLES) samples.shift();
    this.#history.set(id, samples);
  }

  #showOne(id: string, nowMs: number): void {
    const group = this.#parts.board.get(id);
    if (group === undefined) {
      this.#parts.tables.remove("groups", id);
      this.#history.delete(id);
      this.#clearPartitions(id, new Set());
      if (this.#watched.has(id)) this.#parts.tables.setInfo(`group:${id}`, noGroup(id));
      return;
    }
    const standings = this.#standings(group, nowMs);
    const fields = this.#showGroup(group, standings, nowMs);
    if (this.#watched.has(id)) this.#showPartitions(group, standings, fields);
  }

  #hide(id: string): void {
    this.#watched.delete(id);
    this.#clearPartitions(id, new Set());
    this.#parts.tables.removeInfo(`group:${id}`);
  }

  #standings(group: HeldGroup, nowMs: number): Standing[] {
    const owners = new Map<string, { member_id: string; client_id: string }>();
    const standings: Standing[] = [];
    for (const member of group.members) {
      for (const [topic, partitions] of Object.entries(member.assigned))
        for (const partition of partitions) owners.set(partitionKey(topic, partition), member);
    }
    const add = (topic: string, partition: number, commit: HeldCommit | null) => {
      const owner = owners.get(partitionKey(topic, partition)) ?? null;
      owners.delete(partitionKey(topic, partition));
      standings.push(this.#standing({ group, topic, partition, commit, owner, nowMs }));
    };
    for (const [topic, commits] of group.commits)
      for (const [partition, commit] of commits) add(topic, partition, commit);
    for (const key of owners.keys()) {
      const slash = key.lastIndexOf("/");
      add(key.slice(0, slash), Number(key.slice(slash + 1)), null);
    }
    return standings;
  }

  #standing(at: {
    readonly group: HeldGroup;
    readonly topic: string;
    readonly partition: number;
    readonly commit: HeldCommit | null;
    readonly owner: Standing["owner"];
    readonly nowMs: number;
  }): Standing {
    const { group, topic, partition, owner, nowMs } = at;
    const key = groupPartitionKey(topic, partition, group.id);
    const { commit, bounds } = this.#inStep.take(key, at.commit, this.#parts.ends.endsOf(topic, partition), nowMs);
    const committed = commit?.offset ?? null;
    const lag = lagOf(committed, bounds);
    const waitingFrom = firstWaiting(committed, bounds);
    const judged: PartitionJudgement =
      lag === null
        ? { verdict: "unknown", rate: 0, lagRate: 0 }
        : this.#samples.judge(key, { atMs: nowMs, committed: committed ?? -1, lag }, readerOf(group, owner));
    const time =
      lag === null || lag === 0 || waitingFrom === null
        ? undefined
        : this.#times.timeOf({ key, topic, partition, offset: waitingFrom }, nowMs);
    const lagS = lag === 0 ? 0 : time === undefined || time === null ? null : secondsSince(time, nowMs);
    return { topic, partition, commit, owner, ...bounds, lag, waitingFrom, lagS, judged };
  }

  #showGroup(group: HeldGroup, standings: readonly Standing[], nowMs: number): GroupFields {
    const fields = this.#fields(group, standings, nowMs);
    this.#parts.tables.set("groups", group.id, groupColumns.row(fields));
    return fields;
  }

  #fields({ id, fields, members, node }: HeldGroup, standings: readonly Standing[], nowMs: number): GroupFields {
    const lags = standings.flatMap((at) => at.lag ?? []);
    const seconds = standings.flatMap((at) => at.lagS ?? []);
    const lag = standings.length > 0 && lags.length === 0 ? null : lags.reduce((sum, one) => sum + one, 0);
    const worst = standings.reduce<Standing | null>((most, at) => ((at.lag ?? 0) > (most?.lag ?? 0) ? at : most), null);
    const commits = standings.flatMap((at) => at.commit?.commitMs ?? []);
    const commitMs = commits.length === 0 ? null : Math.max(...commits);
    const topics = [...new Set(standings.map((at) => at.topic))].sort();
    const coordinator = this.#parts.coordinatorOf(fields.coordinator_partition, node);
    const judged = judgeGroup({
      state: fields.state,
      members: members.length,
      coordinator,
      stateSinceMs: fields.state_since,
      partitions: standings.map((at) => ({ ...at.judged, name: partitionKey(at.topic, at.partition), lag: at.lag })),
      lag,
      commitMs,
      nowMs,
    });
    return {
      id,
      state: fields.state,
      state_since: fields.state_since,
      type: fields.type,
      protocol_type: fields.protocol_type,
      protocol: fields.protocol,
      generation: fields.generation,
      members: members.length,
      coordinator,
      topics: topics.slice(0, TOPICS_SHOWN),
      topics_count: topics.length,
      partitions: standings.length,
      lag,
      worst_lag: worst?.lag ?? null,
      worst: worst === null ? null : partitionKey(worst.topic, worst.partition),
      // Null rather than too small: a partition whose time is not known may be the one that waits longest.
      lag_s: seconds.length < lags.length || lag === null ? null : Math.max(0, ...seconds),
      commit_ts: commitMs,
      level: judged.level,
      verdict: judged.verdict,
      verdict_text: judged.text,
      drain_s: judged.drainS,
    };
  }

  #showPartitions(group: HeldGroup, standings: readonly Standing[], fields: GroupFields): void {
    const { tables, leaderOf } = this.#parts;
    const kept = new Set<string>();
    for (const at of standings) {
      const key = groupPartitionKey(at.topic, at.partition, group.id);
      kept.add(key);
      this.#shown.add(key);
      tables.set(
        "group_partitions",
        key,
        groupPartitionColumns.row(partitionFields(at, leaderOf(at.topic, at.partition))),
      );
    }
    this.#clearPartitions(group.id, kept);
    tables.setInfo(`group:${group.id}`, infoOf(group, fields, this.#history.get(group.id) ?? []));
  }

  #clearPartitions(id: string, kept: ReadonlySet<string>): void {
    for (const key of this.#shown) {
      if (kept.has(key) || partitionOfGroup(key, id) === null) continue;
      this.#shown.delete(key);
      this.#parts.tables.remove("group_partitions", key);
    }
  }
}

function readerOf({ fields }: HeldGroup, owner: Standing["owner"]): PartitionReader {
  if (owner !== null) return "member";
  const isChanging = fields.state === "PreparingRebalance" || fields.state === "CompletingRebalance";
  return isChanging ? "changing" : "nobody";
}

function partitionFields(at: Standing, leader: NodeId): GroupPartitionFields {
  return {
    topic: at.topic,
    p: at.partition,
    committed: at.commit?.offset ?? -1,
    end: at.end ?? -1,
    log_start: at.logStart ?? -1,
    lag: at.lag,
    lag_s: at.lagS,
    member: at.owner?.member_id ?? null,
    client_id: at.owner?.client_id ?? null,
    commit_ts: at.commit?.commitMs ?? null,
    metadata: at.commit?.metadata ?? "",
    rate: Math.round(at.judged.rate * 10) / 10,
    verdict: at.judged.verdict,
    leader,
  };
}

function infoOf(group: HeldGroup, summary: GroupFields, history: GroupViewInfo["history"]): GroupViewInfo {
  const members = group.members.toSorted(
    (a, b) => a.client_id.localeCompare(b.client_id) || a.member_id.localeCompare(b.member_id),
  );
  return {
    group: group.id,
    summary,
    coordinator_partition: group.fields.coordinator_partition,
    members: members.slice(0, MEMBERS_SHOWN),
    members_omitted: Math.max(0, members.length - MEMBERS_SHOWN),
    history,
  };
}

function noGroup(id: string): GroupViewInfo {
  return { group: id, summary: null, coordinator_partition: null, members: [], members_omitted: 0, history: [] };
}
