/**
 * Deliberate mistakes that only the simulator can make: they are put between the machines and their ports (disk, log, wire), so that no
 * switch for them exists in the product. Each must be caught within its budget of seeds, or a green simulation proves nothing
 * (reliability 3.4, 4.6). The quorum's own list is in packages/raft.
 */
import type { ApiRequest } from "@vitrine/broker";
import { METADATA_LOG, type LogKey, type LogStore, type PartitionLog, type Ticket } from "@vitrine/log";
import { ApiKey, type FetchRequest, type ProduceRequest } from "@vitrine/protocol";
import type { Carrier } from "./carry.ts";

/** What each is, the profile that shows it best, and how many of its seeds may pass before it is caught. */
export const PLANTED_BUGS = [
  { bug: "vote-not-persisted", is: "epoch and vote never reach the disk", profile: "leader", seeds: 40 },
  {
    bug: "counts-before-commit",
    is: "leaders and followers count memory for disk (KAFKA-10533, 13884)",
    profile: "disk",
    seeds: 10,
  },
  { bug: "disk-lies", is: "the disk reports a commit and loses it in a crash", profile: "crash", seeds: 20 },
  {
    bug: "no-divergence-check",
    is: "logs are taken for equal whatever their epochs (KIP-101)",
    profile: "leader",
    seeds: 40,
  },
  {
    bug: "restart-truncates-to-high-watermark",
    is: "a replica that starts cuts its log to the high watermark it knows (before KIP-101)",
    profile: "crash",
    seeds: 10,
  },
  { bug: "no-duplicate-check", is: "a batch that is sent again is appended again", profile: "network", seeds: 20 },
  { bug: "high-watermark-is-log-end", is: "what is appended counts as committed", profile: "crash", seeds: 10 },
  { bug: "loses-batches", is: "one append in thirty is forgotten", profile: "no-fault", seeds: 10 },
  { bug: "skips-on-read", is: "one read in twenty begins one batch late", profile: "no-fault", seeds: 10 },
  { bug: "acknowledges-early", is: "acks=all is answered as acks=1", profile: "crash", seeds: 10 },
  {
    bug: "fetch-position-counts-as-durable",
    is: "a follower's fetch ahead of its disk counts for the high watermark",
    profile: "disk",
    seeds: 20,
  },
  { bug: "reads-above-high-watermark", is: "a reader gets what is not committed", profile: "crash", seeds: 60 },
  {
    bug: "compaction-drops-newest",
    is: "one piece of a compaction in three loses its last batch",
    profile: "compact",
    seeds: 10,
  },
] as const satisfies readonly { bug: string; is: string; profile: string; seeds: number }[];

export type PlantedBug = (typeof PLANTED_BUGS)[number]["bug"];

export type Bugs = ReadonlySet<PlantedBug>;

/** An object that answers for another, but for what is overridden. */
function overlay<T extends object>(target: T, overrides: Partial<Record<keyof T, unknown>>): T {
  return new Proxy(target, {
    get(_target, key) {
      const own = Object.getOwnPropertyDescriptor(overrides, key);
      if (own) return own.get ? own.get.call(overrides) : own.value;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Puts what was asked for around a store. Without bugs it is the store itself. */
export function plantInStore(store: LogStore, bugs: Bugs): LogStore {
  if (bugs.size === 0) return store;
  const logs = new Map<LogKey, PartitionLog>();
  const wrapped = (log: PartitionLog): PartitionLog => {
    const { key } = log.descriptor;
    const before = logs.get(key);
    if (before) return before;
    const lying = plantInLog(log, bugs);
    logs.set(key, lying);
    return lying;
  };
  for (const log of store.logs.values()) {
    if (bugs.has("restart-truncates-to-high-watermark") && log.descriptor.key !== METADATA_LOG)
      log.truncateTo(log.highWatermark);
    wrapped(log);
  }
  let state = store.quorumState;
  return overlay(store, {
    logs,
    create: (descriptor: PartitionLog["descriptor"]) => wrapped(store.create(descriptor)),
    remove: (key: LogKey) => {
      logs.delete(key);
      store.remove(key);
    },
    ...(bugs.has("vote-not-persisted")
      ? {
          get quorumState() {
            return state;
          },
          saveQuorumState: (saved: NonNullable<typeof state>) => void (state = saved),
        }
      : {}),
    ...(bugs.has("counts-before-commit") ? { committedTicket: Number.MAX_SAFE_INTEGER as Ticket } : {}),
  });
}

function plantInLog(log: PartitionLog, bugs: Bugs): PartitionLog {
  const isMetadata = log.descriptor.key === METADATA_LOG;
  let appends = 0;
  let reads = 0;
  const overrides: Partial<Record<keyof PartitionLog, unknown>> = {};
  if (bugs.has("counts-before-commit"))
    Object.defineProperty(overrides, "durableEndOffset", { get: () => log.logEndOffset });
  if (bugs.has("no-divergence-check"))
    overrides.epochs = overlay(log.epochs, {
      endOffsetFor: (epoch: number) => ({ epoch, endOffset: Number.MAX_SAFE_INTEGER }),
    });
  if (bugs.has("no-duplicate-check")) overrides.producers = overlay(log.producers, { check: () => ({ kind: "ok" }) });
  if (bugs.has("high-watermark-is-log-end") && !isMetadata)
    overrides.setHighWatermark = () => {
      if (log.logEndOffset > log.highWatermark) log.setHighWatermark(log.logEndOffset);
    };
  if (bugs.has("loses-batches") && !isMetadata)
    overrides.append = (batch: Parameters<PartitionLog["append"]>[0]) => {
      appends += 1;
      if (appends % 30 !== 0) log.append(batch);
    };
  let pieces = 0;
  if (bugs.has("compaction-drops-newest"))
    overrides.replace = (...[from, upTo, batches]: Parameters<PartitionLog["replace"]>) => {
      pieces += 1;
      log.replace(from, upTo, pieces % 3 === 0 ? batches.slice(0, -1) : batches);
    };
  if ((bugs.has("skips-on-read") || bugs.has("reads-above-high-watermark")) && !isMetadata)
    overrides.readTail = (spec: Parameters<PartitionLog["readTail"]>[0]) => {
      const upTo = bugs.has("reads-above-high-watermark") ? log.logEndOffset : spec.upTo;
      const read = log.readTail({ ...spec, upTo });
      reads += 1;
      if (read.kind !== "batches" || read.batches.length < 2 || !bugs.has("skips-on-read") || reads % 20 !== 0)
        return read;
      return { ...read, batches: read.batches.slice(1) };
    };
  return overlay(log, overrides);
}

/** Mistakes on the wire between brokers: what a field's loss would do. */
export function plantInCarrier(carrier: Carrier, bugs: Bugs): Carrier {
  if (bugs.size === 0) return carrier;
  return {
    request: (apiKey, apiVersion, body) => carrier.request(apiKey, apiVersion, forget(apiKey, body, bugs)),
    response: (apiKey, apiVersion, body) => carrier.response(apiKey, apiVersion, body),
  };
}

/** The durable end travels in a tagged field of its own: without it the position itself is taken for it. */
function forget(apiKey: number, body: unknown, bugs: Bugs): unknown {
  if (apiKey !== ApiKey.Fetch || !bugs.has("fetch-position-counts-as-durable")) return body;
  const fetch = body as FetchRequest;
  const topics = fetch.topics.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map(({ unknownTags: _tags, ...partition }) => partition),
  }));
  return { ...fetch, topics };
}

/** Mistakes in what a broker takes from its clients. */
export function plantInRequest(request: ApiRequest, bugs: Bugs): ApiRequest {
  if (request.apiKey !== ApiKey.Produce || !bugs.has("acknowledges-early")) return request;
  const body = request.body as ProduceRequest;
  return { ...request, body: { ...body, acks: body.acks === -1 ? 1 : body.acks } };
}
