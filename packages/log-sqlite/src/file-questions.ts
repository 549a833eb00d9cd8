/** What the threads that read files have in common: a question, its answer or what is wrong with the files, and the end. */
import type { MessagePort } from "node:worker_threads";
import type { FromReader, ToReader } from "./messages.ts";
import type { ReadFiles } from "./read-files.ts";

type Question = Exclude<ToReader, { readonly type: "forget" | "close" }>;

/** `answerTo` gives null for questions that are another thread's; `damageOf` says what is damaged where an error means that. */
export function answerQuestions(
  port: MessagePort,
  files: ReadFiles,
  answerTo: (question: Question) => FromReader | null,
  damageOf: (key: string, error: unknown) => string | null,
): void {
  port.on("message", (message: ToReader) => {
    switch (message.type) {
      case "forget":
        files.forget(message.path);
        return;
      case "close":
        files.forgetAll();
        port.postMessage({ type: "closed" } satisfies FromReader);
        port.close();
        return;
      default: {
        const reply = answerOr(message, () => answerTo(message));
        if (reply) port.postMessage(reply);
      }
    }
  });

  function answerOr({ id, key }: Question, answer: () => FromReader | null): FromReader | null {
    try {
      return answer();
    } catch (error) {
      const damage = damageOf(key, error);
      if (damage === null) files.forgetAll();
      const reason = damage ?? (error instanceof Error ? error.message : String(error));
      return { type: damage === null ? "unreadable" : "corrupt", id, reason };
    }
  }
}
