/** Kafka's internal topics: created by the cluster, never written by clients. */
export const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  "__consumer_offsets",
  "__transaction_state",
  "__share_group_state",
  "__cluster_metadata",
]);

/** Whether the topic belongs to the cluster itself. */
export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name);
}

/** Kafka's rule for topic names (`Topic.validate`): the sentence that says what is wrong, or null. */
export function checkTopicName(name: string): string | null {
  if (name === "") return "Topic name is invalid: the empty string is not allowed";
  if (name === "." || name === "..") return `Topic name is invalid: '${name}' is not allowed`;
  if (name.length > 249) return `Topic name is invalid: its length is ${name.length}, the longest allowed is 249`;
  if (!/^[a-zA-Z0-9._-]+$/.test(name))
    return `Topic name is invalid: '${name}' contains characters other than ASCII letters, digits, '.', '_' and '-'`;
  return null;
}

/** The name metrics use: '.' and '_' collide there, so two topics that differ only in them are refused (`Topic.hasCollision`). */
export function metricTopicName(name: string): string {
  return name.replaceAll(".", "_");
}
