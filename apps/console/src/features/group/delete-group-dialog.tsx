import type { GroupFields } from "@vitrine/api";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useState } from "react";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { useAct } from "../../rest/use-act.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Button } from "../../ui/button.tsx";
import { CommandLine } from "../../ui/command-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { plural } from "../../format/numbers.ts";

/** What the group has committed is gone with it: the name is typed before. Kafka refuses it while members are there. */
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
  const [typed, setTyped] = useState("");
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
  const reason =
    occupied ?? (typed !== group ? "Type the name of the group first." : act.isPending ? "It is being deleted." : null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason === null) act.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Delete ${group}`}
      description={`What it has committed on ${plural(summary?.partitions ?? 0, "partition")} will be gone: its next consumer begins where auto.offset.reset says.`}
      testId="delete-group-dialog"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            tone="danger"
            type="submit"
            form="delete-group-form"
            disabledReason={reason}
            data-testid="delete-group-confirm"
          >
            Delete the group
          </Button>
        </>
      }
    >
      <form id="delete-group-form" onSubmit={submit} className="flex flex-col gap-4">
        {occupied !== null && (
          <p role="alert" className="rounded-md bg-warn-soft px-3 py-2.5 text-sm" data-testid="delete-group-refused">
            {occupied}
          </p>
        )}
        <Field label={`Type ${group} to confirm`}>
          {(aria) => (
            <input
              {...aria}
              autoFocus
              autoComplete="off"
              spellCheck={false}
              className="field"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              data-testid="delete-group-typed"
            />
          )}
        </Field>
        <CommandLine command={curl({ method: "DELETE", path: `/groups/${encodeURIComponent(group)}` })} />
      </form>
    </Dialog>
  );
}
