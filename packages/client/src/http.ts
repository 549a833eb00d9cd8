import type {
  BrokerList,
  ClusterReply,
  ConfigList,
  CreateTopicBody,
  DeleteRecordsReply,
  PatchConfigBody,
  PreflightReport,
  ProcessReply,
  ProcessVerb,
  ProduceReply,
  ResetOffsetsBody,
  ResetOffsetsReply,
  TopicDetail,
  TopicList,
} from "@vitrine/api";
import { noAnswer, ProblemError, problemOf } from "./problem-error.ts";

export interface HttpClientOptions {
  /** `http://127.0.0.1:8080`; empty in a page: its own origin. */
  readonly baseUrl: string;
  /** Start-up token, for process control without a session. */
  readonly token?: string;
  readonly timeoutMs?: number;
  /** Instead of the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface CallOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** A body that is made into JSON. */
  readonly json?: unknown;
  /** A body as it is: digits and bytes stay. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly contentType?: string;
  readonly accept?: string;
  /** ETag of the state that a change is meant for: a ProblemError with status 412 when it is another by now. */
  readonly ifMatch?: string;
  readonly signal?: AbortSignal;
}

/** Longer than the server tries to write (30 s by default): its answer says why it gave up. */
const TIMEOUT_MS = 40_000;

/** The REST interface with types. Every method throws a ProblemError where the answer is no success. */
export class HttpClient {
  readonly #options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** One request below `/v1`; gives the text, so that payload digits survive. */
  async text(method: string, path: string, options: CallOptions = {}): Promise<string> {
    const body = options.json === undefined ? options.body : JSON.stringify(options.json);
    const timeout = AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
    const send = this.#options.fetch ?? globalThis.fetch;
    let response: Response;
    let text: string;
    try {
      const url = `${this.#options.baseUrl}/v1${path}${queryText(options.query)}`;
      response = await send(url, {
        method,
        headers: this.#headers(options),
        ...(body === undefined ? {} : { body }),
        signal,
      });
      text = await response.text();
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      throw new ProblemError(noAnswer(method, path));
    }
    if (!response.ok) throw new ProblemError(problemOf(response.status, text));
    return text;
  }

  /** As `text`, parsed; the route's schema is the server's promise. */
  async json<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const text = await this.text(method, path, options);
    return (text.trim() === "" ? null : JSON.parse(text)) as T;
  }

  cluster(): Promise<ClusterReply> {
    return this.json("GET", "/cluster");
  }

  brokers(): Promise<BrokerList> {
    return this.json("GET", "/brokers");
  }

  topics(
    query: { readonly prefix?: string; readonly internal?: boolean; readonly cursor?: string } = {},
  ): Promise<TopicList> {
    return this.json("GET", "/topics", { query });
  }

  topic(name: string): Promise<TopicDetail> {
    return this.json("GET", `/topics/${encodeURIComponent(name)}`);
  }

  createTopic(name: string, body: CreateTopicBody = {}): Promise<TopicDetail> {
    return this.json("PUT", `/topics/${encodeURIComponent(name)}`, { json: body });
  }

  setPartitions(name: string, partitions: number): Promise<TopicDetail> {
    return this.json("PATCH", `/topics/${encodeURIComponent(name)}`, { json: { partitions } });
  }

  async deleteTopic(name: string): Promise<void> {
    await this.text("DELETE", `/topics/${encodeURIComponent(name)}`);
  }

  topicConfig(name: string): Promise<ConfigList> {
    return this.json("GET", `/topics/${encodeURIComponent(name)}/config`);
  }

  async setTopicConfig(name: string, changes: PatchConfigBody): Promise<void> {
    await this.text("PATCH", `/topics/${encodeURIComponent(name)}/config`, { json: changes });
  }

  deleteRecords(name: string, partition: number, before: number | "latest"): Promise<DeleteRecordsReply> {
    const path = `/topics/${encodeURIComponent(name)}/partitions/${partition}/records`;
    return this.json("DELETE", path, { query: { before } });
  }

  /** Envelopes; `text` is their JSON, so that nothing is parsed on the way. */
  produce(name: string, text: string, query: CallOptions["query"] = {}): Promise<ProduceReply> {
    const path = `/topics/${encodeURIComponent(name)}/records`;
    return this.json("POST", path, { body: text, contentType: "application/json", query });
  }

  /** Moves the committed offsets of a group without members; `dryRun` only says where to. `ifMatch`: the `etag` of the dry run that it follows. */
  resetOffsets(
    group: string,
    body: ResetOffsetsBody,
    { dryRun, ...options }: { readonly dryRun: boolean; readonly ifMatch?: string },
  ): Promise<ResetOffsetsReply> {
    const query = dryRun ? { dry_run: 1 } : {};
    return this.json("POST", `/groups/${encodeURIComponent(group)}/offsets/reset`, { json: body, query, ...options });
  }

  /** Removes a group without members, and what it committed. */
  async deleteGroup(group: string): Promise<void> {
    await this.text("DELETE", `/groups/${encodeURIComponent(group)}`);
  }

  /** What the verb would do; nothing happens. */
  preflight(kind: "broker" | "controller", id: number, verb: ProcessVerb): Promise<PreflightReport> {
    return this.json("POST", `/${kind}s/${id}/${verb}`, { query: { dry_run: 1 } });
  }

  control(kind: "broker" | "controller", id: number, verb: ProcessVerb): Promise<ProcessReply> {
    return this.json("POST", `/${kind}s/${id}/${verb}`);
  }

  #headers(options: CallOptions): Record<string, string> {
    const type = options.contentType ?? (options.json === undefined ? undefined : "application/json");
    return {
      accept: options.accept ?? "application/json",
      ...(type === undefined ? {} : { "content-type": type }),
      ...(options.ifMatch === undefined ? {} : { "if-match": options.ifMatch }),
      ...(this.#options.token === undefined ? {} : { authorization: `Bearer ${this.#options.token}` }),
    };
  }
}

function queryText(query: CallOptions["query"]): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) params.set(name, value === true ? "1" : value === false ? "0" : String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}
