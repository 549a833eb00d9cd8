import type { PartitionsByTopic } from "@vitrine/api";
import { errorFromCode } from "@vitrine/core";
import type { Engine } from "@vitrine/engine";
import { ApiKey, newOffsetDeleteRequest, type OffsetDeleteResponse } from "@vitrine/protocol/types";
import { refuse } from "../error-reply.ts";
import { coordinatorCall, groupProblem } from "./coordinator-call.ts";
import { committedOffsets, describeGroup } from "./group-reads.ts";

/**
 * Forgets committed offsets: of the partitions named, of all of a topic ([]), or of everything ({}). Fails with 404 where there is no group, and
 * at the first partition that is refused, with what was forgotten before it.
 */
export async function deleteOffsets(engine: Engine, group: string, body: PartitionsByTopic) {
  await describeGroup(engine, group);
  const committed = await committedOffsets(engine, group);
  const all = Object.keys(body).length === 0;
  const wanted = committed.filter(({ topic, partition }) => {
    const named = body[topic];
    return all || (named !== undefined && (named.length === 0 || named.includes(partition)));
  });
  const topics = [...Map.groupBy(wanted, (row) => row.topic)].map(([name, rows]) => ({
    name,
    partitions: rows.map((row) => ({ partitionIndex: row.partition })),
  }));
  const deleted: PartitionsByTopic = {};
  if (topics.length === 0) return { group, deleted };
  const { body: answer } = await coordinatorCall<OffsetDeleteResponse>(engine, group, {
    apiKey: ApiKey.OffsetDelete,
    body: newOffsetDeleteRequest({ groupId: group, topics }),
    errorOf: (reply) => reply.errorCode,
  });
  const error = errorFromCode(answer.errorCode).name;
  if (error !== "NONE") refuse(groupProblem(error, group));
  for (const topic of answer.topics) {
    for (const row of topic.partitions) {
      const refused = errorFromCode(row.errorCode).name;
      if (refused === "NONE") (deleted[topic.name] ??= []).push(row.partitionIndex);
      else
        refuse({
          ...groupProblem(
            refused,
            group,
            `${topic.name}-${row.partitionIndex}: ${errorFromCode(row.errorCode).message}`,
          ),
          deleted,
          side_effects: Object.keys(deleted).length > 0 ? "applied" : "none",
        });
    }
  }
  return { group, deleted };
}
