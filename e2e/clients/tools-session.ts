import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KafkaTools } from "./kafka-tools.ts";
import { Party } from "./party.ts";

/** A cluster, Apache Kafka's tools turned on it, and a folder for the files that they want to be given. */
export class ToolsSession {
  readonly party: Party;
  readonly tools: KafkaTools;
  readonly #folder = mkdtempSync(join(tmpdir(), "vitrine-tools-"));

  private constructor(party: Party, classPath: string) {
    this.party = party;
    this.tools = new KafkaTools(classPath, party.target.bootstrapServers);
  }

  /** `testFile`: who asks, for the target's log. */
  static async start(testFile: string, classPath: string): Promise<ToolsSession> {
    return new ToolsSession(await Party.start(testFile), classPath);
  }

  /** A file with this text, or with this value as JSON; its path. */
  file(name: string, content: unknown): string {
    const path = join(this.#folder, name);
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  }

  async stop(): Promise<void> {
    this.tools.stop();
    await this.party.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
