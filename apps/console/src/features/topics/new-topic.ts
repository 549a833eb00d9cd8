import { checkTopicName, metricTopicName } from "@vitrine/core";
import { parseDuration, parseSize } from "../../format/quantities.ts";

/** What the form holds, as typed. */
export interface NewTopic {
  readonly name: string;
  readonly partitions: string;
  readonly replication: string;
  readonly retention: string;
  readonly cleanup: string;
  readonly minIsr: string;
  readonly maxMessage: string;
}

export const blankTopic: NewTopic = {
  name: "",
  partitions: "",
  replication: "",
  retention: "",
  cleanup: "",
  minIsr: "",
  maxMessage: "",
};

export type NewTopicErrors = Partial<Record<keyof NewTopic, string>>;

/** Every fault of the form at once, each with what to do. The server checks again; this is for the eyes. */
export function checkNewTopic(form: NewTopic, known: { brokers: number; topics: ReadonlySet<string> }): NewTopicErrors {
  const errors: NewTopicErrors = {};
  const name = nameFault(form.name, known.topics);
  if (name !== null) errors.name = name;
  if (form.partitions !== "" && !wholeBetween(form.partitions, 1, 10_000))
    errors.partitions = "A whole number from 1 to 10,000.";
  if (form.replication !== "" && !wholeBetween(form.replication, 1, 32_767))
    errors.replication = "A whole number from 1.";
  else if (form.replication !== "" && known.brokers > 0 && Number(form.replication) > known.brokers)
    errors.replication = `There are ${known.brokers} brokers, so at most ${known.brokers} replicas.`;
  if (form.minIsr !== "" && !wholeBetween(form.minIsr, 1, 32_767)) errors.minIsr = "A whole number from 1.";
  else if (form.minIsr !== "" && form.replication !== "" && Number(form.minIsr) > Number(form.replication))
    errors.minIsr = "More than there are replicas: acks=all would always be refused.";
  if (form.retention !== "" && parseDuration(form.retention) === null)
    errors.retention = "A duration such as 7d, 12h, 30min, 90s, or: for ever.";
  if (form.maxMessage !== "" && parseSize(form.maxMessage) === null)
    errors.maxMessage = "A size such as 1MB, 512kB or 1048588.";
  return errors;
}

function nameFault(name: string, topics: ReadonlySet<string>): string | null {
  if (name === "") return "A topic needs a name.";
  const fault = checkTopicName(name);
  if (fault !== null) return `${fault.replace("Topic name is invalid: ", "")}.`;
  if (topics.has(name)) return "There is a topic of this name already.";
  const twin = [...topics].find((other) => metricTopicName(other) === metricTopicName(name));
  return twin === undefined
    ? null
    : `It differs from ${twin} only in dots and underscores, which metrics cannot tell apart.`;
}

function wholeBetween(text: string, min: number, max: number): boolean {
  return /^\d{1,9}$/.test(text.trim()) && Number(text) >= min && Number(text) <= max;
}

/** The body of `PUT /topics/{name}`: only what was filled in. */
export function newTopicBody(form: NewTopic): {
  partitions?: number;
  replication?: number;
  config?: Record<string, string>;
} {
  const config: Record<string, string> = {};
  const retention = form.retention === "" ? null : parseDuration(form.retention);
  const maxMessage = form.maxMessage === "" ? null : parseSize(form.maxMessage);
  if (retention !== null) config["retention.ms"] = String(retention);
  if (form.cleanup !== "") config["cleanup.policy"] = form.cleanup;
  if (form.minIsr !== "") config["min.insync.replicas"] = form.minIsr.trim();
  if (maxMessage !== null) config["max.message.bytes"] = String(maxMessage);
  return {
    ...(form.partitions === "" ? {} : { partitions: Number(form.partitions) }),
    ...(form.replication === "" ? {} : { replication: Number(form.replication) }),
    ...(Object.keys(config).length === 0 ? {} : { config }),
  };
}
