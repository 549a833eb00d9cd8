import { CLIENT_FRAMES, SERVER_FRAMES, WS_SUBPROTOCOL } from "@vitrine/api";

/** The AsyncAPI 3 document of `/v1/ws`, made from the schemas by which frames are checked. */
export function asyncApiDocument(version: string): Record<string, unknown> {
  const fromClient = Object.entries(CLIENT_FRAMES);
  const fromServer = Object.entries(SERVER_FRAMES);
  const messages = Object.fromEntries([
    ...fromClient.map(([name, schema]) => [`client_${name}`, message(name, schema)]),
    ...fromServer.map(([name, schema]) => [`server_${name}`, message(name, schema)]),
  ]);
  const channelMessages = Object.fromEntries(
    Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
  );
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Vitrine live",
      version,
      description:
        "One WebSocket carries record subscriptions (history: every record, credits, cursors) and live views (state: latest wins). A message is one JSON object or an array of them.",
      license: { name: "Apache-2.0" },
    },
    servers: {
      gateway: { host: "localhost:8080", protocol: "ws", description: "every broker serves it too, on its HTTP port" },
    },
    defaultContentType: "application/json",
    channels: {
      live: {
        address: "/v1/ws",
        messages: channelMessages,
        bindings: {
          ws: {
            method: "GET",
            headers: {
              type: "object",
              properties: { "Sec-WebSocket-Protocol": { type: "string", const: WS_SUBPROTOCOL } },
              required: ["Sec-WebSocket-Protocol"],
            },
          },
        },
      },
    },
    operations: {
      fromClient: {
        action: "receive",
        channel: { $ref: "#/channels/live" },
        messages: fromClient.map(([name]) => channelRef(`client_${name}`)),
      },
      fromServer: {
        action: "send",
        channel: { $ref: "#/channels/live" },
        messages: fromServer.map(([name]) => channelRef(`server_${name}`)),
      },
      subscribeToView: request("sub_view", ["subbed", "snap", "delta", "event", "gap", "error"]),
      subscribeToRecords: request("sub_records", ["subbed", "records", "caught_up", "gap", "error"]),
      subscribeAsGroup: request("sub_group", [
        "subbed",
        "assigned",
        "records",
        "caught_up",
        "gap",
        "revoking",
        "revoked",
        "acked",
        "error",
      ]),
    },
    components: { messages },
  };
}

function message(name: string, schema: object) {
  const description = "description" in schema ? { summary: schema.description } : {};
  return { name, contentType: "application/json", ...description, payload: schema };
}

function channelRef(name: string) {
  return { $ref: `#/channels/live/messages/${name}` };
}

function request(name: string, replies: readonly string[]) {
  return {
    action: "receive",
    channel: { $ref: "#/channels/live" },
    messages: [channelRef(`client_${name}`)],
    reply: {
      channel: { $ref: "#/channels/live" },
      messages: replies.map((reply) => channelRef(`server_${reply}`)),
    },
  };
}
