/** Numbers of the HTTP face for /metrics (OpenMetrics): requests by route and status, durations, bytes in flight. */
import type { FastifyInstance } from "fastify";
import { Counter, Gauge, Histogram } from "prom-client";
import type { HttpContext } from "./options.ts";

export interface HttpGauges {
  readonly produceQueueBytes: () => number;
  readonly openTails: () => number;
}

export function instrument(app: FastifyInstance, context: HttpContext): void {
  const { registry } = context;
  const requests = new Counter({
    name: "vitrine_http_requests",
    help: "HTTP requests answered",
    labelNames: ["method", "route", "status"],
    registers: [registry],
  });
  const durations = new Histogram({
    name: "vitrine_http_request_duration_seconds",
    help: "Time to the end of the answer, without tails and streams",
    labelNames: ["method", "route"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    requests.inc({ method: request.method, route, status: String(reply.statusCode) });
    if (reply.elapsedTime < 60_000) durations.observe({ method: request.method, route }, reply.elapsedTime / 1000);
    done();
  });
}

/** Gauges of the cluster as this process knows it, read when /metrics is asked. */
export function clusterGauges(context: HttpContext, gauges: HttpGauges): void {
  const { engine, registry } = context;
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  const count =
    (test: (partition: { leader: number; isr: readonly number[]; replicas: readonly number[] }) => boolean) => () => {
      let total = 0;
      for (const topic of engine.topics()) for (const partition of topic.partitions) if (test(partition)) total += 1;
      return total;
    };
  gauge(
    "vitrine_brokers_active",
    "Brokers that are not fenced",
    () => engine.brokers().filter((broker) => !broker.fenced).length,
  );
  gauge("vitrine_brokers_registered", "Brokers in the metadata", () => engine.brokers().length);
  gauge("vitrine_topics", "Topics", () => [...engine.topics()].length);
  gauge(
    "vitrine_partitions",
    "Partitions",
    count(() => true),
  );
  gauge(
    "vitrine_partitions_under_replicated",
    "Partitions with fewer in-sync replicas than replicas",
    count((p) => p.isr.length < p.replicas.length),
  );
  gauge(
    "vitrine_partitions_leaderless",
    "Partitions without a leader",
    count((p) => p.leader === -1),
  );
  gauge("vitrine_controller_quorum", "1 while a majority of the controllers can be heard", () =>
    engine.hasQuorum() ? 1 : 0,
  );
  gauge(
    "vitrine_metadata_offset",
    "Metadata log position applied by this process",
    () => engine.metadataPosition().offset,
  );
  gauge("vitrine_http_produce_queue_bytes", "Bytes waiting or in flight to be produced", gauges.produceQueueBytes);
  gauge("vitrine_http_open_tails", "Long polls and tails that are open", gauges.openTails);
  processMetrics(gauge, registry);
}

/** Under the names that Prometheus' dashboards look for. */
function processMetrics(
  gauge: (name: string, help: string, read: () => number) => void,
  registry: HttpContext["registry"],
): void {
  new Counter({
    name: "process_cpu_seconds",
    help: "CPU time used",
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  gauge("process_resident_memory_bytes", "Resident memory", () => process.memoryUsage.rss());
  const startSeconds = Date.now() / 1000 - process.uptime();
  gauge("process_start_time_seconds", "When the process began, seconds since 1970", () => startSeconds);
  gauge("nodejs_heap_size_used_bytes", "JavaScript heap in use", () => process.memoryUsage().heapUsed);
}
