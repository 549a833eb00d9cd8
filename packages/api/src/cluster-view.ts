/**
 * The one reducer that builds a live view from its frames, in the console, in clients and in tests: fold `snap`, `delta`, `event` and `gap`
 * in order and the rows equal those of a fresh `snap`. It reads no clock and does no I/O. Rows are replaced in place, one version each,
 * so that a selector compares a number and nothing is copied per tick.
 */
import { groupColumns } from "./group-rows.ts";
import { reorderRow, type Row, sameRow } from "./columns.ts";
import type { LiveEvent } from "./events.ts";
import { maskOf, partitionKey, rowKey, viewCols } from "./view-rows.ts";
import { nodeColumns, parseView, partitionColumns, type ViewSpec } from "./views.ts";
import type { DeltaFrame, EventFrame, GapFrame, SnapFrame } from "./ws.ts";

export interface ViewRow {
  row: Row;
  /** Number of the change of the view that brought this row. */
  version: number;
}

export interface ViewEvent {
  readonly seq: number;
  readonly ts: number;
  readonly next: string;
  readonly e: LiveEvent;
}

export interface ClusterView {
  readonly view: ViewSpec;
  /** Columns of `rows`: ours, whatever order the server sent. */
  readonly cols: readonly string[];
  readonly rows: Map<string, ViewRow>;
  info: unknown;
  infoVersion: number;
  /** Newest last; at most EVENTS_MAX. */
  readonly events: ViewEvent[];
  /** Rises with every change of rows, info or events. */
  version: number;
  /** Version of the last change in which a row came or went: list selectors compare this one. */
  membershipVersion: number;
  /** A snap has been folded. */
  ready: boolean;
  /** Sequence number of the last frame; 0 before the first. */
  seq: number;
  /** Server time of the newest frame. */
  ts: number;
  /** Event cursor to resume from; null before the first. */
  next: string | null;
  /** Columns as the server sends them. */
  serverCols: readonly string[] | null;
}

/** What folding a frame did. `hole`: frames are missing before it, so subscribe again. */
export interface FoldResult {
  readonly hole: boolean;
  /** Keys whose rows changed, came or went. */
  readonly changed: readonly string[];
}

/** Events that a view keeps; the oldest go. The timeline asks `/cluster/events` for more. */
export const EVENTS_MAX = 1_000;

export type ViewFrame = SnapFrame | DeltaFrame | EventFrame | GapFrame;

/** An empty view by name; null when there is no such view. */
export function newClusterView(name: string): ClusterView | null {
  const view = parseView(name);
  if (view === null) return null;
  return {
    view,
    cols: viewCols(view),
    rows: new Map(),
    info: null,
    infoVersion: 0,
    events: [],
    version: 0,
    membershipVersion: 0,
    ready: false,
    seq: 0,
    ts: 0,
    next: null,
    serverCols: null,
  };
}

/** Call when a new subscription begins: sequence numbers start again, what is shown stays until the new snap. */
export function restartSequence(state: ClusterView): void {
  state.seq = 0;
}

/** Folds one frame into the view, in place. */
export function foldFrame(state: ClusterView, frame: ViewFrame): FoldResult {
  const seq = frame.seq ?? state.seq + 1;
  const hole = seq !== state.seq + 1;
  state.seq = seq;
  const changed: string[] = [];
  switch (frame.t) {
    case "snap":
      foldSnap(state, frame, changed);
      break;
    case "delta":
      foldDelta(state, frame, changed);
      break;
    case "event":
      foldEvent(state, frame, changed);
      break;
    case "gap":
      // A snap follows; until then the rows stay as the last known.
      break;
  }
  return { hole, changed };
}

function foldSnap(state: ClusterView, frame: SnapFrame, changed: string[]): void {
  state.version++;
  state.serverCols = sameNames(frame.cols, state.cols) || state.view.kind === "node" ? null : frame.cols;
  const kept = new Set<string>();
  for (const sent of frame.rows) kept.add(putRow(state, sent, changed));
  for (const key of state.rows.keys()) if (!kept.has(key)) dropRow(state, key, changed);
  putInfo(state, frame.info ?? null);
  state.ts = frame.ts;
  if (frame.next !== undefined) state.next = frame.next;
  state.ready = true;
}

function foldDelta(state: ClusterView, frame: DeltaFrame, changed: string[]): void {
  state.version++;
  for (const key of frame.gone ?? []) dropRow(state, key, changed);
  for (const sent of frame.rows) putRow(state, sent, changed);
  if (frame.info !== undefined) putInfo(state, frame.info);
  state.ts = frame.ts;
}

function foldEvent(state: ClusterView, frame: EventFrame, changed: string[]): void {
  state.version++;
  const { e } = frame;
  state.events.push({ seq: frame.seq ?? state.seq, ts: frame.ts, next: frame.next, e });
  if (state.events.length > EVENTS_MAX) state.events.splice(0, state.events.length - EVENTS_MAX);
  state.next = frame.next;
  state.ts = Math.max(state.ts, frame.ts);
  patchFromEvent(state, e, frame.ts, changed);
}

/** Shows what an event says before the next delta does; the delta then brings the whole row. */
function patchFromEvent(state: ClusterView, e: LiveEvent, ts: number, changed: string[]): void {
  switch (e.type) {
    case "leader":
    case "isr": {
      const key = partitionRowKey(state.view, e.topic, e.p);
      const held = key === null ? undefined : state.rows.get(key);
      if (key === null || held === undefined || partitionColumns.get(held.row, "partition_epoch") > e.partition_epoch)
        return;
      const replicas = partitionColumns.get(held.row, "replicas");
      const isr = maskOf(e.isr, replicas);
      const fields = { leader: e.leader, epoch: e.epoch, partition_epoch: e.partition_epoch, isr };
      replaceRow(state, key, held, partitionColumns.patch(held.row, fields).slice(0, held.row.length), changed);
      return;
    }
    case "broker":
    case "process": {
      if (state.view.kind !== "cluster" || e.state === null) return;
      const key = String(e.type === "broker" ? e.broker : e.node);
      const held = state.rows.get(key);
      // The time goes with the state: what only says again what is shown changes neither.
      if (held === undefined || nodeColumns.get(held.row, "state") === e.state) return;
      replaceRow(state, key, held, nodeColumns.patch(held.row, { state: e.state, state_since: ts }), changed);
      return;
    }
    case "group": {
      if (state.view.kind !== "groups") return;
      const held = state.rows.get(e.group);
      if (held === undefined || groupColumns.get(held.row, "generation") > e.generation) return;
      const since = groupColumns.get(held.row, "state") === e.state ? {} : { state_since: ts };
      const fields = { state: e.state, members: e.members, generation: e.generation, ...since };
      replaceRow(state, e.group, held, groupColumns.patch(held.row, fields), changed);
      return;
    }
    default:
      return;
  }
}

function partitionRowKey(view: ViewSpec, topic: string, partition: number): string | null {
  switch (view.kind) {
    case "all-topics":
      return partitionKey(topic, partition);
    case "topic":
      return view.topic === topic ? String(partition) : null;
    case "partition":
      return view.topic === topic && view.partition === partition ? String(partition) : null;
    default:
      return null;
  }
}

function putRow(state: ClusterView, sent: Row, changed: string[]): string {
  const row = state.serverCols === null ? sent : reorderRow(sent, state.serverCols, state.cols);
  const key = rowKey(state.view, row);
  const held = state.rows.get(key);
  if (held === undefined) {
    state.rows.set(key, { row, version: state.version });
    state.membershipVersion = state.version;
    changed.push(key);
  } else replaceRow(state, key, held, row, changed);
  return key;
}

function replaceRow(state: ClusterView, key: string, held: ViewRow, row: Row, changed: string[]): void {
  if (sameRow(held.row, row)) return;
  held.row = row;
  held.version = state.version;
  changed.push(key);
}

function dropRow(state: ClusterView, key: string, changed: string[]): void {
  if (!state.rows.delete(key)) return;
  state.membershipVersion = state.version;
  changed.push(key);
}

function putInfo(state: ClusterView, info: unknown): void {
  state.info = info;
  state.infoVersion = state.version;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

/** Which events a view gets; `events` gets all. */
export function eventConcerns(view: ViewSpec, e: LiveEvent): boolean {
  switch (view.kind) {
    case "events":
      return true;
    case "cluster":
      return e.type === "broker" || e.type === "process" || e.type === "controller";
    case "quorum":
      return e.type === "controller" || e.type === "process";
    case "topics":
      return e.type === "admin" || (e.type === "config" && e.resource === "topic");
    case "all-topics":
      return e.type === "leader" || e.type === "isr" || e.type === "admin";
    case "topic":
      return topicOf(e) === view.topic;
    case "partition":
      return topicOf(e) === view.topic && (!("p" in e) || e.p === view.partition);
    case "groups":
      return e.type === "group";
    case "group":
      return e.type === "group" && e.group === view.group;
    case "node":
      // The gateway hears of groups from their coordinators; everything else it knows by itself.
      return e.type === "group";
    case "clusters":
    case "metrics":
    case "clients":
      return false;
  }
}

/** The topic that an event is about, or null. */
export function topicOf(e: LiveEvent): string | null {
  if ("topic" in e) return e.topic;
  return e.type === "config" && e.resource === "topic" ? e.name : null;
}
