import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useState } from "react";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Button } from "../../ui/button.tsx";
import { CommandLine } from "../../ui/command-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { useAct } from "../../rest/use-act.ts";

/** Gone is gone: the name is typed before. */
export function DeleteTopicDialog({ topic, what, onClose }: { topic: string; what: string; onClose: () => void }) {
  const id = useClusterId();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const act = useAct({
    refresh: ["topic", topic],
    act: () => http.deleteTopic(topic),
    done: () => `Topic ${topic} was deleted`,
    onDone: () => void navigate({ to: "/c/$id/topics", params: { id } }),
  });
  const reason = typed !== topic ? "Type the name of the topic first." : act.isPending ? "It is being deleted." : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason === null) act.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Delete ${topic}`}
      description={`${what} will be gone from every broker. There is no way back.`}
      testId="delete-topic-dialog"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            tone="danger"
            type="submit"
            form="delete-topic-form"
            disabledReason={reason}
            data-testid="delete-topic-confirm"
          >
            Delete the topic
          </Button>
        </>
      }
    >
      <form id="delete-topic-form" onSubmit={submit} className="flex flex-col gap-4">
        <Field label={`Type ${topic} to confirm`}>
          {(aria) => (
            <input
              {...aria}
              autoFocus
              autoComplete="off"
              spellCheck={false}
              className="field"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              data-testid="delete-topic-typed"
            />
          )}
        </Field>
        <CommandLine command={curl({ method: "DELETE", path: `/topics/${topic}` })} />
      </form>
    </Dialog>
  );
}
