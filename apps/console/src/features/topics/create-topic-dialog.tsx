import { topicColumns } from "@vitrine/api";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useMemo, useState } from "react";
import { toast } from "sonner";
import { useClusterInfo, useRowKeys, useRows } from "../../live/selectors.ts";
import { curl } from "../../rest/curl.ts";
import { http } from "../../rest/http.ts";
import { explain } from "../../rest/problem-error.ts";
import { useClusterId } from "../../shell/cluster-id.ts";
import { Button } from "../../ui/button.tsx";
import { CommandLine } from "../../ui/command-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Field } from "../../ui/field.tsx";
import { blankTopic, checkNewTopic, newTopicBody } from "./new-topic.ts";
import type { NewTopic } from "./new-topic.ts";

/** The form for a topic, and the curl line that does the same. Empty fields take the cluster's defaults. */
export function CreateTopicDialog({ onClose }: { onClose: () => void }) {
  const id = useClusterId();
  const navigate = useNavigate();
  const names = useRowKeys("topics");
  const rows = useRows("topics");
  const info = useClusterInfo();
  const [form, setForm] = useState<NewTopic>(blankTopic);
  const [touched, setTouched] = useState(false);
  const known = useMemo(() => ({ brokers: info?.counts.brokers ?? 0, topics: new Set(names) }), [info, names]);
  const errors = checkNewTopic(form, known);
  const shown = touched ? errors : { ...errors, name: form.name === "" ? undefined : errors.name };
  const body = newTopicBody(form);
  const line = curl({
    method: "PUT",
    path: `/topics/${form.name || "NAME"}`,
    ...(Object.keys(body).length === 0 ? {} : { json: body }),
  });
  const usual = rows[0] ? topicColumns.get(rows[0], "rf") : null;
  const create = useMutation({
    mutationFn: () => http.createTopic(form.name, body),
    onSuccess: () => {
      toast.success(`Topic ${form.name} was created`);
      void navigate({ to: "/c/$id/topics/$topic", params: { id, topic: form.name } });
    },
    onError: (error) => {
      const { title, text } = explain(error);
      toast.error(`Topic ${form.name}: ${title}`, { description: text });
    },
  });
  const set = (name: keyof NewTopic) => (event: { target: { value: string } }) =>
    setForm({ ...form, [name]: event.target.value });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTouched(true);
    if (Object.keys(errors).length === 0 && !create.isPending) create.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Create a topic"
      description="Empty fields take the cluster's defaults."
      testId="create-topic-dialog"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            tone="primary"
            type="submit"
            form="create-topic-form"
            disabledReason={create.isPending ? "It is being created." : null}
            data-testid="create-topic-submit"
          >
            {create.isPending ? "Creating" : "Create"}
          </Button>
        </>
      }
    >
      <form id="create-topic-form" onSubmit={submit} className="flex flex-col gap-4" noValidate>
        <Field label="Name" error={shown.name}>
          {(aria) => (
            <input
              {...aria}
              autoFocus
              autoComplete="off"
              spellCheck={false}
              className="field"
              value={form.name}
              onChange={set("name")}
              placeholder="orders"
              data-testid="create-topic-name"
            />
          )}
        </Field>
        <div className="grid gap-4 sm:grid-cols-3">
          <Field label="Partitions" error={shown.partitions} help="Only ever grows">
            {(aria) => (
              <input
                {...aria}
                inputMode="numeric"
                className="field"
                value={form.partitions}
                onChange={set("partitions")}
                placeholder="1"
                data-testid="create-topic-partitions"
              />
            )}
          </Field>
          <Field label="Replicas" error={shown.replication} help="Copies of each partition">
            {(aria) => (
              <input
                {...aria}
                inputMode="numeric"
                className="field"
                value={form.replication}
                onChange={set("replication")}
                placeholder={String(usual ?? Math.min(3, Math.max(1, known.brokers)))}
                data-testid="create-topic-replication"
              />
            )}
          </Field>
          <Field label="min.insync.replicas" error={shown.minIsr} help="Needed for acks=all">
            {(aria) => (
              <input
                {...aria}
                inputMode="numeric"
                className="field"
                value={form.minIsr}
                onChange={set("minIsr")}
                placeholder="default"
                data-testid="create-topic-min-isr"
              />
            )}
          </Field>
          <Field label="Keep for" error={shown.retention} help="7d, 12h, for ever">
            {(aria) => (
              <input
                {...aria}
                className="field"
                value={form.retention}
                onChange={set("retention")}
                placeholder="7d"
                data-testid="create-topic-retention"
              />
            )}
          </Field>
          <Field label="Clean up by">
            {(aria) => (
              <select
                {...aria}
                className="field"
                value={form.cleanup}
                onChange={set("cleanup")}
                data-testid="create-topic-cleanup"
              >
                <option value="">default</option>
                <option value="delete">age and size</option>
                <option value="compact">key (compact)</option>
                <option value="compact,delete">both</option>
              </select>
            )}
          </Field>
          <Field label="Largest batch" error={shown.maxMessage} help="max.message.bytes">
            {(aria) => (
              <input
                {...aria}
                className="field"
                value={form.maxMessage}
                onChange={set("maxMessage")}
                placeholder="1 MiB"
                data-testid="create-topic-max-message"
              />
            )}
          </Field>
        </div>
        <CommandLine command={line} testId="create-topic-curl" />
      </form>
    </Dialog>
  );
}
