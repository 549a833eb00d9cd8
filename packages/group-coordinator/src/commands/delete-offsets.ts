/** OffsetDelete: single offsets of a group, for topics that nobody in it reads. */
import { errorCode, type ErrorName } from "@vitrine/core";
import { newOffsetDeleteResponse, type GroupRecord } from "@vitrine/protocol/types";
import type { ClassicGroup } from "../classic-group.ts";
import type { Command } from "../coordinator-types.ts";
import { coordinatorErrorOf, offsetTombstone } from "../records.ts";
import type { Draft } from "../shard.ts";

export function deleteOffsets(draft: Draft, { token, request }: Command<"deleteOffsets">): void {
  const refuse = (error: ErrorName) => newOffsetDeleteResponse({ errorCode: errorCode(error) });
  if (request.groupId === "") return draft.answer(token, refuse("INVALID_GROUP_ID"));
  const group = draft.shard.groups.get(request.groupId);
  const error = group ? checkDelete(group) : "GROUP_ID_NOT_FOUND";
  if (!group || error) return draft.answer(token, refuse(error ?? "GROUP_ID_NOT_FOUND"));
  const records: GroupRecord[] = [];
  const topics = request.topics.map(({ name, partitions }) => {
    const isRead = group.isSubscribedTo(name);
    return {
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        if (!isRead && draft.shard.durable.offset(request.groupId, name, partitionIndex)?.latest)
          records.push(offsetTombstone(request.groupId, name, partitionIndex));
        return { partitionIndex, errorCode: errorCode(isRead ? "GROUP_SUBSCRIBED_TO_TOPIC" : "NONE") };
      }),
    };
  });
  draft.write(records, (later, failed) =>
    later.answer(token, failed ? refuse(coordinatorErrorOf(failed)) : newOffsetDeleteResponse({ topics })),
  );
}

/** Only of consumers is it known what they read. */
function checkDelete(group: ClassicGroup): ErrorName | null {
  switch (group.state) {
    case "Dead":
      return "GROUP_ID_NOT_FOUND";
    case "Empty":
      return null;
    default:
      return group.isConsumerGroup ? null : "NON_EMPTY_GROUP";
  }
}
