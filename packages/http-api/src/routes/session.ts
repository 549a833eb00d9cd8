/** The browser's session: whether it may control processes, a one-use ticket for another window, and the way out. */
import type { FastifyInstance } from "fastify";
import { httpProblem } from "@vitrine/api";
import Type from "typebox";
import { refuse } from "../error-reply.ts";
import type { HttpContext } from "../options.ts";
import { replies } from "./schemas.ts";

const TICKET_MS = 30_000;
const TicketReply = Type.Object({
  ticket: Type.String({ description: "open /?ticket=... with it, once, within 30 s" }),
  expires_ms: Type.Integer(),
});
const SessionReply = Type.Object({ control: Type.Boolean({ description: "this caller may control processes" }) });

export function sessionRoutes(app: FastifyInstance, context: HttpContext): void {
  const { guard } = context;
  app.post(
    "/tickets",
    {
      schema: {
        tags: ["process control"],
        operationId: "createTicket",
        summary: "A one-use ticket that becomes a browser session",
        security: [{ token: [] }],
        response: replies({ 201: TicketReply }, [401, 501]),
      },
    },
    (request, reply) => {
      if (!guard.mayControl(request.headers)) refuse(guard.controlProblem());
      const ticket = guard.issueTicket(TICKET_MS);
      if (ticket === null)
        refuse(
          httpProblem({
            status: 501,
            slug: "no-token",
            title: "No tickets here",
            detail: "this server has no start-up token; ask the gateway",
          }),
        );
      return reply.code(201).header("cache-control", "no-store").send({ ticket, expires_ms: TICKET_MS });
    },
  );
  app.get(
    "/session",
    {
      schema: {
        tags: ["process control"],
        operationId: "session",
        summary: "Whether this caller may control processes",
        response: replies({ 200: SessionReply }, []),
      },
    },
    (request, reply) =>
      reply
        .header("cache-control", "no-store")
        .send({ control: context.processControl !== null && guard.mayControl(request.headers) }),
  );
  app.delete(
    "/session",
    {
      schema: {
        tags: ["process control"],
        operationId: "logout",
        summary: "End the browser's session",
        response: replies({ 204: Type.Null() }, []),
      },
    },
    (request, reply) => reply.code(204).header("set-cookie", guard.logout(request.headers)).send(),
  );
}
