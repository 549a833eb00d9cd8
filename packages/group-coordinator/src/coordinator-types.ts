/** The words between a group coordinator and its driver. */
import type { ErrorName, Offset, Uuid } from "@vitrine/core";
import type * as wire from "@vitrine/protocol/types";
import type { GroupRecord } from "@vitrine/protocol/types";
import type { ClassicGroupState } from "./classic-group-state.ts";

/** Names a request until it is answered; the driver chooses it. Each is answered exactly once. */
export type Token = number;

/** The moment of a decision. */
export interface At {
  /** Monotonic milliseconds: deadlines. */
  readonly nowMs: number;
  /** Wall clock: what is written into records. */
  readonly wallMs: number;
  /** Where the next record will stand in the partition. */
  readonly nextOffset: Offset;
  /** Why the partition takes no record at the moment; null = it does. */
  readonly writeError: ErrorName | null;
}

export interface Answer {
  readonly token: Token;
  /** The response of the command's request, or the part of it this coordinator has to say. */
  readonly body: unknown;
}

/** What happened, for people: log lines, timeline of the console. */
export type GroupEvent =
  | {
      readonly type: "stateChanged";
      readonly groupId: string;
      readonly from: ClassicGroupState;
      readonly to: ClassicGroupState;
      readonly generation: number;
      readonly memberCount: number;
      readonly reason: string;
    }
  | {
      readonly type: "memberJoined";
      readonly groupId: string;
      readonly memberId: string;
      readonly groupInstanceId: string | null;
      readonly clientId: string;
      readonly clientHost: string;
      readonly reason: string;
    }
  | {
      readonly type: "memberLeft";
      readonly groupId: string;
      readonly memberId: string;
      readonly groupInstanceId: string | null;
      readonly reason: string;
    }
  | { readonly type: "groupDeleted"; readonly groupId: string; readonly reason: string };

export interface Decision {
  /** To be appended at `at.nextOffset`, in this order; they count as applied. */
  readonly records: readonly GroupRecord[];
  readonly answers: readonly Answer[];
  readonly events: readonly GroupEvent[];
}

/** Who sent a request. */
export interface Client {
  readonly clientId: string;
  /** As Kafka shows it: `/127.0.0.1`. */
  readonly clientHost: string;
  /** Of the request; Infinity between our own parts. */
  readonly apiVersion: number;
}

/** Commands with what is asked; the answer's type is beside it. */
export interface CommandTable {
  joinGroup: { ask: { request: wire.JoinGroupRequest; client: Client }; reply: wire.JoinGroupResponse };
  syncGroup: { ask: { request: wire.SyncGroupRequest }; reply: wire.SyncGroupResponse };
  heartbeat: { ask: { request: wire.HeartbeatRequest }; reply: wire.HeartbeatResponse };
  leaveGroup: {
    ask: { groupId: string; members: readonly wire.LeaveGroupRequestMemberIdentity[] };
    reply: wire.LeaveGroupResponse;
  };
  commitOffsets: {
    ask: { request: wire.OffsetCommitRequest; client: Client };
    reply: wire.OffsetCommitResponse;
  };
  fetchOffsets: {
    ask: { group: wire.OffsetFetchRequestOffsetFetchRequestGroup; requireStable: boolean };
    reply: wire.OffsetFetchResponseOffsetFetchResponseGroup;
  };
  deleteOffsets: { ask: { request: wire.OffsetDeleteRequest }; reply: wire.OffsetDeleteResponse };
  describeGroups: {
    ask: { groupIds: readonly string[]; client: Client };
    reply: readonly wire.DescribeGroupsResponseDescribedGroup[];
  };
  listGroups: {
    ask: { statesFilter: readonly string[]; typesFilter: readonly string[] };
    reply: readonly wire.ListGroupsResponseListedGroup[];
  };
  deleteGroups: {
    ask: { groupIds: readonly string[] };
    reply: readonly wire.DeleteGroupsResponseDeletableGroupResult[];
  };
}

export type CommandType = keyof CommandTable;
/** A command: `{ type: "heartbeat", token, request }`. */
export type Command<Type extends CommandType = CommandType> = {
  [T in CommandType]: { readonly type: T; readonly token: Token } & Readonly<CommandTable[T]["ask"]>;
}[Type];
export type ReplyOf<Type extends CommandType> = CommandTable[Type]["reply"];

/** A topic that is gone: its offsets go too. */
export interface DeletedTopic {
  /** null: no topic of this name exists, whatever its id was. */
  readonly id: Uuid | null;
  readonly name: string;
}
