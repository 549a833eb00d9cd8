/** Settings of the brokers that decide what HTTP answers, asked of one of them. */
import type { Engine } from "@vitrine/engine";
import { newDescribeConfigsRequest } from "@vitrine/protocol/types";
import type { DescribeConfigsResponse } from "@vitrine/protocol/types";

const DESCRIBE_CONFIGS = 32;
const BROKER = 4;
const ANSWER_MS = 2_000;

/** A broker that can take a request for any of them: this process, the controller where it is one, or a living one. */
export function anyBroker(engine: Engine): { node: number } | "self" | null {
  if (engine.selfId !== null) return "self";
  const alive = engine.brokers().filter((broker) => !broker.fenced);
  const choice = alive.find((broker) => broker.id === engine.controllerId()) ?? alive[0] ?? engine.brokers()[0];
  return choice === undefined ? null : { node: choice.id };
}

/** Values by name, as one broker has them; empty when none answers. */
export async function brokerSettings(engine: Engine, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const to = anyBroker(engine);
  const id = typeof to === "object" ? to?.node : engine.selfId;
  if (to === null || id === undefined || id === null) return new Map();
  const request = newDescribeConfigsRequest({
    resources: [{ resourceType: BROKER, resourceName: String(id), configurationKeys: names }],
  });
  const result = await engine.call<DescribeConfigsResponse>(DESCRIBE_CONFIGS, request, { to, timeoutMs: ANSWER_MS });
  const rows = result.ok ? (result.body.results[0]?.configs ?? []) : [];
  return new Map(rows.flatMap((row) => (row.value === null ? [] : [[row.name, row.value] as const])));
}
