import type { ConfigEntry } from "@vitrine/api";
import type { FormEvent } from "react";
import { useState } from "react";
import { readableSetting } from "../../format/settings.ts";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { Button } from "../../ui/button.tsx";
import { CommandLine } from "../../ui/command-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { useAct } from "../../rest/use-act.ts";

/** Changes one setting, or takes it back to its default. */
export function EditConfigDialog({
  topic,
  entry,
  reset,
  onClose,
}: {
  topic: string;
  entry: ConfigEntry;
  reset: boolean;
  onClose: () => void;
}) {
  const [value, setValue] = useState(entry.value ?? "");
  const change = { [entry.name]: reset ? null : value };
  const act = useAct({
    refresh: ["topic", topic],
    act: () => http.setTopicConfig(topic, change),
    done: () => (reset ? `${entry.name} of ${topic} is back to its default` : `${entry.name} of ${topic} is ${value}`),
    onDone: onClose,
  });
  const reason =
    !reset && value === entry.value ? "Nothing has changed." : act.isPending ? "It is being changed." : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason === null) act.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={<span className="mono">{entry.name}</span>}
      description={entry.doc ?? (reset ? "Back to the default." : `Type: ${entry.type}`)}
      testId="config-dialog"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" form="config-form" disabledReason={reason} data-testid="config-save">
            {reset ? "Back to the default" : "Change"}
          </Button>
        </>
      }
    >
      <form id="config-form" onSubmit={submit} className="flex flex-col gap-4">
        {reset ? (
          <p className="text-sm text-ink-2">
            The topic&rsquo;s own value <code className="mono text-ink">{entry.value}</code> is removed; the default of
            the cluster holds again.
          </p>
        ) : (
          <Field label={`Value (${entry.type})`} help={readableSetting(entry.name, value) || undefined}>
            {(aria) =>
              entry.type.toLowerCase() === "boolean" ? (
                <select
                  {...aria}
                  className="field w-32"
                  value={value}
                  onChange={(event) => setValue(event.target.value)}
                  data-testid="config-value"
                >
                  <option>true</option>
                  <option>false</option>
                </select>
              ) : (
                <input
                  {...aria}
                  autoFocus
                  className="field mono"
                  spellCheck={false}
                  autoComplete="off"
                  value={value}
                  onChange={(event) => setValue(event.target.value)}
                  data-testid="config-value"
                />
              )
            }
          </Field>
        )}
        <CommandLine command={curl({ method: "PATCH", path: `/topics/${topic}/config`, json: change })} />
      </form>
    </Dialog>
  );
}
