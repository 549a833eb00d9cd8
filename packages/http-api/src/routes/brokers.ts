/** Brokers and the cluster, as this process knows them, and the metadata that smart clients route by. */
import type { FastifyInstance } from "fastify";
import { BrokerList, BrokerSummary, ClusterReply, kafkaProblem } from "@vitrine/api";
import type { ProcessRow } from "@vitrine/api";
import type { BrokerInfo, Engine } from "@vitrine/engine";
import Type from "typebox";
import type { Static } from "typebox";
import { refuse } from "../error-reply.ts";
import type { HttpContext } from "../options.ts";
import { ListQuery, page } from "./page.ts";
import { replies } from "./schemas.ts";

export const NodeParams = Type.Object({ id: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }) });

const PageQuery = Type.Object(ListQuery.properties, { additionalProperties: false });

export function brokerRoutes(app: FastifyInstance, context: HttpContext): void {
  const { engine } = context;

  app.get<{ Querystring: Static<typeof PageQuery> }>(
    "/brokers",
    {
      schema: {
        tags: ["cluster"],
        operationId: "listBrokers",
        summary: "Brokers: state, epoch, leaders, and their processes where this server owns them",
        querystring: PageQuery,
        response: replies({ 200: BrokerList }, [422]),
      },
    },
    (request, reply) =>
      page(request, reply, brokerRows(context), (row) => String(row.id).padStart(10, "0"), request.query),
  );

  app.get<{ Params: Static<typeof NodeParams> }>(
    "/brokers/:id",
    {
      schema: {
        tags: ["cluster"],
        operationId: "describeBroker",
        summary: "One broker",
        params: NodeParams,
        response: replies({ 200: BrokerSummary }, [404, 422]),
      },
    },
    (request, reply) => {
      const { id } = request.params;
      const row = brokerRows(context).find((broker) => broker.id === id);
      if (row === undefined)
        refuse(
          kafkaProblem(
            "BROKER_ID_NOT_REGISTERED",
            `there is no broker ${id}; there are ${
              engine
                .brokers()
                .map((broker) => broker.id)
                .join(", ") || "none"
            }`,
          ),
        );
      return reply.header("cache-control", "no-store").send(row);
    },
  );

  app.get(
    "/cluster",
    {
      schema: {
        tags: ["cluster"],
        operationId: "describeCluster",
        summary: "The cluster in numbers",
        response: replies({ 200: ClusterReply }, []),
      },
    },
    (_request, reply) => reply.header("cache-control", "no-store").send(clusterReply(context)),
  );

  app.get(
    "/metadata",
    {
      schema: {
        tags: ["cluster"],
        operationId: "metadata",
        summary: "Leaders of all partitions and addresses of all brokers, to route by",
        response: replies({ 200: Type.Object({}, { additionalProperties: true }) }, []),
      },
    },
    (_request, reply) => reply.header("cache-control", "no-store").send(metadata(engine)),
  );
}

function brokerRows(context: HttpContext): BrokerSummary[] {
  const { engine } = context;
  const counts = new Map<number, { leaders: number; replicas: number; outOfSync: number }>();
  const at = (id: number) => {
    let count = counts.get(id);
    if (count === undefined) counts.set(id, (count = { leaders: 0, replicas: 0, outOfSync: 0 }));
    return count;
  };
  for (const topic of engine.topics())
    for (const partition of topic.partitions) {
      if (partition.leader !== -1) at(partition.leader).leaders += 1;
      for (const id of partition.replicas) {
        at(id).replicas += 1;
        if (!partition.isr.includes(id)) at(id).outOfSync += 1;
      }
    }
  const ages = engine.ages();
  const processes = new Map<number, ProcessRow>();
  for (const row of context.processControl?.rows() ?? []) if (row.kind === "broker") processes.set(row.id, row);
  return engine.brokers().map((broker) => ({
    id: broker.id,
    state: stateOf(broker),
    epoch: broker.epoch,
    host: broker.host,
    kafka: `${broker.host}:${broker.kafkaPort}`,
    http: broker.httpPort === 0 ? null : `http://${broker.host}:${broker.httpPort}`,
    rack: broker.rack,
    controller: engine.controllerId() === broker.id,
    leaders: at(broker.id).leaders,
    replicas: at(broker.id).replicas,
    not_in_sync: at(broker.id).outOfSync,
    heard_ms_ago: ages.has(broker.id) ? Math.round(ages.get(broker.id)!) : null,
    process: processes.get(broker.id) ?? null,
  }));
}

function stateOf(broker: BrokerInfo): BrokerSummary["state"] {
  if (broker.fenced) return "fenced";
  return broker.inControlledShutdown ? "shutting_down" : "active";
}

function clusterReply(context: HttpContext): ClusterReply {
  const { engine } = context;
  const count = { topics: 0, partitions: 0, under: 0, leaderless: 0 };
  for (const topic of engine.topics()) {
    count.topics += 1;
    count.partitions += topic.partitions.length;
    for (const partition of topic.partitions) {
      if (partition.isr.length < partition.replicas.length) count.under += 1;
      if (partition.leader === -1) count.leaderless += 1;
    }
  }
  const brokers = engine.brokers();
  return {
    cluster_id: engine.clusterId,
    controller: engine.controllerId(),
    quorum: engine.hasQuorum(),
    metadata: { ...engine.metadataPosition() },
    brokers: brokers.length,
    brokers_active: brokers.filter((broker) => !broker.fenced).length,
    topics: count.topics,
    partitions: count.partitions,
    under_replicated: count.under,
    leaderless: count.leaderless,
    processes: [...(context.processControl?.rows() ?? [])],
  };
}

function metadata(engine: Engine) {
  return {
    cluster_id: engine.clusterId,
    controller: engine.controllerId(),
    position: { ...engine.metadataPosition() },
    brokers: engine.brokers().map(({ id, host, kafkaPort, httpPort, rack, fenced }) => ({
      id,
      host,
      kafka_port: kafkaPort,
      http_port: httpPort,
      rack,
      fenced,
    })),
    topics: [...engine.topics()].map((topic) => ({
      name: topic.name,
      topic_id: topic.topicId,
      partitions: topic.partitions.map(({ partition, leader, leaderEpoch }) => ({
        partition,
        leader,
        leader_epoch: leaderEpoch,
      })),
    })),
  };
}
