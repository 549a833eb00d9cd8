/** What other programs read to find a running cluster: written whole, when everything serves. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { hostPort, type NodeSpec } from "./layout.ts";

export interface ReadyReport {
  readonly pid: number;
  readonly gateway: string;
  readonly token: string;
  readonly controllers: readonly { readonly id: number; readonly pid: number }[];
  readonly brokers: readonly {
    readonly id: number;
    readonly pid: number;
    readonly kafka: string;
    readonly http: string;
    /** Peer listener. */
    readonly controller: string;
  }[];
}

export interface RunningNode {
  readonly spec: NodeSpec;
  readonly pid: number | null;
}

export function readyReport(from: {
  readonly pid: number;
  readonly gateway: string;
  readonly token: string;
  readonly nodes: readonly RunningNode[];
}): ReadyReport {
  const { pid, gateway, token, nodes } = from;
  return {
    pid,
    gateway,
    token,
    controllers: nodes
      .filter(({ spec }) => spec.kind === "controller")
      .map((node) => ({ id: node.spec.id, pid: node.pid ?? 0 })),
    brokers: nodes
      .filter(({ spec }) => spec.kind === "broker")
      .map(({ spec: { id, host, ports }, pid: brokerPid }) => ({
        id,
        pid: brokerPid ?? 0,
        kafka: hostPort(host, ports.kafka ?? 0),
        http: `http://${hostPort(host, ports.http ?? 0)}`,
        controller: hostPort(host, ports.peer),
      })),
  };
}

/** Whoever watches for the file never sees half of it. It holds the token: only this user may read it. */
export function writeReadyFile(path: string, report: ReadyReport): void {
  const draft = `${path}.${report.pid}.new`;
  writeFileSync(draft, `${JSON.stringify(report)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

export function removeReadyFile(path: string): void {
  rmSync(path, { force: true });
}
