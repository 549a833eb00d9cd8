/**
 * Judges what clients saw: lost, duplicated, reordered, contradictory, going back. Works on any history, simulated or of real processes;
 * linear in its length. Anomalies and their computation follow Jepsen's test for Kafka (reliability 2.2).
 *
 * Record on the client's side, in the order in which operations end. A process does one thing at a time; one whose operation ended "info"
 * takes a new name. Values are unique within their key (a partition).
 */

/** One record sent. */
export interface SendOp {
  readonly f: "send";
  readonly process: string;
  /** A partition: `topic-0`. */
  readonly key: string;
  readonly value: string;
  /** "ok": acknowledged. "fail": certainly without effect. "info": nobody knows; it may appear, even later. */
  readonly outcome: "ok" | "fail" | "info";
  /** Where the acknowledgement says it is; null if it did not say. */
  readonly offset: number | null;
  /** acks=all promises that it stays; weaker ones promise order only. */
  readonly acks: "all" | "1" | "0";
  /** An idempotent producer promises that it is there once, in the order it was sent, however often it was tried. */
  readonly idempotent: boolean;
  /** How often it was sent, 1 if not said. Without idempotence each try may leave a copy. */
  readonly tries?: number;
}

/** Records of one answer, in order. */
export interface PollOp {
  readonly f: "poll";
  readonly process: string;
  readonly records: readonly { readonly key: string; readonly offset: number; readonly value: string }[];
}

/** The reader (re)starts at an offset: what follows is compared with what follows only. */
export interface AssignOp {
  readonly f: "assign";
  readonly process: string;
  readonly key: string;
  readonly offset: number;
}

export type HistoryOp = SendOp | PollOp | AssignOp;

export type AnomalyType =
  /** An offset held two values. Never. */
  | "inconsistent-offsets"
  /** A value at two offsets. Legal only for producers that are not idempotent and try again. */
  | "duplicate"
  /** Acknowledged, and not there although something behind it was read. */
  | "lost-write"
  /** A value was read whose send certainly failed. */
  | "failed-read"
  /** A value was read that nobody sent. */
  | "unsent-read"
  /** The acknowledgement named one offset, readers found the value at another. */
  | "wrong-offset"
  /** A reader went past a record that is there. */
  | "poll-skip"
  /** A reader's offsets went back or stood. */
  | "nonmonotonic-poll"
  /** A producer's records are not in the order it sent them. */
  | "nonmonotonic-send"
  /** Acknowledged with acks=all, and read by nobody at the end. */
  | "unseen";

export interface Anomaly {
  readonly type: AnomalyType;
  readonly key: string;
  /** One sentence with the numbers. */
  readonly detail: string;
}

export interface HistoryOptions {
  /** Every key was read from its beginning to its end by somebody after everything was sent and healed. */
  readonly finalReads?: boolean;
  /** Retention, DeleteRecords or compaction were at work: records may leave, so that "lost-write", "poll-skip" and "unseen" mean nothing. */
  readonly recordsMayLeave?: boolean;
}

export interface HistoryReport {
  readonly anomalies: readonly Anomaly[];
  readonly sent: number;
  readonly acknowledged: number;
  readonly indeterminate: number;
  readonly read: number;
}

/** What is known of one key. */
interface KeyFacts {
  /** Values seen at each offset by acknowledgements and reads. */
  readonly valuesAt: Map<number, Set<string>>;
  readonly offsetsOf: Map<string, Set<number>>;
  readonly sends: Map<string, SendOp>;
  /** Values that a reader got, and the smallest and largest offset of any. */
  readonly readValues: Set<string>;
  firstReadOffset: number;
  lastReadOffset: number;
}

/** Checks a whole history. */
export function checkHistory(ops: readonly HistoryOp[], options: HistoryOptions = {}): HistoryReport {
  const keys = collect(ops);
  const anomalies: Anomaly[] = [];
  for (const [key, facts] of keys) {
    checkOffsets(key, facts, anomalies);
    checkReads(key, facts, anomalies);
    if (!options.recordsMayLeave) checkLost(key, facts, anomalies, options.finalReads ?? false);
  }
  checkPolls(ops, keys, anomalies, options);
  checkSendOrder(ops, keys, anomalies);
  const sends = ops.filter((op) => op.f === "send");
  return {
    anomalies,
    sent: sends.length,
    acknowledged: sends.filter((op) => op.outcome === "ok").length,
    indeterminate: sends.filter((op) => op.outcome === "info").length,
    read: ops.reduce((sum, op) => sum + (op.f === "poll" ? op.records.length : 0), 0),
  };
}

function collect(ops: readonly HistoryOp[]): Map<string, KeyFacts> {
  const keys = new Map<string, KeyFacts>();
  const factsOf = (key: string): KeyFacts => {
    let facts = keys.get(key);
    if (!facts) {
      facts = {
        valuesAt: new Map(),
        offsetsOf: new Map(),
        sends: new Map(),
        readValues: new Set(),
        firstReadOffset: Infinity,
        lastReadOffset: -1,
      };
      keys.set(key, facts);
    }
    return facts;
  };
  for (const op of ops) {
    if (op.f === "send") {
      const facts = factsOf(op.key);
      facts.sends.set(op.value, op);
      // What was acknowledged weakly may be gone again: only reads say where such a value is.
      if (op.outcome === "ok" && op.offset !== null && op.acks === "all") note(facts, op.offset, op.value);
    } else if (op.f === "poll") {
      for (const { key, offset, value } of op.records) {
        const facts = factsOf(key);
        note(facts, offset, value);
        facts.readValues.add(value);
        facts.firstReadOffset = Math.min(facts.firstReadOffset, offset);
        facts.lastReadOffset = Math.max(facts.lastReadOffset, offset);
      }
    }
  }
  return keys;
}

function note(facts: KeyFacts, offset: number, value: string): void {
  put(facts.valuesAt, offset, value);
  put(facts.offsetsOf, value, offset);
}

function put<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}

function checkOffsets(key: string, facts: KeyFacts, anomalies: Anomaly[]): void {
  for (const [offset, values] of facts.valuesAt)
    if (values.size > 1)
      anomalies.push({
        type: "inconsistent-offsets",
        key,
        detail: `offset ${offset} held ${[...values].join(" and ")}`,
      });
  for (const [value, offsets] of facts.offsetsOf) {
    if (offsets.size < 2) continue;
    const send = facts.sends.get(value);
    const copiesAllowed = send && !send.idempotent ? (send.tries ?? 1) : 1;
    if (offsets.size > copiesAllowed)
      anomalies.push({ type: "duplicate", key, detail: `${value} is at ${[...offsets].join(" and ")}` });
  }
  for (const send of facts.sends.values()) {
    if (send.outcome !== "ok" || send.offset === null || !facts.readValues.has(send.value)) continue;
    if (!facts.offsetsOf.get(send.value)?.has(send.offset))
      anomalies.push({
        type: "wrong-offset",
        key,
        detail: `${send.value} was acknowledged at ${send.offset} and read at ${[...(facts.offsetsOf.get(send.value) ?? [])].join(", ")}`,
      });
  }
}

function checkReads(key: string, facts: KeyFacts, anomalies: Anomaly[]): void {
  for (const value of facts.readValues) {
    const send = facts.sends.get(value);
    if (!send) anomalies.push({ type: "unsent-read", key, detail: `${value} was read, and nobody sent it` });
    else if (send.outcome === "fail")
      anomalies.push({ type: "failed-read", key, detail: `${value} was read, though its send had failed` });
  }
}

/** What was acknowledged between offsets that somebody read, and was not read, is lost; with final reads, whatever was not read. */
function checkLost(key: string, facts: KeyFacts, anomalies: Anomaly[], finalReads: boolean): void {
  for (const send of facts.sends.values()) {
    if (send.outcome !== "ok" || send.acks !== "all" || facts.readValues.has(send.value)) continue;
    const at = send.offset === null ? "" : ` at ${send.offset}`;
    if (send.offset !== null && facts.firstReadOffset <= send.offset && send.offset <= facts.lastReadOffset)
      anomalies.push({
        type: "lost-write",
        key,
        detail: `${send.value} was acknowledged${at}; readers got ${facts.lastReadOffset} and never it`,
      });
    else if (finalReads)
      anomalies.push({ type: "unseen", key, detail: `${send.value} was acknowledged${at}, and nobody ever read it` });
  }
}

function checkPolls(
  ops: readonly HistoryOp[],
  keys: ReadonlyMap<string, KeyFacts>,
  anomalies: Anomaly[],
  options: HistoryOptions,
): void {
  const indexes = new Map<string, Map<number, number>>();
  for (const [key, facts] of keys) {
    const known = [...facts.valuesAt.keys()].sort((a, b) => a - b);
    indexes.set(key, new Map(known.map((offset, index) => [offset, index])));
  }
  /** Index of the next record a process should get of a key. */
  const positions = new Map<string, { offset: number; index: number }>();
  for (const op of ops) {
    if (op.f === "assign") positions.delete(`${op.process} ${op.key}`);
    if (op.f !== "poll") continue;
    for (const { key, offset, value } of op.records) {
      const name = `${op.process} ${key}`;
      const index = indexes.get(key)?.get(offset) ?? -1;
      const before = positions.get(name);
      if (before && offset <= before.offset)
        anomalies.push({
          type: "nonmonotonic-poll",
          key,
          detail: `${op.process} read ${value} at ${offset} after ${before.offset}`,
        });
      else if (before && index > before.index + 1 && !options.recordsMayLeave)
        anomalies.push({
          type: "poll-skip",
          key,
          detail: `${op.process} went from ${before.offset} to ${offset} past ${index - before.index - 1} records`,
        });
      positions.set(name, { offset, index });
    }
  }
}

/** Per producer and key, offsets grow in the order of sending. Where a send was tried again without idempotence, a second copy may lie anywhere. */
function checkSendOrder(ops: readonly HistoryOp[], keys: ReadonlyMap<string, KeyFacts>, anomalies: Anomaly[]): void {
  const last = new Map<string, { offset: number; value: string }>();
  for (const op of ops) {
    if (op.f !== "send" || op.outcome === "fail") continue;
    const facts = keys.get(op.key);
    if (!facts?.readValues.has(op.value)) continue;
    const offset = Math.min(...(facts.offsetsOf.get(op.value) ?? []));
    const name = `${op.process} ${op.key}`;
    const before = last.get(name);
    if (before && offset <= before.offset)
      anomalies.push({
        type: "nonmonotonic-send",
        key: op.key,
        detail: `${op.process} sent ${before.value} before ${op.value}, but they are at ${before.offset} and ${offset}`,
      });
    last.set(name, { offset, value: op.value });
  }
}
