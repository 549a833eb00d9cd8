/** Which port each face of each process listens on (DESIGN 2), and whether those ports are free. */
import { createServer } from "node:net";
import { type Outcome, errorCodeOf, refused } from "./outcome.ts";

export interface BrokerPorts {
  readonly kafka: number;
  readonly peer: number;
  readonly http: number;
}

export interface ClusterPorts {
  readonly gateway: number;
  /** In the order of the brokers. */
  readonly brokers: readonly BrokerPorts[];
  /** Peer listeners of the controllers that are processes of their own. */
  readonly controllers: readonly number[];
}

/** Distances from the gateway's port: 8080 gives 8092, 9092, 9192 and, for controllers, 9292. */
const HTTP_AT = 12;
const KAFKA_AT = 1_012;
const PEER_AT = 1_112;
const CONTROLLER_AT = 1_212;

/** The block that begins at `port`. Pure. */
export function portBlock(port: number, brokers: number, controllers: number): ClusterPorts {
  return {
    gateway: port,
    brokers: Array.from({ length: brokers }, (_, at) => ({
      kafka: port + KAFKA_AT + at,
      peer: port + PEER_AT + at,
      http: port + HTTP_AT + at,
    })),
    controllers: Array.from({ length: controllers }, (_, at) => port + CONTROLLER_AT + at),
  };
}

/** The block at `port`, or any free ports for 0. Refused with one sentence that names the first port that is taken. */
export async function choosePorts(request: {
  readonly port: number;
  readonly brokers: number;
  readonly controllers: number;
  readonly host: string;
}): Promise<Outcome<ClusterPorts>> {
  const block = portBlock(request.port, request.brokers, request.controllers);
  const named = namesOf(block);
  const opened = await Promise.all(named.map(({ port }) => tryListen(request.port === 0 ? 0 : port, request.host)));
  const at = opened.findIndex((result) => result.error !== null);
  // All are held until all are known, so that "any free port" never gives one port twice.
  await Promise.all(opened.map((result) => result.release()));
  if (at !== -1) return refused(portSentence(named[at]!, request.host, opened[at]!.error!));
  if (request.port !== 0) return { ok: true, value: block };
  return {
    ok: true,
    value: fill(
      request,
      opened.map((result) => result.port),
    ),
  };
}

/** Also used for what a child reports: its port was taken between our look and its start. */
export function portSentence(
  face: { readonly name: string; readonly port: number },
  host: string,
  code: string,
): string {
  switch (code) {
    case "EADDRINUSE":
      return `Port ${face.port} (${face.name}) on ${host} is taken by another process; stop that one, or move the whole block with --port P (--port 0 takes free ones).`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is not an address of this machine; choose another one with --host.`;
    case "EACCES":
      return `Port ${face.port} (${face.name}) needs privileges that this user does not have; choose one above 1023 with --port P.`;
    default:
      return `Port ${face.port} (${face.name}) on ${host} cannot be opened (${code}).`;
  }
}

interface Held {
  readonly port: number;
  readonly error: string | null;
  release(): Promise<void>;
}

function tryListen(port: number, host: string): Promise<Held> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) =>
      resolve({ port, error: errorCodeOf(error) || error.message, release: async () => {} }),
    );
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      resolve({
        port: address !== null && typeof address === "object" ? address.port : port,
        error: null,
        release: () => new Promise((done) => server.close(() => done())),
      });
    });
  });
}

function namesOf(ports: ClusterPorts): { name: string; port: number }[] {
  return [
    { name: "gateway", port: ports.gateway },
    ...ports.brokers.flatMap((broker, at) => [
      { name: `broker ${at + 1}, Kafka clients`, port: broker.kafka },
      { name: `broker ${at + 1}, peers`, port: broker.peer },
      { name: `broker ${at + 1}, HTTP`, port: broker.http },
    ]),
    ...ports.controllers.map((port, at) => ({ name: `controller ${at + 101}, peers`, port })),
  ];
}

/** Deals the ports out in the order of `namesOf`. */
function fill(request: { brokers: number; controllers: number }, free: readonly number[]): ClusterPorts {
  const [gateway, ...rest] = free;
  const brokers = Array.from({ length: request.brokers }, (_, at) => {
    const [kafka, peer, http] = rest.slice(at * 3, at * 3 + 3);
    return { kafka: kafka!, peer: peer!, http: http! };
  });
  return { gateway: gateway!, brokers, controllers: rest.slice(request.brokers * 3) };
}
