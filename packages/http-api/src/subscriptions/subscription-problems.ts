import { httpProblem, type Problem, WS_LIMITS } from "@vitrine/api";

/** What is asked is for the other kind of record subscription. */
export function wrongKind(what: string): Problem {
  return httpProblem({ status: 422, slug: "invalid-frame", title: "Invalid frame", detail: what });
}

/** The problem for a subscription beyond those that one connection may have. */
export function tooManySubs(): Problem {
  const detail = `this connection has ${WS_LIMITS.subs} subscriptions, the most there may be: end one with unsub first`;
  return httpProblem({ status: 429, slug: "too-many-subscriptions", title: "Too many subscriptions", detail });
}

/** The problem for a view that there is not; SSE says it too. */
export function unknownView(name: string): Problem {
  return httpProblem({
    status: 404,
    slug: "unknown-view",
    title: "Unknown view",
    detail: `there is no view ${JSON.stringify(name.slice(0, 100))}`,
    hint: "views are clusters, cluster, metrics, events, topics, topic:NAME, topic:*, partition:NAME/N, quorum, groups, group:ID, clients",
  });
}

/** The problem for a text that is no place in the events; SSE says it too. */
export function badEventCursor(text: string): Problem {
  return httpProblem({
    status: 422,
    slug: "invalid-cursor",
    title: "Invalid event cursor",
    detail: `from ${JSON.stringify(text.slice(0, 100))} is no event cursor: give the next of a snap or an event`,
  });
}
