/** The clients that can run on this machine, and why the others cannot. What has to be fetched comes through package registries and stays in `.cache/`. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { nodeBinding } from "../native/node-binding.ts";
import { kafkaJars, KAFKA_VERSION } from "../fixtures/kafka-peer.ts";
import { ROOT } from "../run-command.ts";
import { AgentProcess, type ClientAgent, type Codec, CODECS } from "./agent.ts";
import { Kcat } from "./kcat.ts";

export type ClientName = "kafkajs" | "platformatic" | "kafka-javascript" | "librdkafka" | "java" | "kcat";

export interface Client {
  readonly name: ClientName;
  /** As the compatibility page calls it. */
  readonly label: string;
  readonly version: string;
  readonly codecs: readonly Codec[];
  /** Whether requests under this name (software name and version, or client id) are its own. */
  isNamed(name: string): boolean;
  /** Another process of it, or, of a client that has none of its own, its command line. */
  start(bootstrapServers: string): ClientAgent;
}

type Found = Client | { readonly name: ClientName; readonly reason: string };

const HERE = import.meta.dirname;
const NODE = join(ROOT, "node_modules/.bin/node");

function npmClient(name: ClientName, packageName: string, env: NodeJS.ProcessEnv = {}): Client {
  const manifest = JSON.parse(readFileSync(join(ROOT, "e2e/node_modules", packageName, "package.json"), "utf8")) as {
    version: string;
  };
  return {
    name,
    label: packageName,
    version: manifest.version,
    // Built without libzstd's headers, librdkafka has no zstd.
    codecs: name === "kafka-javascript" ? CODECS.filter((codec) => codec !== "zstd") : CODECS,
    // Its client id, or the software name it gives.
    isNamed: (client) => client.replace("confluent-", "").startsWith(name),
    start: (servers) => new AgentProcess(packageName, NODE, [join(HERE, `${name}-agent.ts`), servers], env),
  };
}

/** librdkafka once more, inside Node. */
async function kafkaJavascript(): Promise<Found> {
  const binding = await nodeBinding();
  if (!binding.ok) return { name: "kafka-javascript", reason: binding.reason };
  return npmClient("kafka-javascript", "@confluentinc/kafka-javascript", binding.env);
}

/** librdkafka comes inside the wheel of the Python package confluent-kafka, so that nothing has to be compiled. */
const CONFLUENT_KAFKA_VERSION = "2.16.1";
const PYTHON_ENV = join(ROOT, ".cache", `confluent-kafka-${CONFLUENT_KAFKA_VERSION}`);

function librdkafka(): Found {
  const name = "librdkafka";
  const python = join(PYTHON_ENV, "bin", "python3");
  const version = () => {
    if (!existsSync(python)) return null;
    const asked = spawnSync(python, ["-c", "import confluent_kafka; print(confluent_kafka.libversion()[0])"], {
      encoding: "utf8",
    });
    return asked.status === 0 ? asked.stdout.trim() : null;
  };
  if (version() === null) {
    if (spawnSync("python3", ["--version"]).status !== 0)
      return { name, reason: "there is no python3 here to load librdkafka with" };
    mkdirSync(join(ROOT, ".cache"), { recursive: true });
    const made = spawnSync("python3", ["-m", "venv", PYTHON_ENV], { encoding: "utf8", timeout: 60_000 });
    if (made.status !== 0)
      return { name, reason: `python3 cannot make a virtual environment: ${made.stderr.trim().split("\n").at(-1)}` };
    const wanted = `confluent-kafka==${CONFLUENT_KAFKA_VERSION}`;
    const installed = spawnSync(python, ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", wanted], {
      encoding: "utf8",
      timeout: 120_000,
    });
    if (version() === null)
      return { name, reason: `${wanted} cannot be installed: ${installed.stderr.trim().split("\n").at(-1)}` };
  }
  return {
    name,
    label: "librdkafka",
    version: version()!,
    codecs: CODECS,
    isNamed: (client) => client.startsWith("confluent-kafka-python "),
    start: (servers) => new AgentProcess("librdkafka", python, [join(HERE, "librdkafka_agent.py"), servers]),
  };
}

/** Flags for a JVM that lives for seconds: little memory, no second compiler. */
export const JAVA_FLAGS: readonly string[] = [
  "-Xmx256m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-Xshare:auto",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
];

/** The class path with our Java program of that name compiled into it, or why there is none. */
export function javaProgram(source: string): { ok: true; classPath: string } | { ok: false; reason: string } {
  const jars = kafkaJars();
  if (!jars.ok) return jars;
  const file = join(HERE, source);
  const classes = join(ROOT, ".cache", `kafka-${KAFKA_VERSION}`, "classes");
  const compiled = join(classes, source.replace(".java", ".class"));
  const classPath = `${classes}:${jars.classPath}`;
  if (!existsSync(compiled) || statSync(compiled).mtimeMs < statSync(file).mtimeMs) {
    mkdirSync(classes, { recursive: true });
    const built = spawnSync("javac", ["-nowarn", "-proc:none", "-cp", jars.classPath, "-d", classes, file], {
      encoding: "utf8",
    });
    if (built.error) return { ok: false, reason: "there is a Java runtime here but no Java compiler (javac)" };
    if (built.status !== 0) throw new Error(`${source} does not compile:\n${built.stderr}`);
  }
  return { ok: true, classPath };
}

function java(): Found {
  const program = javaProgram("KafkaAgent.java");
  if (!program.ok) return { name: "java", reason: program.reason };
  const args = [...JAVA_FLAGS, "-cp", program.classPath, "KafkaAgent"];
  return {
    name: "java",
    label: "Java client",
    version: KAFKA_VERSION,
    codecs: CODECS,
    isNamed: (client) => client === `apache-kafka-java ${KAFKA_VERSION}`,
    start: (servers) => new AgentProcess("the Java client", "java", [...args, servers]),
  };
}

function kcat(): Found {
  const asked = spawnSync("kcat", ["-V"], { encoding: "utf8" });
  const version = /librdkafka (\d+(?:\.\d+)+)/.exec(asked.stdout ?? "")?.[1];
  if (version === undefined) return { name: "kcat", reason: "it is not installed" };
  return {
    name: "kcat",
    label: "kcat",
    version,
    codecs: CODECS,
    isNamed: (client) => client === `librdkafka ${version}`,
    start: (servers) => new Kcat(servers),
  };
}

/** Every client that can run here; prints why the others are skipped. */
export async function availableClients(): Promise<readonly Client[]> {
  const found: readonly Found[] = [
    npmClient("kafkajs", "kafkajs"),
    npmClient("platformatic", "@platformatic/kafka"),
    await kafkaJavascript(),
    librdkafka(),
    java(),
    kcat(),
  ];
  const clients: Client[] = [];
  for (const item of found) {
    if ("reason" in item) console.log(`skipped: ${item.name} is not tested, because ${item.reason}`);
    else clients.push(item);
  }
  return clients;
}
