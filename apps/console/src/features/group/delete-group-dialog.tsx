import type { GroupFields } from "@vitrine/api";
import { useNavigate } from "@tanstack/react-router";
import { plural } from "../../format/numbers.ts";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { useAct } from "../../rest/use-act.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { TypedConfirmDialog } from "../../ui/typed-confirm-dialog.tsx";

/** What the group has committed is gone with it. Kafka refuses it while members are there. */
export function DeleteGroupDialog({
  group,
  summary,
  onClose,
}: {
  group: string;
  summary: GroupFields | null;
  onClose: () => void;
}) {
  const id = useClusterId();
  const navigate = useNavigate();
  const act = useAct({
    act: () => http.deleteGroup(group),
    done: () => `Group ${group} was deleted`,
    onDone: () => void navigate({ to: "/c/$id/groups", params: { id } }),
  });
  const members = summary?.members ?? 0;
  const occupied =
    members > 0
      ? `${group} has ${plural(members, "member")}. Stop its consumers first; a group can be deleted once it is empty.`
      : null;
  return (
    <TypedConfirmDialog
      name={group}
      noun="group"
      title={`Delete ${group}`}
      description={`What it has committed on ${plural(summary?.partitions ?? 0, "partition")} will be gone: its next consumer begins where auto.offset.reset says.`}
      confirm="Delete the group"
      blocked={occupied}
      act={act}
      command={curl({ method: "DELETE", path: `/groups/${encodeURIComponent(group)}` })}
      testId="delete-group"
      onClose={onClose}
    >
      {occupied !== null && (
        <p role="alert" className="rounded-md bg-warn-soft px-3 py-2.5 text-sm" data-testid="delete-group-refused">
          {occupied}
        </p>
      )}
    </TypedConfirmDialog>
  );
}
