import type { TopicFields } from "@vitrine/api";
import { Status } from "../../ui/status.tsx";

/** How a topic's replicas are, worst first, in words. */
export function IsrState({
  topic,
  testId,
}: {
  topic: Pick<TopicFields, "offline" | "below_min_isr" | "urp" | "partitions">;
  testId?: string;
}) {
  const id = testId === undefined ? {} : { testId };
  if (topic.offline > 0)
    return (
      <Status tone="bad" {...id}>
        {topic.offline} without a leader
      </Status>
    );
  if (topic.below_min_isr > 0)
    return (
      <Status tone="bad" {...id}>
        {topic.below_min_isr} {topic.below_min_isr === 1 ? "refuses" : "refuse"} acks=all
      </Status>
    );
  if (topic.urp > 0)
    return (
      <Status tone="warn" {...id}>
        {topic.urp} under-replicated
      </Status>
    );
  return (
    <Status tone="good" {...id}>
      in sync
    </Status>
  );
}
