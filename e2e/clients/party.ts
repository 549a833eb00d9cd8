/** A cluster and every client that can run here: what the tests of clients start with. */
import type { ClientAgent, Operations } from "./agent.ts";
import { untilKnown } from "./ask.ts";
import { availableClients, type Client, type ClientName } from "./available.ts";
import { checkSent } from "./sent-requests.ts";
import { startTarget, type Target } from "./target.ts";

export const CLIENTS = await availableClients();
/** kcat has no words for administration, kafka-javascript none for settings and partitions. */
export const ADMIN_CLIENTS = CLIENTS.filter(({ name }) => name !== "kcat" && name !== "kafka-javascript");

export class Party {
  readonly target: Target;
  readonly #agents = new Map<ClientName, ClientAgent>();
  readonly #all: ClientAgent[] = [];
  readonly #testFile: string;

  private constructor(target: Target, testFile: string) {
    this.target = target;
    this.#testFile = testFile;
  }

  /** `testFile` owns a part of what is written down about requests sent. */
  static async start(testFile: string): Promise<Party> {
    return new Party(await startTarget(), testFile);
  }

  /** The client's first process, for what no member does. */
  agent(client: Client): ClientAgent {
    const agent = this.#agents.get(client.name) ?? this.another(client);
    this.#agents.set(client.name, agent);
    return agent;
  }

  /** The client's own words for administration; kafkajs's for a client that has none. */
  admin(client: Client): ClientAgent {
    return this.agent(ADMIN_CLIENTS.includes(client) ? client : CLIENTS[0]!);
  }

  /** A client makes a topic; comes back when every broker tells of it. */
  async createTopic(client: Client, wishes: Operations["createTopic"][0]): Promise<void> {
    await this.admin(client).call("createTopic", wishes);
    const addresses = this.target.brokerIds.map((id) => this.target.addressOf(id));
    await untilKnown(addresses, wishes.topic, wishes.partitions);
  }

  /** One more process of it. */
  another(client: Client): ClientAgent {
    const agent = client.start(this.target.bootstrapServers);
    this.#all.push(agent);
    return agent;
  }

  /** Ends everything; then complains when a client sent what is not written down. */
  async stop(): Promise<void> {
    await Promise.all(this.#all.map((agent) => agent.kill()));
    await this.target.stop();
    if (this.target.name === "vitrine") checkSent(this.#testFile, this.target.answered, CLIENTS);
  }
}

/** Done when first asked for, and only once: what several concurrent tests need. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
}
