/** A peer in a process of its own, for tests that freeze and kill it. Prints its port; ends when its standard input does. */
import { newDescribeClusterResponse } from "@vitrine/protocol";
import { listen } from "../src/index.ts";

const { port } = await listen({
  listener: "peer",
  host: "127.0.0.1",
  port: 0,
  secret: process.argv[2] ?? "",
  handler: { submit: (_request, _from, reply) => reply(newDescribeClusterResponse({ clusterId: "child" })) },
});
process.stdin.on("end", () => process.exit(0)).resume();
process.stdout.write(`${port}\n`);
