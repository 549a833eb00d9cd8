/** Pieces that route schemas share: path parameters, request types, answers. */
import { ProblemSchema } from "@vitrine/api";
import Type from "typebox";
import type { TSchema } from "typebox";

export const TopicParams = Type.Object({ topic: Type.String({ description: "Kafka's name of the topic" }) });
export const PartitionParams = Type.Object({
  ...TopicParams.properties,
  partition: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
});
export const NO_CONTENT_SCHEMA = Type.Object({}, { additionalProperties: true });

const STATUS_TEXT: Record<number, string> = {
  200: "Done",
  201: "Created",
  202: "Accepted; nobody waits for it",
  204: "Nothing",
  207: "Some were taken, some not",
  304: "Not modified",
  400: "Unreadable request",
  401: "Start-up token needed",
  403: "Not allowed",
  404: "Unknown",
  405: "Method not allowed",
  406: "Not acceptable",
  409: "Conflict",
  410: "Gone: below the start of the log",
  412: "Changed meanwhile: If-Match names another state",
  413: "Too large",
  415: "Unsupported media type",
  416: "Beyond the end of the log",
  422: "Invalid",
  429: "A quota is used up",
  501: "Not here",
  502: "The process that holds it broke off",
  503: "Not now",
  504: "Timed out",
};

/** Response section of a route schema: bodies by status, and the problems it may answer with. */
export function replies(good: Readonly<Record<number, TSchema>>, problems: readonly number[]): Record<string, unknown> {
  const section: Record<string, unknown> = {};
  for (const [status, schema] of Object.entries(good))
    section[status] = { description: STATUS_TEXT[Number(status)] ?? "", content: { "application/json": { schema } } };
  for (const status of problems)
    section[status] = {
      description: STATUS_TEXT[status] ?? "Problem",
      content: { "application/problem+json": { schema: ProblemSchema } },
    };
  return section;
}

/** Body section of a route schema: schemas by media type. */
export function bodies(types: Readonly<Record<string, object>>): Record<string, unknown> {
  return { content: Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }])) };
}
