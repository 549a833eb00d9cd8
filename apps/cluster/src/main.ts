/** The command `vitrine`. */
import { enableCompileCache } from "node:module";
import { join, resolve } from "node:path";
import { Command } from "commander";

// Before the heavier imports below, which are loaded when a command asks for them.
enableCompileCache(join(resolve(import.meta.dirname, "../../.."), "node_modules/.cache/vitrine-compile"));

const program = new Command("vitrine")
  .description("Apache Kafka's semantics and protocol, stored in SQLite, spoken over HTTP, and visible.")
  .version("0.1.0")
  .showHelpAfterError();

program
  .command("up", { isDefault: true })
  .description("start a whole cluster on this machine: brokers, gateway, console")
  .option("--brokers <n>", "brokers, one process each (default: what the data directory has, 3 in a new one)")
  .option(
    "--controllers <n>",
    "controllers as processes of their own; 0: brokers are the controllers (default: what the data directory has)",
  )
  .option("--port <p>", "port of the gateway; the other ports keep their distance to it; 0: any free ones", "8080")
  .option("--data-dir <dir>", "where everything is kept", "data")
  .option("--host <h>", "address to listen on", "127.0.0.1")
  .option(
    "--rack-per-broker [prefix]",
    "give each broker a rack of its own: the prefix (rack- unless given) and its id",
  )
  .option("--restart <when>", "never, or on-crash: start processes again that died without being asked to", "never")
  .option("--ready-file <file>", "write addresses, pids and the token there when everything serves")
  .option("--insecure", "allow a --host that other machines can reach, without TLS and accounts")
  .option("--json", "print progress as JSON, one object a line")
  .addHelpText("after", "\nCtrl-C stops everything in order. Data stays and is there at the next start.")
  .action(async (options) => {
    const { up } = await import("./up.ts");
    await up(options);
  });

program
  .command("broker")
  .description("one node by itself: broker, controller or both, as its configuration says")
  .requiredOption("--config <file>", "JSON file of settings by Kafka's names")
  .action(async (options) => {
    const { startNode } = await import("./single-node.ts");
    await startNode(options.config);
  });

program
  .command("gateway")
  .description("HTTP, WebSocket and the console for a cluster that runs elsewhere")
  .requiredOption("--controllers <voters>", "the quorum, as id@host:port,id@host:port")
  .requiredOption("--cluster-id <id>", "id of the cluster, as cluster.json says")
  .requiredOption("--secret-file <file>", "cluster.json, or a file that holds the cluster's secret")
  .option("--port <p>", "port to listen on", "8080")
  .option("--host <h>", "address to listen on", "127.0.0.1")
  .option("--insecure", "allow a --host that other machines can reach, without TLS and accounts")
  .action(async (options) => {
    const { startGateway } = await import("./single-gateway.ts");
    await startGateway(options);
  });

await program.parseAsync();
