import type { FormEvent } from "react";
import { useState } from "react";
import { plural } from "../../format/numbers.ts";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { Button } from "../../ui/button.tsx";
import { CommandLine } from "../../ui/command-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { wholeNumber } from "../../url/search.ts";
import { useAct } from "../../rest/use-act.ts";

const most = 10_000;

/** Partitions only ever grow in number, and keys move: the dialog says so. */
export function AddPartitionsDialog({
  topic,
  present,
  onClose,
}: {
  topic: string;
  present: number;
  onClose: () => void;
}) {
  const [text, setText] = useState(String(present + 1));
  const count = wholeNumber(text, { min: 1, max: most });
  const error =
    count === null
      ? `A whole number up to ${most.toLocaleString("en-US")}.`
      : count <= present
        ? `There are ${present} already, and partitions cannot be taken away.`
        : null;
  const act = useAct({
    refresh: ["topic", topic],
    act: () => http.setPartitions(topic, count ?? present),
    done: () => `Topic ${topic} has ${plural(count ?? 0, "partition")}`,
    onDone: onClose,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (error === null && !act.isPending) act.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Add partitions to ${topic}`}
      description="New records with a key may land in another partition than the older ones with the same key."
      testId="add-partitions-dialog"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            tone="primary"
            type="submit"
            form="add-partitions-form"
            disabledReason={error}
            data-testid="add-partitions-submit"
          >
            Add {count !== null && count > present ? plural(count - present, "partition") : ""}
          </Button>
        </>
      }
    >
      <form id="add-partitions-form" onSubmit={submit} className="flex flex-col gap-4">
        <Field label="Partitions afterwards" error={error}>
          {(aria) => (
            <input
              {...aria}
              autoFocus
              inputMode="numeric"
              className="field w-32"
              value={text}
              onChange={(event) => setText(event.target.value)}
              data-testid="add-partitions-count"
            />
          )}
        </Field>
        <CommandLine
          command={curl({ method: "PATCH", path: `/topics/${topic}`, json: { partitions: count ?? present + 1 } })}
        />
      </form>
    </Dialog>
  );
}
