import type { GroupMemberInfo } from "@vitrine/api";
import { Crown, Pin } from "lucide-react";
import { formatInteger, plural } from "../../format/numbers.ts";
import { formatDuration } from "../../format/time.ts";
import { Tag } from "../../ui/status.tsx";
import { MemberMark } from "./member-mark.tsx";
import { assignedText } from "./ownership.ts";

/** The members with what each is assigned, in words. */
export function MembersList({
  members,
  omitted,
  numbers,
}: {
  members: readonly GroupMemberInfo[];
  omitted: number;
  numbers: ReadonlyMap<string, number>;
}) {
  if (members.length === 0)
    return (
      <p className="px-4 py-6 text-sm text-ink-3" data-testid="group-no-members">
        No members: nobody reads. Its committed offsets stay until offsets.retention.minutes are over.
      </p>
    );
  return (
    <>
      <ul aria-label="Members" className="divide-y divide-line" data-testid="group-member-list">
        {members.map((member) => (
          <li key={member.member_id}>
            <Member member={member} number={numbers.get(member.member_id) ?? 0} />
          </li>
        ))}
      </ul>
      {omitted > 0 && (
        <p className="border-t border-line px-4 py-2 text-xs text-ink-3">{`and ${formatInteger(omitted)} more members`}</p>
      )}
    </>
  );
}

function Member({ member, number }: { member: GroupMemberInfo; number: number }) {
  const count = Object.values(member.assigned).reduce((sum, partitions) => sum + partitions.length, 0);
  return (
    <div className="flex items-start gap-3 px-4 py-2" data-testid="group-member" data-member-id={member.member_id}>
      <MemberMark number={number} />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm">
          <span className="font-medium break-all" data-testid="group-member-client">
            {member.client_id === "" ? "(no client id)" : member.client_id}
          </span>
          <span className="text-ink-2 num" data-testid="group-member-host">
            {member.host}
          </span>
          {member.leader && (
            <Tag tone="accent">
              <Crown aria-hidden size={11} />
              makes the assignment
            </Tag>
          )}
          {member.instance_id !== null && (
            <Tag>
              <Pin aria-hidden size={11} />
              static, {member.instance_id}
            </Tag>
          )}
        </p>
        <p className="mt-0.5 text-sm break-words" data-testid="group-member-assigned">
          <span className="text-ink-3">{plural(count, "partition")}: </span>
          {assignedText(member.assigned)}
        </p>
        <p className="mt-0.5 text-xs break-words text-ink-3">
          <span className="mono break-all">{member.member_id}</span>, session{" "}
          {formatDuration(member.session_timeout_ms)}, subscribes to{" "}
          {member.topics.length === 0 ? "nothing" : member.topics.join(", ")}, offers{" "}
          {member.protocols.length === 0 ? "no assignor" : member.protocols.join(", ")}
        </p>
      </div>
    </div>
  );
}
