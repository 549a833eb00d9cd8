/** The index at `/` for whoever does not ask for HTML: what is here, and what to try. */
import type { HttpContext } from "../options.ts";

export function indexDocument({ engine, role, version }: HttpContext) {
  return {
    name: "vitrine",
    version,
    role,
    cluster_id: engine.clusterId,
    ...(engine.selfId === null ? {} : { broker: engine.selfId }),
    links: {
      topics: "/v1/topics",
      brokers: "/v1/brokers",
      cluster: "/v1/cluster",
      events: "/v1/cluster/events",
      websocket: "/v1/ws",
      health: "/readyz",
      metrics: "/metrics",
      openapi: "/openapi.json",
      asyncapi: "/asyncapi.json",
      docs: "/docs",
      api_docs: "/docs/api",
    },
    try: [
      "curl -X PUT $B/topics/orders",
      "curl -d 'hello' $B/topics/orders/values",
      "curl $B/topics/orders/records",
      "curl -N -H 'Accept: text/event-stream' $B/topics/orders/records",
    ],
  };
}
