/**
 * The door (reliability.md 6.3): which Host, Origin and Sec-Fetch-Site may come in, who may control processes, and the headers that keep
 * browsers honest. `checkDoor` is pure and serves requests and WebSocket upgrades alike; curl sends none of the headers and passes.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { httpProblem } from "@vitrine/api";
import type { Problem } from "@vitrine/api";

export interface GuardOptions {
  /** Names the cookie: cookies ignore ports, so two clusters on one host need two names. */
  readonly clusterId: string;
  /** Start-up token for process control; null where there is none (brokers). */
  readonly token: string | null;
  /** Host names beside the loopback ones, without port. "*" takes every name (only with `--insecure`). */
  readonly allowedHosts?: readonly string[];
  /** Foreign origins that may call, for example a development server: `http://localhost:5173`. */
  readonly allowedOrigins?: readonly string[];
  /** One-use tickets that are good from the start, for the printed URL. */
  readonly tickets?: readonly string[];
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]", "::1"]);

export interface DoorRules {
  readonly hosts: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
}

export interface DoorRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** A WebSocket upgrade. */
  readonly upgrade: boolean;
}

/** The names and origins of `options`, in the form that `checkDoor` compares. */
export function doorRules(options: Pick<GuardOptions, "allowedHosts" | "allowedOrigins">): DoorRules {
  return {
    hosts: new Set([...LOOPBACK, ...(options.allowedHosts ?? []).map((host) => host.toLowerCase())]),
    origins: new Set((options.allowedOrigins ?? []).map((origin) => origin.toLowerCase())),
  };
}

/** Why a request may not come in, or null. */
export function checkDoor(rules: DoorRules, request: DoorRequest): Problem | null {
  const { headers } = request;
  const host = headers.host?.toLowerCase() ?? "";
  if (!rules.hosts.has("*") && !rules.hosts.has(hostName(host)))
    return refusal(
      421,
      "wrong-host",
      "Unknown host",
      `this server does not answer for the host ${quote(host)}; call it as localhost, or add the name to the allowed hosts`,
    );
  const site = headers["sec-fetch-site"];
  const origin = headers.origin?.toLowerCase();
  if (origin !== undefined) {
    if (!sameOrigin(origin, host) && !rules.origins.has(origin))
      return refusal(403, "foreign-origin", "Foreign origin", `pages of ${quote(origin)} may not call this server`);
    // A listed or same origin has been judged by name; the coarser Sec-Fetch-Site adds nothing.
    return null;
  }
  if (request.upgrade && site !== undefined)
    return refusal(403, "foreign-origin", "Foreign origin", "a browser must send Origin with a WebSocket upgrade");
  if (site === "cross-site" || site === "same-site") {
    const navigates =
      (request.method === "GET" || request.method === "HEAD") && headers["sec-fetch-mode"] === "navigate";
    const streams = headers.accept?.includes("text/event-stream") === true;
    if (!navigates || streams || request.upgrade)
      return refusal(
        403,
        "foreign-origin",
        "Foreign origin",
        "a page of another site may link to this server, not call it",
      );
  }
  return null;
}

function refusal(status: number, slug: string, title: string, detail: string): Problem {
  return httpProblem({ status, slug, title, detail });
}

/** Keeps control characters of hostile headers out of answers and logs. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function hostName(host: string): string {
  if (host.startsWith("[")) return host.slice(0, host.indexOf("]") + 1);
  const colon = host.indexOf(":");
  return colon === -1 ? host : host.slice(0, colon);
}

function sameOrigin(origin: string, host: string): boolean {
  return host !== "" && (origin === `http://${host}` || origin === `https://${host}`);
}

export interface Guard {
  readonly rules: DoorRules;
  /** The same check for requests and upgrades; null lets it in. */
  check(request: DoorRequest): Problem | null;
  /** Whether the caller showed the start-up token or a session made from a ticket. */
  mayControl(headers: IncomingHttpHeaders): boolean;
  /** The problem for a caller who may not: 401, or 501 where there is no token to show. */
  controlProblem(): Problem;
  /** A one-use ticket that becomes a session; null where there is no token. */
  issueTicket(ttlMs: number): string | null;
  /** Set-Cookie value for a ticket, or null when it is unknown, used or too old. */
  redeem(ticket: string): string | null;
  /** Ends the caller's session; gives the Set-Cookie value that removes the cookie. */
  logout(headers: IncomingHttpHeaders): string;
}

/** Oldest are dropped beyond it; a person has one per browser. */
const SESSIONS_MAX = 1_000;
const TICKETS_MAX = 1_000;

/** The guard of one process: its token, and the sessions and tickets made from it, which end with the process. */
export function createGuard(options: GuardOptions): Guard {
  const rules = doorRules(options);
  const cookieName = `vitrine_${options.clusterId}`;
  const sessions = new Set<string>();
  /** Ticket to its deadline on the monotonic clock. */
  const tickets = new Map<string, number>((options.tickets ?? []).map((ticket) => [ticket, Number.POSITIVE_INFINITY]));
  const tokenDigest = options.token === null ? null : digest(options.token);

  const sessionOf = (headers: IncomingHttpHeaders) => cookieValue(headers.cookie, cookieName);

  return {
    rules,
    check: (request) => checkDoor(rules, request),
    mayControl(headers) {
      const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
      if (bearer !== undefined && tokenDigest !== null && timingSafeEqual(digest(bearer), tokenDigest)) return true;
      const session = sessionOf(headers);
      return session !== undefined && sessions.has(session);
    },
    controlProblem() {
      return httpProblem({
        status: 401,
        slug: "token-needed",
        title: "Start-up token needed",
        detail:
          "process control needs the token that was printed at the start: -H 'Authorization: Bearer TOKEN'; a browser gets a session from a ticket, and sessions end with the gateway's process",
        hint: "for a new ticket: curl -X POST -H 'Authorization: Bearer TOKEN' .../v1/tickets, then open /?ticket=TICKET within 30 s",
      });
    },
    issueTicket(ttlMs) {
      if (tokenDigest === null) return null;
      const now = performance.now();
      for (const [ticket, deadline] of tickets)
        if (deadline < now || tickets.size >= TICKETS_MAX) tickets.delete(ticket);
      const ticket = randomBytes(24).toString("base64url");
      tickets.set(ticket, now + ttlMs);
      return ticket;
    },
    redeem(ticket) {
      const deadline = tickets.get(ticket);
      tickets.delete(ticket);
      if (deadline === undefined || deadline < performance.now()) return null;
      const session = randomBytes(32).toString("base64url");
      if (sessions.size >= SESSIONS_MAX) for (const oldest of sessions) if (sessions.delete(oldest)) break;
      sessions.add(session);
      return `${cookieName}=${session}; Path=/; HttpOnly; SameSite=Strict`;
    },
    logout(headers) {
      const session = sessionOf(headers);
      if (session !== undefined) sessions.delete(session);
      return `${cookieName}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
    },
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  for (const part of header.split(";")) {
    const eq = part.indexOf("=");
    if (eq !== -1 && part.slice(0, eq).trim() === name) return part.slice(eq + 1).trim();
  }
  return undefined;
}

/** On every answer. Inline styles stay allowed: the console's component libraries inject style elements; scripts never are. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};
